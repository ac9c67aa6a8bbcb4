package s3

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// accessLog is where S3 writes who used a bucket; the zero value is nowhere.
type accessLog struct {
	Bucket string `json:"target_bucket,omitempty"`
	Prefix string `json:"target_prefix,omitempty"`
}

type loggingParams struct {
	Bucket string  `json:"bucket"`
	Target string  `json:"target_bucket"`
	Prefix *string `json:"target_prefix,omitempty"`
}

func (p loggingParams) bucket() string { return p.Bucket }

// NewEnableLogging returns the action s3.enable-access-logging; it reaches accounts through caller.
func NewEnableLogging(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[loggingParams, accessLog]{
		Spec: action.Spec{
			Name:  "s3.enable-access-logging",
			Title: "Log who uses a bucket",
			Description: "Has S3 write server access logs of a bucket into another one. That one must be in the same account and region, and its " +
				"policy must let logging.s3.amazonaws.com put objects: S3 takes the setting without it, and writes nothing then.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["bucket", "target_bucket"], "properties": {` + bucketSchema + `,
  "target_bucket": {"type": "string", "minLength": 3, "description": "name or ARN of the bucket that takes the logs"},
  "target_prefix": {"type": "string", "description": "begin of the logs' keys; the bucket's name and / without this"}}}`),
			Permissions: append([]string{"s3:GetBucketLogging", "s3:PutBucketLogging"}, findPermissions...),
			Effect:      action.StateChecked,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p loggingParams) ([]action.Resource, error) {
			target, err := plainName(p.Target, req.Region)
			if err != nil {
				return nil, fault.New(fault.Invalid, "target_bucket %.200q is neither the name nor the ARN of a bucket", p.Target).
					WithHint(`give {"bucket": "my-bucket", "target_bucket": "my-logs"}`)
			}
			if name, err := plainName(p.Bucket, req.Region); err == nil && name == target {
				return nil, fault.New(fault.Invalid, "the bucket %s would log the writing of its own logs, for ever", name).
					WithHint("give another target_bucket")
			}
			return findBucket[loggingParams](caller)(ctx, cfg, req, p)
		},
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (accessLog, error) {
			out, err := newClient(cfg).GetBucketLogging(ctx, &s3.GetBucketLoggingInput{Bucket: &r.Name, ExpectedBucketOwner: &r.Account})
			if err != nil {
				return accessLog{}, gone(awscall.Fault(err, "s3:GetBucketLogging", "see where the bucket %s is logged", r.Name), r)
			}
			if out.LoggingEnabled == nil {
				return accessLog{}, nil
			}
			return accessLog{aws.ToString(out.LoggingEnabled.TargetBucket), aws.ToString(out.LoggingEnabled.TargetPrefix)}, nil
		},
		Want: func(r action.Resource, p loggingParams, now accessLog) (accessLog, string, error) {
			if now.Bucket != "" {
				return now, "Its use is logged in " + now.Bucket + " already.", nil
			}
			target, err := plainName(p.Target, r.Region)
			want := accessLog{target, r.Name + "/"}
			if p.Prefix != nil {
				want.Prefix = *p.Prefix
			}
			return want, "Nothing tells who used it.", err
		},
		Steps: func(r action.Resource, _, to accessLog) ([]setting.Step[accessLog], error) {
			status := map[string]any{}
			if to.Bucket != "" {
				status["LoggingEnabled"] = map[string]string{"TargetBucket": to.Bucket, "TargetPrefix": to.Prefix}
			}
			return oneStep(r, "PutBucketLogging", map[string]any{"BucketLoggingStatus": status}, to), nil
		},
		Operations: map[string]setting.Operation{"PutBucketLogging": setting.Op(newClient, (*s3.Client).PutBucketLogging)},
	})
}

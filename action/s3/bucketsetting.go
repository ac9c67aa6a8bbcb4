package s3

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// bucketParams name a bucket and nothing else.
type bucketParams struct {
	Bucket string `json:"bucket"`
}

func (p bucketParams) bucket() string { return p.Bucket }

var bucketParamsSchema = json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["bucket"], "properties": {` + bucketSchema + `}}`)

// findPermissions are what finding a bucket takes.
var findPermissions = []string{"s3:GetBucketTagging", "s3:GetBucketLocation"}

// findBucket returns the Find of a setting of buckets.
func findBucket[P interface{ bucket() string }](caller *awscall.Caller) func(context.Context, aws.Config, action.Request, P) ([]action.Resource, error) {
	return func(ctx context.Context, _ aws.Config, req action.Request, p P) ([]action.Resource, error) {
		name, err := plainName(p.bucket(), req.Region)
		if err != nil {
			return nil, err
		}
		r, err := buckets{caller}.find(ctx, name, req)
		if err != nil {
			return nil, err
		}
		return []action.Resource{r}, nil
	}
}

// newClient is s3.NewFromConfig, for emulators too.
func newClient(cfg aws.Config, options ...func(*s3.Options)) *s3.Client {
	return s3.NewFromConfig(cfg, append(options, func(o *s3.Options) {
		o.UsePathStyle = cfg.BaseEndpoint != nil // emulators have no names for buckets
	})...)
}

// oneStep is the way between two states where one call leads there. It adds the bucket to the input.
func oneStep[S any](r action.Resource, operation string, input map[string]any, to S) []setting.Step[S] {
	input["Bucket"], input["ExpectedBucketOwner"] = r.Name, r.Account
	return []setting.Step[S]{{Operation: operation, Input: input, Leaves: to}}
}

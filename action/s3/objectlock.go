package s3

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// objectLock is how long a bucket holds new objects by default
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html).
type objectLock struct {
	Enabled bool                          `json:"enabled"`
	Mode    types.ObjectLockRetentionMode `json:"mode,omitempty"` // "" where nothing is held by default
	Days    int32                         `json:"days,omitempty"`
	Years   int32                         `json:"years,omitempty"`

	versioned bool
}

// lasts is how many days objects are held at least.
func (l objectLock) lasts() int32 { return l.Days + l.Years*365 }

func (l objectLock) String() string {
	if l.Years > 0 {
		return fmt.Sprintf("%d years in mode %s", l.Years, l.Mode)
	}
	return fmt.Sprintf("%d days in mode %s", l.Days, l.Mode)
}

type objectLockParams struct {
	Bucket string                        `json:"bucket"`
	Days   int32                         `json:"days"`
	Mode   types.ObjectLockRetentionMode `json:"mode,omitempty"`
}

func (p objectLockParams) bucket() string { return p.Bucket }

// maxLockDays is the longest default retention that S3 takes: a hundred years.
const maxLockDays = 36_500

// NewEnableObjectLock returns the action s3.enable-object-lock; it reaches accounts through caller.
func NewEnableObjectLock(caller *awscall.Caller) action.Action {
	find := findBucket[objectLockParams](caller)
	return setting.New(caller, setting.Setting[objectLockParams, objectLock]{
		Spec: action.Spec{
			Name:  "s3.enable-object-lock",
			Title: "Hold a bucket's new objects",
			Description: "Has a bucket that keeps versions hold each new version for some days: nobody deletes or overwrites it before, in mode " +
				"COMPLIANCE not even root, in mode GOVERNANCE whoever may bypass it. What is held costs storage until then. Objects that are there " +
				"stay as they are. Uploads must carry a checksum, as those of current SDKs do; a bucket into which S3 writes access logs must not have it. " +
				"A longer retention or the mode COMPLIANCE is never weakened.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["bucket", "days"], "properties": {` + bucketSchema + `,
  "days": {"type": "integer", "minimum": 1, "maximum": 36500, "description": "how long each new version is held"},
  "mode": {"enum": ["GOVERNANCE", "COMPLIANCE"], "description": "without this, GOVERNANCE"}}}`),
			Permissions:  append([]string{"s3:GetBucketVersioning", "s3:GetBucketObjectLockConfiguration", "s3:PutBucketObjectLockConfiguration"}, findPermissions...),
			Effect:       action.StateChecked,
			Irreversible: "S3 can't switch Object Lock off, and what came meanwhile is held until its time is over",
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p objectLockParams) ([]action.Resource, error) {
			if p.Days < 1 || p.Days > maxLockDays {
				return nil, fault.New(fault.Invalid, "objects can't be held for %d days", p.Days).WithHint("give 1 to %d days", maxLockDays)
			}
			return find(ctx, cfg, req, p)
		},
		Read: readObjectLock,
		Want: func(_ action.Resource, p objectLockParams, now objectLock) (objectLock, string, error) {
			want := objectLock{Enabled: true, Mode: p.Mode, Days: p.Days}
			if want.Mode == "" {
				want.Mode = types.ObjectLockRetentionModeGovernance
			}
			if now.Mode == types.ObjectLockRetentionModeCompliance {
				want.Mode = now.Mode
			}
			if now.lasts() > want.Days {
				want.Days, want.Years = now.Days, now.Years
			}
			switch {
			case now.Mode == want.Mode && now.lasts() >= p.Days:
				return now, "It holds new objects for " + now.String() + " already.", nil
			case !now.versioned:
				return now, "", setting.Escalation("It keeps no old versions, without which there is no Object Lock: `s3.enable-versioning` first.")
			case now.Mode != "":
				return want, "It holds new objects for " + now.String() + " only.", nil
			}
			return want, "Whoever may delete its objects can delete them for good.", nil
		},
		Steps: func(r action.Resource, _, to objectLock) ([]setting.Step[objectLock], error) {
			retention := map[string]any{"Mode": to.Mode}
			if to.Years > 0 {
				retention["Years"] = to.Years
			} else {
				retention["Days"] = to.Days
			}
			config := map[string]any{"ObjectLockEnabled": "Enabled", "Rule": map[string]any{"DefaultRetention": retention}}
			return oneStep(r, "PutObjectLockConfiguration", map[string]any{"ObjectLockConfiguration": config}, to), nil
		},
		Operations: map[string]setting.Operation{"PutObjectLockConfiguration": setting.Op(newClient, (*s3.Client).PutObjectLockConfiguration)},
		Permission: func(string) string { return "s3:PutBucketObjectLockConfiguration" },
	})
}

func readObjectLock(ctx context.Context, cfg aws.Config, r action.Resource) (objectLock, error) {
	client := newClient(cfg)
	versioning, err := client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &r.Name, ExpectedBucketOwner: &r.Account})
	if err != nil {
		return objectLock{}, gone(awscall.Fault(err, "s3:GetBucketVersioning", "read the versioning of the bucket %s", r.Name), r)
	}
	now := objectLock{versioned: versioning.Status == types.BucketVersioningStatusEnabled}
	out, err := client.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: &r.Name, ExpectedBucketOwner: &r.Account})
	if code(err) == "ObjectLockConfigurationNotFoundError" {
		return now, nil
	}
	if err != nil {
		return now, gone(awscall.Fault(err, "s3:GetBucketObjectLockConfiguration", "read the Object Lock of the bucket %s", r.Name), r)
	}
	c := out.ObjectLockConfiguration
	now.Enabled = c.ObjectLockEnabled == types.ObjectLockEnabledEnabled
	if c.Rule != nil && c.Rule.DefaultRetention != nil {
		d := c.Rule.DefaultRetention
		now.Mode, now.Days, now.Years = d.Mode, aws.ToInt32(d.Days), aws.ToInt32(d.Years)
	}
	return now, nil
}

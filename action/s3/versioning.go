package s3

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// versioning is whether a bucket keeps what is overwritten or deleted. Never on and suspended are the same here: S3 knows no
// way back to the former.
type versioning struct {
	Enabled bool `json:"enabled"`

	byMFA bool // only root with its MFA device may change it
}

// NewEnableVersioning returns the action s3.enable-versioning; it reaches accounts through caller.
func NewEnableVersioning(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[bucketParams, versioning]{
		Spec: action.Spec{
			Name:  "s3.enable-versioning",
			Title: "Keep old versions of a bucket's objects",
			Description: "Has a bucket keep what is overwritten or deleted from now on. Old versions cost storage until a lifecycle rule lets them " +
				"expire. The undo suspends it, even where it was never on: S3 knows no other way back.",
			Parameters:  bucketParamsSchema,
			Permissions: append([]string{"s3:GetBucketVersioning", "s3:PutBucketVersioning"}, findPermissions...),
			Effect:      action.StateChecked,
		},
		Find: findBucket[bucketParams](caller),
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (versioning, error) {
			out, err := newClient(cfg).GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &r.Name, ExpectedBucketOwner: &r.Account})
			if err != nil {
				return versioning{}, gone(awscall.Fault(err, "s3:GetBucketVersioning", "read the versioning of the bucket %s", r.Name), r)
			}
			return versioning{out.Status == types.BucketVersioningStatusEnabled, out.MFADelete == types.MFADeleteStatusEnabled}, nil
		},
		Want: func(_ action.Resource, _ bucketParams, now versioning) (versioning, string, error) {
			switch {
			case now.Enabled:
				return now, "It keeps old versions already.", nil
			case now.byMFA:
				return now, "", setting.Escalation("It is protected by MFA Delete: the root user must switch it on, with the MFA device.")
			}
			return versioning{Enabled: true}, "What is overwritten or deleted in it is lost.", nil
		},
		Steps: func(r action.Resource, _, to versioning) ([]setting.Step[versioning], error) {
			status := types.BucketVersioningStatusSuspended
			if to.Enabled {
				status = types.BucketVersioningStatusEnabled
			}
			return oneStep(r, "PutBucketVersioning", map[string]any{"VersioningConfiguration": map[string]any{"Status": status}}, to), nil
		},
		Operations: map[string]setting.Operation{"PutBucketVersioning": setting.Op(newClient, (*s3.Client).PutBucketVersioning)},
	})
}

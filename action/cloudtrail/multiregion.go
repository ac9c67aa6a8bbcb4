package cloudtrail

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// reach is from where a trail takes records.
type reach struct {
	AllRegions     bool `json:"all_regions"`
	GlobalServices bool `json:"global_services"`
}

// NewMakeMultiRegion returns the action cloudtrail.make-multi-region.
func NewMakeMultiRegion(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[trailParams, reach]{
		Spec: action.Spec{
			Name:  "cloudtrail.make-multi-region",
			Title: "Have a trail take records of all regions",
			Description: "Makes a trail of one region one of all regions, with the records of global services such as IAM, so that nothing goes " +
				"unseen in a region that nobody uses. It delivers more then, and a second copy where there is another trail in a region.",
			Parameters: json.RawMessage(trailSchema), Permissions: updatePermissions, Effect: action.StateChecked,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p trailParams) ([]action.Resource, error) {
			return findTrail(ctx, caller, cfg, req, p.Trail)
		},
		Leave: leaveTrail,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (reach, error) {
			t, err := readTrail(ctx, cfg, r)
			if err != nil {
				return reach{}, err
			}
			return reach{aws.ToBool(t.IsMultiRegionTrail), aws.ToBool(t.IncludeGlobalServiceEvents)}, nil
		},
		Want: func(r action.Resource, _ trailParams, now reach) (reach, string, error) {
			if now.AllRegions {
				return now, "It takes records of all regions already.", nil
			}
			return reach{true, true}, "It takes records of " + r.Region + " only.", nil
		},
		Steps: func(r action.Resource, _, to reach) ([]setting.Step[reach], error) {
			return update(r, to, map[string]any{"IsMultiRegionTrail": to.AllRegions, "IncludeGlobalServiceEvents": to.GlobalServices})
		},
		Operations: updateOperations,
	})
}

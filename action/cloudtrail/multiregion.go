package cloudtrail

import (
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

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
	return newUpdate(caller, setting.Setting[trailParams, reach]{
		Spec: action.Spec{
			Name:  "cloudtrail.make-multi-region",
			Title: "Have a trail take records of all regions",
			Description: "Makes a trail of one region one of all regions, with the records of global services such as IAM, so that nothing goes " +
				"unseen in a region that nobody uses. It delivers more then, and a second copy where there is another trail in a region.",
			Parameters: json.RawMessage(trailSchema),
		},
		Find: findNamed(caller),
		Want: func(r action.Resource, _ trailParams, now reach) (reach, string, error) {
			if now.AllRegions {
				return now, "It takes records of all regions already.", nil
			}
			return reach{true, true}, "It takes records of " + r.Region + " only.", nil
		},
	}, func(t *types.Trail) reach {
		return reach{aws.ToBool(t.IsMultiRegionTrail), aws.ToBool(t.IncludeGlobalServiceEvents)}
	},
		func(to reach) map[string]any {
			return map[string]any{"IsMultiRegionTrail": to.AllRegions, "IncludeGlobalServiceEvents": to.GlobalServices}
		})
}

package cloudtrail

import (
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// validation is whether CloudTrail signs digests of a trail's log files.
type validation struct {
	Validates bool `json:"log_file_validation"`
}

// NewEnableLogValidation returns the action cloudtrail.enable-log-validation.
func NewEnableLogValidation(caller *awscall.Caller) action.Action {
	return newUpdate(caller, setting.Setting[trailParams, validation]{
		Spec: action.Spec{
			Name:  "cloudtrail.enable-log-validation",
			Title: "Have a trail's log files signed",
			Description: "Has CloudTrail deliver signed digests of a trail's log files every hour, so that nobody can change or delete what was " +
				"delivered without its showing (`riposte verify-trail`). Files from before have no digests.",
			Parameters: json.RawMessage(trailSchema),
		},
		Find: findNamed(caller),
		Want: func(_ action.Resource, _ trailParams, now validation) (validation, string, error) {
			if now.Validates {
				return now, "Its log files have digests already.", nil
			}
			return validation{true}, "Its log files have no digests, so a change to them would not show.", nil
		},
	}, func(t *types.Trail) validation { return validation{aws.ToBool(t.LogFileValidationEnabled)} },
		func(to validation) map[string]any { return map[string]any{"EnableLogFileValidation": to.Validates} })
}

package guardduty

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/guardduty/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// status is whether GuardDuty watches the account in the region: NONE where it has no detector, else the detector's status.
type status struct {
	Status string `json:"status"`

	detector      string
	administrator string // of a detector that is suspended
}

const (
	none      = "NONE"
	enabled   = string(types.DetectorStatusEnabled)
	suspended = string(types.DetectorStatusDisabled)
)

func readStatus(ctx context.Context, cfg aws.Config, r action.Resource) (status, error) {
	id, detector, err := detectorOf(ctx, cfg, r)
	if err != nil || detector == nil {
		return status{Status: none}, err
	}
	now := status{Status: string(detector.Status), detector: id}
	if now.Status == suspended {
		now.administrator, err = administratorOf(ctx, cfg, r, id)
	}
	return now, err
}

// NewEnable returns the action guardduty.enable.
func NewEnable(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[struct{}, status]{
		Spec: action.Spec{
			Name:  "guardduty.enable",
			Title: "Turn GuardDuty on",
			Description: "Has GuardDuty watch the account in the region again: it creates the detector where there is none, and wakes one that is " +
				"suspended, which keeps its settings. What happened meanwhile stays unseen. A new detector begins with the protection plans that " +
				"AWS turns on by itself, and costs by what it looks at after the free month. A detector that an administrator account suspended is left to " +
				"that account. The undo suspends it again; one that it created is deleted, with the findings that it has made since.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "properties": {}}`),
			Permissions: []string{
				"guardduty:ListDetectors", "guardduty:GetDetector", "guardduty:GetAdministratorAccount", "guardduty:CreateDetector",
				"guardduty:UpdateDetector", "guardduty:DeleteDetector", "iam:CreateServiceLinkedRole",
			},
			Within: map[string]action.Limit{"iam:CreateServiceLinkedRole": action.LinkedRole("guardduty.amazonaws.com")},
			Effect: action.StateChecked,
		},
		Find: findAccount[struct{}],
		Read: readStatus,
		Want: func(_ action.Resource, _ struct{}, now status) (status, string, error) {
			switch {
			case now.Status == enabled:
				return now, "It is on already.", nil
			case now.Status == none:
				return status{Status: enabled}, "It has no detector, so GuardDuty sees nothing there.", nil
			case now.administrator != "":
				return now, "", setting.Escalation("Its detector is suspended, and account " + now.administrator +
					" manages it: have that account start monitoring it again.")
			}
			return status{Status: enabled}, "Its detector is suspended, so GuardDuty sees nothing there.", nil
		},
		Steps: statusSteps,
		Operations: map[string]setting.Operation{
			"CreateDetector": setting.Op(guardduty.NewFromConfig, (*guardduty.Client).CreateDetector),
			"UpdateDetector": setting.Op(guardduty.NewFromConfig, (*guardduty.Client).UpdateDetector),
			"DeleteDetector": setting.Op(guardduty.NewFromConfig, (*guardduty.Client).DeleteDetector),
		},
	})
}

func statusSteps(_ action.Resource, from, to status) ([]setting.Step[status], error) {
	step := setting.Step[status]{Operation: "UpdateDetector", Input: map[string]any{"DetectorId": from.detector, "Enable": to.Status == enabled}, Leaves: to}
	switch none {
	case from.Status:
		step.Operation, step.Input = "CreateDetector", map[string]any{"Enable": to.Status == enabled}
	case to.Status:
		step.Operation, step.Input = "DeleteDetector", map[string]any{"DetectorId": from.detector}
	}
	return []setting.Step[status]{step}, nil
}

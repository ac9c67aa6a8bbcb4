package ssm

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// publicSharing is the setting that lets documents be shared with everybody, and disable its value where it doesn't
// (https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-ssm-sharing.html#block-public-access).
const (
	publicSharing = "/ssm/documents/console/public-sharing-permission"
	disable       = "Disable"
)

type permission struct {
	Public string `json:"public_sharing"`
}

// NewBlockPublicSharing returns the action ssm.block-public-sharing.
func NewBlockPublicSharing(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[struct{}, permission]{
		Spec: action.Spec{
			Name:  "ssm.block-public-sharing",
			Title: "Let no document become public",
			Description: "Has Systems Manager refuse to share documents of the account with everybody, in the region. Documents that are public " +
				"already stay so: `ssm.make-document-private` takes them back.",
			Parameters:  json.RawMessage(`{"type": "object", "additionalProperties": false, "properties": {}}`),
			Permissions: []string{"ssm:GetServiceSetting", "ssm:UpdateServiceSetting"},
			Effect:      action.StateChecked,
		},
		Find: func(_ context.Context, _ aws.Config, req action.Request, _ struct{}) ([]action.Resource, error) {
			return []action.Resource{{
				Type: "AWS::::Account", ARN: "arn:" + awscall.Partition(req.Region) + ":iam::" + req.Account + ":root",
				Name: "account " + req.Account + " in " + req.Region, Account: req.Account, Region: req.Region,
			}}, nil
		},
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (permission, error) {
			out, err := ssm.NewFromConfig(cfg).GetServiceSetting(ctx, &ssm.GetServiceSettingInput{SettingId: aws.String(publicSharing)})
			if err != nil {
				return permission{}, awscall.Fault(err, "ssm:GetServiceSetting", "see whether documents may be public in %s", r.Region)
			}
			return permission{aws.ToString(out.ServiceSetting.SettingValue)}, nil
		},
		Want: func(_ action.Resource, _ struct{}, now permission) (permission, string, error) {
			if now.Public == disable {
				return now, "No document can become public.", nil
			}
			return permission{disable}, "Whoever may share documents can make them public.", nil
		},
		Steps: func(_ action.Resource, _, to permission) ([]setting.Step[permission], error) {
			input := map[string]any{"SettingId": publicSharing, "SettingValue": to.Public}
			return []setting.Step[permission]{{Operation: "UpdateServiceSetting", Input: input, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{
			"UpdateServiceSetting": setting.Op(ssm.NewFromConfig, (*ssm.Client).UpdateServiceSetting),
		},
	})
}

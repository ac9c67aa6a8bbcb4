package ec2

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// encryption is whether new volumes of a region are encrypted.
type encryption struct {
	Default bool `json:"ebs_encryption_by_default"`
}

// NewEncryptVolumes returns the action ec2.enable-ebs-encryption.
func NewEncryptVolumes(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[struct{}, encryption]{
		Spec: action.Spec{
			Name:        "ec2.enable-ebs-encryption",
			Title:       "Encrypt new volumes by default",
			Description: "Has EC2 encrypt every volume and snapshot copy that is made from now on in the region. What there is stays as it is.",
			Parameters:  json.RawMessage(noParameters),
			Permissions: []string{"ec2:GetEbsEncryptionByDefault", "ec2:EnableEbsEncryptionByDefault", "ec2:DisableEbsEncryptionByDefault"},
			Effect:      action.StateChecked,
		},
		Find: findRegion,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (encryption, error) {
			out, err := ec2.NewFromConfig(cfg).GetEbsEncryptionByDefault(ctx, &ec2.GetEbsEncryptionByDefaultInput{})
			if err != nil {
				return encryption{}, awscall.Fault(err, "ec2:GetEbsEncryptionByDefault", "see whether volumes are encrypted in %s", r.Region)
			}
			return encryption{aws.ToBool(out.EbsEncryptionByDefault)}, nil
		},
		Want: func(_ action.Resource, _ struct{}, now encryption) (encryption, string, error) {
			if now.Default {
				return now, "New volumes are encrypted already.", nil
			}
			return encryption{true}, "New volumes are not encrypted unless somebody asks for it.", nil
		},
		Steps: func(_ action.Resource, _, to encryption) ([]setting.Step[encryption], error) {
			operation := "DisableEbsEncryptionByDefault"
			if to.Default {
				operation = "EnableEbsEncryptionByDefault"
			}
			return []setting.Step[encryption]{{Operation: operation, Input: map[string]any{}, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{
			"EnableEbsEncryptionByDefault":  setting.Op(ec2.NewFromConfig, (*ec2.Client).EnableEbsEncryptionByDefault),
			"DisableEbsEncryptionByDefault": setting.Op(ec2.NewFromConfig, (*ec2.Client).DisableEbsEncryptionByDefault),
		},
	})
}

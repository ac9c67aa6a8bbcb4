package responses

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// publicSharing is the setting that lets documents become public.
const publicSharing = "/ssm/documents/console/public-sharing-permission"

func (e *engine) publicSharing() (string, error) {
	out, err := ssm.NewFromConfig(e.admin).GetServiceSetting(e.ctx, &ssm.GetServiceSettingInput{SettingId: aws.String(publicSharing)})
	if err != nil {
		return "", err
	}
	return *out.ServiceSetting.SettingValue, nil
}

// documents are the stories of Systems Manager's documents; the second finds the region's lock open, as AWS has it.
var documents = []story{
	{rule: "public-access-block-removed", playbook: "block-public-access", apart: true, calls: []string{"ssm:UpdateServiceSetting"}, right: "Disable", stage: func(e *engine) (scene, error) {
		client := ssm.NewFromConfig(e.admin)
		set := func(value string) error {
			_, err := client.UpdateServiceSetting(e.ctx, &ssm.UpdateServiceSettingInput{SettingId: aws.String(publicSharing), SettingValue: &value})
			return err
		}
		err := set("Disable")
		return scene{"ServiceSetting", func() error { return set("Enable") }, e.publicSharing}, err
	}},
	{rule: "document-shared-publicly", playbook: "make-private", calls: []string{"ssm:ModifyDocumentPermission", "ssm:UpdateServiceSetting"}, right: "0 accounts, Disable", stage: func(e *engine) (scene, error) {
		client, name := ssm.NewFromConfig(e.admin), e.name("install-agent")
		_, err := client.CreateDocument(e.ctx, &ssm.CreateDocumentInput{Name: &name, DocumentType: ssmtypes.DocumentTypeCommand,
			Content: aws.String(`{"schemaVersion":"2.2","description":"install","mainSteps":[]}`)})
		return scene{name, func() error {
			_, err := client.ModifyDocumentPermission(e.ctx, &ssm.ModifyDocumentPermissionInput{Name: &name, PermissionType: ssmtypes.DocumentPermissionTypeShare, AccountIdsToAdd: []string{"all"}})
			return err
		}, func() (string, error) {
			out, err := client.DescribeDocumentPermission(e.ctx, &ssm.DescribeDocumentPermissionInput{Name: &name, PermissionType: ssmtypes.DocumentPermissionTypeShare})
			if err != nil {
				return "", err
			}
			lock, err := e.publicSharing()
			return text(len(out.AccountIds)) + " accounts, " + lock, err
		}}, err
	}},
}

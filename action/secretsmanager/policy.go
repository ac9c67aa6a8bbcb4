package secretsmanager

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/resourcepolicy"
	"riposte.dev/action/setting"
)

// NewRemovePublicStatements returns the action secretsmanager.remove-public-statements.
func NewRemovePublicStatements(caller *awscall.Caller) action.Action {
	return resourcepolicy.NewRemoval(caller, resourcepolicy.Removal[secretParams]{
		Spec: action.Spec{
			Name:  "secretsmanager.remove-public-statements",
			Title: "Let not everybody read a secret",
			Description: "Removes from a secret's policy the statements that allow everybody something, without an account, an organisation or another fixed " +
				"source as their condition. The rest stays as it is; where nothing is left the policy is deleted. Whoever has read the secret knows it: " +
				"rotate it afterwards.",
			Parameters: json.RawMessage(secretSchema),
			Permissions: []string{
				"secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy", "secretsmanager:PutResourcePolicy", "secretsmanager:DeleteResourcePolicy",
			},
			Effect: action.StateChecked,
		},
		Find: findSecret,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (string, error) {
			out, err := secretsmanager.NewFromConfig(cfg).GetResourcePolicy(ctx, &secretsmanager.GetResourcePolicyInput{SecretId: &r.ARN})
			if err != nil {
				return "", missing(err, "secretsmanager:GetResourcePolicy", r.Name)
			}
			return aws.ToString(out.ResourcePolicy), nil
		},
		Write: func(r action.Resource, text string) (string, any) {
			if text == "" {
				return "DeleteResourcePolicy", map[string]string{"SecretId": r.ARN}
			}
			return "PutResourcePolicy", map[string]string{"SecretId": r.ARN, "ResourcePolicy": text}
		},
		Operations: map[string]setting.Operation{
			"PutResourcePolicy":    setting.Op(secretsmanager.NewFromConfig, (*secretsmanager.Client).PutResourcePolicy),
			"DeleteResourcePolicy": setting.Op(secretsmanager.NewFromConfig, (*secretsmanager.Client).DeleteResourcePolicy),
		},
	})
}

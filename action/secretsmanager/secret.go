// Package secretsmanager has the actions on AWS Secrets Manager: secrets that others know, that everybody may read, or that nothing
// rotates any more.
package secretsmanager

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// secretParams name a secret.
type secretParams struct {
	Secret string `json:"secret"`
}

const secretSchema = `{"type": "object", "additionalProperties": false, "required": ["secret"], "properties": {
  "secret": {"type": "string", "minLength": 1, "description": "name or ARN of the secret"}}}`

// findSecret returns the secret with its tags.
func findSecret(ctx context.Context, cfg aws.Config, req action.Request, p secretParams) ([]action.Resource, error) {
	if p.Secret == "" {
		return nil, fault.New(fault.Invalid, "no secret is named").WithHint(`give {"secret": "orders/db"}`)
	}
	out, err := describe(ctx, cfg, p.Secret)
	if err != nil {
		return nil, err
	}
	r := action.Resource{
		Type: "AWS::SecretsManager::Secret", ARN: aws.ToString(out.ARN), Name: aws.ToString(out.Name),
		Account: req.Account, Region: req.Region, Tags: map[string]string{},
	}
	for _, t := range out.Tags {
		r.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return []action.Resource{r}, nil
}

func describe(ctx context.Context, cfg aws.Config, id string) (*secretsmanager.DescribeSecretOutput, error) {
	out, err := secretsmanager.NewFromConfig(cfg).DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &id})
	if err != nil {
		return nil, missing(err, "secretsmanager:DescribeSecret", id)
	}
	return out, nil
}

func missing(err error, permission, id string) error {
	return awscall.Missing(awscall.Fault(err, permission, "look at the secret %s", id),
		"there is no secret "+id, "it was deleted, or it is in another region")
}

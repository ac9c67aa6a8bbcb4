// Package kms has the actions on AWS KMS: keys that are about to be deleted, are switched off, don't rotate, or that
// everybody may use.
package kms

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// keyParams names a key.
type keyParams struct {
	Key string `json:"key"`
}

const keySchema = `{
  "type": "object",
  "additionalProperties": false,
  "required": ["key"],
  "properties": {"key": {"type": "string", "minLength": 1, "description": "id or ARN of the key"}}
}`

// findKey returns the key with its tags.
func findKey(ctx context.Context, cfg aws.Config, req action.Request, p keyParams) ([]action.Resource, error) {
	if p.Key == "" {
		return nil, fault.New(fault.Invalid, "no key is named").WithHint(`give {"key": "1234abcd-12ab-34cd-56ef-1234567890ab"}`)
	}
	key, err := describe(ctx, cfg, p.Key)
	if err != nil {
		return nil, err
	}
	r := action.Resource{
		Type: "AWS::KMS::Key", ARN: aws.ToString(key.Arn), Name: aws.ToString(key.KeyId),
		Account: req.Account, Region: req.Region, Tags: map[string]string{},
	}
	tags := kms.NewListResourceTagsPaginator(kms.NewFromConfig(cfg), &kms.ListResourceTagsInput{KeyId: key.KeyId})
	for tags.HasMorePages() {
		page, err := tags.NextPage(ctx)
		if err != nil {
			return nil, awscall.Fault(err, "kms:ListResourceTags", "read the tags of the key %s", r.Name)
		}
		for _, t := range page.Tags {
			r.Tags[aws.ToString(t.TagKey)] = aws.ToString(t.TagValue)
		}
	}
	return []action.Resource{r}, nil
}

func describe(ctx context.Context, cfg aws.Config, id string) (*types.KeyMetadata, error) {
	out, err := kms.NewFromConfig(cfg).DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &id})
	if err != nil {
		return nil, missing(err, "kms:DescribeKey", id)
	}
	return out.KeyMetadata, nil
}

func missing(err error, permission, id string) error {
	return awscall.Missing(awscall.Fault(err, permission, "look at the key %s", id),
		"there is no key "+id, "it is in another region, or the id is misspelt")
}

// Package sns has the action on Amazon SNS: topics that keep messages unencrypted.
package sns

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// encryption is the key by which a topic encrypts messages; the zero value is none.
type encryption struct {
	Key string `json:"kms_key,omitempty"`
}

type topicParams struct {
	Topic string `json:"topic"`
	Key   string `json:"kms_key,omitempty"`
}

// ownKey is the account's key for topics, which AWS manages.
const ownKey = "alias/aws/sns"

// NewEnableEncryption returns the action sns.enable-encryption.
func NewEnableEncryption(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[topicParams, encryption]{
		Spec: action.Spec{
			Name:  "sns.enable-encryption",
			Title: "Encrypt a topic",
			Description: "Has a topic encrypt messages where it keeps them. Whoever publishes must be allowed to use the key: AWS's own services can't use " +
				"`" + ownKey + "`, so name a key whose policy lets them where they publish to the topic. A topic that has a key keeps it.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["topic"], "properties": {
  "topic": {"type": "string", "minLength": 1, "description": "name or ARN of the topic"},
  "kms_key": {"type": "string", "minLength": 1, "description": "id, alias or ARN of the key; ` + ownKey + ` without this"}}}`),
			Permissions: []string{"sns:GetTopicAttributes", "sns:ListTagsForResource", "sns:SetTopicAttributes"},
			Effect:      action.StateChecked,
		},
		Find: findTopic,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (encryption, error) {
			attributes, err := attributesOf(ctx, cfg, r.ARN)
			return encryption{attributes["KmsMasterKeyId"]}, err
		},
		Want: func(_ action.Resource, p topicParams, now encryption) (encryption, string, error) {
			if now.Key != "" {
				return now, "It encrypts by " + now.Key + " already.", nil
			}
			return encryption{cmp.Or(p.Key, ownKey)}, "It keeps messages unencrypted.", nil
		},
		Steps: func(r action.Resource, _, to encryption) ([]setting.Step[encryption], error) {
			input := map[string]string{"TopicArn": r.ARN, "AttributeName": "KmsMasterKeyId", "AttributeValue": to.Key}
			return []setting.Step[encryption]{{Operation: "SetTopicAttributes", Input: input, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{"SetTopicAttributes": setting.Op(sns.NewFromConfig, (*sns.Client).SetTopicAttributes)},
	})
}

func findTopic(ctx context.Context, cfg aws.Config, req action.Request, p topicParams) ([]action.Resource, error) {
	if p.Topic == "" {
		return nil, fault.New(fault.Invalid, "no topic is named").WithHint(`give {"topic": "orders"}`)
	}
	arn := p.Topic
	if !strings.HasPrefix(arn, "arn:") {
		arn = strings.Join([]string{"arn", awscall.Partition(req.Region), "sns", req.Region, req.Account, p.Topic}, ":")
	}
	if _, err := attributesOf(ctx, cfg, arn); err != nil {
		return nil, err
	}
	r := action.Resource{
		Type: "AWS::SNS::Topic", ARN: arn, Name: arn[strings.LastIndexByte(arn, ':')+1:], Account: req.Account, Region: req.Region, Tags: map[string]string{},
	}
	tags, err := sns.NewFromConfig(cfg).ListTagsForResource(ctx, &sns.ListTagsForResourceInput{ResourceArn: &arn})
	if err != nil {
		return nil, awscall.Fault(err, "sns:ListTagsForResource", "read the tags of the topic %s", r.Name)
	}
	for _, t := range tags.Tags {
		r.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return []action.Resource{r}, nil
}

func attributesOf(ctx context.Context, cfg aws.Config, arn string) (map[string]string, error) {
	out, err := sns.NewFromConfig(cfg).GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &arn})
	if err != nil {
		return nil, awscall.Missing(awscall.Fault(err, "sns:GetTopicAttributes", "look at the topic %s", arn),
			"there is no topic "+arn, "it was deleted, or it is in another region")
	}
	return out.Attributes, nil
}

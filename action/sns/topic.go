// Package sns has the actions on Amazon SNS: topics that keep messages unencrypted, or that everybody may use.
package sns

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// permissions are those of all actions on topics.
var permissions = []string{"sns:GetTopicAttributes", "sns:ListTagsForResource", "sns:SetTopicAttributes"}

var operations = map[string]setting.Operation{"SetTopicAttributes": setting.Op(sns.NewFromConfig, (*sns.Client).SetTopicAttributes)}

// set is the input of the call that gives a topic an attribute.
func set(r action.Resource, name, value string) map[string]string {
	return map[string]string{"TopicArn": r.ARN, "AttributeName": name, "AttributeValue": value}
}

// findTopic returns the topic, by its name or ARN, with its tags.
func findTopic(ctx context.Context, cfg aws.Config, req action.Request, topic string) ([]action.Resource, error) {
	if topic == "" {
		return nil, fault.New(fault.Invalid, "no topic is named").WithHint(`give {"topic": "orders"}`)
	}
	arn := topic
	if !strings.HasPrefix(arn, "arn:") {
		arn = strings.Join([]string{"arn", awscall.Partition(req.Region), "sns", req.Region, req.Account, topic}, ":")
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

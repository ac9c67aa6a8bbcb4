package responses

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// anyone is a policy that allows everybody an action.
const anyone = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":%q,"Resource":"*"}]}`

// policies are the stories of policies that let everybody in.
var policies = []story{
	{rule: "policy-opened-to-everybody", playbook: "close-policy", calls: []string{"sns:SetTopicAttributes"}, right: "the account's", stage: func(e *engine) (scene, error) {
		client, name := sns.NewFromConfig(e.admin), e.name("orders")
		made, err := client.CreateTopic(e.ctx, &sns.CreateTopicInput{Name: &name})
		if err != nil {
			return scene{}, err
		}
		return scene{name, func() error {
			_, err := client.SetTopicAttributes(e.ctx, &sns.SetTopicAttributesInput{TopicArn: made.TopicArn, AttributeName: aws.String("Policy"), AttributeValue: aws.String(fmt.Sprintf(anyone, "SNS:Subscribe"))})
			return err
		}, func() (string, error) {
			out, err := client.GetTopicAttributes(e.ctx, &sns.GetTopicAttributesInput{TopicArn: made.TopicArn})
			if err != nil {
				return "", err
			}
			if strings.Contains(out.Attributes["Policy"], "AWS:SourceOwner") {
				return "the account's", nil
			}
			return "open", nil
		}}, nil
	}},
	{rule: "policy-opened-to-everybody", playbook: "close-policy", calls: []string{"sqs:SetQueueAttributes"}, right: "none", stage: func(e *engine) (scene, error) {
		client, name := sqs.NewFromConfig(e.admin), e.name("orders")
		made, err := client.CreateQueue(e.ctx, &sqs.CreateQueueInput{QueueName: &name})
		if err != nil {
			return scene{}, err
		}
		return scene{name, func() error {
			_, err := client.SetQueueAttributes(e.ctx, &sqs.SetQueueAttributesInput{QueueUrl: made.QueueUrl, Attributes: map[string]string{"Policy": fmt.Sprintf(anyone, "SQS:SendMessage")}})
			return err
		}, func() (string, error) {
			out, err := client.GetQueueAttributes(e.ctx, &sqs.GetQueueAttributesInput{QueueUrl: made.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{"Policy"}})
			if err != nil {
				return "", err
			}
			if out.Attributes["Policy"] == "" {
				return "none", nil
			}
			return "open", nil
		}}, nil
	}},
	{rule: "policy-opened-to-everybody", playbook: "close-policy", calls: []string{"kms:PutKeyPolicy"}, right: "1 statements", stage: func(e *engine) (scene, error) {
		client := kms.NewFromConfig(e.admin)
		made, err := client.CreateKey(e.ctx, &kms.CreateKeyInput{})
		if err != nil {
			return scene{}, err
		}
		key := made.KeyMetadata.KeyId
		policy := func() (string, error) {
			out, err := client.GetKeyPolicy(e.ctx, &kms.GetKeyPolicyInput{KeyId: key, PolicyName: aws.String("default")})
			if err != nil {
				return "", err
			}
			return *out.Policy, nil
		}
		return scene{*key, func() error {
			text, err := policy()
			if err != nil {
				return err
			}
			text = strings.Replace(text, `"Statement": [`, `"Statement": [{"Effect":"Allow","Principal":"*","Action":"kms:Decrypt","Resource":"*"},`, 1)
			_, err = client.PutKeyPolicy(e.ctx, &kms.PutKeyPolicyInput{KeyId: key, PolicyName: aws.String("default"), Policy: &text})
			return err
		}, func() (string, error) {
			text, err := policy()
			return strconv.Itoa(strings.Count(text, `"Effect"`)) + " statements", err
		}}, nil
	}},
}

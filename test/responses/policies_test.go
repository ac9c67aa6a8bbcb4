package responses

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/opensearch"
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
	{rule: "policy-opened-to-everybody", playbook: "close-policy", calls: []string{"ecr:DeleteRepositoryPolicy"}, right: "none", stage: func(e *engine) (scene, error) {
		client, name := ecr.NewFromConfig(e.admin), e.name("shop/checkout")
		_, err := client.CreateRepository(e.ctx, &ecr.CreateRepositoryInput{RepositoryName: &name})
		return scene{name, func() error {
			_, err := client.SetRepositoryPolicy(e.ctx, &ecr.SetRepositoryPolicyInput{RepositoryName: &name,
				PolicyText: aws.String(`{"Version":"2012-10-17","Statement":[{"Sid":"pull","Effect":"Allow","Principal":"*","Action":"ecr:BatchGetImage"}]}`)})
			return err
		}, func() (string, error) {
			_, err := client.GetRepositoryPolicy(e.ctx, &ecr.GetRepositoryPolicyInput{RepositoryName: &name})
			if none := new(ecrtypes.RepositoryPolicyNotFoundException); errors.As(err, &none) {
				return "none", nil
			}
			return "open", err
		}}, err
	}},
	{rule: "policy-opened-to-everybody", playbook: "close-policy", calls: []string{"es:UpdateDomainConfig"}, right: "1 statements", stage: func(e *engine) (scene, error) {
		client, name := opensearch.NewFromConfig(e.admin), e.name("products")
		own := `{"Effect":"Allow","Principal":{"AWS":"` + arns + `root"},"Action":"es:*","Resource":"*"}`
		_, err := client.CreateDomain(e.ctx, &opensearch.CreateDomainInput{DomainName: &name, AccessPolicies: aws.String(`{"Version":"2012-10-17","Statement":[` + own + `]}`)})
		return scene{name, func() error {
			_, err := client.UpdateDomainConfig(e.ctx, &opensearch.UpdateDomainConfigInput{DomainName: &name,
				AccessPolicies: aws.String(`{"Version":"2012-10-17","Statement":[` + own + `,{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"es:ESHttp*","Resource":"*"}]}`)})
			return err
		}, func() (string, error) {
			out, err := client.DescribeDomainConfig(e.ctx, &opensearch.DescribeDomainConfigInput{DomainName: &name})
			if err != nil {
				return "", err
			}
			return strconv.Itoa(strings.Count(*out.DomainConfig.AccessPolicies.Options, `"Effect"`)) + " statements", nil
		}}, err
	}},
}

// Package sqs has the actions on Amazon SQS: queues that keep messages unencrypted, or that everybody may use.
package sqs

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// queueParams name a queue.
type queueParams struct {
	Queue string `json:"queue"`
}

const queueSchema = `{"type": "object", "additionalProperties": false, "required": ["queue"], "properties": {
  "queue": {"type": "string", "minLength": 1, "description": "name, URL or ARN of the queue"}}}`

// permissions are those of all actions on queues.
var permissions = []string{"sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:ListQueueTags", "sqs:SetQueueAttributes"}

var operations = map[string]setting.Operation{"SetQueueAttributes": setting.Op(sqs.NewFromConfig, (*sqs.Client).SetQueueAttributes)}

func findQueue(ctx context.Context, cfg aws.Config, req action.Request, p queueParams) ([]action.Resource, error) {
	name := p.Queue[strings.LastIndexAny(p.Queue, ":/")+1:]
	if name == "" {
		return nil, fault.New(fault.Invalid, "no queue is named").WithHint(`give {"queue": "orders"}`)
	}
	url, err := urlOf(ctx, cfg, req.Account, name)
	if err != nil {
		return nil, err
	}
	tags, err := sqs.NewFromConfig(cfg).ListQueueTags(ctx, &sqs.ListQueueTagsInput{QueueUrl: &url})
	if err != nil {
		return nil, missing(err, "sqs:ListQueueTags", name)
	}
	return []action.Resource{{
		Type: "AWS::SQS::Queue", ARN: strings.Join([]string{"arn", awscall.Partition(req.Region), "sqs", req.Region, req.Account, name}, ":"),
		Name: name, Account: req.Account, Region: req.Region, Tags: tags.Tags,
	}}, nil
}

func urlOf(ctx context.Context, cfg aws.Config, account, name string) (string, error) {
	out, err := sqs.NewFromConfig(cfg).GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name, QueueOwnerAWSAccountId: &account})
	if err != nil {
		return "", missing(err, "sqs:GetQueueUrl", name)
	}
	return aws.ToString(out.QueueUrl), nil
}

// missing words the error for people. SQS's word for a queue that is not there is one of its own.
func missing(err error, permission, name string) error {
	err = awscall.Fault(err, permission, "look at the queue %s", name)
	if strings.Contains(fault.Message(err), "NonExistentQueue") || strings.Contains(fault.Message(err), "QueueDoesNotExist") {
		gone := fault.New(fault.NotFound, "there is no queue %s", name).WithHint("it was deleted, or it is in another region")
		gone.Err = err
		return gone
	}
	return err
}

// attributesOf returns a queue's URL, and what it is set to.
func attributesOf(ctx context.Context, cfg aws.Config, r action.Resource) (string, map[string]string, error) {
	url, err := urlOf(ctx, cfg, r.Account, r.Name)
	if err != nil {
		return "", nil, err
	}
	out, err := sqs.NewFromConfig(cfg).GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
	if err != nil {
		return "", nil, missing(err, "sqs:GetQueueAttributes", r.Name)
	}
	return url, out.Attributes, nil
}

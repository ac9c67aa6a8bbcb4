// Package sqs has the action on Amazon SQS: queues that keep messages unencrypted.
package sqs

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// encryption is how a queue encrypts messages: by keys of SQS, by a key of KMS, or not.
type encryption struct {
	Managed bool   `json:"sqs_managed"`
	Key     string `json:"kms_key,omitempty"`

	url string // of the queue
}

type queueParams struct {
	Queue string `json:"queue"`
}

// NewEnableEncryption returns the action sqs.enable-encryption.
func NewEnableEncryption(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[queueParams, encryption]{
		Spec: action.Spec{
			Name:  "sqs.enable-encryption",
			Title: "Encrypt a queue",
			Description: "Has a queue encrypt messages by keys that SQS manages: nobody who sends or receives needs a permission more. A queue that has " +
				"a key of KMS keeps it. Messages that are in the queue stay as they are.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["queue"], "properties": {
  "queue": {"type": "string", "minLength": 1, "description": "name or ARN of the queue"}}}`),
			Permissions: []string{"sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:ListQueueTags", "sqs:SetQueueAttributes"},
			Effect:      action.StateChecked,
		},
		Find: findQueue, Read: readEncryption,
		Want: func(_ action.Resource, _ queueParams, now encryption) (encryption, string, error) {
			if now.Managed || now.Key != "" {
				return now, "It encrypts messages already.", nil
			}
			return encryption{Managed: true}, "It keeps messages unencrypted.", nil
		},
		Steps: func(_ action.Resource, from, to encryption) ([]setting.Step[encryption], error) {
			input := map[string]any{"QueueUrl": from.url, "Attributes": map[string]string{"SqsManagedSseEnabled": strconv.FormatBool(to.Managed)}}
			return []setting.Step[encryption]{{Operation: "SetQueueAttributes", Input: input, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{"SetQueueAttributes": setting.Op(sqs.NewFromConfig, (*sqs.Client).SetQueueAttributes)},
	})
}

func findQueue(ctx context.Context, cfg aws.Config, req action.Request, p queueParams) ([]action.Resource, error) {
	name := p.Queue
	if strings.HasPrefix(name, "arn:") {
		name = name[strings.LastIndexByte(name, ':')+1:]
	}
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

func readEncryption(ctx context.Context, cfg aws.Config, r action.Resource) (encryption, error) {
	url, err := urlOf(ctx, cfg, r.Account, r.Name)
	if err != nil {
		return encryption{}, err
	}
	out, err := sqs.NewFromConfig(cfg).GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
	if err != nil {
		return encryption{}, missing(err, "sqs:GetQueueAttributes", r.Name)
	}
	return encryption{out.Attributes["SqsManagedSseEnabled"] == "true", out.Attributes["KmsMasterKeyId"], url}, nil
}

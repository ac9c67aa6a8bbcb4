package sqs

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// encryption is how a queue encrypts messages: by keys of SQS, by a key of KMS, or not.
type encryption struct {
	Managed bool   `json:"sqs_managed"`
	Key     string `json:"kms_key,omitempty"`

	url string // of the queue
}

// NewEnableEncryption returns the action sqs.enable-encryption.
func NewEnableEncryption(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[queueParams, encryption]{
		Spec: action.Spec{
			Name:  "sqs.enable-encryption",
			Title: "Encrypt a queue",
			Description: "Has a queue encrypt messages by keys that SQS manages: nobody who sends or receives needs a permission more. A queue that has " +
				"a key of KMS keeps it. Messages that are in the queue stay as they are.",
			Parameters:  json.RawMessage(queueSchema),
			Permissions: permissions,
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
		Operations: operations,
	})
}

func readEncryption(ctx context.Context, cfg aws.Config, r action.Resource) (encryption, error) {
	url, attributes, err := attributesOf(ctx, cfg, r)
	return encryption{attributes["SqsManagedSseEnabled"] == "true", attributes["KmsMasterKeyId"], url}, err
}

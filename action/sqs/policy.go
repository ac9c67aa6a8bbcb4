package sqs

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/resourcepolicy"
)

// NewRemovePublicStatements returns the action sqs.remove-public-statements.
func NewRemovePublicStatements(caller *awscall.Caller) action.Action {
	return resourcepolicy.NewRemoval(caller, resourcepolicy.Removal[queueParams]{
		Spec: action.Spec{
			Name:  "sqs.remove-public-statements",
			Title: "Let not everybody use a queue",
			Description: "Removes from a queue's policy the statements that allow everybody something, without an account, an organisation or another " +
				"fixed source as their condition. The rest stays as it is; where nothing is left the policy is removed, and only the queue's own " +
				"account uses it. Messages that somebody has put in or taken out meanwhile can't be told from others.",
			Parameters:  json.RawMessage(queueSchema),
			Permissions: permissions,
			Effect:      action.StateChecked,
		},
		Find: findQueue,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (string, error) {
			_, attributes, err := attributesOf(ctx, cfg, r)
			return attributes["Policy"], err
		},
		Write: func(r action.Resource, text string) (string, any) {
			// An empty text removes the policy.
			return "SetQueueAttributes", map[string]any{"QueueUrl": urlIn(r), "Attributes": map[string]string{"Policy": text}}
		},
		Operations: operations,
	})
}

// urlIn is the URL that SQS gives queues of the resource's region
// (https://docs.aws.amazon.com/general/latest/gr/sqs-service.html).
func urlIn(r action.Resource) string {
	suffix := "amazonaws.com"
	if awscall.Partition(r.Region) == "aws-cn" {
		suffix += ".cn"
	}
	return "https://sqs." + r.Region + "." + suffix + "/" + r.Account + "/" + r.Name
}

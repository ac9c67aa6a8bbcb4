package sns

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/resourcepolicy"
)

// policyParams name a topic.
type policyParams struct {
	Topic string `json:"topic"`
}

// ownersPolicy is the policy that SNS gives a new topic: its account's identities may use it where their own policies allow it, and
// nobody else. A topic always has a policy.
const ownersPolicy = `{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID","Effect":"Allow",` +
	`"Principal":{"AWS":"*"},"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission",` +
	`"SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"],"Resource":%q,` +
	`"Condition":{"StringEquals":{"AWS:SourceOwner":%q}}}]}`

// NewRemovePublicStatements returns the action sns.remove-public-statements.
func NewRemovePublicStatements(caller *awscall.Caller) action.Action {
	return resourcepolicy.NewRemoval(caller, resourcepolicy.Removal[policyParams]{
		Spec: action.Spec{
			Name:  "sns.remove-public-statements",
			Title: "Let not everybody use a topic",
			Description: "Removes from a topic's policy the statements that allow everybody something, without an account, an organisation or another " +
				"fixed source as their condition. The rest stays as it is; where nothing is left, the policy is that of a new topic, by which only its " +
				"own account uses it. Subscriptions that somebody made meanwhile stay and get messages: look through them.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["topic"], "properties": {
  "topic": {"type": "string", "minLength": 1, "description": "name or ARN of the topic"}}}`),
			Permissions: permissions,
			Effect:      action.StateChecked,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p policyParams) ([]action.Resource, error) {
			return findTopic(ctx, cfg, req, p.Topic)
		},
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (string, error) {
			attributes, err := attributesOf(ctx, cfg, r.ARN)
			return attributes["Policy"], err
		},
		Left: func(r action.Resource, left string) (string, string, error) {
			if left == "" {
				return fmt.Sprintf(ownersPolicy, r.ARN, r.Account), " Nothing else is in it, so only its own account may use it then.", nil
			}
			return left, "", nil
		},
		Write: func(r action.Resource, text string) (string, any) {
			return "SetTopicAttributes", set(r, "Policy", text)
		},
		Operations: operations,
	})
}

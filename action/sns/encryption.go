package sns

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// encryption is the key by which a topic encrypts messages; the zero value is none.
type encryption struct {
	Key string `json:"kms_key,omitempty"`
}

type encryptionParams struct {
	Topic string `json:"topic"`
	Key   string `json:"kms_key,omitempty"`
}

// ownKey is the account's key for topics, which AWS manages.
const ownKey = "alias/aws/sns"

// NewEnableEncryption returns the action sns.enable-encryption.
func NewEnableEncryption(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[encryptionParams, encryption]{
		Spec: action.Spec{
			Name:  "sns.enable-encryption",
			Title: "Encrypt a topic",
			Description: "Has a topic encrypt messages where it keeps them. Whoever publishes must be allowed to use the key: AWS's own services can't use " +
				"`" + ownKey + "`, so name a key whose policy lets them where they publish to the topic. A topic that has a key keeps it.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["topic"], "properties": {
  "topic": {"type": "string", "minLength": 1, "description": "name or ARN of the topic"},
  "kms_key": {"type": "string", "minLength": 1, "description": "id, alias or ARN of the key; ` + ownKey + ` without this"}}}`),
			Permissions: permissions,
			Effect:      action.StateChecked,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p encryptionParams) ([]action.Resource, error) {
			return findTopic(ctx, cfg, req, p.Topic)
		},
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (encryption, error) {
			attributes, err := attributesOf(ctx, cfg, r.ARN)
			return encryption{attributes["KmsMasterKeyId"]}, err
		},
		Want: func(_ action.Resource, p encryptionParams, now encryption) (encryption, string, error) {
			if now.Key != "" {
				return now, "It encrypts by " + now.Key + " already.", nil
			}
			return encryption{cmp.Or(p.Key, ownKey)}, "It keeps messages unencrypted.", nil
		},
		Steps: func(r action.Resource, _, to encryption) ([]setting.Step[encryption], error) {
			return []setting.Step[encryption]{{Operation: "SetTopicAttributes", Input: set(r, "KmsMasterKeyId", to.Key), Leaves: to}}, nil
		},
		Operations: operations,
	})
}

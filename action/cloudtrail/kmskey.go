package cloudtrail

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

type keyParams struct {
	Trail string `json:"trail"`
	Key   string `json:"kms_key"`
}

// encryption is the key that encrypts a trail's log files; "" for S3's own.
type encryption struct {
	Key string `json:"kms_key"`
}

// NewSetKMSKey returns the action cloudtrail.set-kms-key.
func NewSetKMSKey(caller *awscall.Caller) action.Action {
	return newUpdate(caller, setting.Setting[keyParams, encryption]{
		Spec: action.Spec{
			Name:  "cloudtrail.set-kms-key",
			Title: "Encrypt a trail's log files with a key",
			Description: "Has CloudTrail encrypt a trail's log files with a KMS key, or with it again where somebody put another one in its place. The " +
				"key's policy must let CloudTrail use it, and lie in the region of the bucket; else CloudTrail refuses it. Files that were " +
				"delivered before stay as they are.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["trail", "kms_key"], "properties": {` +
				trailProperty + `,
  "kms_key": {"type": "string", "pattern": "^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", "description": "ARN of the key"}}}`),
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p keyParams) ([]action.Resource, error) {
			if key, err := arn.Parse(p.Key); err != nil || key.Service != "kms" || !strings.HasPrefix(key.Resource, "key/") {
				return nil, fault.New(fault.Invalid, "kms_key %.200q is not the ARN of a key", p.Key).
					WithHint("give arn:%s:kms:%s:%s:key/ID; CloudTrail answers with that, not with ids and aliases", awscall.Partition(req.Region), req.Region, req.Account)
			}
			return findTrail(ctx, caller, cfg, req, p.Trail)
		},
		Want: func(_ action.Resource, p keyParams, now encryption) (encryption, string, error) {
			switch now.Key {
			case p.Key:
				return now, "Its log files are encrypted with that key already.", nil
			case "":
				return encryption{p.Key}, "No key of the account encrypts its log files.", nil
			}
			return encryption{p.Key}, "Its log files are encrypted with " + now.Key + ".", nil
		},
	}, func(t *types.Trail) encryption { return encryption{aws.ToString(t.KmsKeyId)} },
		func(to encryption) map[string]any { return map[string]any{"KmsKeyId": to.Key} })
}

package dynamodb

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// encryption is the key of KMS by which a table encrypts; the zero key is DynamoDB's own, which nobody sees.
type encryption struct {
	Key     string `json:"kms_key,omitempty"` // the ARN, or ownKey
	Settled bool   `json:"settled"`           // the table has taken it
}

// ownKey is the account's key for tables, which AWS manages.
const ownKey = "alias/aws/dynamodb"

type encryptionParams struct {
	Table string `json:"table"`
	Key   string `json:"kms_key,omitempty"`
}

// keyPermissions are those that DynamoDB takes over from who has a table use a key that is named, beside kms:DescribeKey and
// kms:CreateGrant (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html).
var keyPermissions = []string{
	"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo",
}

func onTheKey() map[string]action.Limit {
	within := map[string]action.Limit{"kms:CreateGrant": action.GrantTo("dynamodb")}
	for _, permission := range keyPermissions {
		within[permission] = action.ViaService("dynamodb")
	}
	return within
}

// NewEncryptWithKMS returns the action dynamodb.encrypt-with-kms.
func NewEncryptWithKMS(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[encryptionParams, encryption]{
		Spec: action.Spec{
			Name:  "dynamodb.encrypt-with-kms",
			Title: "Encrypt a table by a key of KMS",
			Description: "Has a table encrypt by a key of the account's, whose use CloudTrail shows, instead of one that DynamoDB owns: `" + ownKey + "`, which " +
				"AWS manages, or the one that is named. The table goes on, and everything in it is encrypted anew within minutes. Whoever uses the table " +
				"must be allowed to use a named key, so see to its policy first; who disables it makes the table unreadable. KMS bills each request. A " +
				"table takes four such changes in a day. One that has a key of KMS keeps it, and global tables are left to people.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["table"], "properties": {
  "table": {"type": "string", "minLength": 1, "description": "name or ARN of the table"},
  "kms_key": {"type": "string", "pattern": "^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", "description": "ARN of a key of the account and region; ` + ownKey + ` without this"}}}`),
			Permissions: slices.Concat([]string{"dynamodb:UpdateTable", "kms:CreateGrant", "kms:DescribeKey"}, keyPermissions, findPermissions),
			Within:      onTheKey(),
			Effect:      action.StateChecked, TakesSeconds: 1800,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p encryptionParams) ([]action.Resource, error) {
			return findTable(ctx, cfg, req, tableParams{p.Table})
		},
		Leave: notEncryptable, Read: readEncryption,
		Want: func(_ action.Resource, p encryptionParams, now encryption) (encryption, string, error) {
			if now.Key != "" {
				return now, "It encrypts by " + now.Key + " already.", nil
			}
			return encryption{cmp.Or(p.Key, ownKey), true}, "It encrypts by a key of DynamoDB's, so nobody sees who uses it, and nobody can take it away.", nil
		},
		Steps: func(r action.Resource, _, to encryption) ([]setting.Step[encryption], error) {
			specification := map[string]any{"Enabled": to.Key != ""}
			if to.Key != "" {
				specification["SSEType"] = types.SSETypeKms
			}
			if to.Key != "" && to.Key != ownKey {
				specification["KMSMasterKeyId"] = to.Key
			}
			input := map[string]any{"TableName": r.Name, "SSESpecification": specification}
			return []setting.Step[encryption]{{Operation: "UpdateTable", Input: input, Leaves: to}}, nil
		},
		Operations: operations,
	})
}

// notEncryptable says why the key of a table can't be changed; "" where it can.
func notEncryptable(ctx context.Context, cfg aws.Config, r action.Resource) (string, error) {
	t, err := describe(ctx, cfg, r.Name)
	if err != nil {
		return "", err
	}
	if len(t.Replicas) > 0 {
		return "It is a global table: choose a key in each of its regions, and change all replicas by one call.", nil
	}
	return unsettled(ctx, cfg, r)
}

func readEncryption(ctx context.Context, cfg aws.Config, r action.Resource) (encryption, error) {
	t, err := describe(ctx, cfg, r.Name)
	if err != nil {
		return encryption{}, err
	}
	sse := t.SSEDescription
	if sse == nil || sse.Status == types.SSEStatusDisabled {
		return encryption{Settled: t.TableStatus == types.TableStatusActive}, nil
	}
	now := encryption{aws.ToString(sse.KMSMasterKeyArn), sse.Status == types.SSEStatusEnabled && t.TableStatus == types.TableStatusActive}
	if now.Key == "" {
		return now, nil
	}
	key, err := kms.NewFromConfig(cfg).DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: sse.KMSMasterKeyArn})
	if err != nil {
		return now, awscall.Fault(err, "kms:DescribeKey", "see whose key the table %s uses", r.Name)
	}
	if key.KeyMetadata.KeyManager == kmstypes.KeyManagerTypeAws {
		now.Key = ownKey
	}
	return now, nil
}

// operations are those by which tables are changed.
var operations = map[string]setting.Operation{"UpdateTable": setting.Op(dynamodb.NewFromConfig, (*dynamodb.Client).UpdateTable)}

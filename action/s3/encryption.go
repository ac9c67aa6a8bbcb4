package s3

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// encryption is how a bucket encrypts objects that come without an encryption of their own
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_ServerSideEncryptionRule.html).
type encryption struct {
	Algorithm types.ServerSideEncryption `json:"algorithm"`
	Key       string                     `json:"kms_key,omitempty"`
	BucketKey bool                       `json:"bucket_key"`
	Blocked   []types.EncryptionType     `json:"blocked_encryption_types,omitempty"`
}

type encryptionParams struct {
	Bucket string `json:"bucket"`
	Key    string `json:"kms_key,omitempty"`
}

func (p encryptionParams) bucket() string { return p.Bucket }

func newEncryption(rules []types.ServerSideEncryptionRule) encryption {
	var now encryption
	if len(rules) == 0 {
		return now
	}
	rule := rules[0]
	now.BucketKey = aws.ToBool(rule.BucketKeyEnabled)
	if d := rule.ApplyServerSideEncryptionByDefault; d != nil {
		now.Algorithm, now.Key = d.SSEAlgorithm, aws.ToString(d.KMSMasterKeyID)
	}
	if b := rule.BlockedEncryptionTypes; b != nil {
		now.Blocked = slices.Sorted(slices.Values(b.EncryptionType))
	}
	return now
}

// configuration is the encryption as PutBucketEncryption takes it.
func (e encryption) configuration() map[string]any {
	byDefault := map[string]any{"SSEAlgorithm": e.Algorithm}
	if e.Key != "" {
		byDefault["KMSMasterKeyID"] = e.Key
	}
	rule := map[string]any{"ApplyServerSideEncryptionByDefault": byDefault, "BucketKeyEnabled": e.BucketKey}
	if e.Blocked != nil {
		rule["BlockedEncryptionTypes"] = map[string]any{"EncryptionType": e.Blocked}
	}
	return map[string]any{"Rules": []any{rule}}
}

// NewEnableEncryption returns the action s3.enable-default-encryption; it reaches accounts through caller.
func NewEnableEncryption(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[encryptionParams, encryption]{
		Spec: action.Spec{
			Name:  "s3.enable-default-encryption",
			Title: "Encrypt new objects of a bucket by KMS",
			Description: "Has a bucket encrypt new objects by a key of KMS, with a bucket key, so that KMS is asked seldom. S3 encrypts every bucket " +
				"by keys of its own (AES256) where nothing else is said, so that needs no action. Objects that are there stay as they are. " +
				"Whoever reads new objects must be allowed to use the key; without `kms_key` it is the account's `aws/s3`, which other accounts can't use.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["bucket"], "properties": {` + bucketSchema + `,
  "kms_key": {"type": "string", "pattern": "^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", "description": "ARN of the key, in the bucket's region; without this, the key aws/s3, unless the bucket uses another one already"}}}`),
			Permissions: append([]string{"s3:GetEncryptionConfiguration", "s3:PutEncryptionConfiguration"}, findPermissions...),
			Effect:      action.StateChecked,
		},
		Find: findBucket[encryptionParams](caller),
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (encryption, error) {
			out, err := newClient(cfg).GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &r.Name, ExpectedBucketOwner: &r.Account})
			if code(err) == "ServerSideEncryptionConfigurationNotFoundError" { // what S3 does by itself; emulators say so still
				return encryption{Algorithm: types.ServerSideEncryptionAes256}, nil
			}
			if err != nil {
				return encryption{}, gone(awscall.Fault(err, "s3:GetEncryptionConfiguration", "read the encryption of the bucket %s", r.Name), r)
			}
			return newEncryption(out.ServerSideEncryptionConfiguration.Rules), nil
		},
		Want: func(_ action.Resource, p encryptionParams, now encryption) (encryption, string, error) {
			byKMS := now.Algorithm == types.ServerSideEncryptionAwsKms || now.Algorithm == types.ServerSideEncryptionAwsKmsDsse
			switch {
			case byKMS && p.Key == "":
				return now, "It encrypts by KMS already.", nil
			case byKMS && p.Key == now.Key:
				return now, "It encrypts by this key already.", nil
			case byKMS:
				now.Key = p.Key
				return now, "It encrypts by another key.", nil
			}
			now.Algorithm, now.Key, now.BucketKey = types.ServerSideEncryptionAwsKms, p.Key, true
			return now, "It encrypts by a key of S3, to which nobody can take access away.", nil
		},
		Steps: func(r action.Resource, _, to encryption) ([]setting.Step[encryption], error) {
			return oneStep(r, "PutBucketEncryption", map[string]any{"ServerSideEncryptionConfiguration": to.configuration()}, to), nil
		},
		Operations: map[string]setting.Operation{"PutBucketEncryption": setting.Op(newClient, (*s3.Client).PutBucketEncryption)},
		Permission: func(string) string { return "s3:PutEncryptionConfiguration" },
	})
}

package sandbox

import (
	"encoding/json"
	"fmt"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

// maxKeyPolicy is the longest key policy, in bytes.
const maxKeyPolicy = 32 << 10

// defaultKeyPolicy leaves it to the account's own policies who may do what
// (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html).
func defaultKeyPolicy(account string) string {
	return keyPolicy("key-default-1", map[string]any{
		"Sid": "Enable IAM User Permissions", "Effect": "Allow", "Principal": rootOf(account), "Action": "kms:*", "Resource": "*",
	})
}

// awsKeyPolicy is the policy of a key that AWS manages: the account may look at
// it, and use it through the service alone.
func awsKeyPolicy(account, service, region string) string {
	return keyPolicy("auto-"+service+"-1", map[string]any{
		"Sid": "Allow access through the service", "Effect": "Allow", "Principal": map[string]string{"AWS": "*"}, "Resource": "*",
		"Action":    []string{"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"},
		"Condition": map[string]any{"StringEquals": map[string]string{"kms:CallerAccount": account, "kms:ViaService": service + "." + region + ".amazonaws.com"}},
	}, map[string]any{
		"Sid": "Allow direct access to key metadata to the account", "Effect": "Allow", "Principal": rootOf(account),
		"Action": []string{"kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"}, "Resource": "*",
	})
}

func rootOf(account string) map[string]string {
	return map[string]string{"AWS": "arn:aws:iam::" + account + ":root"}
}

func keyPolicy(id string, statements ...any) string {
	text, err := json.MarshalIndent(map[string]any{"Version": "2012-10-17", "Id": id, "Statement": statements}, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("strings have a JSON form: %v", err))
	}
	return string(text)
}

// kmsKeyPolicy is the policy of the key that the input names, nil without one.
func kmsKeyPolicy(c *call) (*policy.Document, string) {
	key, err := c.kmsKey()
	if err != nil {
		return nil, c.account.id
	}
	doc, err := policy.Parse([]byte(key.policy))
	if err != nil {
		return nil, c.account.id
	}
	return doc, c.account.id
}

// kmsConditions are the keys of KMS's own.
func kmsConditions(c *call) policy.Context {
	return policy.Context{"kms:calleraccount": {c.caller.account}}
}

// decideByKey evaluates as decide does where a key's policy alone says who may
// do what: no other policy counts but where it leaves that to an account
// (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html).
func (c *call) decideByKey(req *policy.Request, doc *policy.Document, owner string) (policy.Decision, string) {
	if doc == nil {
		return c.decide(req, nil, owner)
	}
	docs, direct := []*policy.Document{doc}, *req
	direct.AccountID = ""
	switch {
	case policy.Evaluate(docs, req) == policy.ImplicitDeny:
		return policy.ImplicitDeny, fmt.Sprintf(noResourcePolicy, req.Action)
	case policy.Evaluate(docs, &direct) == policy.ImplicitDeny && owner == c.caller.account:
		return c.decide(req, nil, owner)
	}
	return c.decide(req, doc, owner)
}

func getKMSKeyPolicy(c *call) (wire.Object, error) {
	key, err := c.kmsKeyWithPolicy()
	if err != nil {
		return nil, err
	}
	return wire.Object{"Policy": key.policy}, nil
}

func putKMSKeyPolicy(c *call) (wire.Object, error) {
	key, err := c.kmsKeyWithPolicy()
	if err != nil {
		return nil, err
	}
	if err := c.checkKMSKeyPolicy(key.arn); err != nil {
		return nil, err
	}
	key.policy = c.in.str("Policy")
	return nil, nil
}

// kmsKeyWithPolicy is the key that the input names. Each has one policy, whose
// name is always the same.
func (c *call) kmsKeyWithPolicy() (*kmsKey, error) {
	key, err := c.kmsKey()
	if err == nil && orElse(c.in.str("PolicyName"), "default") != "default" {
		err = wire.Errorf("NotFoundException", "No such policy exists")
	}
	return key, err
}

// checkKMSKeyPolicy refuses a policy of the input that is none, or by which the
// caller could not write the next one.
func (c *call) checkKMSKeyPolicy(arn string) error {
	text := c.in.str("Policy")
	doc, err := policy.Parse([]byte(text))
	if err != nil {
		return wire.Errorf("MalformedPolicyDocumentException", "%v", err)
	}
	if len(text) > maxKeyPolicy {
		return wire.Errorf("LimitExceededException", "A key policy has at most %d bytes.", maxKeyPolicy)
	}
	if c.in.flag("BypassPolicyLockoutSafetyCheck", false) {
		return nil
	}
	conditions := c.globalConditions()
	for k, v := range kmsConditions(c) {
		conditions[k] = v
	}
	if d, _ := c.decideByKey(c.policyRequest("kms:PutKeyPolicy", arn, conditions), doc, c.account.id); d != policy.Allowed {
		return wire.Errorf("MalformedPolicyDocumentException", "The new key policy will not allow you to update the key policy in the future.")
	}
	return nil
}

package kms

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/resourcepolicy"
	"riposte.dev/action/setting"
)

// policyName is that of every key's only policy.
const policyName = "default"

// NewRemovePublicStatements returns the action kms.remove-public-statements.
func NewRemovePublicStatements(caller *awscall.Caller) action.Action {
	return resourcepolicy.NewRemoval(caller, resourcepolicy.Removal[keyParams]{
		Spec: action.Spec{
			Name:  "kms.remove-public-statements",
			Title: "Let not everybody use a key",
			Description: "Removes from a key's policy the statements that allow everybody something, without an account, an organisation or another " +
				"fixed source as their condition. The rest stays as it is. Left to people: a policy in which no other statement lets the account change " +
				"it, because nobody could any more then, and keys that AWS manages. Grants are no part of the policy and stay: `aws kms list-grants` " +
				"shows whether somebody gave himself one meanwhile.",
			Parameters:  json.RawMessage(keySchema),
			Permissions: []string{"kms:DescribeKey", "kms:ListResourceTags", "kms:GetKeyPolicy", "kms:PutKeyPolicy"},
			Effect:      action.StateChecked,
		},
		Find: findKey,
		Leave: func(ctx context.Context, cfg aws.Config, r action.Resource) (string, error) {
			key, err := describe(ctx, cfg, r.ARN)
			if err == nil && key.KeyManager == types.KeyManagerTypeAws {
				return "AWS manages this key and its policy.", nil
			}
			return "", err
		},
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (string, error) {
			out, err := kms.NewFromConfig(cfg).GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &r.ARN, PolicyName: aws.String(policyName)})
			if err != nil {
				return "", missing(err, "kms:GetKeyPolicy", r.Name)
			}
			return aws.ToString(out.Policy), nil
		},
		Left: func(r action.Resource, left string) (string, string, error) {
			managed, err := manages(left, r.Account)
			if err == nil && !managed {
				err = setting.Escalation("By no other statement of its policy may the account change it: write who manages the key, such as " +
					"arn:" + awscall.Partition(r.Region) + ":iam::" + r.Account + ":root with kms:*, and take out what lets everybody in.")
			}
			return left, "", err
		},
		Write: func(r action.Resource, text string) (string, any) {
			return "PutKeyPolicy", map[string]string{"KeyId": r.ARN, "PolicyName": policyName, "Policy": text}
		},
		Operations: map[string]setting.Operation{"PutKeyPolicy": setting.Op(kms.NewFromConfig, (*kms.Client).PutKeyPolicy)},
	})
}

// manages reports whether a key's policy lets the account say by its own policies who changes it; "" is no statement.
func manages(policy, account string) (bool, error) {
	if policy == "" {
		return false, nil
	}
	d, err := resourcepolicy.Parse(policy)
	if err != nil {
		return false, err
	}
	statements, err := d.Statements()
	return slices.ContainsFunc(statements, func(s resourcepolicy.Statement) bool {
		return s.Effect == "Allow" && len(s.Condition) == 0 && s.Principal != nil &&
			slices.ContainsFunc(*s.Principal, func(name string) bool {
				return name == account || strings.HasSuffix(name, ":iam::"+account+":root")
			}) &&
			slices.ContainsFunc(s.Action, func(name string) bool {
				name = strings.ToLower(name)
				return name == "*" || name == "kms:*" || name == "kms:put*" || name == "kms:putkeypolicy"
			})
	}), err
}

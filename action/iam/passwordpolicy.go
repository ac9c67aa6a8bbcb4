package iam

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// What the CIS AWS Foundations Benchmark asks for (1.8 and 1.9).
const (
	cisLength = 14
	cisReuse  = 24
)

type passwordParams struct {
	Length int32 `json:"minimum_length,omitempty"`
	Reuse  int32 `json:"reuse_prevention,omitempty"`
}

// passwords is the account's password policy; nil for none.
type passwords struct {
	Policy *passwordPolicy `json:"policy,omitempty"`
}

// passwordPolicy is a policy as UpdateAccountPasswordPolicy takes it: what is left out becomes AWS's default.
type passwordPolicy struct {
	MinimumPasswordLength      int32
	RequireSymbols             bool
	RequireNumbers             bool
	RequireUppercaseCharacters bool
	RequireLowercaseCharacters bool
	AllowUsersToChangePassword bool
	MaxPasswordAge             int32 `json:",omitempty"`
	PasswordReusePrevention    int32 `json:",omitempty"`
	HardExpiry                 bool  `json:",omitempty"`
}

func readPasswords(ctx context.Context, cfg aws.Config, r action.Resource) (passwords, error) {
	out, err := iam.NewFromConfig(cfg).GetAccountPasswordPolicy(ctx, nil)
	err = awscall.Fault(err, "iam:GetAccountPasswordPolicy", "read the password policy of account %s", r.Account)
	if fault.CodeOf(err) == fault.NotFound {
		return passwords{}, nil
	}
	if err != nil {
		return passwords{}, err
	}
	p := out.PasswordPolicy
	return passwords{&passwordPolicy{
		MinimumPasswordLength: aws.ToInt32(p.MinimumPasswordLength),
		RequireSymbols:        p.RequireSymbols, RequireNumbers: p.RequireNumbers,
		RequireUppercaseCharacters: p.RequireUppercaseCharacters, RequireLowercaseCharacters: p.RequireLowercaseCharacters,
		AllowUsersToChangePassword: p.AllowUsersToChangePassword,
		MaxPasswordAge:             aws.ToInt32(p.MaxPasswordAge), PasswordReusePrevention: aws.ToInt32(p.PasswordReusePrevention),
		HardExpiry: aws.ToBool(p.HardExpiry),
	}}, nil
}

// check fills in what CIS asks for, and refuses what IAM does
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccountPasswordPolicy.html).
func (p *passwordParams) check() error {
	if p.Length == 0 {
		p.Length = cisLength
	}
	if p.Reuse == 0 {
		p.Reuse = cisReuse
	}
	if p.Length < 6 || p.Length > 128 {
		return fault.New(fault.Invalid, "minimum_length %d is none that IAM takes", p.Length).WithHint("give 6 to 128, or leave it out for %d", cisLength)
	}
	if p.Reuse < 1 || p.Reuse > 24 {
		return fault.New(fault.Invalid, "reuse_prevention %d is none that IAM takes", p.Reuse).WithHint("give 1 to 24, or leave it out for %d", cisReuse)
	}
	return nil
}

func wantPasswords(_ action.Resource, p passwordParams, now passwords) (passwords, string, error) {
	if err := p.check(); err != nil {
		return now, "", err
	}
	if now.Policy == nil {
		return passwords{&passwordPolicy{
			MinimumPasswordLength: p.Length, PasswordReusePrevention: p.Reuse, AllowUsersToChangePassword: true,
			RequireSymbols: true, RequireNumbers: true, RequireUppercaseCharacters: true, RequireLowercaseCharacters: true,
		}}, "It has no password policy, so AWS's default of 8 characters holds and passwords can be used again.", nil
	}
	want := *now.Policy
	want.MinimumPasswordLength = max(want.MinimumPasswordLength, p.Length)
	want.PasswordReusePrevention = max(want.PasswordReusePrevention, p.Reuse)
	why := fmt.Sprintf("Passwords take %d characters, and none of the last %d is taken again.",
		now.Policy.MinimumPasswordLength, now.Policy.PasswordReusePrevention)
	return passwords{&want}, why, nil
}

// NewSetPasswordPolicy returns the action iam.set-password-policy.
func NewSetPasswordPolicy(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[passwordParams, passwords]{
		Spec: action.Spec{
			Name:  "iam.set-password-policy",
			Title: "Ask for long passwords that are new",
			Description: "Sets the account's password policy to at least 14 characters and none of the last 24 passwords, as the CIS AWS Foundations " +
				"Benchmark has it, or to what is given. What is stricter already stays, and so does the rest of the policy; where there was " +
				"none, all kinds of characters are asked for. It holds for the next password of each user. The undo brings the earlier " +
				"policy back, or deletes it where there was none.",
			Parameters: json.RawMessage(`{
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "minimum_length": {"type": "integer", "minimum": 6, "maximum": 128, "description": "14 if absent"},
    "reuse_prevention": {"type": "integer", "minimum": 1, "maximum": 24, "description": "how many earlier passwords are refused; 24 if absent"}
  }
}`),
			Permissions: []string{"iam:GetAccountPasswordPolicy", "iam:UpdateAccountPasswordPolicy", "iam:DeleteAccountPasswordPolicy"},
			Effect:      action.StateChecked,
		},
		Find: func(_ context.Context, _ aws.Config, req action.Request, p passwordParams) ([]action.Resource, error) {
			return []action.Resource{{
				Type: accountType, ARN: "arn:" + awscall.Partition(req.Region) + ":iam::" + req.Account + ":root", Name: "account " + req.Account,
				Account: req.Account, Region: home(req.Region),
			}}, p.check()
		},
		Read: readPasswords, Want: wantPasswords,
		Steps: func(_ action.Resource, _, to passwords) ([]setting.Step[passwords], error) {
			if to.Policy == nil {
				return []setting.Step[passwords]{{Operation: "DeleteAccountPasswordPolicy", Input: struct{}{}, Leaves: to}}, nil
			}
			return []setting.Step[passwords]{{Operation: "UpdateAccountPasswordPolicy", Input: to.Policy, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{
			"UpdateAccountPasswordPolicy": op((*iam.Client).UpdateAccountPasswordPolicy),
			"DeleteAccountPasswordPolicy": op((*iam.Client).DeleteAccountPasswordPolicy),
		},
	})
}

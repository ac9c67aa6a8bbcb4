// Package organizations has the action that stops a whole account by a service control policy.
package organizations

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// PolicyName is the service control policy that quarantines accounts.
const PolicyName = "riposte-quarantine"

// Home tells in which account riposte itself is.
type Home func(ctx context.Context) (string, error)

type accountParams struct {
	Account string   `json:"account_id"`
	Spare   []string `json:"spare"`
	Own     bool     `json:"own_account,omitempty"`
}

var (
	accountPattern = regexp.MustCompile(`^[0-9]{12}$`)
	sparePattern   = regexp.MustCompile(`^arn:aws[a-z-]*:iam::([0-9]{12}|\*):(role|user)/[A-Za-z0-9+=,.@_/*-]*[A-Za-z0-9+=,.@_-]$`)
)

func (p accountParams) check() error {
	var problems []string
	if !accountPattern.MatchString(p.Account) {
		problems = append(problems, fmt.Sprintf("account_id %.100q is not 12 digits", p.Account))
	}
	if len(p.Spare) == 0 {
		problems = append(problems, "spare names nobody")
	}
	for _, arn := range p.Spare {
		if !sparePattern.MatchString(arn) {
			problems = append(problems, fmt.Sprintf("spare: %.200q is not the ARN of a role or user by name", arn))
		}
	}
	if len(problems) > 0 {
		return fault.New(fault.Invalid, "wrong parameters: %s", strings.Join(problems, "; ")).
			WithHint(`give {"account_id": "111122223333", "spare": ["arn:aws:iam::*:role/riposte-responder", "arn:aws:iam::*:role/break-glass"]}`)
	}
	return nil
}

// spares reports whether one of the ARNs names the principal, whose name is the last part of its ARN.
func (p accountParams) spares(name string) bool {
	return slices.ContainsFunc(p.Spare, func(arn string) bool { return arn[strings.LastIndexByte(arn, '/')+1:] == name })
}

// document denies everything to everybody who is not spared.
func (p accountParams) document() string {
	raw, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
		"Sid": "Quarantine", "Effect": "Deny", "Action": "*", "Resource": "*",
		"Condition": map[string]any{"ArnNotLike": map[string]any{"aws:PrincipalArn": slices.Compact(slices.Sorted(slices.Values(p.Spare)))}},
	}}})
	if err != nil {
		panic("organizations: a policy is not JSON: " + err.Error()) // strings only
	}
	return string(raw)
}

// quarantine is whether an account is stopped.
type quarantine struct {
	Attached bool `json:"quarantined"`

	policy  string // its id; "" where there is none of the name yet
	content string // what it says, or shall say
}

// NewQuarantine returns the action organizations.quarantine-account. home may be nil: then only the request's account is riposte's.
func NewQuarantine(caller *awscall.Caller, home Home) action.Action {
	return setting.New(caller, setting.Setting[accountParams, quarantine]{
		Spec: action.Spec{
			Name:  "organizations.quarantine-account",
			Title: "Quarantine an account",
			Description: "Attaches the service control policy riposte-quarantine, which is made where it is missing, to an account: everything is " +
				"denied there to everybody but those who are spared. What runs on goes on without AWS's API. The undo detaches it. It is called in the management account.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["account_id", "spare"], "properties": {
  "account_id": {"type": "string", "pattern": "^[0-9]{12}$", "description": "the account to quarantine"},
  "spare": {"type": "array", "minItems": 1, "items": {"type": "string"},
    "description": "ARNs of the roles and users who may go on, the same for all accounts: riposte's own and those for emergencies; * for the account"},
  "own_account": {"type": "boolean", "description": "true: also where it is the account in which riposte itself is"}}}`),
			Permissions: []string{
				"organizations:DescribeAccount", "organizations:ListTagsForResource", "organizations:ListPolicies", "organizations:DescribePolicy",
				"organizations:ListPoliciesForTarget", "organizations:CreatePolicy", "organizations:AttachPolicy", "organizations:DetachPolicy",
			},
			Effect:   action.StateChecked,
			Evidence: action.EventEvidence,
			Approval: "it stops everything that an account does",
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p accountParams) ([]action.Resource, error) {
			if err := p.check(); err != nil {
				return nil, err
			}
			r, err := findAccount(ctx, cfg, req, p.Account)
			if err != nil {
				return nil, err
			}
			return []action.Resource{r}, mayQuarantine(ctx, caller, home, req, p)
		},
		Leave: func(_ context.Context, _ aws.Config, r action.Resource) (string, error) {
			if r.Account == target(r) {
				return "It is the management account, in which no service control policy holds: contain its principals one by one.", nil
			}
			return "", nil
		},
		Read: read,
		Want: func(_ action.Resource, p accountParams, now quarantine) (quarantine, string, error) {
			document := p.document()
			switch {
			case now.policy != "" && !action.SameState(json.RawMessage(now.content), json.RawMessage(document)):
				return now, "", setting.Escalation("The policy " + PolicyName + " says something else than asked for, such as other roles that are spared: bring it and the parameter spare together.")
			case now.Attached:
				return now, "It is in quarantine already.", nil
			}
			return quarantine{Attached: true, policy: now.policy, content: document}, "Whoever took hold of it may do there whatever its roles allow.", nil
		},
		Steps: steps,
		Operations: map[string]setting.Operation{
			"CreatePolicy": setting.Op(organizations.NewFromConfig, (*organizations.Client).CreatePolicy),
			"AttachPolicy": named(func(ctx context.Context, c *organizations.Client, policy, target *string) error {
				_, err := c.AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: policy, TargetId: target})
				return err
			}),
			"DetachPolicy": named(func(ctx context.Context, c *organizations.Client, policy, target *string) error {
				_, err := c.DetachPolicy(ctx, &organizations.DetachPolicyInput{PolicyId: policy, TargetId: target})
				return err
			}),
		},
	})
}

// steps: the policy stays when it is detached, since it may be on other accounts. Before it is made it has no id, so calls name it.
func steps(r action.Resource, from, to quarantine) ([]setting.Step[quarantine], error) {
	input := map[string]string{"PolicyId": PolicyName, "TargetId": target(r)}
	if !to.Attached {
		return []setting.Step[quarantine]{{Operation: "DetachPolicy", Input: input, Leaves: to}}, nil
	}
	attach := setting.Step[quarantine]{Operation: "AttachPolicy", Input: input, Leaves: to}
	if from.policy != "" {
		return []setting.Step[quarantine]{attach}, nil
	}
	return []setting.Step[quarantine]{{Operation: "CreatePolicy", Leaves: from, Input: map[string]string{
		"Name": PolicyName, "Type": string(types.PolicyTypeServiceControlPolicy), "Content": to.content,
		"Description": "Made by riposte: denies everything to everybody who is not spared.",
	}}, attach}, nil
}

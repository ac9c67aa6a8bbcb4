package iam

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

type trustParams struct {
	Role   string          `json:"role_arn"`
	Policy json.RawMessage `json:"policy"`
}

// NewRestoreTrustPolicy returns the action iam.restore-trust-policy.
func NewRestoreTrustPolicy(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[trustParams, state]{
		Spec: action.Spec{
			Name:  "iam.restore-trust-policy",
			Title: "Put a role's trust policy back",
			Description: "Puts the policy that says who may assume a role back to what it was before somebody changed it. The playbook says what that " +
				"was. Sessions that began meanwhile go on: revoke them with `iam.revoke-sessions`.",
			Parameters: json.RawMessage(`{
  "type": "object",
  "additionalProperties": false,
  "required": ["role_arn", "policy"],
  "properties": {
    "role_arn": {"type": "string", "minLength": 20, "description": "ARN of a role, or of a role's session"},
    "policy": {"type": ["string", "object"], "description": "the trust policy as JSON, or as JSON in a text"}
  }
}`),
			Permissions: []string{"iam:GetRole", "iam:UpdateAssumeRolePolicy"},
			Effect:      action.StateChecked,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p trustParams) ([]action.Resource, error) {
			if _, err := givenDocument(p.Policy); err != nil {
				return nil, err
			}
			r, err := findRole(ctx, cfg, req, p.Role)
			return []action.Resource{r}, err
		},
		Leave: leaveEntity,
		Read:  readTrust,
		Want: func(_ action.Resource, p trustParams, now state) (state, string, error) {
			document, err := givenDocument(p.Policy)
			if err != nil {
				return now, "", err
			}
			if sameTrust(state{document}, now) {
				return now, "Its trust policy is as it was before already.", nil
			}
			return state{document}, "Its trust policy is not what it was before.", nil
		},
		Steps:      trustSteps,
		Operations: map[string]setting.Operation{"UpdateAssumeRolePolicy": op((*iam.Client).UpdateAssumeRolePolicy)},
		Same:       sameTrust,
	})
}

// findRole returns the role of the ARN, or of the ARN of a role's session.
func findRole(ctx context.Context, cfg aws.Config, req action.Request, text string) (action.Resource, error) {
	who, err := parsePrincipal(text, req)
	if err == nil && who.kind != roleType {
		err = fault.New(fault.Invalid, "role_arn %.200q is not the ARN of a role", text)
	}
	if err != nil {
		return action.Resource{}, fault.New(fault.Invalid, "%s", fault.Message(err)).
			WithHint("give role_arn as arn:%s:iam::%s:role/NAME, or the ARN of a role's session", awscall.Partition(req.Region), req.Account)
	}
	return lookUp(ctx, iam.NewFromConfig(atHome(cfg, req)), who, req)
}

func readTrust(ctx context.Context, cfg aws.Config, r action.Resource) (state, error) {
	out, err := iam.NewFromConfig(cfg).GetRole(ctx, &iam.GetRoleInput{RoleName: &r.Name})
	if err != nil {
		return state{}, awscall.Fault(err, "iam:GetRole", "read the role %s", r.Name)
	}
	document, err := decodeDocument(aws.ToString(out.Role.AssumeRolePolicyDocument), "trust policy of "+r.ARN)
	return state{document}, err
}

func trustSteps(r action.Resource, _, to state) ([]setting.Step[state], error) {
	input := map[string]string{"RoleName": r.Name, "PolicyDocument": string(to.Policy)}
	return []setting.Step[state]{{Operation: "UpdateAssumeRolePolicy", Input: input, Leaves: to}}, nil
}

// sameTrust reports whether two trust policies mean the same principals: IAM gives an account's number back as the ARN of its root.
func sameTrust(a, b state) bool {
	return action.SameState(spellOut(a.Policy), spellOut(b.Policy))
}

// spellOut has the principals of a trust policy in one spelling of several.
func spellOut(document json.RawMessage) json.RawMessage {
	var policy map[string]any
	if json.Unmarshal(document, &policy) != nil {
		return document
	}
	statements, listed := policy["Statement"].([]any)
	if !listed {
		statements = []any{policy["Statement"]}
		policy["Statement"] = statements
	}
	for _, s := range statements {
		statement, _ := s.(map[string]any)
		for _, of := range []string{"Principal", "NotPrincipal"} {
			if principal, ok := statement[of].(map[string]any); ok && principal["AWS"] != nil {
				principal["AWS"] = spelledOut(principal["AWS"])
			}
		}
	}
	out, err := json.Marshal(policy)
	if err != nil {
		return document
	}
	return out
}

// spelledOut is a sorted list of principals, with accounts as numbers.
func spelledOut(principals any) any {
	list, ok := principals.([]any)
	if !ok {
		list = []any{principals}
	}
	var names []string
	for _, p := range list {
		name, ok := p.(string)
		if !ok {
			return principals
		}
		if root, ok := strings.CutSuffix(name, ":root"); ok && strings.HasPrefix(root, "arn:") {
			name = root[strings.LastIndexByte(root, ':')+1:]
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

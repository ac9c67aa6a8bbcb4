package iam

import (
	"context"
	"encoding/json"

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
			who, err := parsePrincipal(p.Role, req)
			if err == nil && who.kind != roleType {
				err = fault.New(fault.Invalid, "role_arn %.200q is not the ARN of a role", p.Role)
			}
			if err != nil {
				return nil, fault.New(fault.Invalid, "%s", fault.Message(err)).
					WithHint("give role_arn as arn:%s:iam::%s:role/NAME, or the ARN of a role's session", awscall.Partition(req.Region), req.Account)
			}
			r, err := lookUp(ctx, iam.NewFromConfig(atHome(cfg, req)), who, req)
			return []action.Resource{r}, err
		},
		Leave: leaveEntity,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (state, error) {
			out, err := iam.NewFromConfig(cfg).GetRole(ctx, &iam.GetRoleInput{RoleName: &r.Name})
			if err != nil {
				return state{}, awscall.Fault(err, "iam:GetRole", "read the role %s", r.Name)
			}
			document, err := decodeDocument(aws.ToString(out.Role.AssumeRolePolicyDocument), "trust policy of "+r.ARN)
			return state{document}, err
		},
		Want: func(_ action.Resource, p trustParams, now state) (state, string, error) {
			document, err := givenDocument(p.Policy)
			if err != nil {
				return now, "", err
			}
			if action.SameState(document, now.Policy) {
				return now, "Its trust policy is as it was before already.", nil
			}
			return state{document}, "Its trust policy is not what it was before.", nil
		},
		Steps: func(r action.Resource, _, to state) ([]setting.Step[state], error) {
			input := map[string]string{"RoleName": r.Name, "PolicyDocument": string(to.Policy)}
			return []setting.Step[state]{{Operation: "UpdateAssumeRolePolicy", Input: input, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{"UpdateAssumeRolePolicy": op((*iam.Client).UpdateAssumeRolePolicy)},
	})
}

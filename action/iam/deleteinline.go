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

type inlineParams struct {
	Principal string `json:"principal_arn"`
	Policy    string `json:"policy_name"`
}

// inlineSteps puts or deletes an inline policy of a user, role or group.
func inlineSteps(r action.Resource, policy string, to state) []setting.Step[state] {
	kind := kindOf(r)
	input, verb := map[string]string{kind + "Name": nameIn(r.ARN), "PolicyName": policy}, "Delete"
	if to.Policy != nil {
		input["PolicyDocument"], verb = string(to.Policy), "Put"
	}
	return []setting.Step[state]{{Operation: verb + kind + "Policy", Input: input, Leaves: to}}
}

var inlineOperations = map[string]setting.Operation{
	"PutUserPolicy": op((*iam.Client).PutUserPolicy), "DeleteUserPolicy": op((*iam.Client).DeleteUserPolicy),
	"PutRolePolicy": op((*iam.Client).PutRolePolicy), "DeleteRolePolicy": op((*iam.Client).DeleteRolePolicy),
	"PutGroupPolicy": op((*iam.Client).PutGroupPolicy), "DeleteGroupPolicy": op((*iam.Client).DeleteGroupPolicy),
}

// NewDeleteInlinePolicy returns the action iam.delete-inline-policy. The resource's name is that of the user, role or group, and
// the policy's.
func NewDeleteInlinePolicy(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[inlineParams, state]{
		Spec: action.Spec{
			Name:  "iam.delete-inline-policy",
			Title: "Delete an inline policy",
			Description: "Deletes an inline policy of a user, role or group, such as one that an intruder added. The session of a role stands for " +
				"its role. The undo puts it back as it was. Policies that riposte put there are left: undo the action that did.",
			Parameters: json.RawMessage(`{
  "type": "object",
  "additionalProperties": false,
  "required": ["principal_arn", "policy_name"],
  "properties": {
    "principal_arn": {"type": "string", "minLength": 20, "description": "ARN of a user, a role, a role's session, or a group"},
    "policy_name": {"type": "string", "minLength": 1, "maxLength": 128, "description": "name of the inline policy"}
  }
}`),
			Permissions: append([]string{
				"iam:GetGroup", "iam:GetGroupPolicy", "iam:PutGroupPolicy", "iam:DeleteGroupPolicy",
			}, inlinePermissions...),
			Effect: action.StateChecked, Evidence: action.EventEvidence,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p inlineParams) ([]action.Resource, error) {
			if p.Policy == "" || strings.Contains(p.Policy, " ") {
				return nil, fault.New(fault.Invalid, "policy_name %.200q is not the name of an inline policy", p.Policy).
					WithHint("events have it in requestParameters.policyName")
			}
			r, err := findEntity(ctx, cfg, req, p.Principal)
			r.Name += " " + p.Policy
			return []action.Resource{r}, err
		},
		Leave: leaveEntity,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (state, error) {
			return readInline(ctx, iam.NewFromConfig(cfg), r, inlineOf(r))
		},
		Want: func(r action.Resource, _ inlineParams, now state) (state, string, error) {
			policy := inlineOf(r)
			switch {
			case now.Policy == nil:
				return now, "It has no inline policy " + policy + ".", nil
			case slices.Contains([]string{QuarantinePolicy, RevokePolicy, MFAPolicy}, policy):
				return now, "", setting.Escalation("Riposte put that policy there: undo the action that did.")
			}
			return state{}, "It has the inline policy " + policy + ".", nil
		},
		Steps: func(r action.Resource, _, to state) ([]setting.Step[state], error) {
			return inlineSteps(r, inlineOf(r), to), nil
		},
		Operations: inlineOperations,
	})
}

// inlineOf is the name of the policy that the resource's name ends with.
func inlineOf(r action.Resource) string {
	_, policy, _ := strings.Cut(r.Name, " ")
	return policy
}

package iam

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// attachment is whether a user, role or group has a managed policy.
type attachment struct {
	Attached bool `json:"attached"`
}

type attachmentParams struct {
	Principal string `json:"principal_arn"`
	Policy    string `json:"policy_arn"`
}

// readAttached lists the ARNs of the managed policies that a user, role or group has.
func readAttached(ctx context.Context, cfg aws.Config, r action.Resource) ([]string, error) {
	client, name, kind := iam.NewFromConfig(cfg), nameIn(r.ARN), kindOf(r)
	var arns []string
	for marker, more := (*string)(nil), true; more; {
		var page []types.AttachedPolicy
		var err error
		page, marker, more, err = attachedPage(ctx, client, kind, name, marker)
		if err != nil {
			return nil, awscall.Fault(err, "iam:ListAttached"+kind+"Policies", "list the policies of the %s %s", strings.ToLower(kind), name)
		}
		for _, p := range page {
			arns = append(arns, aws.ToString(p.PolicyArn))
		}
	}
	return arns, nil
}

func attachedPage(ctx context.Context, client *iam.Client, kind, name string, marker *string) ([]types.AttachedPolicy, *string, bool, error) {
	switch kind {
	case "User":
		out, err := client.ListAttachedUserPolicies(ctx, &iam.ListAttachedUserPoliciesInput{UserName: &name, Marker: marker})
		if err != nil {
			return nil, nil, false, err
		}
		return out.AttachedPolicies, out.Marker, out.IsTruncated, nil
	case "Group":
		out, err := client.ListAttachedGroupPolicies(ctx, &iam.ListAttachedGroupPoliciesInput{GroupName: &name, Marker: marker})
		if err != nil {
			return nil, nil, false, err
		}
		return out.AttachedPolicies, out.Marker, out.IsTruncated, nil
	}
	out, err := client.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &name, Marker: marker})
	if err != nil {
		return nil, nil, false, err
	}
	return out.AttachedPolicies, out.Marker, out.IsTruncated, nil
}

// NewDetachPolicy returns the action iam.detach-policy. The resource's name is that of the user, role or group, and the policy's ARN.
func NewDetachPolicy(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[attachmentParams, attachment]{
		Spec: action.Spec{
			Name:  "iam.detach-policy",
			Title: "Detach a managed policy",
			Description: "Takes a managed policy, AWS's or the account's own, from a user, role or group. The session of a role stands for its role. " +
				"The undo attaches it again.",
			Parameters: json.RawMessage(`{
  "type": "object",
  "additionalProperties": false,
  "required": ["principal_arn", "policy_arn"],
  "properties": {
    "principal_arn": {"type": "string", "minLength": 20, "description": "ARN of a user, a role, a role's session, or a group"},
    "policy_arn": {"type": "string", "minLength": 20, "description": "ARN of the managed policy"}
  }
}`),
			Permissions: []string{
				"iam:GetUser", "iam:ListAttachedUserPolicies", "iam:DetachUserPolicy", "iam:AttachUserPolicy",
				"iam:GetRole", "iam:ListAttachedRolePolicies", "iam:DetachRolePolicy", "iam:AttachRolePolicy",
				"iam:GetGroup", "iam:ListAttachedGroupPolicies", "iam:DetachGroupPolicy", "iam:AttachGroupPolicy",
			},
			Effect: action.StateChecked, Evidence: action.EventEvidence,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p attachmentParams) ([]action.Resource, error) {
			if _, err := parsePolicyARN(p.Policy, req); err != nil {
				return nil, err
			}
			r, err := findEntity(ctx, cfg, req, p.Principal)
			r.Name += " " + p.Policy
			return []action.Resource{r}, err
		},
		Leave: leaveEntity,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (attachment, error) {
			attached, err := readAttached(ctx, cfg, r)
			return attachment{slices.Contains(attached, attachedOf(r))}, err
		},
		Want: func(r action.Resource, _ attachmentParams, now attachment) (attachment, string, error) {
			if !now.Attached {
				return now, "It doesn't have the policy.", nil
			}
			return attachment{}, "It has the policy " + nameIn(attachedOf(r)) + ".", nil
		},
		Steps: func(r action.Resource, _, to attachment) ([]setting.Step[attachment], error) {
			verb := "Detach"
			if to.Attached {
				verb = "Attach"
			}
			return []setting.Step[attachment]{{
				Operation: verb + kindOf(r) + "Policy", Leaves: to,
				Input: map[string]string{kindOf(r) + "Name": nameIn(r.ARN), "PolicyArn": attachedOf(r)},
			}}, nil
		},
		Operations: map[string]setting.Operation{
			"DetachUserPolicy": op((*iam.Client).DetachUserPolicy), "AttachUserPolicy": op((*iam.Client).AttachUserPolicy),
			"DetachRolePolicy": op((*iam.Client).DetachRolePolicy), "AttachRolePolicy": op((*iam.Client).AttachRolePolicy),
			"DetachGroupPolicy": op((*iam.Client).DetachGroupPolicy), "AttachGroupPolicy": op((*iam.Client).AttachGroupPolicy),
		},
	})
}

// attachedOf is the policy of which it is asked whether the resource has it.
func attachedOf(r action.Resource) string {
	_, policy, _ := strings.Cut(r.Name, " ")
	return policy
}

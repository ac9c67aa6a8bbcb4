// Package ec2 has the actions on Amazon EC2.
//
// Start at [RevokeIngress], which closes ports of a security group that are open to the world: what counts as open is in
// exposure.go, whom to tell is found in owner.go. [RevertGroup] takes back what one CloudTrail event did to a group; what an
// event tells is in event.go. Both read groups by group.go and speak of rules as in rule.go.
package ec2

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// spec of ec2.revoke-ingress. The permissions are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html; AuthorizeSecurityGroupIngress
// and CreateTags are for Undo, the last three find the owner and may be refused.
var spec = action.Spec{
	Name:  "ec2.revoke-ingress",
	Title: "Close ports of a security group",
	Description: "Revokes, by rule id and from the group's present state, exactly the ingress rules that open one of the ports " +
		"to the world, alone or together with others (0.0.0.0/1 and 128.0.0.0/1). All other rules stay, and rules that name " +
		"a prefix list or another group are reported and stay. Finds who owns the group.",
	Parameters: json.RawMessage(`{
  "type": "object",
  "additionalProperties": false,
  "required": ["group", "ports"],
  "properties": {
    "group": {"type": "string", "minLength": 1, "description": "id or ARN of the security group"},
    "ports": {"type": "array", "minItems": 1, "maxItems": 100, "items": {"type": "integer", "minimum": 0, "maximum": 65535},
      "description": "TCP ports that must not be open"},
    "cidrs": {"type": "array", "minItems": 1, "maxItems": 100, "items": {"type": "string"},
      "description": "networks to which they must not be open as a whole; the world if absent"}
  }
}`),
	Permissions: []string{
		"ec2:DescribeSecurityGroups", "ec2:DescribeSecurityGroupRules", "ec2:RevokeSecurityGroupIngress",
		"ec2:AuthorizeSecurityGroupIngress", "ec2:CreateTags",
		"ec2:DescribeVpcs", "organizations:ListTagsForResource", "account:GetAlternateContact",
	},
	Effect: action.StateChecked,
}

// Options configure how the action finds the owner of a group.
type Options struct {
	// Organization is the account that may read the tags of the organisation's accounts: its management account or a
	// delegated administrator. "": the group's own account, which suffices where that is the management account.
	Organization string
	// SecurityContact is the mail address to fall back on; "" for none.
	SecurityContact string
}

// RevokeIngress is the action ec2.revoke-ingress.
type RevokeIngress struct {
	groups
	opts Options
}

var _ action.Action = (*RevokeIngress)(nil)

// NewRevokeIngress returns the action; it reaches accounts through caller.
func NewRevokeIngress(caller *awscall.Caller, opts Options) *RevokeIngress {
	return &RevokeIngress{newGroups(caller), opts}
}

// Spec describes the action.
func (a *RevokeIngress) Spec() action.Spec { return spec }

// Apply revokes the rules or, to undo, authorizes them again. Where a rule is no longer there AWS revokes none of them:
// fault.NotFound, and a new plan tells what is left to do.
func (a *RevokeIngress) Apply(ctx context.Context, item action.Item) ([]action.Receipt, error) {
	return action.ApplyCalls(ctx, item, func(ctx context.Context, call action.Call) error {
		client, err := a.client(ctx, call.Account, call.Region)
		if err != nil {
			return err
		}
		group := item.Resource.Name
		switch call.Operation {
		case "RevokeSecurityGroupIngress":
			in, err := awscall.Input[ec2.RevokeSecurityGroupIngressInput](call)
			if err != nil {
				return err
			}
			_, err = client.RevokeSecurityGroupIngress(ctx, in)
			return awscall.Fault(err, "ec2:RevokeSecurityGroupIngress", "revoke rules of %s", group)
		case "AuthorizeSecurityGroupIngress":
			in, err := awscall.Input[ec2.AuthorizeSecurityGroupIngressInput](call)
			if err != nil {
				return err
			}
			_, err = client.AuthorizeSecurityGroupIngress(ctx, in)
			return awscall.Fault(err, "ec2:AuthorizeSecurityGroupIngress and ec2:CreateTags", "restore rules of %s", group)
		default:
			return fault.New(fault.Invalid, "ec2.revoke-ingress makes no call %s:%s", call.Service, call.Operation)
		}
	})
}

// Verify looks whether every rule that the item takes away is gone and every one that it brings back is there, whatever
// its id is now. Other rules of the group are not its business.
func (a *RevokeIngress) Verify(ctx context.Context, item action.Item) error {
	before, after, err := states(item)
	if err != nil {
		return err
	}
	now, err := a.rules(ctx, item.Resource.Account, item.Resource.Region, groupID(item.Resource), ingress)
	if err != nil {
		return err
	}
	for _, gone := range without(before.Ingress, after.Ingress) {
		if _, still := find(now, gone); still {
			return action.ErrNotYet
		}
	}
	for _, back := range without(after.Ingress, before.Ingress) {
		if r, there := find(now, back); !there || !r.equal(back) {
			return action.ErrNotYet
		}
	}
	return nil
}

// Package ec2 has the actions on Amazon EC2.
//
// Start at [Revoke], which closes ports of a security group that are open to the world: what counts as open is in
// exposure.go, whom to tell is found in owner.go. [RevertGroup] takes back what one CloudTrail event did to a group; what an
// event tells is in event.go. Both read groups by group.go and speak of rules as in rule.go.
package ec2

import (
	"context"
	"encoding/json"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
)

// revokePermissions returns the permissions of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html; those to authorize and to tag are
// for Undo, the last three find the owner and may be refused.
func revokePermissions(d direction) []string {
	return []string{
		"ec2:DescribeSecurityGroups", "ec2:DescribeSecurityGroupRules", "ec2:" + revokeVerb + string(d),
		"ec2:" + authorizeVerb + string(d), "ec2:CreateTags",
		"ec2:DescribeVpcs", "organizations:ListTagsForResource", "account:GetAlternateContact",
	}
}

var ingressSpec = action.Spec{
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
      "description": "ports that must not be open"},
    "protocol": {"enum": ["tcp", "udp"], "description": "whose ports they are; tcp without this"},
    "cidrs": {"type": "array", "minItems": 1, "maxItems": 100, "items": {"type": "string"},
      "description": "networks to which they must not be open as a whole; the world if absent"}
  }
}`),
	Permissions: revokePermissions(ingress),
	Within:      rulesTagged,
	Effect:      action.StateChecked,
}

var egressSpec = action.Spec{
	Name:  "ec2.revoke-egress",
	Title: "Close outgoing ports of a security group",
	Description: "Revokes, by rule id and from the group's present state, exactly the egress rules that let what has the group reach one " +
		"of the ports everywhere in the world, or in the networks given, alone or together with others. All other rules stay, and rules that name a prefix list or " +
		"another group are reported and stay. A new group has one rule that lets everything out: without that its members reach " +
		"nothing new, neither names nor updates nor AWS, so such a rule is left to people unless `even_everything` is given. " +
		"Connections that are open stay open. Finds who owns the group.",
	Parameters: json.RawMessage(`{
  "type": "object",
  "additionalProperties": false,
  "required": ["group", "ports"],
  "properties": {
    "group": {"type": "string", "minLength": 1, "description": "id or ARN of the security group"},
    "ports": {"type": "array", "minItems": 1, "maxItems": 100, "items": {"type": "integer", "minimum": 0, "maximum": 65535},
      "description": "ports that must not be reached"},
    "protocol": {"enum": ["tcp", "udp"], "description": "whose ports they are; tcp without this"},
    "cidrs": {"type": "array", "minItems": 1, "maxItems": 100, "items": {"type": "string"},
      "description": "networks that must not be reached as a whole; the world if absent"},
    "even_everything": {"type": "boolean", "description": "revoke rules that let out every protocol or every port, too"}
  }
}`),
	Permissions: revokePermissions(egress),
	Within:      rulesTagged,
	Effect:      action.StateChecked,
}

// Options configure how the action finds the owner of a group.
type Options struct {
	// Organization is the account that may read the tags of the organisation's accounts: its management account or a
	// delegated administrator. "": the group's own account, which suffices where that is the management account.
	Organization string
	// SecurityContact is the mail address to fall back on; "" for none.
	SecurityContact string
}

// Revoke is one of the actions ec2.revoke-ingress and ec2.revoke-egress.
type Revoke struct {
	groups
	opts      Options
	spec      action.Spec
	direction direction
}

var _ action.Action = (*Revoke)(nil)

// NewRevokeIngress returns the action on incoming traffic; it reaches accounts through caller.
func NewRevokeIngress(caller *awscall.Caller, opts Options) *Revoke {
	return &Revoke{newGroups(caller), opts, ingressSpec, ingress}
}

// NewRevokeEgress returns the action on outgoing traffic; it reaches accounts through caller.
func NewRevokeEgress(caller *awscall.Caller, opts Options) *Revoke {
	return &Revoke{newGroups(caller), opts, egressSpec, egress}
}

// Spec describes the action.
func (a *Revoke) Spec() action.Spec { return a.spec }

// Apply revokes the rules or, to undo, authorizes them again. Where a rule is no longer there AWS revokes none of them:
// fault.NotFound, and a new plan tells what is left to do.
func (a *Revoke) Apply(ctx context.Context, item action.Item) ([]action.Receipt, error) {
	return a.apply(ctx, a.spec.Name, item)
}

// Verify looks whether every rule that the item takes away is gone and every one that it brings back is there, whatever
// its id is now. Other rules of the group are not its business.
func (a *Revoke) Verify(ctx context.Context, item action.Item) error {
	before, after, err := states(item, a.direction)
	if err != nil {
		return err
	}
	now, err := a.rules(ctx, item.Resource.Account, item.Resource.Region, groupID(item.Resource), a.direction)
	if err != nil {
		return err
	}
	for _, gone := range without(before, after) {
		if _, still := find(now, gone); still {
			return action.ErrNotYet
		}
	}
	for _, back := range without(after, before) {
		if r, there := find(now, back); !there || !r.equal(back) {
			return action.ErrNotYet
		}
	}
	return nil
}

package ec2

import (
	"context"
	"encoding/json"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// revertSpec of ec2.revert-security-group. The permissions are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html; CreateTags is for Undo, which puts
// rules back with their tags.
var revertSpec = action.Spec{
	Name:  "ec2.revert-security-group",
	Title: "Take back what an event did to a security group",
	Description: "Brings the rules that a CloudTrail event added to a security group, or took from it, back to what they were before. No other " +
		"rule is touched. Where the event doesn't tell what was before (rules that were modified, or revoked by their ids alone), " +
		"that is escalated.",
	Parameters: json.RawMessage(`{
  "type": "object",
  "additionalProperties": false,
  "required": ["group_id", "event"],
  "properties": {
    "group_id": {"type": "string", "pattern": "^sg-[0-9a-f]{8,17}$", "description": "id of the security group"},
    "event": {
      "type": "object", "required": ["eventName", "requestParameters"],
      "description": "the event's CloudTrail record ($.detail), or these members of it",
      "properties": {
        "eventName": {"enum": ["AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress", "RevokeSecurityGroupIngress",
          "RevokeSecurityGroupEgress", "ModifySecurityGroupRules"]},
        "requestParameters": {"type": ["object", "null"]},
        "responseElements": {"type": ["object", "null"]},
        "errorCode": {"type": ["string", "null"]}
      }
    }
  }
}`),
	Permissions: []string{
		"ec2:DescribeSecurityGroups", "ec2:DescribeSecurityGroupRules",
		"ec2:RevokeSecurityGroupIngress", "ec2:RevokeSecurityGroupEgress",
		"ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress", "ec2:CreateTags",
	},
	Within: rulesTagged,
	Effect: action.StateChecked,
}

// RevertGroup is the action ec2.revert-security-group.
type RevertGroup struct{ groups }

var _ action.Action = (*RevertGroup)(nil)

// NewRevertGroup returns the action; it reaches accounts through caller.
func NewRevertGroup(caller *awscall.Caller) action.Action { return &RevertGroup{newGroups(caller)} }

// Spec describes the action.
func (a *RevertGroup) Spec() action.Spec { return revertSpec }

// Apply revokes or authorizes the rules. Where they are as planned already nothing is called; where they are neither so nor
// as the plan saw them: fault.Conflict.
func (a *RevertGroup) Apply(ctx context.Context, item action.Item) ([]action.Receipt, error) {
	before, after, err := touchedOf(item)
	if err != nil {
		return nil, err
	}
	now, err := a.rules(ctx, item.Resource.Account, item.Resource.Region, groupID(item.Resource), after.Direction)
	if err != nil {
		return nil, err
	}
	switch now := before.and(after).of(now); {
	case now.sameAs(after):
		return nil, nil
	case !now.sameAs(before):
		return nil, fault.New(fault.Conflict, "the rules of %s were changed after the plan was made", item.Resource.Name).
			WithHint("look at who changed them, and make the plan again")
	}
	return a.apply(ctx, revertSpec.Name, item)
}

// Verify looks whether the rules are as planned, whatever their ids are.
func (a *RevertGroup) Verify(ctx context.Context, item action.Item) error {
	before, after, err := touchedOf(item)
	if err != nil {
		return err
	}
	now, err := a.rules(ctx, item.Resource.Account, item.Resource.Region, groupID(item.Resource), after.Direction)
	if err != nil {
		return err
	}
	if !before.and(after).of(now).sameAs(after) {
		return action.ErrNotYet
	}
	return nil
}

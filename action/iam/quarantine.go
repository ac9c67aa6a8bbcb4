package iam

import (
	"context"
	"encoding/json"
	"fmt"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
)

// QuarantinePolicy is the name of the inline policy that quarantines a user or role.
const QuarantinePolicy = "riposte-quarantine"

// quarantineDocument denies everything. An explicit deny wins over everything that allows, in whatever policy
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html).
const quarantineDocument = `{"Version":"2012-10-17","Statement":[{"Sid":"RiposteQuarantine","Effect":"Deny","Action":"*","Resource":"*"}]}`

var quarantineSpec = action.Spec{
	Name:  "iam.quarantine-principal",
	Title: "Quarantine a user or role",
	Description: "Puts the inline policy " + QuarantinePolicy + ", which denies everything, onto a user or role. It holds for its keys, " +
		"its password and all its sessions, whatever else allows. The session of a role stands for its role. Root, roles of services " +
		"and roles of permission sets (AWSReservedSSO_…) cannot be changed so: they are escalated with the steps to take.",
	Parameters: json.RawMessage(`{
  "type": "object",
  "additionalProperties": false,
  "required": ["principal_arn"],
  "properties": {
    "principal_arn": {"type": "string", "minLength": 20, "description": "ARN of a user, a role, or a role's session"}
  }
}`),
	Permissions: inlinePermissions,
	Effect:      action.StateChecked,
	Evidence:    action.EventEvidence,
}

// Quarantine is the action iam.quarantine-principal.
type Quarantine struct{ inline }

var _ action.Action = (*Quarantine)(nil)

// NewQuarantine returns the action; it reaches accounts through caller.
func NewQuarantine(caller *awscall.Caller) action.Action {
	return &Quarantine{inline{identities{caller}, quarantineSpec.Name, QuarantinePolicy}}
}

// Spec describes the action.
func (a *Quarantine) Spec() action.Spec { return quarantineSpec }

// Plan looks at the user or role and its policy of that name.
func (a *Quarantine) Plan(ctx context.Context, req action.Request) (*action.Plan, error) {
	var p struct {
		PrincipalARN string `json:"principal_arn"`
	}
	who, err := decodePrincipal(req, &p, &p.PrincipalARN)
	if err != nil {
		return nil, err
	}
	r, own, err := a.look(ctx, who, req)
	if err != nil {
		return nil, err
	}
	item := action.Item{ID: r.ARN, Resource: r, Status: action.Escalated}
	plan := func(item action.Item) (*action.Plan, error) {
		return &action.Plan{Action: quarantineSpec.Name, Account: req.Account, Region: req.Region, Items: []action.Item{item}}, nil
	}
	if item.Reason = quarantineElsewhere(r, who, own); item.Reason != "" {
		return plan(item)
	}
	now, err := a.read(ctx, r)
	if err != nil {
		return nil, err
	}
	after := state{json.RawMessage(quarantineDocument)}
	item.Before = now.json()
	switch {
	case action.SameState(now.json(), after.json()):
		item.Status, item.After = action.Unneeded, now.json()
		item.Reason = "It is in quarantine already."
	case now.Policy != nil:
		item.Reason = fmt.Sprintf("It has a policy %s with other content, which riposte didn't put there and leaves as it is. "+
			"Look at who put it, and delete or rename it.", QuarantinePolicy)
	default:
		item.Status, item.After, item.Calls = action.Change, after.json(), []action.Call{a.write(r, after)}
		item.Reason = fmt.Sprintf("From then on it may do nothing: the policy %s denies everything to its keys, its password and its sessions.", QuarantinePolicy)
		if r.Type == roleType {
			item.Reason = fmt.Sprintf("From then on nobody may do anything with this role: the policy %s denies everything to all its sessions.", QuarantinePolicy)
		}
	}
	return plan(item)
}

// decodePrincipal reads the parameters and the principal among them.
func decodePrincipal(req action.Request, params any, arn *string) (principal, error) {
	if err := req.Check(); err != nil {
		return principal{}, err
	}
	if err := action.DecodeParams(req.Params, params); err != nil {
		return principal{}, err
	}
	return parsePrincipal(*arn, req)
}

// Apply puts the policy, or deletes it to undo. Where it is no longer as the plan saw it: fault.Conflict, and nothing is
// done.
func (a *Quarantine) Apply(ctx context.Context, item action.Item) ([]action.Receipt, error) {
	return a.apply(ctx, item, func(state) bool { return false })
}

// Verify looks whether the policy is as planned.
func (a *Quarantine) Verify(ctx context.Context, item action.Item) error { return a.verify(ctx, item) }

// Undo plans to delete the policy. Where its content is no longer what riposte put there, that is a conflict.
func (a *Quarantine) Undo(ctx context.Context, applied action.Item) (*action.Plan, error) {
	return a.undo(ctx, applied)
}

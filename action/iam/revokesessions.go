package iam

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// RevokePolicy is the name of the inline policy that revokes the sessions of a user or role.
const RevokePolicy = "riposte-revoke-sessions"

// revokeFormat is the policy's document. Only temporary credentials carry a time of issue, so that requests with long-term
// keys are not denied
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html,
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-tokenissuetime).
const revokeFormat = `{"Version":"2012-10-17","Statement":[{"Sid":"RiposteRevokeSessions","Effect":"Deny","Action":"*","Resource":"*",` +
	`"Condition":{"DateLessThan":{"aws:TokenIssueTime":%q}}}]}`

// maxAhead is how far issued_before may be ahead of the clock.
const maxAhead = time.Minute

var revokeSpec = action.Spec{
	Name:  "iam.revoke-sessions",
	Title: "Revoke the sessions of a user or role",
	Description: "Puts the inline policy " + RevokePolicy + " onto a user or role, which denies everything to the sessions that were issued before " +
		"a time. New sessions may be had as before, and a user's long-term keys go on. A later revocation moves the time forward. The session " +
		"of a role stands for its role, all of whose sessions are revoked. Root, roles of services and roles of permission sets " +
		"(AWSReservedSSO_…) cannot be changed so: they are escalated with the steps to take.",
	Parameters: json.RawMessage(`{
  "type": "object",
  "additionalProperties": false,
  "required": ["principal_arn"],
  "properties": {
    "principal_arn": {"type": "string", "minLength": 20, "description": "ARN of a user, a role, or a role's session"},
    "issued_before": {"type": "string", "format": "date-time", "description": "RFC 3339; the time of the plan if absent. Give it where the plan waits for approval, so that it stays the same."}
  }
}`),
	Permissions: inlinePermissions,
	Effect:      action.StateChecked,
	Evidence:    action.EventEvidence,
}

// RevokeSessions is the action iam.revoke-sessions.
type RevokeSessions struct {
	inline
	now func() time.Time
}

var _ action.Action = (*RevokeSessions)(nil)

// NewRevokeSessions returns the action; it reaches accounts through caller. now is the clock.
func NewRevokeSessions(caller *awscall.Caller, now func() time.Time) *RevokeSessions {
	return &RevokeSessions{inline{identities{caller}, revokeSpec.Name, RevokePolicy}, now}
}

// Spec describes the action.
func (a *RevokeSessions) Spec() action.Spec { return revokeSpec }

// Plan looks at the user or role and what was revoked before.
func (a *RevokeSessions) Plan(ctx context.Context, req action.Request) (*action.Plan, error) {
	var p struct {
		PrincipalARN string `json:"principal_arn"`
		IssuedBefore string `json:"issued_before,omitempty"`
	}
	who, err := decodePrincipal(req, &p, &p.PrincipalARN)
	if err != nil {
		return nil, err
	}
	until, err := a.until(p.IssuedBefore)
	if err != nil {
		return nil, err
	}
	r, own, err := a.look(ctx, who, req)
	if err != nil {
		return nil, err
	}
	item := action.Item{ID: r.ARN, Resource: r, Status: action.Escalated}
	if item.Reason = revokeElsewhere(r, who, own); item.Reason == "" {
		now, err := a.read(ctx, r)
		if err != nil {
			return nil, err
		}
		a.plan(&item, now, until)
	}
	return &action.Plan{Action: revokeSpec.Name, Account: req.Account, Region: req.Region, Items: []action.Item{item}}, nil
}

// until is the time before which sessions are to be revoked, in whole seconds, as AWS compares it. A session of this very
// second is not before it, so it is rounded up.
func (a *RevokeSessions) until(issuedBefore string) (time.Time, error) {
	t := a.now()
	if issuedBefore != "" {
		var err error
		if t, err = time.Parse(time.RFC3339, issuedBefore); err != nil {
			return t, fault.New(fault.Invalid, "issued_before %.50q is not a time of RFC 3339", issuedBefore).
				WithHint("write it like 2026-11-21T16:04:00Z, or leave it out for now")
		}
		if t.After(a.now().Add(maxAhead)) {
			return t, fault.New(fault.Invalid, "issued_before %s is in the future, so that sessions to come would be denied too", issuedBefore).
				WithHint("leave it out for now; to deny everything use iam.quarantine-principal")
		}
		if t.Truncate(time.Second).Equal(t) {
			return t.UTC(), nil
		}
	}
	return t.UTC().Truncate(time.Second).Add(time.Second), nil
}

// plan decides by the policy that is there now.
func (a *RevokeSessions) plan(item *action.Item, now state, until time.Time) {
	item.Before = now.json()
	revoked, ours := revokedUntil(now)
	switch {
	case !ours:
		item.Reason = fmt.Sprintf("It has a policy %s with other content, which riposte didn't put there and leaves as it is. "+
			"Look at who put it, and delete or rename it.", RevokePolicy)
	case !revoked.Before(until):
		item.Status, item.After = action.Unneeded, now.json()
		item.Reason = fmt.Sprintf("Sessions issued before %s are revoked already.", revoked.Format(time.RFC3339))
	default:
		after := revocation(until)
		item.Status, item.After, item.Calls = action.Change, after.json(), []action.Call{a.write(item.Resource, after)}
		item.Reason = fmt.Sprintf("Denies everything to its sessions issued before %s.", until.Format(time.RFC3339))
		if item.Resource.Type == userType {
			item.Reason += " Its long-term access keys are not hit by that: deactivate them with iam.deactivate-access-key."
		} else {
			item.Reason += " Whoever may assume the role can begin a new session."
		}
	}
}

func revocation(until time.Time) state {
	return state{json.RawMessage(fmt.Sprintf(revokeFormat, until.Format(time.RFC3339)))}
}

// revokedUntil reads a policy of ours: the zero time where there is none. ours is false where somebody else wrote it.
func revokedUntil(s state) (until time.Time, ours bool) {
	if s.Policy == nil {
		return time.Time{}, true
	}
	var document struct {
		Statement []struct {
			Condition struct{ DateLessThan map[string]string }
		}
	}
	if json.Unmarshal(s.Policy, &document) != nil || len(document.Statement) != 1 {
		return time.Time{}, false
	}
	until, err := time.Parse(time.RFC3339, document.Statement[0].Condition.DateLessThan["aws:TokenIssueTime"])
	if err != nil {
		return time.Time{}, false
	}
	return until, action.SameState(s.Policy, revocation(until).Policy)
}

// Apply puts the policy or, to undo, deletes it or puts the earlier one back. Where it is no longer as the plan saw it:
// fault.Conflict, and nothing is done; but a revocation may go over an earlier one, such as that of a process that crashed.
func (a *RevokeSessions) Apply(ctx context.Context, item action.Item) ([]action.Receipt, error) {
	return a.apply(ctx, item, func(now state) bool {
		before, err := parseState(item.Before)
		if err != nil {
			return false
		}
		after, err := parseState(item.After)
		if err != nil || now.Policy == nil {
			return false
		}
		from, oursBefore := revokedUntil(before)
		is, oursNow := revokedUntil(now)
		to, oursAfter := revokedUntil(after)
		return oursBefore && oursNow && oursAfter && from.Before(is) && is.Before(to)
	})
}

// Verify looks whether the policy is as planned.
func (a *RevokeSessions) Verify(ctx context.Context, item action.Item) error {
	return a.verify(ctx, item)
}

// Undo plans to delete the policy, or to put back the earlier one that it replaced. Where somebody changed it, or a later
// revocation moved the time, that is a conflict.
func (a *RevokeSessions) Undo(ctx context.Context, applied action.Item) (*action.Plan, error) {
	return a.undo(ctx, applied)
}

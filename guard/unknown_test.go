package guard

import (
	"testing"

	"riposte.dev/action"
)

// foreignPlan is a call of a playbook's own.
func foreignPlan(r action.Resource) *action.Plan {
	return &action.Plan{Action: "aws-sdk:iam:deleteRole", Account: account, Items: []action.Item{{ID: r.ARN, Resource: r, Status: action.Change,
		Calls: []action.Call{{Service: "iam", Operation: "DeleteRole", Account: account}}}}}
}

// What reaches other systems is allowed by name, as a call of a playbook's own is: an account says nothing about it.
func TestWhatIsOutsideIsAllowedByName(t *testing.T) {
	ticket := action.Item{ID: "t", Status: action.Change, Resource: action.Resource{ARN: "arn:riposte:ticket:::security/SEC-7", Account: account, Region: "eu-west-1"},
		Calls: []action.Call{{Service: "jira", Operation: "CreateIssue", Account: account}}}
	named := []Scope{{Actions: []string{"ticket.*"}, Accounts: []string{account}}}
	for _, tt := range []struct {
		name   string
		policy Policy
		want   action.Status
	}{
		{"named", Policy{Allow: named}, action.Change},
		{"an entry for the account", Policy{Allow: []Scope{{Accounts: []string{account}}}}, action.Escalated},
		{"an entry for all actions", Policy{Allow: []Scope{{Actions: []string{"*"}}}}, action.Escalated},
		{"named, for events of another account", Policy{Allow: []Scope{{Actions: []string{"ticket.*"}, Accounts: []string{"999999999999"}}}}, action.Escalated},
		{"named, in another tracker", Policy{Allow: []Scope{{Actions: []string{"ticket.*"}, Resources: []string{"arn:riposte:ticket:::platform/*"}}}}, action.Escalated},
		{"denied", Policy{Allow: named, Deny: []Scope{{Resources: []string{"arn:riposte:ticket:::security/*"}}}}, action.Escalated},
		{"protected", Policy{Allow: named, Protected: []string{"arn:riposte:ticket:*"}}, action.Escalated},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := newGuard(t, &clock{now: noon}, Options{Policy: func() *Policy { return &tt.policy }})
			plan := &action.Plan{Action: "ticket.create", Account: account, Items: []action.Item{ticket}}
			d, err := g.Decide(t.Context(), Proposal{Rule: "r", Mode: Auto, Plan: plan, Spec: action.Spec{Name: "ticket.create", Outside: true}})
			if err != nil {
				t.Fatal(err)
			}
			if got := d.Plan.Items[0]; got.Status != tt.want {
				t.Errorf("%s (%s), want %s", got.Status, got.Reason, tt.want)
			}
		})
	}
}

func TestCallsOfPlaybooksAreAllowedByName(t *testing.T) {
	role := action.Resource{ARN: "arn:aws:iam::" + account + ":role/admin", Account: account, Region: "eu-west-1"}
	unknown := role
	unknown.Unknown = true
	bucket := "arn:aws:s3:::logs"
	named := []Scope{{Actions: []string{"aws-sdk:iam:*"}}}
	held := Exception{ID: "ex-2", Resource: "arn:aws:iam::" + account + ":role/team/admin", Owner: "a@example.com", Reason: "R.", Created: noon.AddDate(0, 0, -1), Expires: noon.AddDate(0, 0, 6)}
	tests := []struct {
		name   string
		policy Policy
		on     action.Resource
		list   []Exception
		want   action.Status
	}{
		{"named", Policy{Allow: named}, role, nil, action.Change},
		{"an entry for every account", Policy{Allow: []Scope{{Accounts: []string{"*"}}}}, role, nil, action.Escalated},
		{"an entry for all actions", Policy{Allow: []Scope{{Actions: []string{"*"}}}}, role, nil, action.Escalated},
		{"an entry for another action", Policy{Allow: []Scope{{Actions: []string{"iam.*"}}}}, role, nil, action.Escalated},
		{"denied", Policy{Allow: named, Deny: []Scope{{Resources: []string{"*:role/admin"}}}}, role, nil, action.Escalated},
		{"a role whose path is not known", Policy{Allow: named}, unknown, nil, action.Change},
		{"and some roles are protected", Policy{Allow: named, Protected: []string{"arn:aws:iam::*:role/team/*"}}, unknown, nil, action.Escalated},
		{"and roles of another account are protected", Policy{Allow: named, Protected: []string{"arn:aws:iam::999999999999:role/team/*"}}, unknown, nil, action.Change},
		{"and a bucket is protected", Policy{Allow: named, Protected: []string{bucket}}, unknown, nil, action.Change},
		{"and some roles are denied", Policy{Allow: named, Deny: []Scope{{Resources: []string{"arn:aws:iam::*:role/team/*"}}}}, unknown, nil, action.Escalated},
		{"and a bucket is denied", Policy{Allow: named, Deny: []Scope{{Resources: []string{bucket}}}}, unknown, nil, action.Change},
		{"and only some are allowed", Policy{Allow: []Scope{{Actions: []string{"aws-sdk:*"}, Resources: []string{"arn:aws:iam::*:role/*"}}}}, unknown, nil, action.Escalated},
		{"and an exception holds for some", Policy{Allow: named}, unknown, []Exception{held}, action.Escalated},
		{"known not to be the exception's", Policy{Allow: named}, role, []Exception{held}, action.Change},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGuard(t, &clock{now: noon}, Options{Exceptions: fakeExceptions{list: tt.list}, Policy: func() *Policy { return &tt.policy }})
			d, err := g.Decide(t.Context(), Proposal{Rule: "r", Mode: Auto, Plan: foreignPlan(tt.on), Spec: action.Spec{Name: "aws-sdk:iam:deleteRole", Foreign: true}})
			if err != nil {
				t.Fatal(err)
			}
			if got := d.Plan.Items[0]; got.Status != tt.want {
				t.Errorf("%s (%s), want %s", got.Status, got.Reason, tt.want)
			}
		})
	}
}

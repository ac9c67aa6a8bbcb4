package app

import (
	"fmt"
	"slices"
	"testing"

	"riposte.dev/cli"
	"riposte.dev/doctor"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

// The role of each account is looked at in its account, as itself; one that can't be assumed is told beside the others.
func TestRolesOfAllAccounts(t *testing.T) {
	w := newWorld(t)
	member, err := w.CreateAccount(memberID, "shop")
	if err != nil {
		t.Fatal(err)
	}
	role, err := member.CreateRole("responder", fmt.Sprintf(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"sts:AssumeRole"}}`, ownID), sandbox.AdministratorAccess)
	if err != nil {
		t.Fatal(err)
	}
	const gone = "777788889999"
	config := w.configure(t, fmt.Sprintf("  accounts: [{id: %q, role: %q}, {id: %q, role: %q}]\n", memberID, role, gone, "arn:aws:iam::"+gone+":role/responder"), "")
	reports, err := checkRoles(t.Context(), cli.RolesRequest{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	if len(reports) != 3 || reports[0].Account != ownID || reports[1].Account != memberID || reports[2].Account != gone {
		t.Fatalf("reports %+v, want the own account's, then the others'", reports)
	}
	excess := func(p doctor.Permission) bool { return p.Action == "iam:CreateAccessKey" }
	if r := reports[1]; r.Status != doctor.Warn || r.Role != role || r.Asked == 0 || len(r.Missing) > 0 || !slices.ContainsFunc(r.Excess, excess) {
		t.Errorf("an administrator's role: %+v", r)
	}
	if r := reports[2]; r.Status != doctor.Fail || r.Problem == "" || r.Next == "" {
		t.Errorf("a role that is not there: %+v", r)
	}
	simulated := w.Calls(sandbox.Match{Operation: "SimulatePrincipalPolicy", Account: memberID})
	if len(simulated) == 0 || simulated[0].Principal != "arn:aws:sts::"+memberID+":assumed-role/responder/riposte" {
		t.Errorf("the member's role was simulated by %+v", simulated)
	}

	one, err := checkRoles(t.Context(), cli.RolesRequest{Config: config, Accounts: []string{memberID}})
	if err != nil || len(one) != 1 || one[0].Account != memberID {
		t.Errorf("one account: %+v, %v", one, err)
	}
	if _, err := checkRoles(t.Context(), cli.RolesRequest{Config: config, Accounts: []string{"999900001111"}}); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("an account that is not configured: %v", err)
	}
}

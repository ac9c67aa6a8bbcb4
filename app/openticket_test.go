package app

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"riposte.dev/action/ticket/tickettest"
	"riposte.dev/playbook"
)

// highFinding is a finding as Security Hub publishes it, and riposte's own hub.
func (w *world) highFinding(id string) string {
	return fmt.Sprintf(`{"version":"0","id":%[1]q,"source":"aws.securityhub","detail-type":"Security Hub Findings - Imported","account":%[2]q,"region":%[3]q,"time":%[4]q,
		"resources":[],"detail":{"findings":[{"SchemaVersion":"2018-10-08","Id":%[1]q,"ProductArn":"arn:aws:securityhub:eu-west-1::product/aws/guardduty",
		"GeneratorId":"g","AwsAccountId":%[2]q,"Region":%[3]q,"Types":["TTPs/Discovery"],"CreatedAt":%[4]q,"UpdatedAt":%[4]q,"Severity":{"Label":"HIGH"},
		"Title":"An instance talks to a known attacker","Description":"It has asked for secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY.",
		"Resources":[{"Type":"AwsEc2Instance","Id":"arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0"}],"Workflow":{"Status":"NEW"},"RecordState":"ACTIVE"}]}}`,
		id, ownID, region, time.Now().UTC().Format("2006-01-02T15:04:05.000Z"))
}

func jiraSettings(j *tickettest.Jira, token string) string {
	return fmt.Sprintf("tickets: {security: {kind: jira, url: %q, user: %q, token_file: %q, project: %s, allow_private: true}}\n", j.URL, tickettest.User, token, tickettest.Project)
}

// A finding of high severity opens one ticket, by the bundled rule and playbook; undoing it closes the ticket.
func TestAFindingOpensATicket(t *testing.T) {
	w := newWorld(t)
	jira := tickettest.NewJira(t)
	settings := jiraSettings(jira, tickettest.TokenFile(t)) + "rules: {modes: {finding-ticket: auto}}\nmode: auto\n"
	e := w.start(t, "", settings+"guard: {allow: [{actions: [ticket.create], resources: [\"arn:riposte:ticket:::security/*\"]}]}\n")
	e.post(t, w.highFinding("finding-1"))
	e.post(t, w.highFinding("finding-1")) // AWS tells of everything twice
	v := e.ended(t, "finding-ticket")
	tickets := jira.Tickets()
	if v.Status != playbook.Succeeded || len(tickets) != 1 {
		t.Fatalf("%s %s, %+v", v.Status, v.Why, tickets)
	}
	text := tickets[0].Text
	if tickets[0].Title != "HIGH: An instance talks to a known attacker" || !strings.Contains(text, "\nResource: arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0\n") ||
		!strings.Contains(text, "riposte executions get "+v.ID) || strings.Contains(text, "wJalrXUtnFEMI") {
		t.Errorf("%+v", tickets[0])
	}
	last := v.Visits[len(v.Visits)-1]
	if last.State != "TellTicket" || !strings.Contains(string(last.Tries[0].Arguments), "Ticket SEC-1: "+jira.URL+"/browse/SEC-1") {
		t.Errorf("it ended in %s with %+v", last.State, last.Tries)
	}
	var undone playbook.Undone
	if err := e.client.Call(t.Context(), http.MethodPost, "/api/v1/executions/"+v.ID+"/undo", nil, struct{}{}, &undone); err != nil {
		t.Fatal(err)
	}
	if got := jira.Tickets()[0]; got.State != "Done" || len(got.Comments) != 1 {
		t.Errorf("after the undo: %+v, %+v", got, undone)
	}
}

// ended waits until the rule's one execution has ended.
func (e *engine) ended(t *testing.T, rule string) (v playbook.View) {
	t.Helper()
	eventually(t, "the response of "+rule+" ends", func() bool {
		var list []playbook.Summary
		e.get(t, "/api/v1/executions", nil, &list)
		for _, s := range list {
			if s.Rule == rule {
				e.get(t, "/api/v1/executions/"+s.ID, nil, &v)
			}
		}
		return v.Status != "" && v.Status != playbook.Running
	})
	return v
}

// In dry run, and where guard.allow doesn't name it, nothing leaves riposte.
func TestNoTicketUnlessItIsAllowed(t *testing.T) {
	for settings, want := range map[string]string{
		"": "Tell",
		"mode: auto\nrules: {modes: {finding-ticket: auto}}\nguard: {allow: [{accounts: [\"*\"]}]}\n": "TellEscalated",
	} {
		w := newWorld(t)
		jira := tickettest.NewJira(t)
		e := w.start(t, "", jiraSettings(jira, tickettest.TokenFile(t))+settings)
		e.post(t, w.highFinding("finding-1"))
		v := e.ended(t, "finding-ticket")
		if last := v.Visits[len(v.Visits)-1]; last.State != want || jira.Writes() != 0 {
			t.Errorf("it ended in %s, want %s; %d writes", last.State, want, jira.Writes())
		}
	}
}

// Without a tracker the rule that opens tickets isn't there; a wrong tracker is told with its place.
func TestTrackersInTheConfiguration(t *testing.T) {
	w := newWorld(t)
	for settings, want := range map[string]bool{
		"": false, "rules: {bundled: false}\n": false,
		"tickets: {security: {kind: servicenow, url: \"https://example.service-now.com\", token_file: token}}\n": true,
	} {
		_, force, err := readAll(w.configure(t, "", settings))
		if err != nil {
			t.Fatal(err)
		}
		if got := force.rules.Rule(ticketRule) != nil; got != want {
			t.Errorf("%q: the rule is in force: %v", settings, got)
		}
	}
	err := CheckConfig(w.configure(t, "", "tickets: {security: {kind: bugzilla, url: nowhere, token_file: token}}\n"))
	for _, want := range []string{"riposte knows no tracker of kind bugzilla", "that is no tracker's URL", "riposte.yaml:7:28"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

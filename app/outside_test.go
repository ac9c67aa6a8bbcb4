package app

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"riposte.dev/action"
	"riposte.dev/action/ticket/tickettest"
	"riposte.dev/playbook"
)

const outsideRule = `id: outside
title: A trail was stopped
story: Other systems are told, asked and set to work.
severity: HIGH
match:
  pattern: {source: [aws.cloudtrail], detail-type: [AWS API Call via CloudTrail], detail: {eventName: [StopLogging]}}
respond: {playbook: outside, mode: auto, input: {account: $.account, region: $.region, trail: $.detail.requestParameters.name}}
`

const outsidePlaybook = `StartAt: Open
States:
  Open:
    Type: Task
    Resource: riposte:action:ticket.create
    Parameters: {account.$: $.account, region.$: $.region, title: A trail was stopped}
    ResultPath: $.opened
    Next: Run
  Run:
    Type: Task
    Resource: riposte:action:program.run
    Parameters: {account.$: $.account, region.$: $.region, program: block, input: {trail.$: $.trail}}
    ResultPath: $.ran
    Next: Invoke
  Invoke:
    Type: Task
    Resource: riposte:action:lambda.invoke
    Parameters: {account.$: $.account, region.$: $.region, function: owner, payload: {trail.$: $.trail}}
    ResultPath: $.invoked
    Next: Answered
  Answered:
    Type: Choice
    Choices:
      - {Variable: "$.invoked.items[0].output.owner", IsPresent: true, Next: Send}
    Default: Silent
  Silent: {Type: Pass, Result: {owner: nobody}, ResultPath: "$.answer", Next: Told}
  Send:
    Type: Pass
    Parameters: {owner.$: "$.invoked.items[0].output.owner", rule.$: "$.ran.items[0].output.rule"}
    ResultPath: $.answer
    Next: Told
  Told:
    Type: Task
    Resource: riposte:action:webhook.send
    Parameters: {account.$: $.account, region.$: $.region, webhook: soc, data: {trail.$: $.trail, answer.$: $.answer}}
    ResultPath: $.sent
    Next: Opened
  Opened:
    Type: Choice
    Choices:
      - {Variable: "$.opened.items[0].output.ticket", IsPresent: true, Next: Comment}
    Default: Done
  Comment:
    Type: Task
    Resource: riposte:action:ticket.comment
    Parameters: {account.$: $.account, region.$: $.region, ticket.$: "$.opened.items[0].output.ticket", text.$: "States.Format('Its owner is {}.', $.answer.owner)"}
    ResultPath: $.commented
    Next: Close
  Close:
    Type: Task
    Resource: riposte:action:ticket.close
    Parameters: {account.$: $.account, region.$: $.region, ticket.$: "$.opened.items[0].output.ticket"}
    ResultPath: $.closed
    Next: Done
  Done: {Type: Succeed}
`

// outside are the actions of the playbook, in its order.
var outside = []string{"ticket.create", "program.run", "lambda.invoke", "webhook.send", "ticket.comment", "ticket.close"}

// elsewhere is what lies outside of AWS and riposte: a tracker, a program, a function and a receiver.
type elsewhere struct {
	*world
	jira     *tickettest.Jira
	receiver *receiver
	runs     string // file to which the program adds its input, a line each time
}

// hidden is a secret in an answer.
const hidden = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

// respond starts riposte with the rule, has a trail stopped, and returns what came of it.
func (o *elsewhere) respond(t *testing.T, settings string) playbook.View {
	t.Helper()
	e := o.start(t, "", settings)
	id, secret := e.key(t, true)
	o.apiDestination(t, id, secret)
	o.stopTrail(t, region, "audit")
	return e.ended(t, "outside")
}

func newElsewhere(t *testing.T) (o *elsewhere, settings string) {
	t.Helper()
	o = &elsewhere{world: newWorld(t), jira: tickettest.NewJira(t), receiver: newReceiver(t)}
	o.runs = filepath.Join(o.folder, "runs")
	script := o.write(t, "block.sh", "#!/bin/sh\nread -r input\necho \"$input\" >>"+o.runs+"\necho 'secret_access_key="+hidden+"' >&2\n"+
		`echo '{"rule":"fw-7","secret_access_key":"`+hidden+`"}'`+"\n")
	if err := os.Chmod(script, 0o700); err != nil { //nolint:gosec // a program is executable
		t.Fatal(err)
	}
	o.function(t, "owner")
	if err := o.AnswerInvocations(arn("lambda", "function:owner"), json.RawMessage(`{"owner":"ana","password":"`+hidden+`"}`), false); err != nil {
		t.Fatal(err)
	}
	o.write(t, "rules/outside.yaml", outsideRule)
	o.write(t, "playbooks/outside.yaml", outsidePlaybook)
	return o, jiraSettings(o.jira, tickettest.TokenFile(t)) + fmt.Sprintf(`rules: {bundled: false, paths: [rules], playbooks: [playbooks]}
programs: {block: {path: %q}}
notify: {webhooks: {soc: {url: %q, allow_private: true, allow_plaintext: true}}}
`, script, o.receiver.URL)
}

// ran are the inputs that the program has had.
func (o *elsewhere) ran(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(o.runs)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")[:strings.Count(string(text), "\n")]
}

// From the event to what other systems were told: each once, with what they answered, without secrets.
func TestWhatReachesOtherSystems(t *testing.T) {
	t.Parallel()
	o, settings := newElsewhere(t)
	v := o.respond(t, settings+"mode: auto\nguard: {allow: [{actions: ["+strings.Join(outside, ", ")+"]}]}\n")
	if v.Status != playbook.Succeeded {
		t.Fatalf("%s %s", v.Status, v.Why)
	}
	if runs := o.ran(t); len(runs) != 1 || !strings.Contains(runs[0], `"input":{"trail":"audit"}`) {
		t.Errorf("the program ran with %q", runs)
	}
	if calls := o.Invocations(arn("lambda", "function:owner")); len(calls) != 1 || string(calls[0].Payload) != `{"trail":"audit"}` {
		t.Errorf("the function was invoked with %+v", calls)
	}
	if got := o.receiver.next(t); !strings.Contains(got.body, `"data":{"trail":"audit","answer":{"owner":"ana","rule":"fw-7"}}`) || len(o.receiver.requests) > 0 {
		t.Errorf("the receiver was told %s, and %d more", got.body, len(o.receiver.requests))
	}
	tickets := o.jira.Tickets()
	if len(tickets) != 1 || tickets[0].State != "Done" || len(tickets[0].Comments) != 2 || !strings.Contains(tickets[0].Comments[0], "Its owner is ana.") {
		t.Errorf("the tracker has %+v", tickets)
	}
	done := map[string]action.Item{}
	for _, try := range tries(v) {
		done[try.Effect.Plan.Action] = try.Effect.Plan.Items[0]
	}
	for _, name := range outside {
		item := done[name]
		if item.Status != action.Changed || len(item.Receipts) == 0 || item.Receipts[0].RequestID == "" {
			t.Errorf("%s is told as %+v", name, item)
		}
	}
	whole, err := json.Marshal(v)
	if err != nil || strings.Contains(string(whole), hidden) || !strings.Contains(string(whole), `"rule":"fw-7"`) || !strings.Contains(string(whole), `"owner":"ana"`) {
		t.Errorf("the history has a secret, or lacks an answer: %s, %v", whole, err)
	}
}

// In dry run nobody is told, and where guard.allow has no name of it the refusal says the line to write.
func TestNothingReachesOtherSystems(t *testing.T) {
	t.Parallel()
	for settings, want := range map[string]string{
		"mode: dry-run\nguard: {allow: [{actions: [" + strings.Join(outside, ", ") + "]}]}\n": "",
		"mode: auto\nguard: {allow: [{accounts: [\"*\"]}]}\n":                                 "write {actions: [%s]}",
	} {
		o, more := newElsewhere(t)
		v := o.respond(t, more+settings)
		if v.Status != playbook.Succeeded {
			t.Fatalf("%s %s", v.Status, v.Why)
		}
		var seen []string
		for _, try := range tries(v) {
			item := try.Effect.Plan.Items[0]
			if seen = append(seen, try.Effect.Plan.Action); want != "" && (item.Status != action.Escalated || !strings.Contains(item.Reason, fmt.Sprintf(want, try.Effect.Plan.Action))) {
				t.Errorf("%s: %s, %s", try.Effect.Plan.Action, item.Status, item.Reason)
			}
		}
		if !slices.Equal(seen, outside[:4]) { // without a ticket there is none to comment on
			t.Errorf("it planned %v", seen)
		}
		if n := len(o.ran(t)) + len(o.Invocations(arn("lambda", "function:owner"))) + len(o.receiver.requests) + o.jira.Writes(); n > 0 {
			t.Errorf("%d calls were made", n)
		}
	}
}

// tries are those of the execution that are actions.
func tries(v playbook.View) []playbook.Try {
	var list []playbook.Try
	for _, visit := range v.Visits {
		for _, try := range visit.Tries {
			if try.Effect != nil && try.Effect.Plan != nil {
				list = append(list, try)
			}
		}
	}
	return list
}

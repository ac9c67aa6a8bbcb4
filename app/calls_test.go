package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"riposte.dev/playbook"
	"riposte.dev/sandbox"
	"riposte.dev/web"
)

const callsRule = `id: calls
title: A trail was stopped
story: A playbook that came from Step Functions answers.
severity: HIGH
match:
  pattern: {source: [aws.cloudtrail], detail-type: [AWS API Call via CloudTrail], detail: {eventName: [StopLogging]}}
respond: {playbook: calls, mode: approve, input: {trail: $.detail.requestParameters.name}}
tests:
  - {name: stopped, event: %s, expect: {playbook: calls}}
`

const callsPlaybook = `StartAt: Who
States:
  Who:
    Type: Task
    Resource: arn:aws:states:::aws-sdk:sts:getCallerIdentity
    Parameters: {}
    ResultPath: $.who
    Next: Earlier
  Earlier:
    Type: Task
    Resource: riposte:query
    Parameters: {from: executions, rule: calls}
    ResultPath: $.earlier
    Next: Ask
  Ask:
    Type: Task
    Resource: riposte:approval
    Parameters: {text.$: "States.Format('Was {} stopped on purpose?', $.trail)"}
    ResultPath: $.asked
    Next: Enrich
  Enrich:
    Type: Task
    Resource: arn:aws:states:::lambda:invoke
    Parameters: {FunctionName: told, Payload: {trail.$: $.trail}}
    ResultSelector: {owner.$: $.Payload.owner}
    ResultPath: $.enriched
    Next: Queue
  Queue:
    Type: Task
    Resource: arn:aws:states:::sqs:sendMessage.waitForTaskToken
    Parameters: {QueueUrl: "%[1]s", MessageBody: {token.$: $$.Task.Token}}
    ResultPath: $.answered
    Next: Run
  Run:
    Type: Task
    Resource: arn:aws:states:::states:startExecution.sync:2
    Parameters: {StateMachineArn: "%[2]s", Input: {trail.$: $.trail}}
    ResultSelector: {output.$: $.Output}
    ResultPath: $.ran
    Next: Call
  Call:
    Type: Task
    Resource: arn:aws:states:::http:invoke
    Parameters:
      ApiEndpoint: "%[3]s/told"
      Method: POST
      Authentication: {ConnectionArn: "arn:aws:events:eu-west-1:111122223333:connection/told/0001"}
      RequestBody: {trail.$: $.trail}
    ResultSelector: {status.$: $.StatusCode}
    ResultPath: $.called
    Next: Stop
  Stop:
    Type: Task
    Resource: arn:aws:states:::aws-sdk:cloudtrail:deleteTrail
    Parameters: {Name.$: $.trail}
    Catch: [{ErrorEquals: [Riposte.NotPermitted], ResultPath: $.refused, Next: Done}]
    End: true
  Done: {Type: Pass, End: true}
`

// A playbook of Step Functions' own resources, in mode approve: every call that changes something is shown and approved, and what
// guard.allow does not name is not called.
func TestCallsOfPlaybooks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	endpoint := newReceiver(t)
	w.write(t, "endpoint.key", "s3cret")
	told := w.queue(t, "told")
	w.function(t, "told")
	w.machine(t, "told")
	if err := w.AnswerInvocations(arn("lambda", "function:told"), json.RawMessage(`{"owner":"ana"}`), false); err != nil {
		t.Fatal(err)
	}
	w.write(t, "rules/calls.yaml", fmt.Sprintf(callsRule, stoppedEvent("audit")))
	w.write(t, "playbooks/calls.yaml", fmt.Sprintf(callsPlaybook, told, arn("states", "stateMachine:told"), endpoint.URL))
	e := w.start(t, "", `rules: {bundled: false, paths: [rules], playbooks: [playbooks]}
mode: approve
guard: {allow: [{actions: ["lambda:invoke", "sqs:*", "states:startExecution", "http:invoke"]}]}
allow_private_targets: true
connections: [{name: told, api_key: {name: X-Told, value_file: endpoint.key}}]
`)
	e.post(t, stoppedEvent("audit"))
	for _, want := range []string{"riposte:approval", "lambda:invoke", "sqs:sendMessage"} {
		e.approveCall(t, want)
	}
	var message struct{ Token string }
	if err := json.Unmarshal([]byte(w.receive(t, told)), &message); err != nil || message.Token == "" {
		t.Fatalf("the message has no token: %v", err)
	}
	signal := web.SignalRequest{Token: message.Token, Output: json.RawMessage(`{"by":"a technician"}`)}
	if err := e.client.Call(t.Context(), http.MethodPost, "/api/v1/signals", nil, signal, nil); err != nil {
		t.Fatal(err)
	}
	e.approveCall(t, "states:startExecution")
	e.approveCall(t, "http:invoke")
	if got := endpoint.next(t); got.key != "s3cret" || got.body != `{"trail":"audit"}` {
		t.Errorf("the endpoint got %+v", got)
	}
	var view playbook.View
	eventually(t, "the playbook has ended", func() bool {
		var list []playbook.Summary
		e.get(t, "/api/v1/executions", nil, &list)
		if len(list) != 1 || list[0].Status == playbook.Running {
			return false
		}
		e.get(t, "/api/v1/executions/"+list[0].ID, nil, &view)
		return true
	})
	var out struct {
		Who      struct{ Account string }
		Earlier  struct{ Rows []json.RawMessage }
		Asked    struct{ Status string }
		Enriched struct{ Owner string }
		Answered struct{ By string }
		Ran      struct{ Output struct{ Trail string } }
		Called   struct{ Status int }
		Refused  struct{ Error, Cause string }
	}
	if err := json.Unmarshal(view.Output, &out); err != nil || view.Status != playbook.Succeeded {
		t.Fatalf("%s %s %s: %s", view.Status, view.Error, view.Why, view.Output)
	}
	if out.Who.Account != ownID || out.Earlier.Rows == nil || out.Asked.Status != "approved" || out.Enriched.Owner != "ana" || out.Answered.By != "a technician" ||
		out.Ran.Output.Trail != "audit" || out.Called.Status != http.StatusOK {
		t.Errorf("output %s", view.Output)
	}
	if out.Refused.Error != playbook.ErrNotPermitted || !strings.Contains(out.Refused.Cause, "aws-sdk:cloudtrail:deleteTrail") {
		t.Errorf("what the guard does not allow by name: %+v", out.Refused)
	}
	if n := len(w.Calls(sandbox.Match{Service: "cloudtrail", Operation: "DeleteTrail"})); n != 0 {
		t.Errorf("DeleteTrail was called %d times", n)
	}
}

// approveCall waits until people are asked about an action, and approves it.
func (e *engine) approveCall(t *testing.T, action string) {
	t.Helper()
	eventually(t, action+" waits for approval", func() bool {
		var open []playbook.Approval
		e.get(t, "/api/v1/approvals", nil, &open)
		if len(open) != 1 || open[0].Plan.Action != action {
			return false
		}
		answer := web.AnswerRequest{Hash: open[0].Hash, Approve: true}
		return e.client.Call(context.WithoutCancel(t.Context()), http.MethodPost, "/api/v1/approvals/"+url.PathEscape(open[0].ID), nil, answer, nil) == nil
	})
}

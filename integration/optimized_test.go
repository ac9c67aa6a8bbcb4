package integration_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"riposte.dev/sandbox"
)

func TestLambda(t *testing.T) {
	w := newWorld(t)
	w.function()
	if err := w.AnswerInvocations(functionARN, json.RawMessage(`{"owner":"ana"}`), false); err != nil {
		t.Fatal(err)
	}
	same(t, w.must(functionARN, `{"bucket":"b"}`), `{"owner":"ana"}`)
	out := w.must(states+"lambda:invoke", `{"FunctionName":"enrich","Payload":{"bucket":"b"}}`)
	same(t, without(t, out, "SdkHttpMetadata", "SdkResponseMetadata"), `{"ExecutedVersion":"$LATEST","Payload":{"owner":"ana"},"StatusCode":200}`)
	var metadata struct {
		SdkHttpMetadata struct {
			AllHttpHeaders map[string][]string
			HttpHeaders    map[string]string
			HttpStatusCode int
		}
		SdkResponseMetadata struct{ RequestId string }
	}
	if err := json.Unmarshal([]byte(out), &metadata); err != nil || metadata.SdkHttpMetadata.HttpStatusCode != 200 || metadata.SdkResponseMetadata.RequestId == "" ||
		len(metadata.SdkHttpMetadata.AllHttpHeaders["Content-Type"]) != 1 || metadata.SdkHttpMetadata.HttpHeaders["Content-Type"] == "" {
		t.Errorf("%v: %s", err, out)
	}
	w.must(states+"lambda:invoke", `{"FunctionName":"`+functionARN+`","Payload":"text","InvocationType":"Event"}`)
	seen := w.Invocations(functionARN)
	if len(seen) != 3 || string(seen[0].Payload) != `{"bucket":"b"}` || string(seen[2].Payload) != `"text"` || seen[2].Type != "Event" {
		t.Errorf("%+v", seen)
	}
	if err := w.AnswerInvocations(functionARN, json.RawMessage(`{"errorType":"HostUnknown","errorMessage":"no such host"}`), true); err != nil {
		t.Fatal(err)
	}
	for _, resource := range []string{functionARN, states + "lambda:invoke"} {
		_, err := w.do(resource, `{"FunctionName":"enrich","Payload":{}}`)
		if name(err) != "HostUnknown" || !strings.Contains(err.Error(), `"errorMessage":"no such host"`) {
			t.Errorf("%s: %v", resource, err)
		}
	}
	if err := w.AnswerInvocations(functionARN, json.RawMessage(`{"errorMessage":"Task timed out"}`), true); err != nil {
		t.Fatal(err)
	}
	if _, err := w.do(functionARN, `{}`); name(err) != "Lambda.Unknown" {
		t.Errorf("no type: %v", err)
	}
}

func TestMessages(t *testing.T) {
	w := newWorld(t)
	queue := "https://sqs.eu-west-1.amazonaws.com/111122223333/q"
	w.must(states+"aws-sdk:sqs:createQueue", `{"QueueName":"q"}`)
	out := w.must(states+"sqs:sendMessage", `{"QueueUrl":"`+queue+`","MessageBody":{"token":"t"}}`)
	without(t, out, "MessageId", "Md5OfMessageBody", "SdkHttpMetadata", "SdkResponseMetadata")
	w.must(states+"sqs:sendMessage", `{"QueueUrl":"`+queue+`","MessageBody":"plain"}`)
	var got []string
	for range 2 {
		var messages struct{ Messages []struct{ Body string } }
		if err := json.Unmarshal([]byte(w.must(states+"aws-sdk:sqs:receiveMessage", `{"QueueUrl":"`+queue+`","MaxNumberOfMessages":10}`)), &messages); err != nil {
			t.Fatal(err)
		}
		for _, m := range messages.Messages {
			got = append(got, m.Body)
		}
	}
	if strings.Join(got, " ") != `{"token":"t"} plain` {
		t.Errorf("sent %q", got)
	}
	w.must(states+"aws-sdk:sns:createTopic", `{"Name":"t"}`)
	out = w.must(states+"sns:publish", `{"TopicArn":"arn:aws:sns:eu-west-1:111122223333:t","Message":{"a":1},"Subject":"s"}`)
	same(t, without(t, out, "MessageId", "SdkHttpMetadata", "SdkResponseMetadata"), `{}`)
	out = w.must(states+"events:putEvents", `{"Entries":[{"Source":"soc","DetailType":"Isolated","Detail":{"a":1},"Resources":["arn:one"]}]}`)
	without(t, out, "Entries", "FailedEntryCount", "SdkHttpMetadata", "SdkResponseMetadata")
	calls := w.Calls(sandbox.Match{Service: "events", Operation: "PutEvents"})
	var in struct {
		Entries []struct {
			Detail    string
			Resources []string
		}
	}
	if err := json.Unmarshal(calls[0].Params, &in); err != nil || in.Entries[0].Detail != `{"a":1}` || strings.Join(in.Entries[0].Resources, " ") != "riposte:execution:execution arn:one" {
		t.Errorf("%v: %s", err, calls[0].Params)
	}
	if _, err := w.do(states+"events:putEvents", `{"Entries":[{"Source":"aws.x","DetailType":"D","Detail":{}}]}`); name(err) != "EventBridge.FailedEntry" {
		t.Errorf("a source of AWS's own: %v", err)
	}
	for _, arguments := range []string{`{}`, `{"Entries":["x"]}`} {
		if _, err := w.do(states+"events:putEvents", arguments); name(err) != "fault invalid" {
			t.Errorf("%s: %v", arguments, err)
		}
	}
}

func TestStartExecution(t *testing.T) {
	w := newWorld(t)
	w.stateMachine("STANDARD")
	arguments := `{"StateMachineArn":"` + machineARN + `","Input":{"host":"h"}}`
	first := w.must(states+"states:startExecution", arguments)
	again := w.must(states+"states:startExecution", arguments) // the same effect, as after a crash
	var a, b struct{ ExecutionArn, StartDate string }
	if json.Unmarshal([]byte(first), &a) != nil || json.Unmarshal([]byte(again), &b) != nil || a.ExecutionArn == "" || a.ExecutionArn != b.ExecutionArn || a.StartDate == "" {
		t.Errorf("%s\n%s", first, again)
	}
	if !w.find(states+"states:startExecution").Repeatable(t.Context(), task(arguments)) {
		t.Error("a standard state machine starts an execution once for a name")
	}
	for pattern, want := range map[string]string{".sync": `"{\"host\":\"h\"}"`, ".sync:2": `{"host":"h"}`} {
		r := w.find(states + "states:startExecution" + pattern)
		out, over, err := r.Look(t.Context(), task(arguments), json.RawMessage(first))
		var done struct {
			Output json.RawMessage
			Status string
		}
		if err != nil || !over || json.Unmarshal(out, &done) != nil || done.Status != "SUCCEEDED" || string(done.Output) != want {
			t.Errorf("%s: %s, %v, %v", pattern, out, over, err)
		}
	}
	sync := w.find(states + "states:startExecution.sync")
	for _, tt := range []struct {
		status, name string
		over         bool
	}{{"RUNNING", "", false}, {"FAILED", "States.TaskFailed", true}} {
		if err := w.AnswerExecutions(machineARN, tt.status, nil, "E", "broken"); err != nil {
			t.Fatal(err)
		}
		_, over, err := sync.Look(t.Context(), task(arguments), json.RawMessage(first))
		if over != tt.over || name(err) != tt.name || err != nil && !strings.Contains(err.Error(), `"Cause":"broken"`) {
			t.Errorf("%s: %v, %v", tt.status, over, err)
		}
	}
	gone := json.RawMessage(`{"ExecutionArn":"arn:aws:states:eu-west-1:111122223333:execution:isolate:gone"}`)
	if _, over, err := sync.Look(t.Context(), task(arguments), gone); !over || name(err) != "StepFunctions.ExecutionDoesNotExistException" {
		t.Errorf("an execution that is gone: %v, %v", over, err)
	}
	if _, err := w.do(states+"states:startExecution", `{"StateMachineArn":"`+machineARN+`x"}`); name(err) != "StepFunctions.StateMachineDoesNotExistException" {
		t.Errorf("no such machine: %v", err)
	}
}

// What may be repeated after a crash.
func TestRepeatable(t *testing.T) {
	w := newWorld(t)
	w.stateMachine("EXPRESS")
	began := w.now.Add(-time.Minute)
	for _, tt := range []struct {
		resource, arguments string
		began               time.Time
		want                bool
	}{
		{"states:startExecution", `{"StateMachineArn":"` + machineARN + `"}`, began, false},
		{"aws-sdk:ec2:runInstances", `{"ImageId":"ami-0123456789abcdef0"}`, began, true},
		{"aws-sdk:ssm:startAutomationExecution", `{"DocumentName":"d"}`, began, true},
		{"aws-sdk:ssm:sendCommand", `{"DocumentName":"d"}`, began, false},
		{"aws-sdk:ec2:terminateInstances", `{"InstanceIds":["i-0123456789abcdef0"]}`, began, false},
		{"lambda:invoke", `{"FunctionName":"f"}`, began, false},
		{"sqs:sendMessage", `{"QueueUrl":"https://sqs.eu-west-1.amazonaws.com/111122223333/q"}`, began, false},
		{"sqs:sendMessage", `{"QueueUrl":"https://sqs.eu-west-1.amazonaws.com/111122223333/q.fifo"}`, began, true},
		{"sqs:sendMessage", `{"QueueUrl":"https://sqs.eu-west-1.amazonaws.com/111122223333/q.fifo"}`, w.now.Add(-10 * time.Minute), false},
		{"sns:publish", `{"TopicArn":"arn:aws:sns:eu-west-1:111122223333:t.fifo"}`, began, true},
		{"http:invoke", `{"ApiEndpoint":"https://a.example.com","Method":"PUT"}`, began, false},
	} {
		in := task(tt.arguments)
		in.Began = tt.began
		if got := w.find(states+tt.resource).Repeatable(t.Context(), in); got != tt.want {
			t.Errorf("%s %s: %v", tt.resource, tt.arguments, got)
		}
	}
}

// A token is the same for the same effect, and another one for another.
func TestTokens(t *testing.T) {
	w := newWorld(t)
	run := func(key string) {
		in := task(`{"ImageId":"ami-0123456789abcdef0","MinCount":1,"MaxCount":1}`)
		in.Key = key
		_, _ = w.find(states+"aws-sdk:ec2:runInstances").Call(t.Context(), in) // whether there is such an image is of no matter
	}
	run("a")
	run("a")
	run("b")
	var tokens []string
	for _, c := range w.Calls(sandbox.Match{Service: "ec2", Operation: "RunInstances"}) {
		var in struct{ ClientToken string }
		if err := json.Unmarshal(c.Params, &in); err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, in.ClientToken)
	}
	if len(tokens) != 3 || tokens[0] == "" || tokens[0] != tokens[1] || tokens[0] == tokens[2] {
		t.Errorf("tokens %q", tokens)
	}
}

package aws_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"riposte.dev/fault"
	"riposte.dev/target"
)

// wire is a service that keeps the last request and gives one answer.
type wire struct {
	*httptest.Server
	status int
	answer string
	got    map[string]any
}

func newWire(t *testing.T) *wire {
	t.Helper()
	w := &wire{status: http.StatusOK, answer: "{}"}
	w.Server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.got = map[string]any{}
		if strings.HasPrefix(string(body), "{") {
			_ = json.Unmarshal(body, &w.got)
		} else if form, err := url.ParseQuery(string(body)); err == nil {
			for name := range form {
				w.got[name] = form.Get(name)
			}
		}
		out.Header().Set("Content-Type", "application/x-amz-json-1.1")
		out.WriteHeader(w.status)
		fmt.Fprint(out, w.answer)
	}))
	t.Cleanup(w.Close)
	return w
}

func (w *wire) access(context.Context, string, string) (aws.Config, error) {
	return aws.Config{
		Region: region, BaseEndpoint: aws.String(w.URL), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "secret", ""),
	}, nil
}

const (
	runCommand = "arn:aws:ssm:eu-west-1::document/AWS-RunShellScript"
	id         = "0123456789abcdef0123456789abcdef"
)

// What the services are asked for, by the names of their API references.
func TestCalls(t *testing.T) {
	selected := &target.RunCommandParameters{RunCommandTargets: []target.RunCommandTarget{{Key: "tag:role", Values: []string{"web"}}}}
	machines := []any{map[string]any{"Key": "tag:role", "Values": []any{"web"}}}
	task := &target.ECSParameters{
		TaskDefinitionARN: arnOf("ecs", "task-definition/isolate:3"), LaunchType: "FARGATE", TaskCount: 2, Tags: map[string]string{"a": "b"},
		NetworkConfiguration: &target.NetworkConfiguration{AWSVPCConfiguration: target.AWSVPCConfiguration{Subnets: []string{"subnet-1"}, AssignPublicIP: "DISABLED"}},
	}
	tests := []struct {
		name, kind, input, answer string
		config                    target.Config
		want                      map[string]any
	}{
		{
			name: "FIFO queue", kind: "sqs", input: `{"a":1}`,
			config: target.Config{ARN: arnOf("sqs", "q.fifo"), SQSParameters: &target.SQSParameters{MessageGroupID: "$.account"}},
			answer: `{"MessageId":"m","MD5OfMessageBody":"bb6cb5c68df4652941caf652a366f2d8"}`,
			want: map[string]any{
				"MessageBody": `{"a":1}`, "MessageGroupId": account, "MessageDeduplicationId": id,
				"MessageAttributes": map[string]any{"riposte-delivery": map[string]any{"DataType": "String", "StringValue": id}},
			},
		},
		{
			name: "FIFO topic", kind: "sns", input: `"x"`, config: target.Config{ARN: arnOf("sns", "t.fifo")},
			answer: `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult/></PublishResponse>`,
			want:   map[string]any{"TopicArn": arnOf("sns", "t.fifo"), "Message": `"x"`, "MessageGroupId": "logging-stopped", "MessageDeduplicationId": id},
		},
		{
			name: "text message", kind: "sms", input: "\"door open\"\n\"come\"", config: target.Config{PhoneNumber: "+15555550100"},
			answer: `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult/></PublishResponse>`,
			want:   map[string]any{"PhoneNumber": "+15555550100", "Message": "door open\ncome"},
		},
		{
			name: "state machine", kind: "states", input: `{"a":1}`, config: target.Config{ARN: arnOf("states", "stateMachine:m")},
			answer: `{"executionArn":"x","startDate":1}`,
			want:   map[string]any{"stateMachineArn": arnOf("states", "stateMachine:m"), "name": "riposte-" + id, "input": `{"a":1}`},
		},
		{
			name: "AWS's document", kind: "ssm", input: `{"commands":["id","date"],"executionTimeout":"60"}`,
			config: target.Config{ARN: runCommand, RunCommandParameters: selected},
			want: map[string]any{
				"DocumentName": "AWS-RunShellScript", "Targets": machines, "Comment": "riposte " + id,
				"Parameters": map[string]any{"commands": []any{"id", "date"}, "executionTimeout": []any{"60"}},
			},
		},
		{
			name: "own document without input", kind: "ssm", config: target.Config{ARN: arnOf("ssm", "document/isolate"), RunCommandParameters: selected},
			want: map[string]any{"DocumentName": arnOf("ssm", "document/isolate"), "Targets": machines, "Comment": "riposte " + id},
		},
		{
			name: "task", kind: "ecs", input: `{"containerOverrides":[{"name":"app","environment":[{"name":"WHO","value":"eve"}]}]}`,
			config: target.Config{ARN: arnOf("ecs", "cluster/c"), ECSParameters: task}, answer: `{"tasks":[{"taskArn":"t"}]}`,
			want: map[string]any{
				"cluster": arnOf("ecs", "cluster/c"), "taskDefinition": task.TaskDefinitionARN, "clientToken": id, "count": 2.0, "launchType": "FARGATE", "startedBy": "riposte",
				"enableECSManagedTags": nil, "enableExecuteCommand": nil,
				"tags":                 []any{map[string]any{"key": "a", "value": "b"}},
				"networkConfiguration": map[string]any{"awsvpcConfiguration": map[string]any{"subnets": []any{"subnet-1"}, "assignPublicIp": "DISABLED"}},
				"overrides":            map[string]any{"containerOverrides": []any{map[string]any{"name": "app", "environment": []any{map[string]any{"name": "WHO", "value": "eve"}}}}},
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWire(t)
			if tt.answer != "" {
				w.answer = tt.answer
			}
			if err := sender(t, w.access, tt.kind).Send(t.Context(), request(tt.config, tt.input)); err != nil {
				t.Fatal(err)
			}
			for name, want := range tt.want {
				if diff := cmp.Diff(want, w.got[name]); diff != "" {
					t.Errorf("%s: %s", name, diff)
				}
			}
			if tt.name == "own document without input" && w.got["Parameters"] != nil {
				t.Errorf("the event went as parameters: %v", w.got["Parameters"])
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	machine := target.Config{ARN: arnOf("states", "stateMachine:m")}
	task := target.Config{ARN: arnOf("ecs", "cluster/c"), ECSParameters: &target.ECSParameters{TaskDefinitionARN: arnOf("ecs", "task-definition/x:1")}}
	document := target.Config{ARN: runCommand, RunCommandParameters: &target.RunCommandParameters{}}
	log := target.Config{ARN: arnOf("logs", "log-group:g")}
	failed := func(code string) string { return fmt.Sprintf(`{"__type":%q,"message":"m"}`, code) }
	for name, tt := range map[string]struct {
		kind   string
		config target.Config
		input  string
		status int
		answer string
		code   fault.Code // "" for success
	}{
		"execution that is there":   {"states", machine, `{}`, 400, failed("ExecutionAlreadyExists"), ""},
		"state machine gone":        {"states", machine, `{}`, 400, failed("StateMachineDoesNotExist"), fault.NotFound},
		"too many executions":       {"states", machine, `{}`, 400, failed("ExecutionLimitExceeded"), fault.Throttled},
		"input that is no object":   {"states", machine, `{}`, 400, failed("InvalidExecutionInput"), fault.Invalid},
		"no room in the cluster":    {"ecs", task, `{}`, 200, `{"failures":[{"reason":"RESOURCE:MEMORY"}]}`, fault.Unavailable},
		"overrides that are none":   {"ecs", task, `[]`, 200, `{}`, fault.Invalid},
		"cluster gone":              {"ecs", task, `{}`, 400, failed("ClusterNotFoundException"), fault.NotFound},
		"document gone":             {"ssm", document, `{}`, 400, failed("InvalidDocument"), fault.NotFound},
		"parameters that are none":  {"ssm", document, `{"commands":{"a":1}}`, 200, `{}`, fault.Invalid},
		"log event too old":         {"logs", log, `{}`, 200, `{"rejectedLogEventsInfo":{"tooOldLogEventEndIndex":1}}`, fault.Invalid},
		"service down":              {"ssm", document, `{}`, 503, `{}`, fault.Unavailable},
		"credentials expired":       {"ssm", document, `{}`, 400, failed("ExpiredTokenException"), fault.Unavailable},
		"credentials that are none": {"ssm", document, `{}`, 400, failed("UnrecognizedClientException"), fault.Unauthenticated},
		"not an event":              {"events", target.Config{ARN: arnOf("events", "event-bus/b")}, `[]`, 200, `{}`, fault.Invalid},
		"entry refused":             {"events", target.Config{ARN: arnOf("events", "event-bus/b")}, ``, 200, `{"FailedEntryCount":1,"Entries":[{"ErrorCode":"NotAuthorizedForSourceException","ErrorMessage":"m"}]}`, fault.Denied},
		"entry throttled":           {"events", target.Config{ARN: arnOf("events", "event-bus/b")}, ``, 200, `{"FailedEntryCount":1,"Entries":[{"ErrorCode":"ThrottlingException"}]}`, fault.Throttled},
		"entry failed":              {"events", target.Config{ARN: arnOf("events", "event-bus/b")}, ``, 200, `{"FailedEntryCount":1,"Entries":[{"ErrorCode":"InternalFailure"}]}`, fault.Unavailable},
		"no key in the event": {"kinesis", target.Config{ARN: arnOf("kinesis", "stream/s"), KinesisParameters: &target.KinesisParameters{PartitionKeyPath: "$.nothing"}},
			`{}`, 200, `{}`, fault.Invalid},
		"no group in the event": {"sqs", target.Config{ARN: arnOf("sqs", "q.fifo"), SQSParameters: &target.SQSParameters{MessageGroupID: "$.nothing"}}, `{}`, 200, `{}`, fault.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t)
			w.status, w.answer = tt.status, tt.answer
			if err := sender(t, w.access, tt.kind).Send(t.Context(), request(tt.config, tt.input)); fault.CodeOf(err) != tt.code {
				t.Errorf("got %v", err)
			}
		})
	}
}

// An object of timestamp and message says both itself.
func TestLogEventWithItsOwnTime(t *testing.T) {
	for input, want := range map[string]any{
		`{"timestamp":"2026-03-01T03:04:05Z","message":"door open"}`: map[string]any{"timestamp": 1772334245000.0, "message": "door open"},
		`{"timestamp":1772334245000,"message":"door open"}`:          map[string]any{"timestamp": 1772334245000.0, "message": "door open"},
	} {
		w := newWire(t)
		if err := sender(t, w.access, "logs").Send(t.Context(), request(target.Config{ARN: arnOf("logs", "log-group:g")}, input)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]any{want}, w.got["logEvents"]); diff != "" {
			t.Error(diff)
		}
	}
	w := newWire(t)
	if err := sender(t, w.access, "logs").Send(t.Context(), request(target.Config{ARN: arnOf("logs", "log-group:g")}, `{"message":"x"}`)); err != nil {
		t.Fatal(err)
	}
	if got := w.got["logEvents"].([]any)[0].(map[string]any)["message"]; got != `{"message":"x"}` {
		t.Errorf("message is %v", got)
	}
}

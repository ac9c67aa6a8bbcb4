package aws_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"riposte.dev/fault"
	"riposte.dev/sandbox"
	"riposte.dev/target"
)

// A kind makes its target in the sandbox, says what is sent there, and what is found there after two attempts at one
// delivery.
type kindCase struct {
	name   string
	make   func(t *testing.T, w *world)
	config target.Config
	input  string
	found  func(t *testing.T, w *world) []string
	want   []string
	gone   target.Config // the same kind, not there
	call   sandbox.Match // the call that sends
	action string
}

func kindCases() []kindCase {
	open := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"*"}]}`
	read := func(queue string) func(*testing.T, *world) []string {
		return func(t *testing.T, w *world) []string {
			var got []string
			for _, m := range receive(t, w.root, aws.String(w.url+"/"+account+"/"+queue)) {
				got = append(got, *m.Body+" "+aws.ToString(m.MessageAttributes["riposte-delivery"].StringValue))
			}
			return got
		}
	}
	isolate := &target.ECSParameters{
		TaskDefinitionARN: arnOf("ecs", "task-definition/isolate:1"), LaunchType: "FARGATE",
		NetworkConfiguration: &target.NetworkConfiguration{AWSVPCConfiguration: target.AWSVPCConfiguration{Subnets: []string{"subnet-1"}}},
	}
	return []kindCase{
		{
			name: "sqs", action: "sqs:SendMessage", call: sandbox.Match{Service: "sqs", Operation: "SendMessage"},
			make:   func(t *testing.T, w *world) { makeQueue(t, w.root, "plain", nil) },
			config: target.Config{ARN: arnOf("sqs", "plain")}, input: `{"a":1}`,
			found: read("plain"), want: []string{`{"a":1} ` + id, `{"a":1} ` + id},
			gone: target.Config{ARN: arnOf("sqs", "nowhere")},
		},
		{
			name: "sns", action: "sns:Publish", call: sandbox.Match{Service: "sns", Operation: "Publish"},
			make: func(t *testing.T, w *world) {
				makeQueue(t, w.root, "subscriber", map[string]string{"Policy": open})
				makeTopic(t, w.root, "alarm", arnOf("sqs", "subscriber"))
			},
			config: target.Config{ARN: arnOf("sns", "alarm")}, input: `"text"`,
			found: read("subscriber"), want: []string{`"text" ` + id, `"text" ` + id},
			gone: target.Config{ARN: arnOf("sns", "nowhere")},
		},
		{
			name: "kinesis", action: "kinesis:PutRecord", call: sandbox.Match{Service: "kinesis", Operation: "PutRecord"},
			make: func(t *testing.T, w *world) {
				if _, err := kinesis.NewFromConfig(w.root).CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("s"), ShardCount: aws.Int32(1)}); err != nil {
					t.Fatal(err)
				}
			},
			config: target.Config{ARN: arnOf("kinesis", "stream/s"), KinesisParameters: &target.KinesisParameters{PartitionKeyPath: "$.detail.eventName"}},
			input:  `{"a":1}`, found: records, want: []string{`{"a":1} StopLogging`, `{"a":1} StopLogging`},
			gone: target.Config{ARN: arnOf("kinesis", "stream/nowhere")},
		},
		{
			name: "firehose", action: "firehose:PutRecord", call: sandbox.Match{Service: "firehose", Operation: "PutRecord"},
			make: makeDeliveryStream, config: target.Config{ARN: arnOf("firehose", "deliverystream/f")}, input: `{"a":1}`,
			found: files, want: []string{"{\"a\":1}\n", "{\"a\":1}\n"},
			gone: target.Config{ARN: arnOf("firehose", "deliverystream/nowhere")},
		},
		{
			name: "logs", action: "logs:PutLogEvents", call: sandbox.Match{Service: "logs", Operation: "PutLogEvents"},
			make: func(t *testing.T, w *world) {
				if _, err := cloudwatchlogs.NewFromConfig(w.root).CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("/aws/events/x")}); err != nil {
					t.Fatal(err)
				}
			},
			config: target.Config{ARN: arnOf("logs", "log-group:/aws/events/x:*")}, input: `{"a":1}`,
			found: logged, want: []string{`riposte/logging-stopped/forward {"a":1}`, `riposte/logging-stopped/forward {"a":1}`},
			gone: target.Config{ARN: arnOf("logs", "log-group:/aws/events/nowhere")},
		},
		{
			name: "lambda", action: "lambda:InvokeFunction", call: sandbox.Match{Service: "lambda", Operation: "Invoke"},
			make: makeFunction, config: target.Config{ARN: arnOf("lambda", "function:enrich")}, input: `{"a":1}`,
			found: func(_ *testing.T, w *world) []string {
				var got []string
				for _, i := range w.Invocations(arnOf("lambda", "function:enrich")) {
					got = append(got, i.Type+" "+string(i.Payload))
				}
				return got
			},
			want: []string{`Event {"a":1}`, `Event {"a":1}`},
			gone: target.Config{ARN: arnOf("lambda", "function:nowhere")},
		},
		{
			name: "ssm", action: "ssm:SendCommand", call: sandbox.Match{Service: "ssm", Operation: "SendCommand"},
			make: func(*testing.T, *world) {}, input: `{"commands":["id"]}`,
			config: target.Config{ARN: "arn:aws:ssm:" + region + "::document/AWS-RunShellScript", RunCommandParameters: &target.RunCommandParameters{
				RunCommandTargets: []target.RunCommandTarget{{Key: "tag:role", Values: []string{"web"}}},
			}},
			found: commands, want: []string{"AWS-RunShellScript id tag:role", "AWS-RunShellScript id tag:role"},
		},
		{
			name: "ecs", action: "ecs:RunTask", call: sandbox.Match{Service: "ecs", Operation: "RunTask"},
			make: makeTask, config: target.Config{ARN: arnOf("ecs", "cluster/c"), ECSParameters: isolate},
			input: `{"containerOverrides":[{"name":"main","environment":[{"name":"WHO","value":"eve"}]}]}`,
			found: tasks, want: []string{"eve", "eve"}, // the sandbox does not know tokens; TestCalls sees that there is one
			gone: target.Config{ARN: arnOf("ecs", "cluster/nowhere"), ECSParameters: isolate},
		},
		{
			name: "states", action: "states:StartExecution", call: sandbox.Match{Service: "stepfunctions", Operation: "StartExecution"},
			make: makeStateMachine, config: target.Config{ARN: arnOf("states", "stateMachine:isolate")}, input: `{"a":1}`,
			found: executions, want: []string{"riposte-" + id},
			gone: target.Config{ARN: arnOf("states", "stateMachine:nowhere")},
		},
		{
			name: "events", action: "events:PutEvents", call: sandbox.Match{Service: "events", Operation: "PutEvents"},
			make: func(*testing.T, *world) {}, config: target.Config{ARN: arnOf("events", "event-bus/default")},
			found: entries, want: []string{
				`riposte.aws.cloudtrail AWS API Call via CloudTrail {"eventName":"StopLogging"} arn:one`,
				`riposte.aws.cloudtrail AWS API Call via CloudTrail {"eventName":"StopLogging"} arn:one`,
			},
			gone: target.Config{ARN: arnOf("events", "event-bus/nowhere")},
		},
	}
}

// TestEveryKind runs each kind of target through the same: sent, sent again, gone, forbidden, failing.
func TestEveryKind(t *testing.T) {
	for _, tt := range kindCases() {
		t.Run(strings.TrimPrefix(tt.config.ARN, "arn:aws:"), func(t *testing.T) {
			w := newWorld(t)
			tt.make(t, w)
			access := w.user(t, "riposte", sandbox.AdministratorAccess)
			s := sender(t, access, tt.name)
			for range 2 {
				if err := s.Send(t.Context(), request(tt.config, tt.input)); err != nil {
					t.Fatal(err)
				}
			}
			if got := tt.found(t, w); strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("found %q, want %q", got, tt.want)
			}
			if tt.gone.ARN == "" {
				t.Log("the sandbox runs any document")
			} else if err := s.Send(t.Context(), request(tt.gone, tt.input)); fault.CodeOf(err) != fault.NotFound || fault.Retryable(err) {
				t.Errorf("gone: %v", err)
			}
			refuse := func(code string, status int) error {
				remove := w.AddFault(sandbox.Fault{Match: tt.call, Error: &sandbox.FaultError{Code: code, Status: status}})
				defer remove()
				return s.Send(t.Context(), request(tt.config, tt.input))
			}
			if err := refuse("ThrottlingException", 400); fault.CodeOf(err) != fault.Throttled {
				t.Errorf("throttled: %v", err)
			}
			if err := refuse("InternalFailure", 500); fault.CodeOf(err) != fault.Unavailable {
				t.Errorf("failing: %v", err)
			}
			if err := refuse("ValidationException", 400); fault.CodeOf(err) != fault.Invalid {
				t.Errorf("invalid: %v", err)
			}
			denied := w.user(t, "nobody", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"`+tt.action+`","Resource":"*"}]}`)
			err := sender(t, denied, tt.name).Send(t.Context(), request(tt.config, tt.input))
			if fault.CodeOf(err) != fault.Denied || !strings.Contains(fault.Hint(err), tt.action) {
				t.Errorf("forbidden: %v", err)
			}
		})
	}
}

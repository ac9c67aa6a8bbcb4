package app

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"riposte.dev/sandbox"
)

// inputs are the parts of a target that say what it gets.
const (
	asText   = `input_transformer: {input_paths_map: {trail: $.detail.requestParameters.name}, input_template: '"<trail> was stopped, says <aws.events.rule-name>"'}`
	asObject = `input_transformer: {input_paths_map: {trail: $.detail.requestParameters.name}, input_template: '{"trail": <trail>}'}`
)

// A rule with a target of each kind, and one in a mode in which nothing acts. The last two targets of the first can't be reached.
const targetRules = `id: everywhere
title: A trail was stopped
story: A target of each kind is told.
severity: HIGH
match:
  pattern: {source: [aws.cloudtrail], detail-type: [AWS API Call via CloudTrail], detail: {eventName: [StopLogging]}}
targets:
  - {id: queue, arn: "%[1]s:sqs:%[2]s:told", ` + asText + `}
  - {id: topic, arn: "%[1]s:sns:%[2]s:told-by-topic", input_path: $.detail.requestParameters.name}
  - {id: function, arn: "%[1]s:lambda:%[2]s:function:told", ` + asObject + `}
  - {id: machine, arn: "%[1]s:states:%[2]s:stateMachine:told", ` + asObject + `}
  - {id: bus, arn: "%[1]s:events:%[2]s:event-bus/default"}
  - {id: stream, arn: "%[1]s:kinesis:%[2]s:stream/told", kinesis_parameters: {partition_key_path: $.account}, ` + asObject + `}
  - {id: hose, arn: "%[1]s:firehose:%[2]s:deliverystream/riposte", ` + asObject + `}
  - {id: log, arn: "%[1]s:logs:%[2]s:log-group:told", ` + asObject + `}
  - id: command
    arn: "%[1]s:ssm:eu-west-1::document/AWS-RunShellScript"
    run_command_parameters: {run_command_targets: [{key: "tag:role", values: [web]}]}
    input: '{"commands": ["id"]}'
  - id: task
    arn: "%[1]s:ecs:%[2]s:cluster/told"
    ecs_parameters: {task_definition_arn: "%[1]s:ecs:%[2]s:task-definition/told:1", launch_type: FARGATE,
      network_configuration: {awsvpc_configuration: {subnets: [subnet-1]}}}
    input: '{}'
  - {id: endpoint, url: "%[3]s/told", connection: told, ` + asObject + `}
  - {id: phone, phone_number: "+15555550100", dead_letter_config: {arn: "%[1]s:sqs:%[2]s:dead"}, ` + asText + `}
  - {id: gone, arn: "%[1]s:sqs:%[2]s:gone", dead_letter_config: {arn: "%[1]s:sqs:%[2]s:dead"}}
---
id: careful
title: A trail was stopped
story: The configuration allows no more than a dry run of this rule.
severity: HIGH
match:
  pattern: {source: [aws.cloudtrail], detail-type: [AWS API Call via CloudTrail], detail: {eventName: [StopLogging]}}
targets:
  - {id: queue, arn: "%[1]s:sqs:%[2]s:told-carefully", ` + asText + `}
  - {id: function, arn: "%[1]s:lambda:%[2]s:function:told", input: '{"trail": "careful"}'}
`

func TestTargetsOfEachKind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	endpoint := newReceiver(t)
	w.write(t, "endpoint.key", "s3cret")
	rules := fmt.Sprintf(targetRules, "arn:aws", region+":"+ownID, endpoint.URL)
	w.write(t, "rules/targets.yaml", rules)
	told, byTopic, carefully, dead := w.queue(t, "told"), w.queue(t, "told-by-topic", "sns.amazonaws.com"), w.queue(t, "told-carefully"), w.queue(t, "dead")
	w.topic(t, "told-by-topic", "told-by-topic")
	w.function(t, "told")
	w.machine(t, "told")
	w.stream(t, "told")
	if _, err := cloudwatchlogs.NewFromConfig(w.admin).CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("told")}); err != nil {
		t.Fatal(err)
	}
	w.cluster(t, "told")
	e := w.start(t, "", `rules: {bundled: false, paths: [rules], modes: {careful: dry-run}}
mode: auto
guard: {allow: [{accounts: ["*"]}]}
allow_private_targets: true
connections: [{name: told, api_key: {name: X-Told, value_file: endpoint.key}}]
`)
	id, secret := e.key(t, true)
	w.hose(t, id+":"+secret)
	e.post(t, stoppedEvent("audit"))

	const text = `"audit was stopped, says everywhere"`
	if got := w.receive(t, told); got != text {
		t.Errorf("the queue got %s", got)
	}
	if got := w.receive(t, byTopic); !strings.Contains(got, `"Message": "\"audit\""`) {
		t.Errorf("the topic got %s", got)
	}
	if got := w.receive(t, carefully); got != `"audit was stopped, says careful"` {
		t.Errorf("the queue of the careful rule got %s", got)
	}
	for _, tt := range []struct{ service, operation, params, refused string }{
		{"stepfunctions", "StartExecution", "stateMachine:told", ""},
		{"events", "PutEvents", "riposte.aws.cloudtrail", ""},
		{"kinesis", "PutRecord", `"PartitionKey":"` + ownID, ""},
		{"firehose", "PutRecord", `"DeliveryStreamName":"riposte"`, ""},
		{"logs", "PutLogEvents", `riposte/everywhere/log`, ""},
		{"ssm", "SendCommand", "AWS-RunShellScript", ""},
		{"ecs", "RunTask", "task-definition/told:1", ""},
		{"sns", "Publish", "+15555550100", "InvalidParameter"}, // the sandbox sends no text messages
	} {
		eventually(t, tt.service+" is told", func() bool {
			calls := w.Calls(sandbox.Match{Service: tt.service, Operation: tt.operation, Resource: tt.params})
			return slices.ContainsFunc(calls, func(c sandbox.Call) bool { return c.ErrorCode == tt.refused })
		})
	}
	eventually(t, "the function is called", func() bool { return len(w.Invocations(arn("lambda", "function:told"))) > 0 })
	request := endpoint.next(t)
	if request.key != "s3cret" || request.path != "/told" || request.body != `{"trail":"audit"}` {
		t.Errorf("the endpoint got %+v", request)
	}

	eventually(t, "Firehose delivers, to riposte, which can't read it", func() bool {
		if err := w.FlushFirehose(); err != nil {
			t.Fatal(err)
		}
		unread, err := e.bus.DeadLetters(t.Context(), "firehose", 0, 10)
		return err == nil && len(unread) == 1 && strings.TrimSpace(string(unread[0].Data)) == `{"trail":"audit"}`
	})
	letters := w.receive(t, dead) + w.receive(t, dead)
	if strings.Count(letters, `"id":"event-audit"`) != 2 {
		t.Errorf("the dead-letter queue got %s", letters)
	}
	// Only now, when all the others were told.
	if got := w.Invocations(arn("lambda", "function:told")); len(got) != 1 || string(got[0].Payload) != `{"trail":"audit"}` {
		t.Errorf("the function was called %d times: %s", len(got), got[0].Payload)
	}
	if !e.measures(t, `riposte_detect_targets_total{kind="lambda",outcome="withheld"} 1`) {
		t.Error("no metric says that a target was withheld")
	}
}

// receive takes the next message from a queue.
func (w *world) receive(t *testing.T, queue string) (body string) {
	t.Helper()
	client := sqs.NewFromConfig(w.admin)
	eventually(t, "something comes into "+queue, func() bool {
		out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 1, WaitTimeSeconds: 1})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Messages) == 0 {
			return false
		}
		body = *out.Messages[0].Body
		_, err = client.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &queue, ReceiptHandle: out.Messages[0].ReceiptHandle})
		return err == nil
	})
	return body
}

func (w *world) function(t *testing.T, name string) {
	t.Helper()
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	if _, err := z.Create("index.js"); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := lambda.NewFromConfig(w.admin).CreateFunction(t.Context(), &lambda.CreateFunctionInput{FunctionName: &name, Runtime: "nodejs18.x",
		Role: w.serviceRole(t, "function-"+name, "lambda.amazonaws.com"), Handler: aws.String("index.handler"), Code: &lambdatypes.FunctionCode{ZipFile: archive.Bytes()},
	}); err != nil {
		t.Fatal(err)
	}
}

func (w *world) machine(t *testing.T, name string) {
	t.Helper()
	if _, err := sfn.NewFromConfig(w.admin).CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{Name: &name,
		RoleArn: w.serviceRole(t, "machine-"+name, "states.amazonaws.com"), Definition: aws.String(`{"StartAt":"Done","States":{"Done":{"Type":"Pass","End":true}}}`),
	}); err != nil {
		t.Fatal(err)
	}
}

// cluster makes an ECS cluster and a task definition.
func (w *world) cluster(t *testing.T, name string) {
	t.Helper()
	client := ecs.NewFromConfig(w.admin)
	if _, err := client.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: &name}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{
		Family: &name, NetworkMode: ecstypes.NetworkModeAwsvpc, Cpu: aws.String("256"), Memory: aws.String("512"),
		RequiresCompatibilities: []ecstypes.Compatibility{ecstypes.CompatibilityFargate},
		ContainerDefinitions:    []ecstypes.ContainerDefinition{{Name: aws.String("main"), Image: aws.String("busybox")}},
	}); err != nil {
		t.Fatal(err)
	}
}

// receiver is an HTTP endpoint.
type receiver struct {
	*httptest.Server
	requests chan received
}

type received struct{ path, key, signature, body string }

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{requests: make(chan received, 100)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(io.LimitReader(req.Body, 1<<20))
		if err != nil {
			t.Error(err)
		}
		r.requests <- received{req.URL.Path, req.Header.Get("X-Told"), req.Header.Get("Webhook-Signature"), string(body)}
		_, _ = io.WriteString(w, "ok") // as Slack answers
	}))
	t.Cleanup(r.Close)
	return r
}

// next waits for a request.
func (r *receiver) next(t *testing.T) received {
	t.Helper()
	var got received
	eventually(t, "the endpoint is called", func() bool {
		select {
		case got = <-r.requests:
			return true
		default:
			return false
		}
	})
	return got
}

package integration

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// optimized are AWS's own resources beside aws-sdk: parameters may be objects where the API wants text, and the answer tells of the
// HTTP response (https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html).
func (s *Set) optimized() []*resource {
	api := func(name, service, operation string, errors errorNames, evidence action.Evidence, patterns ...string) *resource {
		return &resource{caller: s.caller, operation: s.services[service].method(operation), name: name, errors: errors, evidence: evidence,
			patterns: patterns, answer: withMetadata}
	}
	invoke := api("lambda:invoke", "lambda", "Invoke", errorNames{"Lambda", "AWSLambdaException"}, action.EventEvidence, token)
	invoke.shape, invoke.answer = shapeInvoke, answerInvoke
	publish := api("sns:publish", "sns", "Publish", errorNames{"SNS", "AmazonSNSException"}, action.StateEvidence, token)
	publish.shape, publish.repeats = shapePublish, fifo("TopicArn")
	send := api("sqs:sendMessage", "sqs", "SendMessage", errorNames{"SQS", "AmazonSQSException"}, action.StateEvidence, token)
	send.shape, send.repeats = shapeSend, fifo("QueueUrl")
	put := api("events:putEvents", "eventbridge", "PutEvents", errorNames{"EventBridge", "AmazonEventBridgeException"}, action.StateEvidence, token)
	put.shape, put.answer = shapeEvents, answerEvents
	start := api("states:startExecution", "sfn", "StartExecution", errorNames{"StepFunctions", "AWSStepFunctionsException"}, action.EventEvidence, sync1, sync2, token)
	start.shape, start.repeats, start.progress = shapeExecution, standard, executionProgress
	call := &resource{caller: s.caller, name: "http:invoke", evidence: action.EventEvidence}
	return []*resource{invoke, publish, send, put, start, call}
}

// withMetadata adds what the answer's HTTP response tells.
func withMetadata(_ *call, metadata map[string]any, raw json.RawMessage) (json.RawMessage, error) {
	members := map[string]any{}
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, fault.New(fault.Internal, "the answer can't be read: %w", err)
	}
	for name, v := range metadata {
		members[name] = v
	}
	return json.Marshal(members)
}

// home moves the call to the region that an ARN names.
func (c *call) home(of string) {
	if a, err := arn.Parse(of); err == nil && a.Region != "" {
		c.region = a.Region
	}
}

func shapeInvoke(c *call) error {
	c.home(c.text("FunctionName"))
	c.stringifyJSON("Payload")
	return nil
}

// stringifyJSON makes JSON of a parameter that may be any value; text becomes text in JSON.
func (c *call) stringifyJSON(name string) {
	if v, ok := c.parameters[name]; ok && v != nil {
		if raw, err := json.Marshal(v); err == nil {
			c.parameters[name] = string(raw)
		}
	}
}

// answerInvoke reads the function's answer. A function that failed fails the task under the name that it gives its error
// (https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html).
func answerInvoke(c *call, metadata map[string]any, raw json.RawMessage) (json.RawMessage, error) {
	var out struct {
		Payload       *string
		FunctionError string
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		return nil, fault.New(fault.Internal, "the answer can't be read: %w", err)
	}
	payload := json.RawMessage("null")
	if out.Payload != nil && json.Valid([]byte(*out.Payload)) {
		payload = json.RawMessage(*out.Payload)
	}
	if out.FunctionError != "" {
		var failed struct {
			ErrorType string `json:"errorType"`
		}
		name := "Lambda.Unknown"
		if json.Unmarshal(payload, &failed) == nil && failed.ErrorType != "" {
			name = failed.ErrorType
		}
		return nil, &Error{Name: name, Cause: string(payload)}
	}
	members := map[string]any{}
	_ = json.Unmarshal(raw, &members) // it was read above
	members["Payload"] = payload
	whole, err := json.Marshal(members)
	if err != nil {
		return nil, fault.New(fault.Internal, "the answer can't be written: %w", err)
	}
	return withMetadata(c, metadata, whole)
}

// payloadOnly is the output of a task whose Resource is a function's ARN.
func payloadOnly(c *call, metadata map[string]any, raw json.RawMessage) (json.RawMessage, error) {
	whole, err := answerInvoke(c, metadata, raw)
	if err != nil {
		return nil, err
	}
	var out struct{ Payload json.RawMessage }
	if err := json.Unmarshal(whole, &out); err != nil {
		return nil, fault.New(fault.Internal, "the answer can't be read: %w", err)
	}
	return out.Payload, nil
}

func shapePublish(c *call) error {
	c.home(c.text("TopicArn") + c.text("TargetArn"))
	c.stringify(c.parameters, "Message")
	return nil
}

func shapeSend(c *call) error {
	c.region = queueRegion(c.text("QueueUrl"), c.region)
	c.stringify(c.parameters, "MessageBody")
	return nil
}

// fifo tells a FIFO topic or queue by its name: it knows a message again for five minutes, by its deduplication id or its content.
func fifo(parameter string) func(context.Context, *call) bool {
	const knows = 4 * time.Minute // clocks differ
	return func(_ context.Context, c *call) bool {
		return strings.HasSuffix(c.text(parameter), ".fifo") && !c.Began.IsZero() && c.r.caller.opts.Now().Sub(c.Began) < knows
	}
}

// shapeEvents makes text of details that are objects, and adds the execution to the resources, as Step Functions does
// (https://docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html).
func shapeEvents(c *call) error {
	entries, ok := c.parameters["Entries"].([]any)
	if !ok {
		return fault.New(fault.Invalid, "events:putEvents: Entries must be a list")
	}
	for i, v := range entries {
		entry, ok := v.(map[string]any)
		if !ok {
			return fault.New(fault.Invalid, "events:putEvents: Entries[%d] must be an object", i)
		}
		c.stringify(entry, "Detail")
		resources, _ := entry["Resources"].([]any)
		entry["Resources"] = append([]any{"riposte:execution:" + c.Execution}, resources...)
	}
	return nil
}

// answerEvents fails the task where EventBridge refused an entry.
func answerEvents(c *call, metadata map[string]any, raw json.RawMessage) (json.RawMessage, error) {
	var out struct{ FailedEntryCount int }
	if json.Unmarshal(raw, &out) == nil && out.FailedEntryCount > 0 {
		return nil, &Error{Name: "EventBridge.FailedEntry", Cause: string(raw)}
	}
	return withMetadata(c, metadata, raw)
}

// shapeExecution gives the execution a name that is the same for the same effect, so that it is started once.
func shapeExecution(c *call) error {
	c.home(c.text("StateMachineArn"))
	c.stringify(c.parameters, "Input")
	if c.text("Name") == "" {
		c.parameters["Name"] = c.id()
	}
	return nil
}

// standard reports whether the state machine is one that starts an execution once for a name.
func standard(ctx context.Context, c *call) bool {
	cfg, err := c.config(ctx)
	if err != nil {
		return false
	}
	machine := c.text("StateMachineArn")
	out, err := sfn.NewFromConfig(cfg).DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: &machine})
	return err == nil && out.Type == types.StateMachineTypeStandard
}

// executionProgress looks at the execution that was started. One that did not succeed fails the task with its description
// (https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html).
func executionProgress(ctx context.Context, c *call, begun json.RawMessage) (json.RawMessage, bool, error) {
	var started struct{ ExecutionArn string }
	if err := json.Unmarshal(begun, &started); err != nil || started.ExecutionArn == "" {
		return nil, false, fault.New(fault.Internal, "the answer of startExecution names no execution")
	}
	c.home(started.ExecutionArn)
	cfg, err := c.config(ctx)
	if err != nil {
		return nil, false, err
	}
	out, err := sfn.NewFromConfig(cfg).DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &started.ExecutionArn})
	if err != nil {
		passes := fault.Retryable(awscall.Fault(err, "states:DescribeExecution", "look at the execution"))
		return nil, !passes, c.r.errors.of(ctx, err)
	}
	raw, err := encode(reflect.ValueOf(out))
	if err != nil {
		return nil, false, err
	}
	switch out.Status {
	case types.ExecutionStatusRunning, types.ExecutionStatusPendingRedrive:
		return nil, false, nil
	case types.ExecutionStatusSucceeded:
		return raw, true, nil
	default:
		return nil, true, &Error{Name: "States.TaskFailed", Cause: string(raw)}
	}
}

// parsedExecution gives input and output as JSON instead of text: what .sync:2 adds.
func parsedExecution(of func(context.Context, *call, json.RawMessage) (json.RawMessage, bool, error)) func(context.Context, *call, json.RawMessage) (json.RawMessage, bool, error) {
	return func(ctx context.Context, c *call, begun json.RawMessage) (json.RawMessage, bool, error) {
		raw, over, err := of(ctx, c, begun)
		if err != nil || raw == nil {
			return raw, over, err
		}
		members := map[string]json.RawMessage{}
		if err := json.Unmarshal(raw, &members); err != nil {
			return nil, false, fault.New(fault.Internal, "the answer can't be read: %w", err)
		}
		for _, name := range []string{"Input", "Output"} {
			var text string
			if json.Unmarshal(members[name], &text) == nil && json.Valid([]byte(text)) {
				members[name] = json.RawMessage(text)
			}
		}
		raw, err = json.Marshal(members)
		return raw, over, err
	}
}

package asl

import (
	"encoding/json"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MarshalJSON writes the event as GetExecutionHistory does: the details under a name of their own, data as text, the time in seconds.
func (e HistoryEvent) MarshalJSON() ([]byte, error) {
	o := map[string]any{"id": e.ID, "previousEventId": e.Previous, "timestamp": float64(e.Time.UnixMilli()) / 1000, "type": e.Type}
	if name, details := e.details(); details != nil {
		o[name] = details
	}
	return json.Marshal(o)
}

// WithoutData leaves inputs and outputs out, as includeExecutionData: false asks for.
func (e HistoryEvent) WithoutData() HistoryEvent {
	e.Input, e.Output, e.Arguments, e.Assigned = nil, nil, nil, nil
	return e
}

type details map[string]any

func (e *HistoryEvent) details() (string, details) {
	d := details{}
	kind := string(e.Type)
	switch {
	case strings.HasSuffix(kind, "StateEntered"):
		d["name"] = e.State
		d.data("input", e.Input)
		return "stateEnteredEventDetails", d
	case strings.HasSuffix(kind, "StateExited"):
		d["name"] = e.State
		d.data("output", e.Output)
		if e.Assigned != nil {
			d["assignedVariables"], d["assignedVariablesDetails"] = texts(e.Assigned), details{"truncated": false}
		}
		return "stateExitedEventDetails", d
	case e.Type == MapStateStarted:
		d["length"] = e.Length
	case strings.HasPrefix(kind, "MapIteration"):
		d["name"], d["index"] = e.State, e.Index
	case e.Type == ExecutionStarted:
		d.data("input", e.Input)
	case e.Type == ExecutionSucceeded:
		d.data("output", e.Output)
	case e.Type == ExecutionRedriven:
		d["redriveCount"] = e.Redrives
	case strings.HasPrefix(kind, "Execution"), e.Type == MapRunFailed:
		d.failure(e)
	case strings.HasPrefix(kind, "Task"), strings.HasPrefix(kind, "LambdaFunction"), strings.HasPrefix(kind, "Activity"):
		e.ofCall(kind, d)
	}
	if len(d) == 0 {
		return "", nil
	}
	first, size := utf8.DecodeRuneInString(kind)
	return string(unicode.ToLower(first)) + kind[size:] + "EventDetails", d
}

// ofCall tells of a task; functions and activities have fewer details than other resources.
func (e *HistoryEvent) ofCall(kind string, d details) {
	task := strings.HasPrefix(kind, "Task")
	if task {
		d["resourceType"], d["resource"] = splitResource(e.Resource)
	}
	switch {
	case strings.HasSuffix(kind, "Scheduled"):
		field := "input"
		if task {
			field = "parameters"
			d["region"] = ""
		} else {
			d["resource"] = e.Resource
		}
		d.data(field, e.Arguments)
		if task {
			delete(d, "parametersDetails")
		}
		d.seconds("timeoutInSeconds", e.Timeout)
		d.seconds("heartbeatInSeconds", e.Heartbeat)
		if e.RoleARN != "" {
			d["taskCredentials"] = details{"roleArn": e.RoleARN}
		}
	case strings.HasSuffix(kind, "Succeeded"), strings.HasSuffix(kind, "Submitted"):
		d.data("output", e.Output)
	case strings.HasSuffix(kind, "Failed"), strings.HasSuffix(kind, "TimedOut"):
		d.failure(e)
	}
}

func (d details) data(name string, data json.RawMessage) {
	if data != nil {
		d[name], d[name+"Details"] = string(data), details{"truncated": false}
	}
}

func (d details) failure(e *HistoryEvent) {
	if e.Error != "" {
		d["error"] = e.Error
	}
	if e.Cause != "" {
		d["cause"] = e.Cause
	}
}

func (d details) seconds(name string, t time.Duration) {
	if t > 0 {
		d[name] = int(t / time.Second)
	}
}

func texts(values map[string]json.RawMessage) map[string]string {
	all := make(map[string]string, len(values))
	for name, v := range values {
		all[name] = string(v)
	}
	return all
}

// splitResource takes a resource apart as the history does: arn:aws:states:::sqs:sendMessage.waitForTaskToken is of the type sqs,
// riposte:action:ec2.isolate of the type riposte:action.
func splitResource(resource string) (kind, name string) {
	if strings.HasPrefix(resource, "arn:") {
		if parts := strings.SplitN(resource, ":", 6); len(parts) == 6 {
			resource = parts[5]
		}
	}
	if i := strings.LastIndexByte(resource, ':'); i >= 0 {
		return resource[:i], resource[i+1:]
	}
	return resource, ""
}

package stepfunctions

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"riposte.dev/asl"
	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/playbook"
)

// maxOpen bounds the executions that are under way or wait: more are not begun here. Those that rules start are not bounded.
const maxOpen = 10_000

type startInput struct {
	ARN   string  `json:"stateMachineArn"`
	Name  string  `json:"name"`
	Input *string `json:"input"`
}

type startOutput struct {
	ExecutionARN string  `json:"executionArn"`
	StartDate    float64 `json:"startDate"`
}

func (h *Handler) startExecution(ctx context.Context, c Caller, in startInput) (any, error) {
	view, err := h.start(ctx, c, in)
	if err != nil {
		return nil, err
	}
	return startOutput{view.Start.Named.Execution, seconds(view.Started)}, nil
}

// start begins an execution. The same name with the same input is the same execution while that is under way.
func (h *Handler) start(ctx context.Context, c Caller, in startInput) (playbook.View, error) {
	x, machine, err := h.machine(ctx, in.ARN)
	if err != nil {
		return playbook.View{}, err
	}
	name, input, err := h.nameAndInput(in)
	if err != nil {
		return playbook.View{}, err
	}
	if h.Runtime.Open() >= maxOpen {
		return playbook.View{}, refuse("ExecutionLimitExceeded", "%d executions are under way or wait: stop some, or wait until they have ended", maxOpen)
	}
	s := playbook.Start{
		Rule: playbook.StepFunctionsRule, RuleHash: x.Revision, Playbook: x.Name, Account: cmp.Or(c.Account, h.Account), Region: cmp.Or(c.Region, h.Region),
		Cause: event.Cause(causePrefix(x.Name) + name), Mode: h.Mode(), Input: input, Severity: "INFORMATIONAL",
		Title: fmt.Sprintf("%s started the state machine %s", c.Name, x.Name), By: c.Name,
		Named: &playbook.Named{Execution: h.executionARN(x.Name, name), Name: name, Machine: h.machineARN(x.Name), Role: x.Role, Revision: x.Revision},
	}
	id, started, err := h.Runtime.StartMachine(ctx, s, machine)
	if err != nil {
		return playbook.View{}, err
	}
	view, err := h.Runtime.Get(ctx, id)
	switch {
	case fault.CodeOf(err) == fault.NotFound: // another request is just starting it
		return view, fault.New(fault.Unavailable, "execution %s is being started", name)
	case err != nil || started:
		return view, err
	case view.Status != playbook.Running || !bytes.Equal(compact(view.Start.Input), compact(input)):
		return view, refuse("ExecutionAlreadyExists", "Execution Already Exists: '%s'", s.Named.Execution)
	}
	return view, nil
}

func (h *Handler) nameAndInput(in startInput) (name string, input json.RawMessage, err error) {
	input = json.RawMessage("{}")
	if in.Input != nil {
		input = json.RawMessage(*in.Input)
	}
	name = cmp.Or(in.Name, h.NewID())
	switch {
	case len(input) > asl.MaxData:
		return "", nil, refuse("ValidationException", "1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length less than or equal to %d", asl.MaxData)
	case !json.Valid(input):
		return "", nil, refuse("InvalidExecutionInput", "Invalid State Machine Execution Input: 'it is not JSON'")
	}
	return name, input, checkName(name)
}

// compact is JSON without spaces, as the journal keeps it.
func compact(raw []byte) []byte {
	var out bytes.Buffer
	if err := json.Compact(&out, raw); err != nil {
		return raw
	}
	return out.Bytes()
}

type executionInput struct {
	ARN string `json:"executionArn"`
}

// execution finds what an ARN names: what was started here under the name, or by a rule with the name as its id.
func (h *Handler) execution(ctx context.Context, arn string) (playbook.View, error) {
	parts, ours, err := h.parse(arn, "execution")
	if err != nil {
		return playbook.View{}, err
	}
	if len(parts) != 2 {
		return playbook.View{}, refuse("InvalidArn", "Invalid Arn: '%s' is not %s", arn, h.executionARN("MACHINE", "NAME"))
	}
	if !ours {
		return playbook.View{}, noExecution(arn)
	}
	view, err := h.Runtime.Get(ctx, executionID(parts[0], parts[1]))
	if fault.CodeOf(err) == fault.NotFound {
		view, err = h.Runtime.Get(ctx, parts[1])
	}
	if fault.CodeOf(err) == fault.NotFound || err == nil && (view.Start.Playbook != parts[0] || executionNameOf(view) != parts[1]) {
		err = noExecution(arn)
	}
	return view, err
}

func executionNameOf(v playbook.View) string {
	return executionName(v.ID, v.Start.Rule, string(v.Start.Cause), v.Start.Playbook, v.Start.Undoes)
}

type included struct {
	Included bool `json:"included"`
}

type describedExecution struct {
	ExecutionARN  string    `json:"executionArn"`
	MachineARN    string    `json:"stateMachineArn"`
	Name          string    `json:"name"`
	Status        string    `json:"status"`
	StartDate     float64   `json:"startDate"`
	StopDate      float64   `json:"stopDate,omitempty"`
	Input         string    `json:"input"`
	InputDetails  included  `json:"inputDetails"`
	Output        *string   `json:"output,omitempty"`
	OutputDetails *included `json:"outputDetails,omitempty"`
	Error         string    `json:"error,omitempty"`
	Cause         string    `json:"cause,omitempty"`

	RedriveCount  int     `json:"redriveCount"`
	RedriveDate   float64 `json:"redriveDate,omitempty"`
	RedriveStatus string  `json:"redriveStatus,omitempty"`
	RedriveReason string  `json:"redriveStatusReason,omitempty"`
}

func (h *Handler) describeExecution(ctx context.Context, _ Caller, in executionInput) (any, error) {
	view, err := h.execution(ctx, in.ARN)
	if err != nil {
		return nil, err
	}
	d := h.described(view)
	events, err := h.Runtime.History(ctx, view.ID)
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		if e.Type == asl.ExecutionRedriven {
			d.RedriveCount, d.RedriveDate = e.Redrives, seconds(e.Time)
		}
	}
	switch view.Status {
	case playbook.Running, playbook.Succeeded:
		d.RedriveStatus, d.RedriveReason = "NOT_REDRIVABLE", fmt.Sprintf("Execution is %s and cannot be redriven", view.Status)
	default:
		d.RedriveStatus = "REDRIVABLE"
	}
	return d, nil
}

func (h *Handler) described(view playbook.View) describedExecution {
	d := describedExecution{ExecutionARN: h.executionARN(view.Start.Playbook, executionNameOf(view)), MachineARN: h.machineARN(view.Start.Playbook),
		Name: executionNameOf(view), Status: string(view.Status), StartDate: seconds(view.Started), StopDate: seconds(view.Ended),
		Input: string(view.Start.Input), InputDetails: included{true}, Error: view.Error, Cause: view.Why}
	if view.Output != nil {
		output := string(view.Output)
		d.Output, d.OutputDetails = &output, &included{true}
	}
	return d
}

func (h *Handler) describeStateMachineForExecution(ctx context.Context, _ Caller, in executionInput) (any, error) {
	view, err := h.execution(ctx, in.ARN)
	if err != nil {
		return nil, err
	}
	d := describedMachine{ARN: h.machineARN(view.Start.Playbook), Name: view.Start.Playbook, Definition: string(view.Definition), RoleARN: h.playbookRole(),
		UpdateDate: seconds(view.Started), Logging: off{Level: "OFF"}, Tracing: off{Enabled: new(bool)}}
	if n := view.Start.Named; n != nil {
		d.RoleARN, d.RevisionID = cmp.Or(n.Role, d.RoleARN), n.Revision
	}
	return d, nil
}

type listExecutionsInput struct {
	ARN    string `json:"stateMachineArn"`
	Status string `json:"statusFilter"`
	MapRun string `json:"mapRunArn"`
	Redriv string `json:"redriveFilter"`
	paged
}

type listedExecution struct {
	ExecutionARN string  `json:"executionArn"`
	MachineARN   string  `json:"stateMachineArn"`
	Name         string  `json:"name"`
	Status       string  `json:"status"`
	StartDate    float64 `json:"startDate"`
	StopDate     float64 `json:"stopDate,omitempty"`
}

type listExecutionsOutput struct {
	Executions []listedExecution `json:"executions"`
	NextToken  string            `json:"nextToken,omitempty"`
}

func (h *Handler) listExecutions(ctx context.Context, _ Caller, in listExecutionsInput) (any, error) {
	if in.MapRun != "" || in.Redriv != "" {
		return nil, refuse("ValidationException", "riposte lists executions by stateMachineArn and statusFilter only")
	}
	switch playbook.Status(in.Status) {
	case "", playbook.Running, playbook.Succeeded, playbook.Failed, playbook.TimedOut, playbook.Aborted:
	default:
		return nil, refuse("ValidationException", "1 validation error detected: Value '%s' at 'statusFilter' failed to satisfy constraint: "+
			"Member must satisfy enum value set: [RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED]", in.Status)
	}
	x, _, err := h.machine(ctx, in.ARN)
	if err != nil {
		return nil, err
	}
	limit, err := in.limit()
	if err != nil {
		return nil, err
	}
	of := strings.Join([]string{"executions", x.Name, in.Status}, ":")
	after, err := in.after(of)
	if err != nil {
		return nil, err
	}
	list, err := h.Runtime.List(ctx, playbook.Filter{Playbook: x.Name, Status: playbook.Status(in.Status), Limit: limit, After: after})
	if err != nil {
		if after != "" && fault.CodeOf(err) == fault.NotFound {
			err = invalidToken()
		}
		return nil, err
	}
	out := listExecutionsOutput{Executions: []listedExecution{}}
	for _, s := range list {
		name := executionName(s.ID, s.Rule, string(s.Cause), s.Playbook, s.Undoes)
		out.Executions = append(out.Executions, listedExecution{h.executionARN(s.Playbook, name), h.machineARN(s.Playbook), name, string(s.Status),
			seconds(s.Started), seconds(s.Ended)})
	}
	if len(list) == limit {
		out.NextToken = token{of, list[limit-1].ID}.String()
	}
	return out, nil
}

package stepfunctions

import (
	"context"
	"slices"
	"strconv"

	"riposte.dev/asl"
	"riposte.dev/fault"
	"riposte.dev/playbook"
)

type historyInput struct {
	ARN     string `json:"executionArn"`
	Reverse bool   `json:"reverseOrder"`
	Data    *bool  `json:"includeExecutionData"` // nil: true
	paged
}

type historyOutput struct {
	Events    []asl.HistoryEvent `json:"events"`
	NextToken string             `json:"nextToken,omitempty"`
}

func (h *Handler) getExecutionHistory(ctx context.Context, _ Caller, in historyInput) (any, error) {
	view, err := h.execution(ctx, in.ARN)
	if err != nil {
		return nil, err
	}
	events, err := h.Runtime.History(ctx, view.ID)
	if err != nil {
		return nil, err
	}
	if in.Reverse {
		slices.Reverse(events)
	}
	if in.Data != nil && !*in.Data {
		for i := range events {
			events[i] = events[i].WithoutData()
		}
	}
	part, next, err := page(events, in.paged, "events:"+view.ID+":"+strconv.FormatBool(in.Reverse))
	return historyOutput{part, next}, err
}

type stopInput struct {
	ARN   string `json:"executionArn"`
	Error string `json:"error"`
	Cause string `json:"cause"`
}

type stopOutput struct {
	StopDate float64 `json:"stopDate"`
}

// stopExecution ends an execution. One that has ended is left as it is.
func (h *Handler) stopExecution(ctx context.Context, c Caller, in stopInput) (any, error) {
	view, err := h.execution(ctx, in.ARN)
	if err == nil {
		err = check(member{"error", in.Error, false, maxError}, member{"cause", in.Cause, false, maxCause})
	}
	if err != nil {
		return nil, err
	}
	if err := h.Runtime.Stop(ctx, view.ID, in.Error, in.Cause, c.Name); err != nil && fault.CodeOf(err) != fault.Conflict {
		return nil, err
	}
	if view, err = h.Runtime.Get(ctx, view.ID); err != nil {
		return nil, err
	}
	return stopOutput{seconds(view.Ended)}, nil
}

// Bounds of what callers say of failures.
const (
	maxError = 256
	maxCause = 32768
)

type redriveOutput struct {
	RedriveDate float64 `json:"redriveDate"`
}

func (h *Handler) redriveExecution(ctx context.Context, c Caller, in executionInput) (any, error) {
	view, err := h.execution(ctx, in.ARN)
	if err != nil {
		return nil, err
	}
	if view.Status != playbook.Running && h.Runtime.Open() >= maxOpen {
		return nil, refuse("ExecutionLimitExceeded", "%d executions are under way or wait", maxOpen)
	}
	if err := h.Runtime.Redrive(ctx, view.ID, c.Name); err != nil {
		return nil, named(err, fault.Conflict, "ExecutionNotRedrivable")
	}
	return redriveOutput{seconds(h.Now())}, nil
}

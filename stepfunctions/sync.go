package stepfunctions

import (
	"context"
	"errors"
	"time"

	"riposte.dev/asl"
	"riposte.dev/fault"
	"riposte.dev/playbook"
)

// syncFor is how long a synchronous execution may take, as in AWS.
const syncFor = 5 * time.Minute

const startSync = "StartSyncExecution"

// startSyncExecution starts an execution and answers when it has ended. One that takes too long is stopped.
func (h *Handler) startSyncExecution(ctx context.Context, c Caller, in startInput) (any, error) {
	x, _, err := h.machine(ctx, in.ARN)
	if err != nil {
		return nil, err
	}
	if x.Type != express {
		return nil, refuse("StateMachineTypeNotSupported", "State Machine Type Not Supported: '%s' is not of the type %s", in.ARN, express)
	}
	begun, err := h.start(ctx, c, in)
	if err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, h.syncFor)
	defer cancel()
	view, err := h.Runtime.Wait(bounded, begun.ID)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		view, err = h.tooLong(ctx, c, begun.ID)
	}
	if err != nil {
		return nil, err
	}
	return h.described(view), nil
}

func (h *Handler) tooLong(ctx context.Context, c Caller, id string) (playbook.View, error) {
	err := h.Runtime.Stop(ctx, id, asl.ErrTimeout, "It took longer than a synchronous execution may.", c.Name)
	if err != nil && fault.CodeOf(err) != fault.Conflict {
		return playbook.View{}, err
	}
	view, err := h.Runtime.Get(ctx, id)
	if view.Status == playbook.Aborted { // the API has no such status of a synchronous execution
		view.Status = playbook.TimedOut
	}
	return view, err
}

package stepfunctions

import (
	"context"
	"encoding/json"
	"errors"

	"riposte.dev/asl"
	"riposte.dev/playbook"
)

// maxToken is AWS's bound of a task's token.
const maxToken = 2048

type successInput struct {
	Token  string `json:"taskToken"`
	Output string `json:"output"`
}

func (h *Handler) sendTaskSuccess(ctx context.Context, c Caller, in successInput) (any, error) {
	return h.signal(ctx, playbook.Signal{Token: in.Token, Output: json.RawMessage(in.Output), By: c.Name}, member{"output", in.Output, true, asl.MaxData})
}

type failureInput struct {
	Token string `json:"taskToken"`
	Error string `json:"error"`
	Cause string `json:"cause"`
}

func (h *Handler) sendTaskFailure(ctx context.Context, c Caller, in failureInput) (any, error) {
	return h.signal(ctx, playbook.Signal{Token: in.Token, Failed: true, Error: in.Error, Cause: in.Cause, By: c.Name},
		member{"error", in.Error, false, maxError}, member{"cause", in.Cause, false, maxCause})
}

type heartbeatInput struct {
	Token string `json:"taskToken"`
}

func (h *Handler) sendTaskHeartbeat(ctx context.Context, c Caller, in heartbeatInput) (any, error) {
	return h.signal(ctx, playbook.Signal{Token: in.Token, Beat: true, By: c.Name})
}

func (h *Handler) signal(ctx context.Context, s playbook.Signal, members ...member) (any, error) {
	if err := check(append(members, member{"taskToken", s.Token, true, maxToken})...); err != nil {
		return nil, err
	}
	err := h.Runtime.Signal(ctx, s)
	for _, name := range []struct {
		is   error
		name string
	}{{playbook.ErrInvalidToken, "InvalidToken"}, {playbook.ErrInvalidOutput, "InvalidOutput"},
		{playbook.ErrTaskTimedOut, "TaskTimedOut"}, {playbook.ErrNoSuchTask, "TaskDoesNotExist"}} {
		if errors.Is(err, name.is) {
			return nil, refuse(name.name, "%s: '%s'", name.name, err)
		}
	}
	return struct{}{}, err
}

package playbook

import (
	"context"
	"time"

	"riposte.dev/asl"
	"riposte.dev/fault"
)

// StateMachine is a definition that somebody created by Step Functions' API, as it is in force.
type StateMachine struct {
	Name       string
	Type       string // STANDARD or EXPRESS
	Role       string // ARN; it is kept and shown, and nobody acts as it
	Definition string // as it was given
	Hash       string // of the machine that Definition is
	Revision   string // identifies Definition and Role
	Tags       map[string]string
	Created    time.Time
	Updated    time.Time
}

// StepFunctionsRule stands for a rule in executions that somebody started by Step Functions' API. No rule can have such an id.
const StepFunctionsRule = "states:StartExecution"

// Named is what Step Functions' API calls an execution and its state machine; the context object shows it.
type Named struct {
	Execution string `json:"execution"` // ARN
	Name      string `json:"name"`
	Machine   string `json:"machine"` // ARN
	Role      string `json:"role,omitempty"`
	Revision  string `json:"revision,omitempty"`
}

// StartMachine is Start with a state machine that is not one of the definitions.
func (r *Runtime) StartMachine(ctx context.Context, s Start, m *asl.Machine) (id string, started bool, err error) {
	if s.Rule == "" || s.Cause == "" {
		return "", false, fault.New(fault.Invalid, "an execution needs a rule and a cause")
	}
	id = ID(s.Rule, string(s.Cause))
	started, err = r.begin(ctx, id, s, m)
	return id, started, err
}

// Open returns how many executions are under way or wait.
func (r *Runtime) Open() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.live)
}

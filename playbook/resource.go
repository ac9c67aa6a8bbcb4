package playbook

import (
	"context"
	"encoding/json"
	"time"

	"riposte.dev/action"
	"riposte.dev/asl"
)

// Resources knows the resources of Step Functions, by which playbooks make calls of their own.
type Resources interface {
	// Resource finds what a Task's Resource names; fault.NotFound, with what there is, otherwise.
	Resource(name string) (Resource, error)
	// ReadItems reads the items of a distributed Map. Its errors are those of a call.
	ReadItems(ctx context.Context, c TaskCall, r asl.Reader) ([]json.RawMessage, error)
	// Writer returns the call that writes a distributed Map's results.
	Writer(w asl.Writer, results []asl.MapResult) Resource
}

// Resource is a call that a playbook makes by itself. Implementations are safe for concurrent use.
//
// Errors of a call that Retry and Catch are to see under a name of their own have a method TaskError() (name, cause string).
type Resource interface {
	// Spec describes the call to people, to the guard and to the policy generator. Its Name is what guard.allow names.
	Spec() action.Spec
	// Parameters are the names of those that the call takes, in any case; nil: it takes any value.
	Parameters() []string
	// Waits says what the task waits for after the call.
	Waits() Waits
	// Plan reads the arguments and says what the call would change. It changes nothing; it may look. Wrong arguments are fault.Invalid.
	Plan(ctx context.Context, c TaskCall) (Planned, error)
	// Call makes the call and returns the task's output.
	Call(ctx context.Context, c TaskCall) (json.RawMessage, error)
	// Repeatable reports whether the service knows the call again, so that one that a crash has interrupted may be made once more.
	Repeatable(ctx context.Context, c TaskCall) bool
	// Look asks whether what a call of a resource that waits UntilOver began is over; begun is what Call returned.
	Look(ctx context.Context, c TaskCall, begun json.RawMessage) (output json.RawMessage, over bool, err error)
}

// Waits says what a task waits for after its call.
type Waits string

// The patterns of service integrations.
const (
	NotAtAll    Waits = ""       // the answer is the task's output
	UntilOver   Waits = "over"   // what the call began: .sync
	UntilSignal Waits = "signal" // somebody who has the task's token: .waitForTaskToken
)

// TaskCall is what a task gives a resource.
type TaskCall struct {
	Arguments json.RawMessage
	Role      string    // ARN of the role of the task's Credentials; "": riposte's own
	Key       string    // the same for the same effect of the same execution, also after a crash
	Execution string    // id
	Began     time.Time // when the call was first about to be made; zero before that
}

// Planned is what a call would do.
type Planned struct {
	Reads bool         // it changes nothing; it is made in every mode, and there is no plan
	Plan  *action.Plan // its items are what the call names; they are changed together or not at all
}

package stepfunctions

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"riposte.dev/asl"
	"riposte.dev/conf"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
)

// maxBody bounds a request: a definition has up to 1 MiB, which JSON escaping can double.
const maxBody = 2*asl.MaxDefinition + 64<<10

// Prefix is what X-Amz-Target begins with.
const Prefix = "AWSStepFunctions."

// Caller is who asks.
type Caller struct {
	Name    string // of the key
	Account string // that the key belongs to; "" for the owner of the data folder
	Region  string // that the request was signed for; "" without a signature
}

// Runtime runs executions and knows them; see playbook.Runtime.
type Runtime interface {
	StartMachine(ctx context.Context, s playbook.Start, m *asl.Machine) (id string, started bool, err error)
	Open() int
	Get(ctx context.Context, id string) (playbook.View, error)
	List(ctx context.Context, f playbook.Filter) ([]playbook.Summary, error)
	History(ctx context.Context, id string) ([]asl.HistoryEvent, error)
	Wait(ctx context.Context, id string) (playbook.View, error)
	Stop(ctx context.Context, id, name, cause, by string) error
	Redrive(ctx context.Context, id, by string) error
	Signal(ctx context.Context, s playbook.Signal) error
	DryRun(ctx context.Context, s playbook.Start) func(asl.Command) asl.Mock
}

// Machines keeps state machines and tells the audit record of each change. Get, Update and Delete answer fault.NotFound where
// there is none of the name, Create fault.Conflict where there is one.
type Machines interface {
	Create(ctx context.Context, x playbook.StateMachine, by string) (playbook.StateMachine, error)
	Update(ctx context.Context, x playbook.StateMachine, by string) (playbook.StateMachine, error)
	Delete(ctx context.Context, name, by string) error
	Get(ctx context.Context, name string) (playbook.StateMachine, error)
	List(ctx context.Context) ([]playbook.StateMachine, error) // by name
}

// Options are the parts of a Handler; all are required but Account and Region.
type Options struct {
	Runtime   Runtime
	Machines  Machines
	Playbooks func() map[string]*asl.Machine // of the configuration, now
	Since     time.Time                      // when the configuration's playbooks came, as far as clients are told
	Mode      func() guard.Mode              // in which executions are started
	Check     func(*asl.Machine) error       // conf.Problems: what keeps a machine from running here
	Caller    func(*http.Request) Caller
	NewID     func() string // a new UUID
	Now       func() time.Time
	Region    string // of ARNs; "": us-east-1
	Account   string // of ARNs; "": 000000000000
}

// Need is what a caller needs to be allowed to use an operation.
type Need string

// What callers need.
const (
	ToRead    Need = "read"
	ToRespond Need = "respond"
	ToChange  Need = "admin"
)

// Handler serves Step Functions' API.
type Handler struct {
	Options
	operations map[string]operation
	syncFor    time.Duration
}

type operation struct {
	need Need
	run  func(ctx context.Context, c Caller, body []byte) (any, error)
}

// of makes an operation of a function that takes its input.
func of[In any](need Need, run func(context.Context, Caller, In) (any, error)) operation {
	return operation{need, func(ctx context.Context, c Caller, body []byte) (any, error) {
		var in In
		if err := jsonv2.Unmarshal(body, &in); err != nil {
			return nil, &apiError{http.StatusBadRequest, "SerializationException", err.Error()}
		}
		return run(ctx, c, in)
	}}
}

// New returns a handler.
func New(o Options) *Handler {
	o.Region, o.Account = cmp.Or(o.Region, "us-east-1"), cmp.Or(o.Account, "000000000000")
	h := &Handler{Options: o, syncFor: syncFor}
	h.operations = map[string]operation{
		"CreateStateMachine":               of(ToChange, h.createStateMachine),
		"UpdateStateMachine":               of(ToChange, h.updateStateMachine),
		"DeleteStateMachine":               of(ToChange, h.deleteStateMachine),
		"DescribeStateMachine":             of(ToRead, h.describeStateMachine),
		"DescribeStateMachineForExecution": of(ToRead, h.describeStateMachineForExecution),
		"ListStateMachines":                of(ToRead, h.listStateMachines),
		"ListTagsForResource":              of(ToRead, h.listTagsForResource),
		"ValidateStateMachineDefinition":   of(ToRead, h.validate),
		"StartExecution":                   of(ToRespond, h.startExecution),
		startSync:                          of(ToRespond, h.startSyncExecution),
		"TestState":                        of(ToChange, h.testState), // it runs whatever definition, with riposte's permissions to read
		"DescribeExecution":                of(ToRead, h.describeExecution),
		"ListExecutions":                   of(ToRead, h.listExecutions),
		"GetExecutionHistory":              of(ToRead, h.getExecutionHistory),
		"StopExecution":                    of(ToRespond, h.stopExecution),
		"RedriveExecution":                 of(ToRespond, h.redriveExecution),
		"SendTaskSuccess":                  of(ToRespond, h.sendTaskSuccess),
		"SendTaskFailure":                  of(ToRespond, h.sendTaskFailure),
		"SendTaskHeartbeat":                of(ToRespond, h.sendTaskHeartbeat),
	}
	return h
}

// Need says what the operation that X-Amz-Target names takes. One that does not exist may be asked for by who may read.
func (h *Handler) Need(target string) Need {
	return cmp.Or(h.operations[strings.TrimPrefix(target, Prefix)].need, ToRead)
}

// ServeHTTP answers an authenticated request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), Prefix)
	answer, err := h.answer(w, r, name)
	if err != nil {
		api := asAPIError(err)
		h.write(w, api.status, map[string]string{"__type": api.code, "message": api.message})
		return
	}
	h.write(w, http.StatusOK, answer)
}

func (h *Handler) answer(w http.ResponseWriter, r *http.Request, name string) (any, error) {
	op, ok := h.operations[name]
	if !ok {
		hint := conf.Suggest(name, slices.Sorted(maps.Keys(h.operations)))
		return nil, &apiError{http.StatusBadRequest, "UnknownOperationException", "riposte has no operation " + name + " of Step Functions: " + hint}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, fault.New(fault.TooLarge, "the request has more than %d bytes", maxBody)
	}
	if err != nil {
		return nil, fault.New(fault.Unavailable, "reading the request: %w", err)
	}
	if name == startSync { // it may take longer than the server gives others; where the deadline stays, the client is cut off
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(h.syncFor + time.Minute))
	}
	return op.run(r.Context(), h.Caller(r), body)
}

func (h *Handler) write(w http.ResponseWriter, status int, answer any) {
	body, err := json.Marshal(answer)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"__type":"InternalFailure"}`)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("X-Amzn-Requestid", h.NewID())
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone when this fails; there is nobody left to tell
}

// seconds is a time as the protocol has it.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

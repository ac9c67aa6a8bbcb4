// Package program has the action that runs a program of the host: the last resort for what neither AWS nor HTTP reaches.
//
// Start at [NewRun]. What can be run is in the configuration alone ([Config]); a playbook names it and gives it input. A program gets
// one JSON object on its standard input:
//
//	{"version": 1, "id": "…", "account": "111122223333", "region": "eu-west-1", "input": …, "output": …}
//
// and answers with one JSON value, or nothing, on its standard output. id is the same where the same is run again after a crash;
// output is there for a program that takes back what another did, whose answer it is.
package program

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"riposte.dev/action"
	"riposte.dev/fault"
)

const (
	service   = "program"
	operation = "Run"
	arnPrefix = "arn:riposte:program:::"
)

type run struct {
	programs map[string]Config
	now      func() time.Time
}

var _ action.Action = run{}

// NewRun returns the action program.run, for the programs of the configuration, which [Check] has found to be right.
func NewRun(programs map[string]Config, now func() time.Time) action.Action {
	a := run{map[string]Config{}, now}
	for name, c := range programs {
		a.programs[name] = c.withDefaults()
	}
	return a
}

// Spec describes the action.
func (run) Spec() action.Spec {
	return action.Spec{
		Name:  "program.run",
		Title: "Run a program of the host",
		Description: "Runs a program that the configuration names (programs), without a shell, with JSON in and out, within a time, and kills all that it " +
			"started then. After a crash it may be run twice, with the same id. The undo runs the program that the configuration names as its undo, " +
			"with what it answered; without one it is left to people.",
		Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["program"], "properties": {
    "program": {"type": "string", "minLength": 1, "description": "name of the program in the configuration; never a path"},
    "input": {"description": "any JSON that it gets as the member input"}}}`),
		Effect: action.AtLeastOnce, Evidence: action.EventEvidence, Outside: true,
	}
}

// stdin is what a program reads.
type stdin struct {
	Version int             `json:"version"` // 1
	ID      string          `json:"id"`
	Account string          `json:"account"`
	Region  string          `json:"region"`
	Input   json.RawMessage `json:"input,omitempty"`
	Output  json.RawMessage `json:"output,omitempty"`
}

// planned is the input of the planned call.
type planned struct {
	Program string   `json:"program"`
	Path    string   `json:"path"`
	Args    []string `json:"args,omitempty"`
	Stdin   stdin    `json:"stdin"`
}

// program returns the one of that name, after a look at its file.
func (a run) program(name string) (Config, error) {
	c, there := a.programs[name]
	if !there {
		return c, fault.New(fault.NotFound, "there is no program %q", name).
			WithHint("name one under programs in riposte.yaml; the configuration has %s", cmp.Or(strings.Join(slices.Sorted(maps.Keys(a.programs)), ", "), "none"))
	}
	return c, c.look()
}

// Plan shows what would be run.
func (a run) Plan(_ context.Context, req action.Request) (*action.Plan, error) {
	if err := req.Check(); err != nil {
		return nil, err
	}
	var p struct {
		Program string          `json:"program"`
		Input   json.RawMessage `json:"input"`
	}
	if err := action.DecodeParams(req.Params, &p); err != nil {
		return nil, err
	}
	if p.Program == "" {
		return nil, fault.New(fault.Invalid, "no program is named").WithHint(`give {"program": "block-at-firewall", "input": {"address": "203.0.113.7"}}`)
	}
	c, err := a.program(p.Program)
	if err != nil {
		return nil, err
	}
	why := "The playbook asks for it. It can't be taken back: the configuration names no undo for it."
	if c.Undo != "" {
		why = "The playbook asks for it. The program " + c.Undo + " takes it back."
	}
	item := action.Item{ID: arnPrefix + p.Program, Resource: action.Resource{Type: "Riposte::Program", ARN: arnPrefix + p.Program, Name: p.Program, Account: req.Account, Region: req.Region}}
	return a.plan(item, p.Program, c, stdin{Version: 1, ID: action.EffectID(req), Account: req.Account, Region: req.Region, Input: p.Input}, why, false)
}

func (a run) plan(item action.Item, name string, c Config, in stdin, why string, done bool) (*action.Plan, error) {
	input, err := json.Marshal(planned{name, c.Path, c.Args, in})
	if err != nil {
		return nil, fault.New(fault.Invalid, "the input of %s can't be written: %w", name, err)
	}
	r := item.Resource
	states := map[bool]json.RawMessage{false: json.RawMessage(`{"done":false}`), true: json.RawMessage(`{"done":true}`)}
	item.Status, item.Reason, item.Before, item.After = action.Change, why, states[done], states[!done]
	item.Calls = []action.Call{{Service: service, Operation: operation, Account: r.Account, Region: r.Region, Input: input}}
	return &action.Plan{Action: "program.run", Account: r.Account, Region: r.Region, Items: []action.Item{item}}, nil
}

// Apply runs the program.
func (a run) Apply(ctx context.Context, item action.Item) ([]action.Receipt, error) {
	return action.ApplyCalls(ctx, item, func(ctx context.Context, call action.Call) error {
		var p planned
		if err := json.Unmarshal(call.Input, &p); err != nil || call.Service != service || call.Operation != operation {
			return fault.New(fault.Invalid, "the planned call %s:%s can't be made", call.Service, call.Operation).WithHint("make the plan again")
		}
		c, there := a.programs[p.Program]
		if !there || c.Path != p.Path || !slices.Equal(c.Args, p.Args) {
			return fault.New(fault.Conflict, "the program %s was changed in the configuration after the plan was made", p.Program).WithHint("make the plan again")
		}
		input, err := json.Marshal(p.Stdin)
		if err != nil {
			return fault.New(fault.Internal, "write the input of %s: %w", p.Program, err)
		}
		receipt := action.Receipt{Service: service, Operation: operation, Region: call.Region, At: a.now().UTC()}
		got, err := c.run(ctx, p.Program, append(input, '\n'))
		receipt.Output, receipt.Said = got.output, got.said
		if err == nil || !got.ran {
			receipt.RequestID = requestID() // without one nobody knows what it has done until it failed
		}
		if err != nil {
			receipt.Error = err.Error()
		}
		action.Note(ctx, receipt)
		return err
	})
}

func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

// Verify goes by how the program ended.
func (run) Verify(_ context.Context, item action.Item) error { return action.Answered(item) }

// Undo plans to run the program that takes it back.
func (a run) Undo(_ context.Context, applied action.Item) (*action.Plan, error) {
	item := action.Item{ID: applied.ID, Resource: applied.Resource}
	name := strings.TrimPrefix(applied.Resource.ARN, arnPrefix)
	left := func(why string) (*action.Plan, error) {
		item.Status, item.Reason = action.Escalated, why
		return &action.Plan{Action: "program.run", Account: item.Resource.Account, Region: item.Resource.Region, Items: []action.Item{item}}, nil
	}
	back := a.programs[name].Undo
	if back == "" {
		return left("The configuration names no program that takes back what " + name + " did: do it by hand.")
	}
	var p planned
	if len(applied.Calls) != 1 || json.Unmarshal(applied.Calls[0].Input, &p) != nil {
		return nil, fault.New(fault.Invalid, "what %s was run with can't be read", name)
	}
	c, err := a.program(back)
	if err != nil {
		return nil, err
	}
	in := p.Stdin
	for _, r := range applied.Receipts {
		if r.Output != nil {
			in.Output = r.Output
		}
	}
	return a.plan(item, back, c, in, "Runs "+back+", which takes back what "+name+" did.", true)
}

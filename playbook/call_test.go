package playbook_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/asl"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
)

// phone is a service of which playbooks make calls: fake:look reads, fake:ring calls numbers, fake:ringOnce knows a call again,
// fake:ring.sync is over when it was looked at three times.
type phone struct {
	mu      sync.Mutex
	rung    []string // keys of calls that were made
	roles   []string
	looks   int
	fail    error
	during  func() // in the middle of a call
	running int    // looks until a .sync is over
	written []asl.MapResult
}

var _ playbook.Resources = (*phone)(nil)

func (p *phone) Resource(name string) (playbook.Resource, error) {
	rest, ok := strings.CutPrefix(name, "arn:aws:states:::fake:")
	if !ok {
		return nil, fault.New(fault.NotFound, "riposte has no resource %q", name)
	}
	return line{p, rest}, nil
}

func (p *phone) ReadItems(_ context.Context, c playbook.TaskCall, r asl.Reader) ([]json.RawMessage, error) {
	return []json.RawMessage{c.Arguments, json.RawMessage(fmt.Sprintf("%q", r.InputType))}, nil
}

func (p *phone) Writer(_ asl.Writer, results []asl.MapResult) playbook.Resource {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.written = results
	return line{p, "ringOnce"}
}

func (p *phone) made() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.rung)
}

type line struct {
	*phone
	name string
}

func (l line) Spec() action.Spec {
	base, _, _ := strings.Cut(l.name, ".")
	return action.Spec{Name: "fake:" + base, Permissions: []string{"fake:Ring"}, Effect: action.AtLeastOnce, Irreversible: "It rang.", Foreign: true}
}

func (l line) Parameters() []string {
	if l.name == "look" {
		return nil
	}
	return []string{"Numbers", "Token"}
}

func (l line) Waits() playbook.Waits {
	switch _, pattern, _ := strings.Cut(l.name, "."); pattern {
	case "sync":
		return playbook.UntilOver
	case "waitForTaskToken":
		return playbook.UntilSignal
	default:
		return playbook.NotAtAll
	}
}

func (l line) Plan(_ context.Context, c playbook.TaskCall) (playbook.Planned, error) {
	if l.name == "look" {
		return playbook.Planned{Reads: true}, nil
	}
	var in struct{ Numbers []string }
	if err := json.Unmarshal(c.Arguments, &in); err != nil || len(in.Numbers) == 0 {
		return playbook.Planned{}, fault.New(fault.Invalid, "there are no Numbers")
	}
	plan := &action.Plan{Action: l.Spec().Name, Account: "111122223333", Region: "eu-west-1"}
	for _, n := range in.Numbers {
		plan.Items = append(plan.Items, action.Item{ID: n, Status: action.Change, Reason: "The playbook rings.",
			Resource: action.Resource{ARN: "arn:aws:fake:eu-west-1:111122223333:number/" + n, Name: n, Account: "111122223333", Region: "eu-west-1"},
			Calls:    []action.Call{{Service: "fake", Operation: "Ring", Account: "111122223333", Role: c.Role, Input: c.Arguments}}})
	}
	return playbook.Planned{Plan: plan}, nil
}

// named is an error with a name of its own.
type named struct{ name string }

func (n named) Error() string                   { return n.name }
func (n named) TaskError() (name, cause string) { return n.name, "it is so" }

func (l line) Call(ctx context.Context, c playbook.TaskCall) (json.RawMessage, error) {
	if err := action.Permitted(ctx); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.name == "look" {
		l.looks++
	} else if l.name != "ringOnce" || !slices.Contains(l.rung, c.Key) {
		l.rung = append(l.rung, c.Key)
	}
	l.roles = append(l.roles, c.Role)
	action.Note(ctx, action.Receipt{Service: "fake", Operation: "Ring", RequestID: fmt.Sprintf("ring-%d-%d", len(l.rung), len(l.roles)), At: time.Unix(1_700_000_000, 0)})
	if l.during != nil {
		l.during()
	}
	return json.RawMessage(`{"Answer":"hello"}`), l.fail
}

func (l line) Repeatable(context.Context, playbook.TaskCall) bool { return l.name == "ringOnce" }

func (l line) Look(_ context.Context, _ playbook.TaskCall, begun json.RawMessage) (json.RawMessage, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running--; l.running > 0 {
		return nil, false, nil
	}
	return json.RawMessage(`{"After":` + string(begun) + `}`), true, l.fail
}

const ring = `
StartAt: Ring
States:
  Ring:
    Type: Task
    Resource: arn:aws:states:::fake:RESOURCE
    Parameters: {Numbers.$: $.names}
    Catch: [{ErrorEquals: [States.ALL], Next: Failed}]
    End: true
  Failed: {Type: Pass, End: true}
`

func ringing(resource string) string { return strings.Replace(ring, "RESOURCE", resource, 1) }

// refusing lets only the named numbers pass.
type refusing struct {
	plainGuard
	let    []string
	paused error
	done   []action.Item
}

func (g *refusing) Decide(ctx context.Context, p guard.Proposal) (guard.Decision, error) {
	d, err := g.plainGuard.Decide(ctx, p)
	for i := range d.Plan.Items {
		if item := &d.Plan.Items[i]; !slices.Contains(g.let, item.Resource.Name) {
			item.Status, item.Reason, item.Calls = action.Escalated, "It is protected.", nil
		}
	}
	return d, err
}

func (g *refusing) MayCall(context.Context, guard.Proposal, action.Resource) error { return g.paused }
func (g *refusing) Done(_ guard.Proposal, item action.Item)                        { g.done = append(g.done, item) }

func TestCallsOfPlaybooks(t *testing.T) {
	const dryRun = `"status":"dry-run"`
	tests := []struct {
		name, resource string
		mode           guard.Mode
		guard          playbook.Guard
		fail           error
		output         string // contains
		made           int
		status         action.Status // of the first item
	}{
		{"called", "ring", guard.Auto, nil, nil, `{"Answer":"hello"}`, 1, action.Changed},
		{"shown", "ring", guard.DryRun, nil, nil, dryRun, 0, action.Change},
		{"reads in every mode", "look", guard.DryRun, nil, nil, `{"Answer":"hello"}`, 0, ""},
		{"fails under its name", "ring", guard.Auto, nil, named{"Phone.Busy"}, `{"Error":"Phone.Busy","Cause":"it is so"}`, 1, action.Failed},
		{"fails without a name", "ring", guard.Auto, nil, errors.New("broken"), `"Error":"Riposte.ActionFailed"`, 1, action.Failed},
		{"may not assume the role", "ring", guard.Auto, nil, fault.New(fault.Denied, "no"), `"Error":"States.Permissions"`, 1, action.Failed},
		{"the guard refuses all", "ring", guard.Auto, &refusing{}, nil, `"Error":"Riposte.NotPermitted"`, 0, action.Escalated},
		{"the guard refuses one of two", "ring", guard.Auto, &refusing{let: []string{"110"}}, nil, "The call names 112 too", 0, action.Escalated},
		{"paused meanwhile", "ring", guard.Auto, &refusing{let: []string{"110", "112"}, paused: fault.New(fault.Denied, "paused")}, nil, `"Error":"Riposte.NotPermitted"`, 0, action.Escalated},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			r.phone = &phone{fail: tt.fail}
			if tt.guard != nil {
				r.guard = tt.guard
			}
			p := r.boot(ringing(tt.resource), r.journal, nil)
			p.resume(t)
			v := p.run(t, start(tt.mode, "110", "112"))
			if v.Status != playbook.Succeeded || !strings.Contains(string(v.Output), tt.output) || len(r.phone.made()) != tt.made {
				t.Errorf("%s %s after %d calls", v.Status, v.Output, len(r.phone.made()))
			}
			if v.Undoable {
				t.Error("nobody knows what would take it back")
			}
			if tt.status == "" {
				return
			}
			effect := v.Visits[0].Tries[0].Effect
			if got := effect.Plan.Items; len(got) != 2 || got[0].Status != tt.status || got[1].Status == action.Changed != (tt.status == action.Changed) {
				t.Errorf("items %+v", got)
			}
			if tt.made == 1 && (len(effect.Plan.Items[0].Receipts) != 1 || v.Visits[0].Tries[0].Intent == nil) {
				t.Errorf("effect %+v", effect)
			}
		})
	}
}

func TestCallsWaitForApproval(t *testing.T) {
	r := newRig(t)
	r.phone = &phone{}
	p := r.boot(ringing("ring"), r.journal, nil)
	p.resume(t)
	q := p.ask(t, r, start(guard.Approve, "110"))
	if len(r.phone.made()) != 0 || q.Plan.Action != "fake:ring" {
		t.Fatalf("asked about %+v after %v", q.Plan, r.phone.made())
	}
	p.says(t, q, "ana", true)
	if v := p.end(t, q.Execution); string(v.Output) != `{"Answer":"hello"}` || len(r.phone.made()) != 1 {
		t.Errorf("%s %s", v.Status, v.Output)
	}
	q = func() playbook.Approval {
		s := start(guard.Approve, "112")
		s.Cause = "cause-2"
		if _, _, err := p.Start(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		return r.question(t, 2)
	}()
	p.says(t, q, "ana", false)
	if v := p.end(t, q.Execution); !strings.Contains(string(v.Output), "Riposte.NotPermitted") || len(r.phone.made()) != 1 {
		t.Errorf("%s %s", v.Status, v.Output)
	}
}

// A crash in the middle of a call: it is made once more where the service knows it again; else the task says that it may have been
// made.
func TestCallsThatACrashInterrupts(t *testing.T) {
	for resource, want := range map[string]string{"ringOnce": `{"Answer":"hello"}`, "ring": "Riposte.CallMayHaveBeenMade"} {
		t.Run(resource, func(t *testing.T) {
			r := newRig(t)
			r.phone = &phone{}
			cut := &cutJournal{Journal: r.journal}
			first := r.boot(ringing(resource), cut, nil)
			first.resume(t)
			r.phone.during = cut.cut
			id, _, err := first.Start(t.Context(), start(guard.Auto, "110"))
			if err != nil {
				t.Fatal(err)
			}
			eventually(t, "the call", func() bool { return len(r.phone.made()) == 1 })
			first.kill()
			r.phone.during = nil
			second := r.boot(ringing(resource), r.journal, nil)
			second.resume(t)
			v := second.end(t, id)
			if v.Status != playbook.Succeeded || !strings.Contains(string(v.Output), want) || len(r.phone.made()) != 1 {
				t.Errorf("%s %s after %d calls", v.Status, v.Output, len(r.phone.made()))
			}
			effect := v.Visits[0].Tries[0].Effect
			if !effect.Recovered || len(effect.Lost) == 0 {
				t.Errorf("effect %+v", effect)
			}
		})
	}
}

// cutJournal takes nothing any more after cut, as if the process had died.
type cutJournal struct {
	playbook.Journal
	mu   sync.Mutex
	gone bool
}

func (c *cutJournal) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = true
}

func (c *cutJournal) Append(ctx context.Context, id string, expected uint64, records ...[]byte) (uint64, error) {
	c.mu.Lock()
	gone := c.gone
	c.mu.Unlock()
	if gone {
		return 0, fault.New(fault.Unavailable, "the process died")
	}
	return c.Journal.Append(ctx, id, expected, records...)
}

func TestCallsAsARole(t *testing.T) {
	r := newRig(t)
	r.phone = &phone{}
	text := strings.Replace(ringing("ring"), "    Parameters:", "    Credentials: {RoleArn.$: $.role}\n    Parameters:", 1)
	p := r.boot(text, r.journal, nil)
	p.resume(t)
	s := start(guard.Auto, "110")
	s.Input = json.RawMessage(`{"names":["110"],"role":"arn:aws:iam::444455556666:role/respond"}`)
	v := p.run(t, s)
	if v.Status != playbook.Succeeded || len(r.phone.roles) != 1 || r.phone.roles[0] != "arn:aws:iam::444455556666:role/respond" {
		t.Errorf("%s %s %q", v.Status, v.Output, r.phone.roles)
	}
	s.Cause, s.Input = "cause-2", json.RawMessage(`{"names":["110"],"role":""}`)
	if v := p.run(t, s); !strings.Contains(string(v.Output), "Riposte.InvalidInput") {
		t.Errorf("no role: %s", v.Output)
	}
}

// A task that waits for what its call began looks again and again, also after a restart.
func TestCallsUntilOver(t *testing.T) {
	for name, fail := range map[string]error{`{"After":{"Answer":"hello"}}`: nil, "Phone.Busy": named{"Phone.Busy"}} {
		r := newRig(t)
		r.phone = &phone{running: 1 << 40}
		first := r.boot(ringing("ring.sync"), r.journal, nil)
		first.resume(t)
		id, _, err := first.Start(t.Context(), start(guard.Auto, "110"))
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "the call", func() bool { return len(r.phone.made()) == 1 })
		first.kill()
		r.phone.mu.Lock()
		r.phone.fail, r.phone.running = fail, 1
		r.phone.mu.Unlock()
		second := r.boot(ringing("ring.sync"), r.journal, nil)
		second.resume(t)
		v := second.end(t, id)
		if v.Status != playbook.Succeeded || !strings.Contains(string(v.Output), name) || len(r.phone.made()) != 1 {
			t.Errorf("%s %s after %d calls", v.Status, v.Output, len(r.phone.made()))
		}
		if len(v.Plans) != 1 || v.Plans[0].Items[0].Status != action.Changed {
			t.Errorf("plans %+v", v.Plans)
		}
	}
}

// A task that hands out its token waits until somebody signals; what is only shown waits for nobody.
func TestCallsUntilSignal(t *testing.T) {
	r := newRig(t)
	r.phone = &phone{}
	text := strings.Replace(ringing("ring.waitForTaskToken"), "Numbers.$: $.names", "Numbers.$: $.names, Token.$: $$.Task.Token", 1)
	p := r.boot(text, r.journal, nil)
	p.resume(t)
	id, _, err := p.Start(t.Context(), start(guard.Auto, "110"))
	if err != nil {
		t.Fatal(err)
	}
	var in struct{ Token string }
	eventually(t, "the call", func() bool {
		v, err := p.Get(t.Context(), id)
		if err != nil || len(v.Visits[0].Tries) == 0 || json.Unmarshal(v.Visits[0].Tries[0].Arguments, &in) != nil {
			return false
		}
		return len(r.phone.made()) == 1 && in.Token != ""
	})
	eventually(t, "the signal is taken", func() bool {
		return p.Signal(t.Context(), playbook.Signal{Token: in.Token, Output: json.RawMessage(`{"by":"ana"}`), By: "ana"}) == nil
	})
	if v := p.end(t, id); string(v.Output) != `{"by":"ana"}` || len(v.Plans) != 1 || v.Plans[0].Items[0].Status != action.Changed {
		t.Errorf("%s %s %+v", v.Status, v.Output, v.Plans)
	}
	s := start(guard.DryRun, "110")
	s.Cause = "cause-2"
	if v := p.run(t, s); !strings.Contains(string(v.Output), `"status":"dry-run"`) || len(r.phone.made()) != 1 {
		t.Errorf("dry run: %s %s", v.Status, v.Output)
	}
}

// A Map's items are read and its results written by way of the resources.
func TestMapsOverStorage(t *testing.T) {
	const text = `
StartAt: Each
States:
  Each:
    Type: Map
    ItemReader: {Resource: "arn:aws:states:::s3:getObject", ReaderConfig: {InputType: JSON}, Parameters: {Bucket: b, Key: k}}
    ItemProcessor:
      ProcessorConfig: {Mode: DISTRIBUTED, ExecutionType: STANDARD}
      StartAt: One
      States: {One: {Type: Pass, End: true}}
    ResultWriter: {Resource: "arn:aws:states:::s3:putObject", Parameters: {Numbers: ["110"]}}
    End: true
`
	for mode, want := range map[guard.Mode]string{guard.Auto: `{"Answer":"hello"}`, guard.DryRun: `"status":"dry-run"`} {
		r := newRig(t)
		r.phone = &phone{}
		p := r.boot(text, r.journal, nil)
		p.resume(t)
		v := p.run(t, start(mode, "x"))
		if v.Status != playbook.Succeeded || !strings.Contains(string(v.Output), want) || len(r.phone.written) != 2 ||
			string(r.phone.written[0].Output) != `{"Bucket":"b","Key":"k"}` || string(r.phone.written[1].Output) != `"JSON"` {
			t.Errorf("%s: %s %s %s %s after %+v", mode, v.Status, v.Output, v.Error, v.Why, r.phone.written)
		}
	}
}

// A rehearsal makes the calls that read, and shows the others.
func TestRehearseCalls(t *testing.T) {
	const text = `
StartAt: Look
States:
  Look: {Type: Task, Resource: "arn:aws:states:::fake:look", ResultPath: $.look, Next: Ring}
  Ring: {Type: Task, Resource: "arn:aws:states:::fake:ring", Parameters: {Numbers: ["110", "112"]}, ResultPath: $.ring, Next: Wrong}
  Wrong:
    Type: Task
    Resource: arn:aws:states:::fake:ring
    Parameters: {}
    Catch: [{ErrorEquals: [Riposte.InvalidInput], Next: Done}]
    End: true
  Done: {Type: Succeed}
`
	p := &phone{}
	r := playbook.Rehearse(t.Context(), machine(t, text), nil, p, playbook.Start{Input: json.RawMessage(`{}`)}, time.Unix(1_700_000_000, 0))
	if r.Status != asl.Succeeded || p.looks != 1 || len(p.made()) != 0 || len(r.Plans) != 1 || len(r.Plans[0].Items) != 2 || len(r.Failed) != 1 {
		t.Errorf("%+v after %d looks and %v", r, p.looks, p.made())
	}
}

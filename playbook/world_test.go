package playbook_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/asl"
	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
	"riposte.dev/playbook/playbooktest"
)

// clock is a time that moves only when somebody waits for it: After jumps there at once.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	limit time.Duration // of waits that pass; 0: half a minute
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// advance moves the clock.
func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// After lets short waits pass at once, and moves the clock. Waits of more than half a minute are the bounds of tasks: they
// never pass.
func (c *clock) After(d time.Duration) <-chan time.Time {
	bell := make(chan time.Time, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if d > cmp.Or(c.limit, 30*time.Second) {
		return bell
	}
	c.now = c.now.Add(max(d, 0))
	bell <- c.now
	return bell
}

// world is the resources that the fake action changes, and everything that was done to them.
type world struct {
	mu       sync.Mutex
	on       map[string]bool // by name
	effects  map[string]int  // calls that changed something, by name
	calls    int
	requests int
	fail     func(name string, call int) error // of Apply
	lag      int                               // Verify says ErrNotYet so often
	takes    int                               // TakesSeconds of the action
	onApply  func()
	plan     func(name string)               // told of each look
	watch    func(name string, on, was bool) // told of every call that works
}

func newWorld(names ...string) *world {
	w := &world{on: map[string]bool{}, effects: map[string]int{}}
	for _, name := range names {
		w.on[name] = false
	}
	return w
}

func (w *world) receipt(ctx context.Context, operation string, failed error) {
	w.requests++
	r := action.Receipt{Service: "fake", Operation: operation, Region: "eu-west-1", RequestID: fmt.Sprintf("req-%d", w.requests), At: time.Unix(1_700_000_000, 0)}
	if failed != nil {
		r.Error = failed.Error()
	}
	action.Note(ctx, r)
}

// switchOn is the action fake.switch-on.
type switchOn struct{ w *world }

var _ action.Action = switchOn{}

func (a switchOn) Spec() action.Spec {
	return action.Spec{Name: "fake.switch-on", Title: "Switch on", Permissions: []string{"fake:Look", "fake:Switch"}, Effect: action.StateChecked, TakesSeconds: a.takes()}
}

// takes is for how long a change of the world is waited for; tests look at specifications of actions without a world, too.
func (a switchOn) takes() int {
	if a.w == nil {
		return 0
	}
	return a.w.takes
}

// hangs is an action that never answers.
type hangs struct{ switchOn }

func (hangs) Spec() action.Spec {
	return action.Spec{Name: "fake.hangs", Title: "Hang", Effect: action.StateChecked}
}

func (hangs) Plan(ctx context.Context, _ action.Request) (*action.Plan, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func state(on bool) json.RawMessage { return json.RawMessage(fmt.Sprintf(`{"on":%v}`, on)) }

func (a switchOn) item(name string, want bool) action.Item {
	on := a.w.on[name]
	item := action.Item{ID: name, Status: action.Unneeded, Reason: "It is as it should be.", Before: state(on), After: state(want),
		Resource: action.Resource{Type: "Fake::Switch", ARN: "arn:aws:fake:eu-west-1:111122223333:switch/" + name, Name: name, Account: "111122223333", Region: "eu-west-1"}}
	if on != want {
		item.Status, item.Reason = action.Change, "It is wrong."
		item.Calls = []action.Call{{Service: "fake", Operation: "Switch", Account: "111122223333", Region: "eu-west-1", Input: json.RawMessage(fmt.Sprintf(`{"name":%q,"on":%v}`, name, want))}}
	}
	return item
}

func (a switchOn) Plan(ctx context.Context, req action.Request) (*action.Plan, error) {
	var params struct {
		Names []string `json:"names"`
	}
	if err := action.DecodeParams(req.Params, &params); err != nil {
		return nil, err
	}
	if a.w.plan != nil {
		for _, name := range params.Names {
			a.w.plan(name)
		}
	}
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	a.w.receipt(ctx, "Look", nil)
	plan := &action.Plan{Action: "fake.switch-on", Account: req.Account, Region: req.Region}
	for _, name := range params.Names {
		if _, there := a.w.on[name]; !there {
			return nil, fault.New(fault.NotFound, "there is no switch %q", name)
		}
		plan.Items = append(plan.Items, a.item(name, true))
	}
	return plan, nil
}

func (a switchOn) Apply(ctx context.Context, item action.Item) ([]action.Receipt, error) {
	return action.ApplyCalls(ctx, item, func(ctx context.Context, call action.Call) error {
		if a.w.onApply != nil {
			a.w.onApply()
		}
		a.w.mu.Lock()
		defer a.w.mu.Unlock()
		a.w.calls++
		var err error
		if a.w.fail != nil {
			err = a.w.fail(item.ID, a.w.calls)
		}
		if a.w.receipt(ctx, "Switch", err); err != nil {
			return err
		}
		var in struct{ On bool }
		if err := json.Unmarshal(call.Input, &in); err != nil {
			return err
		}
		if a.w.watch != nil {
			a.w.watch(item.ID, in.On, a.w.on[item.ID])
		}
		a.w.on[item.ID] = in.On
		a.w.effects[item.ID]++
		return nil
	})
}

func (a switchOn) Verify(ctx context.Context, item action.Item) error {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	a.w.receipt(ctx, "Look", nil)
	if a.w.lag > 0 {
		a.w.lag--
		return action.ErrNotYet
	}
	if !action.SameState(state(a.w.on[item.ID]), item.After) {
		return action.ErrNotYet
	}
	return nil
}

func (a switchOn) Undo(ctx context.Context, applied action.Item) (*action.Plan, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	a.w.receipt(ctx, "Look", nil)
	item := a.item(applied.ID, false)
	if _, there := a.w.on[applied.ID]; !there {
		item.Status, item.Reason, item.Calls = action.Conflict, "It is gone.", nil
	}
	return &action.Plan{Action: "fake.switch-on", Items: []action.Item{item}}, nil
}

func (w *world) is(name string) (on bool, effects int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.on[name], w.effects[name]
}

// plainGuard lets every plan pass in the proposed mode.
type plainGuard struct{}

func (plainGuard) Decide(_ context.Context, p guard.Proposal) (guard.Decision, error) {
	plan := *p.Plan
	plan.Items = slices.Clone(p.Plan.Items)
	return guard.Decision{Mode: p.Mode, Plan: &plan}, nil
}

// MayCall permits every call.
func (plainGuard) MayCall(context.Context, guard.Proposal, action.Resource) error { return nil }

// Done takes no notice.
func (plainGuard) Done(guard.Proposal, action.Item) {}

// inbox keeps notices, once for each key.
type inbox struct {
	mu      sync.Mutex
	keys    []string
	notices []playbook.Notice
	fail    error
}

func (i *inbox) Notify(_ context.Context, key string, n playbook.Notice) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.fail != nil {
		return i.fail
	}
	if !slices.Contains(i.keys, key) {
		i.keys, i.notices = append(i.keys, key), append(i.notices, n)
	}
	return nil
}

func (i *inbox) all() []playbook.Notice {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.notices)
}

// rig is what outlives a process: the journal, the index, the world, and the people.
type rig struct {
	t       *testing.T
	clock   *clock
	journal *playbooktest.Journal
	index   *playbooktest.Index
	world   *world
	inbox   *inbox
	guard   playbook.Guard

	verifyFor time.Duration
	redact    func(string) string
	phone     *phone // of calls that playbooks make; nil: none
	knows     playbook.Knowledge
	strict    bool // the action fake.switch-pair takes every state that it doesn't know for somebody else's
}

func newRig(t *testing.T, names ...string) *rig {
	return &rig{t: t, clock: &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}, journal: &playbooktest.Journal{}, index: &playbooktest.Index{},
		world: newWorld(names...), inbox: &inbox{}, guard: plainGuard{}}
}

const fix = `
StartAt: Fix
States:
  Fix:
    Type: Task
    Resource: riposte:action:fake.switch-on
    Parameters: {names.$: $.names}
    ResultPath: $.fix
    Retry:
      - {ErrorEquals: [Riposte.ActionFailed, Fake.Throttled], IntervalSeconds: 1, MaxAttempts: 2}
    Next: Tell
  Tell:
    Type: Task
    Resource: riposte:notify
    Parameters: {message.$: "States.Format('{} is {}', $.names[0], $.fix.status)"}
    ResultPath: null
    End: true
`

func machine(t *testing.T, text string) *asl.Machine {
	t.Helper()
	m, err := asl.Parse("fix.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// process is one life of the runtime.
type process struct {
	*playbook.Runtime
	ledger *playbook.Ledger
	kill   func() // ends it as a crash does, from the outside's point of view
	ended  chan error
}

// boot starts a process over the rig, with the journal wrapped.
func (r *rig) boot(text string, journal playbook.Journal, observe func(playbook.Progress)) *process {
	r.t.Helper()
	return r.bootWith(text, journal, observe, func(*playbook.Options) {})
}

// bootWith is boot with other options.
func (r *rig) bootWith(text string, journal playbook.Journal, observe func(playbook.Progress), set func(*playbook.Options)) *process {
	r.t.Helper()
	actions, err := action.NewSet(switchOn{r.world}, fuse{switchOn{r.world}}, pair{r.world, r.strict}, hangs{switchOn{r.world}})
	if err != nil {
		r.t.Fatal(err)
	}
	ledger := playbook.NewLedger(r.index)
	options := playbook.Options{
		Knowledge: r.knows,
		Journal:   journal, Index: r.index, Ledger: ledger, Actions: actions, Guard: r.guard, Notifier: r.inbox,
		Definitions: map[string]*asl.Machine{"fix": machine(r.t, text)},
		Now:         r.clock.Now, After: r.clock.After, Observe: observe, Drain: time.Minute, VerifyFor: r.verifyFor, Redact: r.redact,
	}
	if r.phone != nil {
		options.Resources = r.phone
	}
	set(&options)
	rt, err := playbook.New(options)
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	p := &process{Runtime: rt, ledger: ledger, ended: make(chan error, 1)}
	go func() { p.ended <- rt.Run(ctx) }()
	p.kill = sync.OnceFunc(func() {
		stop()
		<-p.ended
	})
	r.t.Cleanup(p.kill)
	return p
}

func start(mode guard.Mode, names ...string) playbook.Start {
	input, _ := json.Marshal(map[string]any{"names": names})
	return playbook.Start{
		Rule: "switched-off", RuleHash: "h", Playbook: "fix", Cause: event.Cause("cause-1"), Root: "cause-1", Mode: mode, Input: input,
		Event:    json.RawMessage(`{"account":"111122223333","region":"eu-west-1","detail":{}}`),
		Received: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Severity: "HIGH", Title: "somebody switched it off",
	}
}

// run starts an execution and waits for its end.
func (p *process) run(t *testing.T, s playbook.Start) playbook.View {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	id, started, err := p.Start(ctx, s)
	if err != nil || !started {
		t.Fatalf("start: %v, %v", started, err)
	}
	v, err := p.Wait(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

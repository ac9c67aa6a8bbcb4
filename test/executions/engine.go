package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"riposte.dev/action"
	"riposte.dev/asl"
	"riposte.dev/bus"
	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
	"riposte.dev/store"
	"riposte.dev/test/stage"
)

// The playbooks.
const (
	threeTasks = "three-tasks"
	waits      = "waits"
)

var texts = map[string]string{
	threeTasks: `
StartAt: One
States:
  One: {Type: Task, Resource: "riposte:notify", Parameters: {message.$: "States.Format('{} stopped it', $.who)"}, ResultPath: $.one, Next: Two}
  Two: {Type: Task, Resource: "riposte:notify", Parameters: {message.$: $.one.status}, ResultPath: $.two, Next: Three}
  Three: {Type: Task, Resource: "riposte:notify", Parameters: {message: done}, ResultPath: $.three, End: true}
`,
	waits: `
StartAt: Rest
States:
  Rest: {Type: Wait, Seconds: 86400, Next: Tell}
  Tell: {Type: Task, Resource: "riposte:notify", Parameters: {message: done}, End: true}
`,
}

// engine is a runtime on a disk of its own.
type engine struct {
	bus     *bus.Bus
	store   *store.Store
	runtime *playbook.Runtime
	metrics *prometheus.Registry
	stop    context.CancelFunc
	over    chan error

	mu    sync.Mutex
	ended int
	more  *sync.Cond // ended has grown
}

func newEngine(ctx context.Context, folder string) (*engine, error) {
	e := &engine{over: make(chan error, 1), metrics: prometheus.NewRegistry()}
	e.more = sync.NewCond(&e.mu)
	var err error
	if e.store, err = store.Open(ctx, store.Options{Path: filepath.Join(folder, "riposte.db")}); err != nil {
		return nil, err
	}
	if e.bus, err = bus.Open(ctx, bus.Options{Dir: filepath.Join(folder, "bus")}); err != nil {
		return nil, errors.Join(err, e.store.Close())
	}
	definitions := map[string]*asl.Machine{}
	for name, text := range texts {
		if definitions[name], err = asl.Parse(name+".yaml", []byte(text)); err != nil {
			return nil, errors.Join(err, e.close())
		}
	}
	e.runtime, err = playbook.New(playbook.Options{
		Journal: journal{e.bus.Journal()}, Index: e.store.Executions, Ledger: playbook.NewLedger(e.store.Executions),
		Actions: noActions{}, Guard: noGuard{}, Notifier: nobody{}, Definitions: definitions, Observe: e.observe, Registerer: e.metrics,
	})
	if err != nil {
		return nil, errors.Join(err, e.close())
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	e.stop = stop
	go func() { e.over <- e.runtime.Run(running) }()
	if err := e.runtime.Resume(ctx); err != nil {
		return nil, errors.Join(err, e.close())
	}
	return e, nil
}

func (e *engine) close() error {
	var errs []error
	if e.stop != nil {
		e.stop()
		errs = append(errs, <-e.over)
	}
	return errors.Join(append(errs, e.bus.Close(context.Background()), e.store.Close())...)
}

// start begins an execution; it is on disk when start returns.
func (e *engine) start(ctx context.Context, name, cause string) error {
	now := time.Now()
	_, started, err := e.runtime.Start(ctx, playbook.Start{
		Rule: "measured", RuleHash: "0", Playbook: name, Cause: event.Cause(cause), Mode: guard.Auto, Input: []byte(`{"who":"ana"}`),
		Event: stage.Background(0, now), Received: now, Severity: "HIGH", Title: "somebody stopped it",
	})
	if err == nil && !started {
		err = fmt.Errorf("%s was started before", cause)
	}
	return err
}

func (e *engine) observe(p playbook.Progress) {
	if p.Step != playbook.StepEnded {
		return
	}
	e.mu.Lock()
	e.ended++
	e.mu.Unlock()
	e.more.Broadcast()
}

// await returns when so many executions have ended.
func (e *engine) await(n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for e.ended < n {
		e.more.Wait()
	}
}

// indexed returns when the index shows no execution that has not ended.
func (e *engine) indexed(ctx context.Context) error {
	for {
		running, err := e.store.Executions.List(ctx, playbook.Filter{Status: playbook.Running, Limit: 1})
		if err != nil || len(running) == 0 {
			return err
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// processorTime is what this process has used.
func processorTime() time.Duration {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// journal is the bus's journal as the runtime wants it.
type journal struct{ *bus.Journal }

func (j journal) Load(ctx context.Context, id string) ([]playbook.Entry, error) {
	stored, err := j.Journal.Load(ctx, id)
	return entries(stored), err
}

func (j journal) Follow(ctx context.Context, from uint64, caughtUp func(), fn func(string, []playbook.Entry) error) error {
	return j.Journal.Follow(ctx, from, caughtUp, func(id string, stored []bus.Entry) error { return fn(id, entries(stored)) })
}

func entries(stored []bus.Entry) []playbook.Entry {
	out := make([]playbook.Entry, len(stored))
	for i, e := range stored {
		out[i] = playbook.Entry(e)
	}
	return out
}

type noActions struct{}

func (noActions) Action(name string) (action.Action, error) {
	return nil, fault.New(fault.NotFound, "there is no action %q", name)
}

type noGuard struct{}

func (noGuard) Decide(_ context.Context, p guard.Proposal) (guard.Decision, error) {
	return guard.Decision{Mode: p.Mode, Plan: p.Plan}, nil
}
func (noGuard) MayCall(context.Context, guard.Proposal, action.Resource) error { return nil }
func (noGuard) Done(guard.Proposal, action.Item)                               {}

// nobody is told.
type nobody struct{}

func (nobody) Notify(context.Context, string, playbook.Notice) error { return nil }

package playbook

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"riposte.dev/asl"
	"riposte.dev/fault"
)

// maxAppend bounds one append, under what the journal takes; more records go in several.
const maxAppend = 900 << 10

// errInterrupted says that the runtime is stopping in the middle of a task: nothing is recorded, Resume goes on.
var errInterrupted = errors.New("interrupted by the shutdown")

// commit makes records durable and takes the sequence over. They were applied to e already, so after an error e is not to be used.
func (r *Runtime) commit(ctx context.Context, e *execution, records []Record) error {
	var batch [][]byte
	size := 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		last, err := r.opts.Journal.Append(ctx, e.id, e.last, batch...)
		if err != nil {
			return fmt.Errorf("execution %s: %w", e.id, err)
		}
		e.last, batch, size = last, nil, 0
		return nil
	}
	for _, record := range records {
		data, err := encodeRecord(record)
		if err != nil {
			return err
		}
		if size+len(data) > maxAppend {
			if err := flush(); err != nil {
				return err
			}
		}
		batch, size = append(batch, data), size+len(data)
	}
	return flush()
}

// spawn runs f in the background, unless the runtime is stopping.
func (r *Runtime) spawn(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.stopping {
		r.work.Go(f)
	}
}

// launch drives an adopted execution in the background. resumed: its task may have begun before an interruption; release
// is called when that is over.
func (r *Runtime) launch(e *execution, resumed bool, release func()) {
	leave := r.firsts.enter(e.begin.Start)
	r.spawn(func() {
		defer release()
		defer leave()
		r.afterTheDeed(e.begin.Start)
		select {
		case r.slots <- struct{}{}:
		case <-r.halt: // Resume begins it
			return
		}
		defer func() { <-r.slots }()
		r.settle(e.id, r.drive(r.base, e, resumed, release))
	})
}

// wake loads an adopted execution that is due, or that was interrupted, and drives it.
func (r *Runtime) wake(id string, resumed bool) {
	release := func() {}
	if resumed {
		release = r.opts.Ledger.hold() // until the first task is done, request ids may be missing
	}
	r.spawn(func() {
		e, err := r.load(r.base, id)
		switch {
		case err == nil && e.state.Status == "":
			if resumed {
				r.observe(e, StepResumed, "", nil, "goes on after an interruption")
			}
			r.launch(e, resumed, release)
			return
		case err == nil:
			r.abandon(id)
		case fault.CodeOf(err) == fault.NotFound: // a start that was not written after all
			r.abandon(id)
		default:
			r.settle(id, err)
		}
		release()
	})
}

func (r *Runtime) load(ctx context.Context, id string) (*execution, error) {
	entries, err := r.opts.Journal.Load(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("load execution %s: %w", id, err)
	}
	return fold(id, entries)
}

// sleepError says that an execution waits.
type sleepError struct{ until time.Time }

func (s *sleepError) Error() string { return "waits until " + s.until.String() }

// retryAfter is how long an execution rests after its journal refused.
const retryAfter = 2 * time.Second

// settle decides what follows when a driver comes to rest with an error.
func (r *Runtime) settle(id string, err error) {
	var sleep *sleepError
	switch code := fault.CodeOf(err); {
	case err == nil:
	case errors.As(err, &sleep):
		r.timers.add(due{at: sleep.until, id: id})
	case errors.Is(err, errInterrupted), r.base.Err() != nil:
	case code == fault.Conflict || fault.Retryable(err):
		r.log.Warn("playbook: an execution rests because its journal did not take a record", "execution", id, "error", err)
		r.timers.add(due{at: r.opts.Now().Add(retryAfter), id: id, interrupted: true})
	default:
		r.quarantine(id, err)
	}
}

// quarantine leaves an execution alone whose journal can't be read or written, and says so; the others go on.
func (r *Runtime) quarantine(id string, err error) {
	r.metrics.stuck.Inc()
	r.abandon(id)
	r.log.Error("playbook: an execution is in quarantine; see riposte executions get", "execution", id, "error", err)
	n := Notice{Execution: id, Failed: fmt.Sprintf("Execution %s can't go on and needs a person: %s", id, err)}
	if notifyErr := r.opts.Notifier.Notify(r.base, id+"/quarantine", n); notifyErr != nil {
		r.log.Error("playbook: nobody could be told of the quarantine", "execution", id, "error", notifyErr)
	}
}

// drive moves an execution until it ends or has to wait. Its error tells settle why it rests.
func (r *Runtime) drive(ctx context.Context, e *execution, resumed bool, release func()) error {
	var pending []Record
	for {
		steps := stepRecords(e.machine.Advance(e.state, e.env(r.opts.Now(), r.opts.Random)))
		records := append(pending, steps...)
		pending = nil
		if e.state.Status != "" && e.state.Status != asl.Succeeded && !e.notified {
			r.tellFailure(ctx, e)
		}
		if err := r.commit(ctx, e, records); err != nil {
			return err
		}
		r.awaitExpiries(e.id, records)
		r.observeSteps(e, records)
		commands := e.machine.Next(e.state)
		if len(commands) == 0 {
			r.metrics.ended.WithLabelValues(string(e.state.Status)).Inc()
			r.abandon(e.id)
			return nil
		}
		switch c := commands[0]; c.Action {
		case asl.Sleep:
			until := c.Until
			if d := e.state.Deadline; !d.IsZero() && d.Before(until) {
				until = d
			}
			return &sleepError{until}
		case asl.RunTask:
			if r.isStopping() {
				return errInterrupted
			}
			record, err := r.runTask(ctx, e, c, resumed)
			if err != nil {
				return err
			}
			release()
			resumed = false
			record.Kind, record.Time, record.Step.Time = Outcome, r.opts.Now(), r.opts.Now()
			if err := e.apply(record); err != nil {
				return err
			}
			pending = []Record{record}
		default:
			if len(steps) == 0 {
				return fault.New(fault.Internal, "the state machine of execution %s stands still in %q", e.id, c.State)
			}
		}
	}
}

// Wait returns when the execution has ended, with its history; or ctx's error. It waits for executions of this runtime only.
func (r *Runtime) Wait(ctx context.Context, id string) (View, error) {
	r.mu.Lock()
	done, ok := r.ended[id]
	if !ok && r.live[id] {
		done = make(chan struct{})
		r.ended[id] = done
	}
	live := r.live[id]
	r.mu.Unlock()
	if live {
		select {
		case <-done:
		case <-ctx.Done():
			return View{}, ctx.Err()
		}
	}
	return r.Get(ctx, id)
}

// guarded turns a panic of an action or notifier into an error: one broken action must not stop the others.
func guarded(what string, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.New(fault.Internal, "%s panicked: %v\n%s", what, p, debug.Stack())
		}
	}()
	return f()
}

package playbook

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"riposte.dev/fault"
)

// spawn runs f in the background, unless the runtime is stopping.
func (r *Runtime) spawn(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.stopping {
		r.work.Go(f)
	}
}

func newDriver(r *Runtime, id string) *driver {
	return &driver{runtime: r, id: id, box: newMailbox(), release: func() {}, answered: func() {}, tasks: map[string]*task{}, rests: map[string]restsTask{}}
}

// launch drives an execution that is adopted. e is nil where its journal has to be read; interrupted: an earlier process, or
// driver, may have left it in the middle of a task.
func (r *Runtime) launch(d *driver, interrupted bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.launchLocked(d, interrupted)
}

func (r *Runtime) launchLocked(d *driver, interrupted bool) {
	if r.stopping { // Resume goes on with it
		return
	}
	if interrupted {
		d.release = r.opts.Ledger.hold() // until its first tasks are done, request ids may be missing
	}
	r.drivers[d.id] = d
	r.driving.Add(1)
	r.work.Go(func() {
		defer r.driving.Done()
		defer d.release()
		r.leave(d, r.drive(d, interrupted))
	})
}

// drive loads an execution where that is needed, and moves it.
func (r *Runtime) drive(d *driver, interrupted bool) error {
	defer func() { d.answered() }()
	if d.e == nil {
		e, err := r.load(r.base, d.id)
		if err != nil {
			return d.fail(err)
		}
		d.e = e
		if interrupted && e.state.Status == "" {
			r.observe(e, StepResumed, "", nil, "goes on after an interruption")
		}
	}
	d.answering(d.e.begin.Start)
	r.afterTheDeed(d.e.begin.Start, d.box)
	return d.run(r.base, interrupted)
}

// wake goes on with an execution that is due.
func (r *Runtime) wake(w due) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if d := r.drivers[w.id]; d != nil && d.box.post(func(d *driver) { d.nudges++ }) {
		return
	}
	if w.doubtful || r.live[w.id] {
		r.live[w.id] = true
		r.launchLocked(newDriver(r, w.id), w.interrupted)
	}
}

// ask lets the owner of an execution do something, and returns when the records that it makes are durable. Where nobody owns the
// execution at the moment, it is woken for that.
func (r *Runtime) ask(ctx context.Context, id string, op func(*driver) ([]Record, error)) error {
	reply := make(chan error, 1)
	var message func(*driver)
	message = func(d *driver) {
		if d.broken != nil {
			reply <- d.broken
			return
		}
		records, err := op(d)
		var later *afterTask
		switch {
		case errors.As(err, &later):
			later.task.then = append(later.task.then, message)
		case err != nil || len(records) == 0:
			reply <- err
		default:
			d.add(func(err error) { reply <- err }, records...)
		}
	}
	if err := r.post(id, message); err != nil {
		return err
	}
	select {
	case err := <-reply:
		return err
	case <-ctx.Done():
		return fault.New(fault.Timeout, "gave up waiting for execution %s; it may be done all the same: %w", id, ctx.Err())
	}
}

// afterTask says that something is to be done when a task has come to its end, or to a rest.
type afterTask struct{ task *task }

func (a *afterTask) Error() string { return "waits for a task" }

func (r *Runtime) post(id string, message func(*driver)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if d := r.drivers[id]; d != nil && d.box.post(message) {
		return nil
	}
	if r.stopping {
		return stoppingError()
	}
	d := newDriver(r, id)
	d.box.post(message)
	interrupted := !r.live[id]
	r.live[id] = true
	r.launchLocked(d, interrupted)
	return nil
}

// leave decides what follows when a driver has come to rest. The time at which its execution goes on is set before anybody else can
// drive it: set later, it would replace the time that the next driver has set.
func (r *Runtime) leave(d *driver, err error) {
	r.mu.Lock()
	stuck := false
	if r.drivers[d.id] == d {
		delete(r.drivers, d.id)
		if err == nil || fault.CodeOf(err) == fault.NotFound && d.e == nil { // over, or a start that was not written after all
			r.abandonLocked(d.id)
		} else {
			stuck = !r.settleLocked(d.id, err)
		}
	}
	r.mu.Unlock()
	if stuck {
		r.quarantine(d.id, err)
	}
}

func (r *Runtime) load(ctx context.Context, id string) (*execution, error) {
	entries, err := r.opts.Journal.Load(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("load execution %s: %w", id, err)
	}
	return fold(id, entries, &r.machines)
}

// retryAfter is how long an execution rests after its journal refused.
const retryAfter = 2 * time.Second

// settleLocked decides when an execution that rests goes on; false where it can't.
func (r *Runtime) settleLocked(id string, err error) bool {
	var sleep *sleepError
	switch code := fault.CodeOf(err); {
	case errors.As(err, &sleep):
		r.timers.add(due{at: sleep.until, id: id})
	case errors.Is(err, errInterrupted), r.base.Err() != nil:
	case code == fault.Conflict || fault.Retryable(err):
		r.log.Warn("playbook: an execution rests because its journal did not take a record", "execution", id, "error", err)
		r.timers.add(due{at: r.opts.Now().Add(retryAfter), id: id, interrupted: true})
	default:
		return false
	}
	return true
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

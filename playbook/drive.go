package playbook

import (
	"context"
	"errors"
	"fmt"
	"time"

	"riposte.dev/asl"
	"riposte.dev/fault"
)

// errInterrupted says that the runtime is stopping in the middle of a task: nothing is recorded, Resume goes on.
var errInterrupted = errors.New("interrupted by the shutdown")

// sleepError says that an execution, or a task of it, waits until a time, or until it is nudged.
type sleepError struct{ until time.Time }

func (s *sleepError) Error() string { return "waits until " + s.until.String() }

// driver owns an execution while it is awake: it alone applies its records and journals them. Tasks work beside it, each in a
// goroutine of its own; what they, and people, have to add comes by the mailbox. Where no task works it comes to rest, and the
// execution is only its journal and a timer.
type driver struct {
	runtime  *Runtime
	id       string
	e        *execution
	box      *mailbox
	release  func() // of the ledger, when nothing that an earlier process has begun is under way any more
	answers  bool   // it counts as an answer to the deed until answered is called
	answered func()
	resumed  int // tasks that an earlier process may have begun

	tasks    map[string]*task     // by path: at work
	rests    map[string]restsTask // by path: they go on at a time, or when somebody has answered
	pending  []Record             // applied and not journaled yet
	told     []func(error)        // who waits until they are
	steps    []Record             // of pending, what the state machine did
	broken   error                // why nothing can be journaled any more
	deferred bool                 // a task was not begun because the runtime is stopping
	nudges   int                  // how often tasks that rest were to be looked at again
}

// restsTask is a task between two looks.
type restsTask struct {
	command asl.Command
	until   time.Time // zero: it waits for a signal
	nudges  int       // of the driver, when it began: one that came meanwhile is for it too
}

// answering lets the executions about what was said of this one's deed wait for it.
func (d *driver) answering(s Start) {
	if !d.answers {
		d.answers, d.answered = true, d.runtime.firsts.enter(s)
	}
}

// run moves the execution until it ends or has to wait. Its error tells settle why it rests.
func (d *driver) run(ctx context.Context, interrupted bool) error {
	begun, _ := d.e.machine.Changes(d.e.state)
	d.begin(ctx, begun, interrupted)
	d.orphans(ctx)
	if interrupted {
		d.resumed = len(d.tasks)
	}
	d.resume(0)
	for {
		d.read()
		if err := d.step(ctx); err != nil {
			return d.fail(err)
		}
		if len(d.tasks) > 0 {
			d.await(ctx)
			continue
		}
		if err := d.rest(); d.box.close() {
			return err
		}
	}
}

// read takes in what has come.
func (d *driver) read() {
	for _, message := range d.box.take() {
		message(d)
	}
}

// step lets the state machine go as far as it goes without the world, journals that with all that is pending, and begins the
// tasks that follow.
func (d *driver) step(ctx context.Context) error {
	for {
		now := d.runtime.opts.Now()
		ended := d.e.state.Status != ""
		env := d.e.env(now, d.runtime.opts.Random)
		env.Busy = func(path string) bool { return d.tasks[path] != nil }
		d.took(stepRecords(d.e.machine.Advance(d.e.state, env)))
		begin, over := d.e.machine.Changes(d.e.state)
		d.end(ctx, over)
		if status := d.e.state.Status; !ended && (status == asl.Failed || status == asl.TimedOut) && !d.e.notified {
			d.runtime.tellFailure(ctx, d.e)
		}
		if err := d.flush(ctx); err != nil {
			return err
		}
		d.begin(ctx, begin, false)
		d.wakeTasks(ctx, now)
		if !d.e.state.Ready() {
			return nil
		}
	}
}

// took notes what the state machine did.
func (d *driver) took(steps []Record) {
	for _, record := range steps {
		d.e.take(record)
	}
	d.pending = append(d.pending, steps...)
	d.steps = append(d.steps, steps...)
}

// add applies records that somebody waits for; told hears when they are journaled, or why not.
func (d *driver) add(told func(error), records ...Record) {
	err := d.broken
	for i := 0; err == nil && i < len(records); i++ {
		if err = d.e.apply(records[i]); err == nil {
			d.pending = append(d.pending, records[i])
		}
	}
	if err != nil {
		d.broken = err
		told(err)
		return
	}
	d.told = append(d.told, told)
}

// flush journals what is pending, and tells who waits for it.
func (d *driver) flush(ctx context.Context) error {
	records, told, steps := d.pending, d.told, d.steps
	d.pending, d.told, d.steps = nil, nil, nil
	err := d.broken
	if err == nil {
		err = d.runtime.commit(ctx, d.e, records)
	}
	d.broken = err
	for _, tell := range told {
		tell(err)
	}
	if err != nil {
		return err
	}
	d.runtime.awaitExpiries(d.id, records)
	d.runtime.observeSteps(d.e, steps)
	return nil
}

// await returns when there is something to do.
func (d *driver) await(ctx context.Context) {
	var bell <-chan time.Time
	if until := d.until(); !until.IsZero() {
		bell = d.runtime.opts.After(max(until.Sub(d.runtime.opts.Now()), 0))
	}
	select {
	case <-d.box.bell:
	case <-bell:
	case <-ctx.Done():
		<-d.box.bell // tasks end with the context, and say so
	}
}

// until is when the execution goes on by itself; zero for never.
func (d *driver) until() time.Time {
	at := d.e.state.Wake()
	for _, t := range d.rests {
		if !t.until.IsZero() && (at.IsZero() || t.until.Before(at)) {
			at = t.until
		}
	}
	return at
}

// rest is why the execution rests: nil where it is over.
func (d *driver) rest() error {
	switch {
	case d.e.state.Status != "":
		return nil
	case d.deferred:
		return errInterrupted
	}
	until := d.until()
	if until.IsZero() {
		if len(d.rests) == 0 {
			return fault.New(fault.Internal, "the state machine of execution %s stands still in %q", d.id, d.e.stateAt(""))
		}
		until = d.runtime.opts.Now().Add(longRest)
	}
	return &sleepError{until}
}

// longRest is when an execution is looked at again that waits for nothing but a signal.
const longRest = 24 * time.Hour

// fail gives the execution up as it is in memory: what is journaled counts, and the next driver goes on from there.
func (d *driver) fail(err error) error {
	d.broken = err
	for _, t := range d.tasks {
		t.cancel(errInterrupted)
	}
	for len(d.tasks) > 0 || !d.box.close() {
		if len(d.tasks) > 0 {
			<-d.box.bell
		}
		d.read()
	}
	for _, tell := range d.told {
		tell(err)
	}
	return err
}

// resume takes in that a task is over which an earlier process may have begun.
func (d *driver) resume(done int) {
	if d.resumed -= done; d.resumed <= 0 {
		d.release()
	}
}

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

// maxAppend bounds one append, under what the journal takes; more records go in several.
const maxAppend = 900 << 10

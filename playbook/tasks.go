package playbook

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"riposte.dev/asl"
	"riposte.dev/fault"
)

// errOver is the cause of the end of a task that nobody waits for any more.
var errOver = errors.New("nobody waits for the task any more")

// windUp is how long an execution waits for a task that is over, before it looks for itself what the task did; lookFor how long
// for that.
const (
	windUp  = time.Minute
	lookFor = 5 * time.Minute
)

// begin begins tasks. resumed: an earlier process may have begun them, and perhaps others that are over.
func (d *driver) begin(ctx context.Context, commands []asl.Command, resumed bool) {
	if d.e.state.Status != "" {
		return
	}
	for _, c := range commands {
		switch {
		case d.runtime.isStopping():
			d.deferred = true
		case c.Token != "" && c.Submission != nil: // it was called; somebody will signal
			d.rests[c.Path] = restsTask{command: c}
		default:
			t := &task{command: c, resumed: resumed, entered: d.runtime.opts.Now(), effect: Effect{Path: c.Path, State: c.State}}
			if f := d.e.state.Frames[c.Path]; f != nil {
				t.entered = f.Entered
			}
			if c.Action == asl.WriteResults {
				t.results = d.e.state.Results(c.Path)
			}
			d.work(ctx, t)
		}
	}
}

// work lets a task work beside the driver.
func (d *driver) work(ctx context.Context, t *task) {
	r := d.runtime
	t.runtime, t.driver, t.e, t.until, t.signs, t.nudges = r, d, d.e, d.e.state.Deadline, make(chan struct{}, 1), d.nudges
	ctx, t.cancel = context.WithCancelCause(ctx)
	d.tasks[t.command.Path] = t
	r.work.Go(func() {
		defer t.cancel(nil)
		record, err := r.runTask(ctx, t)
		if !d.box.post(func(d *driver) { d.finished(t, record, err) }) {
			r.log.Error("playbook: a task ended long after its execution had gone on without it", "execution", d.id, "state", t.command.State)
		}
	})
}

// finished takes in that a task has come to its end, or to a rest.
func (d *driver) finished(t *task, record Record, err error) {
	path := t.command.Path
	if d.tasks[path] == t {
		delete(d.tasks, path)
	}
	if t.resumed {
		d.resume(1)
	}
	now := d.runtime.opts.Now()
	var sleep *sleepError
	var begun *submitted
	switch {
	case t.givenUp:
		d.runtime.log.Error("playbook: a task ended long after its execution had gone on without it", "execution", d.id, "state", t.command.State)
	case t.over:
		d.abandon(t, record.Effect, now)
	case errors.As(err, &sleep):
		d.rests[path] = restsTask{t.command, sleep.until, t.nudges}
	case errors.As(err, &begun):
		d.submitted(t, record.Effect, begun, now)
	case errors.Is(err, errInterrupted):
		d.deferred = true
	case err != nil:
		d.broken = err
	default:
		d.outcome(t, record, now)
	}
	for _, message := range t.then {
		message(d)
	}
}

// outcome journals what became of a task.
func (d *driver) outcome(t *task, record Record, now time.Time) {
	steps := t.items
	if steps == nil {
		steps = []asl.Record{*record.Step}
	}
	for i := range steps {
		steps[i].Time = now
		one := Record{Kind: Kind(steps[i].Kind), Time: now, Step: &steps[i]}
		if i == len(steps)-1 {
			one.Effect = record.Effect
		}
		d.add(func(error) {}, one)
	}
}

// submitted is what a task returns whose call was made and will be answered later: by a signal, or when it is looked at again.
type submitted struct {
	output []byte    // JSON of the answer to the call
	look   time.Time // zero: it waits for a signal
}

// submission says that the call was made whose answer this is, and that somebody will signal.
func submission(answer any) error {
	raw, err := json.Marshal(answer)
	if err != nil {
		return fault.New(fault.Internal, "the answer to a call can't be written: %w", err)
	}
	return &submitted{output: raw}
}

func (s *submitted) Error() string { return "the call was made and is answered later" }

func (d *driver) submitted(t *task, effect *Effect, s *submitted, now time.Time) {
	c := t.command
	c.Submission = s.output
	d.add(func(error) {}, Record{Kind: Submitted, Time: now, Effect: effect,
		Step: &asl.Record{Kind: asl.Submitted, Time: now, Path: c.Path, Output: s.output}})
	d.rests[c.Path] = restsTask{c, s.look, d.nudges}
}

// abandon journals what a task did that nobody waits for any more.
func (d *driver) abandon(t *task, f *Effect, now time.Time) {
	if f != nil && (t.cut || f.Plan != nil || f.Notified || len(f.Receipts) > 0 || len(f.Lost) > 0) {
		d.add(func(error) {}, Record{Kind: Abandoned, Time: now, Effect: f})
	}
}

// end takes back what nobody waits for any more, and returns when that has come to its end, so that what it did is journaled
// with what ended it.
func (d *driver) end(ctx context.Context, over []asl.Command) {
	var ending []*task
	for _, c := range over {
		delete(d.rests, c.Path)
		if t := d.tasks[c.Path]; t != nil && t.command.Event == c.Event && t.command.Attempt == c.Attempt {
			t.over = true
			t.cancel(errOver)
			t.cut = t.reply != nil
			t.answer(errOver)
			ending = append(ending, t)
		}
	}
	if len(ending) == 0 {
		return
	}
	for _, t := range d.finish(ctx, ending, windUp) {
		d.giveUp(t)
	}
	for _, t := range d.finish(ctx, d.orphans(ctx), lookFor) {
		d.giveUp(t)
	}
}

// finish returns when the tasks have ended, or after a time, with those that have not.
func (d *driver) finish(ctx context.Context, tasks []*task, within time.Duration) []*task {
	late := d.runtime.opts.After(within)
	for {
		tasks = slices.DeleteFunc(tasks, func(t *task) bool { return d.tasks[t.command.Path] != t })
		if len(tasks) == 0 {
			return nil
		}
		select {
		case <-d.box.bell:
			d.read()
		case <-late:
			return tasks
		case <-ctx.Done():
			<-d.box.bell
			d.read()
		}
	}
}

// giveUp goes on without a task. Its intent stays open: what became of it is found out by looking.
func (d *driver) giveUp(t *task) {
	d.runtime.log.Error("playbook: a task does not end although it has to; its execution goes on without it", "execution", d.id, "state", t.command.State)
	t.givenUp = true
	delete(d.tasks, t.command.Path)
}

// wakeTasks goes on with the tasks whose time has come, or with all where somebody has answered.
func (d *driver) wakeTasks(ctx context.Context, now time.Time) {
	for path, t := range d.rests {
		if !t.until.IsZero() && (t.nudges != d.nudges || !now.Before(t.until)) {
			delete(d.rests, path)
			d.begin(ctx, []asl.Command{t.command}, false)
		}
	}
}

// orphans looks again at what was begun for tasks that nobody waits for any more, and returns who looks.
func (d *driver) orphans(ctx context.Context) (looking []*task) {
	mine := map[string]bool{}
	for _, t := range d.tasks {
		mine[effectKey(t.command, true)] = true
	}
	for _, t := range d.rests {
		mine[effectKey(t.command, true)] = true
	}
	for key, open := range d.e.open {
		path := "intent " + key
		if mine[key] || d.tasks[path] != nil || d.runtime.isStopping() {
			continue
		}
		t := &task{over: true, orphan: open, effect: Effect{Key: key, Path: open.Path, State: open.State, Undo: open.Undo, Reasons: open.Reasons},
			command: asl.Command{Action: asl.RunTask, Path: path, State: open.State}}
		d.work(ctx, t)
		looking = append(looking, t)
	}
	return looking
}

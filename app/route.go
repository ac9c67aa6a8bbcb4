package app

import (
	"context"
	"encoding/json"
	"time"

	"golang.org/x/sync/errgroup"

	"riposte.dev/bus"
	"riposte.dev/detect"
	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/finding"
	"riposte.dev/guard"
)

// The route of an event:
//
//	accept ─► EVENTS ─► detect ─► playbook ─► guard ─► action ─► notify
//	                       └────► finding hub ─► FINDINGS ─► detect

// accept is the intake: it returns when the events are on disk, one error an event.
func (a *App) accept(ctx context.Context, events []*event.Envelope) []error {
	batch := make([]bus.Event, len(events))
	for i, e := range events {
		batch[i] = bus.Event{Key: string(e.Cause()), Data: e.JSON()}
	}
	errs := make([]error, len(events))
	receipts, err := a.bus.Publish(ctx, bus.Events, batch...)
	for i := range errs {
		if i < len(receipts) {
			errs[i] = receipts[i].Err
		} else {
			errs[i] = err
		}
	}
	return errs
}

// How many groups, and how many events of one group, are handled at the same time. Order does not matter: a cause starts a
// response once, and executions take turns at a resource. A finding that is being stored must not hold up the event behind it.
const (
	groups   = 16
	handlers = 64
)

// startRoute starts what moves events. Nothing is handled before it is known as whom riposte acts.
func (a *App) startRoute(context.Context) error {
	a.onStop("route", func(ctx context.Context) error {
		a.endLoop()
		done := make(chan struct{})
		go func() {
			defer close(done)
			a.running.Wait()
		}()
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			return fault.New(fault.Timeout, "work was still under way; it resumes at the next start")
		}
	})
	a.say("aws", "asking AWS as whom riposte acts")
	a.say("route", "starting")
	if err := a.recordConfiguration("start", a.inForce.Load(), nil); err != nil {
		return err
	}
	a.reloads.taken(a.inForce.Load().rules.Hash(), a.opts.Now())
	a.loop("rules", a.followContent)
	a.loop("own calls", a.own.run)
	a.loop("refusals", a.refusals.run)
	a.loop("accounts", a.accounts.Run)
	a.loop("notifications", a.router.Run)
	a.loop("targets", a.targets.Run)
	if anchor := a.opts.Config.Audit.Anchor; anchor != nil {
		a.loop("anchors", a.newAnchors(*anchor).run)
	}
	a.loop("route", func(ctx context.Context) error {
		if err := a.identify(ctx); err != nil {
			return err
		}
		if err := a.runtime.Resume(ctx); err != nil {
			return err
		}
		if err := a.remember(ctx); err != nil { // what was journaled last had not reached the index at the start
			return err
		}
		if err := a.recall(ctx); err != nil {
			return err
		}
		// The schema compiles now, or the first finding would hold up the events behind it.
		_ = finding.Validate(finding.Finding{})
		a.say("route", "")
		g, ctx := errgroup.WithContext(ctx)
		g.Go(func() error { return a.runtime.Run(ctx) })
		g.Go(func() error { return a.enforcer.run(ctx) })
		for _, source := range a.sources {
			g.Go(func() error { return source(ctx) })
		}
		g.Go(func() error { return a.consume(ctx, bus.Events) })
		g.Go(func() error { return a.consume(ctx, bus.Findings) })
		g.Go(func() error { return a.bus.Timers(ctx, bus.WorkConfig{}, a.resumePostponed) })
		g.Go(func() error { return a.hub.Relay(ctx, a.publishFindings) })
		return g.Wait()
	})
	return nil
}

// identify waits until AWS says as whom riposte acts.
func (a *App) identify(ctx context.Context) error {
	wait, said := 100*time.Millisecond, ""
	for {
		err := a.gate.open(ctx)
		if err == nil {
			a.say("aws", "")
			return nil
		}
		a.say("aws", err.Error())
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if said != err.Error() {
			said = err.Error()
			a.log.Warn("waiting for AWS", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		wait = min(2*wait, 15*time.Second)
	}
}

// recall reads the last hours back, so that reports know what a principal did before this start, and rules what was broken.
func (a *App) recall(ctx context.Context) error {
	from := a.opts.Now().Add(-detect.DefaultActivityWindow)
	for _, stream := range []bus.Stream{bus.Events, bus.Findings} {
		err := a.bus.Replay(ctx, stream, from, func(m bus.Message) error {
			e, err := event.Parse(m.Data)
			if err != nil {
				return nil //nolint:nilerr // whoever handles the event says what is wrong with it
			}
			a.activity.Observe(e)
			return a.engine.Recall(ctx, e)
		})
		if err != nil {
			return err
		}
	}
	since, err := a.firstStart(ctx)
	if err != nil {
		return err
	}
	if since.After(from) {
		from = since
	}
	a.activity.Covers(from)
	return nil
}

// firstStart is when riposte first took events into this folder.
func (a *App) firstStart(ctx context.Context) (time.Time, error) {
	const setting = "first_start"
	text, known, err := a.store.Settings.Get(ctx, setting)
	if err != nil {
		return time.Time{}, err
	}
	if known {
		return time.Parse(time.RFC3339Nano, text)
	}
	return a.started, a.store.Settings.Set(ctx, setting, a.started.UTC().Format(time.RFC3339Nano))
}

// consume gives the events of a stream to the engine.
func (a *App) consume(ctx context.Context, s bus.Stream) error {
	return a.bus.Consume(ctx, bus.ConsumerConfig{Stream: s, Durable: "detect", Concurrency: groups}, func(ctx context.Context, batch bus.Batch) error {
		var g errgroup.Group
		g.SetLimit(handlers)
		for _, stored := range batch.Events {
			g.Go(func() error {
				e, err := event.Parse(stored.Data)
				if err != nil {
					return bus.Terminal(err)
				}
				return a.engine.Handle(ctx, e, batch.Time)
			})
		}
		return g.Wait()
	})
}

// resumePostponed gives an event that had to wait back to the engine.
func (a *App) resumePostponed(ctx context.Context, job bus.Job) error {
	var p detect.Postponed
	if err := json.Unmarshal(job.Data, &p); err != nil {
		return bus.Terminal(err)
	}
	return a.engine.Resume(ctx, p)
}

// publishFindings brings the hub's events to the bus.
func (a *App) publishFindings(ctx context.Context, events [][]byte) error {
	batch := make([]bus.Event, len(events))
	for i, raw := range events {
		e, err := event.Parse(raw)
		if err != nil {
			return err
		}
		batch[i] = bus.Event{Key: e.ID, Data: raw}
		a.live.finding(e)
	}
	_, err := a.bus.Publish(ctx, bus.Findings, batch...)
	return err
}

// remember tells the guard what earlier processes changed, for its budgets; telling it twice does no harm.
func (a *App) remember(ctx context.Context) error {
	changes, err := a.store.Executions.Changes(ctx, a.opts.Now().Add(-guard.Remembered))
	if err != nil {
		return err
	}
	a.history.Seed(changes)
	return nil
}

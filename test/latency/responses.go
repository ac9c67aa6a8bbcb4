package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"riposte.dev/cli"
	"riposte.dev/playbook"
	"riposte.dev/test/stage"
)

const (
	regions   = 20
	perRegion = 5 // AWS's quota of trails
)

// bench is a stage with many trails and riposte on it.
type bench struct {
	stage  *stage.Stage
	events chan []byte // what EventBridge would deliver
	sent   int         // background events so far, for their ids
	stops  int         // so far; going on from there, no trail is stopped again within the cooldown
}

func region(n int) string { return fmt.Sprintf("eu-test-%d", n%regions+1) }
func trail(n int) string  { return fmt.Sprintf("trail-%d", n/regions%perRegion) }

func (b *bench) trails(ctx context.Context) error {
	if err := b.stage.CreateBucket(ctx); err != nil {
		return err
	}
	for n := range regions * perRegion {
		if err := b.stage.CreateTrail(ctx, region(n), trail(n)); err != nil {
			return err
		}
	}
	for len(b.events) > 0 {
		<-b.events
	}
	return nil
}

// warmUp lets riposte assume its role and open its connections, and waits until that trail logs again.
func (b *bench) warmUp(ctx context.Context) error {
	if _, err := b.stop(ctx, 0); err != nil {
		return err
	}
	b.stops = 1
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return stage.Wait(ctx, "the first response", func() (bool, error) { return b.stage.Logging(ctx, region(0), trail(0)) })
}

// stop stops a trail and posts the event of it; at is the moment before the post.
func (b *bench) stop(ctx context.Context, n int) (at time.Time, err error) {
	if err := b.stage.StopTrail(ctx, region(n), trail(n)); err != nil {
		return at, err
	}
	for {
		select {
		case e := <-b.events:
			at = time.Now()
			if err := b.stage.Post(ctx, http.DefaultClient, e); err != nil {
				return at, err
			}
			if bytes.Contains(e, []byte(`"eventName":"StopLogging"`)) {
				return at, nil
			}
		case <-ctx.Done():
			return at, ctx.Err()
		}
	}
}

// respond stops trails one after the other and measures riposte's answers in the sandbox's journal.
func (b *bench) respond(ctx context.Context, o options) (figures, error) {
	posted := make([]time.Time, o.samples)
	tick := time.NewTicker(o.pace)
	defer tick.Stop()
	for n := range posted {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return figures{}, ctx.Err()
		}
		var err error
		if posted[n], err = b.stop(ctx, b.stops+n); err != nil {
			return figures{}, err
		}
	}
	first, last := b.stops, b.stops+o.samples-1
	b.stops = last + 1
	wait, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := stage.Wait(wait, "the last response", func() (bool, error) { return b.stage.Logging(wait, region(last), trail(last)) }); err != nil {
		return figures{}, err
	}
	return b.figures(ctx, first, posted)
}

// figures looks up what became of each stopped trail: riposte's execution in its region, its first call there after the
// post, and its first change. Two stops in one region are seconds apart.
func (b *bench) figures(ctx context.Context, first int, posted []time.Time) (f figures, err error) {
	executions, err := b.executions(ctx, posted[0])
	if err != nil {
		return f, err
	}
	slices.Reverse(executions) // oldest first
	calls := b.stage.Calls("")
	for n, at := range posted {
		for _, e := range executions {
			if e.Region == region(first+n) && e.Received.After(at) {
				f.stored, f.begun = append(f.stored, e.Received.Sub(at)), append(f.begun, e.Started.Sub(at))
				break
			}
		}
		looked := false
		for _, c := range calls {
			if c.Region != region(first+n) || c.Time.Before(at) {
				continue
			}
			if !looked {
				looked, f.first = true, append(f.first, c.Time.Sub(at))
			}
			if c.Operation == "StartLogging" {
				f.change = append(f.change, c.Time.Sub(at))
				break
			}
		}
	}
	if len(f.stored) != len(posted) || len(f.change) != len(posted) {
		return f, fmt.Errorf("of %d stopped trails, %d have an execution and %d were restarted", len(posted), len(f.stored), len(f.change))
	}
	return f, nil
}

// executions lists the responses since a time, newest first.
func (b *bench) executions(ctx context.Context, since time.Time) (all []playbook.Summary, err error) {
	client, err := cli.Connect(b.stage.Data)
	if err != nil {
		return nil, err
	}
	query := url.Values{"rule": {"cloudtrail-logging-stopped"}, "since": {since.Format(time.RFC3339Nano)}}
	for {
		var page []playbook.Summary
		if err := client.Call(ctx, http.MethodGet, "/api/v1/executions", query, nil, &page); err != nil {
			return nil, err
		}
		if len(page) == 0 {
			return all, nil
		}
		all = append(all, page...)
		query.Set("after", page[len(page)-1].ID)
	}
}

// figures are durations in order.
type figures struct{ stored, begun, first, change []time.Duration }

func (f figures) print(w io.Writer, beside string) {
	for _, row := range []struct {
		name string
		took []time.Duration
	}{{"on disk", f.stored}, {"playbook begun", f.begun}, {"first AWS call (look)", f.first}, {"first change (StartLogging)", f.change}} {
		slices.Sort(row.took)
		fmt.Fprintf(w, "%-34s %-14s %8d", row.name, beside, len(row.took))
		for _, q := range []float64{0.5, 0.9, 0.99, 1} {
			at := min(int(q*float64(len(row.took))), len(row.took)-1)
			fmt.Fprintf(w, " %7.2fms", float64(row.took[at])/float64(time.Millisecond))
		}
		fmt.Fprintln(w)
	}
}

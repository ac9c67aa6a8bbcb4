package playbook

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// Resume brings the index up to date, goes on with every execution that has not ended, and waits for what expires. It returns when they are under
// way; call it once, before events come in. An index or journal that does not answer is waited for until ctx ends.
func (r *Runtime) Resume(ctx context.Context) error {
	caughtUp := make(chan struct{})
	r.spawn(func() { r.project(r.base, sync.OnceFunc(func() { close(caughtUp) })) })
	select {
	case <-caughtUp:
	case <-ctx.Done():
		return fmt.Errorf("bring the index of executions up to date: %w", ctx.Err())
	}
	open, err := r.running(ctx)
	if err != nil {
		return err
	}
	pending, err := r.opts.Index.Expiries(ctx)
	if err != nil {
		return fmt.Errorf("list what expires: %w", err)
	}
	for _, x := range pending {
		r.expiry.add(due{at: x.At, id: x.Execution, effect: x.Effect})
	}
	var drivers []*driver
	for _, s := range slices.Backward(open) { // who began first goes on first
		if r.adopt(s.ID) {
			d := newDriver(r, s.ID)
			d.answering(Start{Cause: s.Cause, Root: s.Root, Undoes: s.Undoes}) // all of them, before the first one looks whom to wait for
			drivers = append(drivers, d)
		}
	}
	for _, d := range drivers {
		r.launch(d, true)
	}
	return nil
}

// running lists the executions that have not ended, the newest first.
func (r *Runtime) running(ctx context.Context) (open []Summary, err error) {
	filter := Filter{Status: Running, Limit: 1000}
	for {
		page, err := r.opts.Index.List(ctx, filter)
		if err != nil {
			return nil, fmt.Errorf("list the executions to go on with: %w", err)
		}
		open = append(open, page...)
		if len(page) < filter.Limit {
			return open, nil
		}
		filter.After = page[len(page)-1].ID
	}
}

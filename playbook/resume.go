package playbook

import (
	"context"
	"fmt"
	"sync"
)

// Resume brings the index up to date and goes on with every execution that has not ended. It returns when they are under
// way; call it once, before events come in. An index or journal that does not answer is waited for until ctx ends.
func (r *Runtime) Resume(ctx context.Context) error {
	caughtUp := make(chan struct{})
	r.spawn(func() { r.project(r.base, sync.OnceFunc(func() { close(caughtUp) })) })
	select {
	case <-caughtUp:
	case <-ctx.Done():
		return fmt.Errorf("bring the index of executions up to date: %w", ctx.Err())
	}
	filter := Filter{Status: Running, Limit: 1000}
	for {
		page, err := r.opts.Index.List(ctx, filter)
		if err != nil {
			return fmt.Errorf("list the executions to go on with: %w", err)
		}
		for _, s := range page {
			if r.adopt(s.ID) {
				r.wake(s.ID, true)
			}
			filter.After = s.ID
		}
		if len(page) < filter.Limit {
			return nil
		}
	}
}

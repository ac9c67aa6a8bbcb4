package app

import (
	"context"
	"io"
	"slices"

	"riposte.dev/audit"
	"riposte.dev/evidence"
	"riposte.dev/fault"
	"riposte.dev/finding"
)

// evidence is web.Evidence.
func (a *App) evidence(ctx context.Context, execution string, w io.Writer) error {
	view, err := a.runtime.Get(ctx, execution)
	if err != nil {
		return err
	}
	c := evidence.Case{View: view}
	if c.Journal, err = (journal{a.bus.Journal()}).Load(ctx, execution); err != nil {
		return err
	}
	summary, err := a.store.Executions.Get(ctx, execution)
	if err != nil && fault.CodeOf(err) != fault.NotFound { // the index may be behind
		return err
	}
	c.UndoneBy = summary.UndoneBy
	if id := view.Start.Finding; id != "" {
		record, err := a.hub.Get(ctx, finding.Key{ID: id})
		if err == nil {
			c.Finding = &record
		} else if fault.CodeOf(err) != fault.NotFound {
			return err
		}
	}
	if c.Told, err = a.told(ctx, execution); err != nil {
		return err
	}
	if c.Audit, err = a.recorded(ctx, execution); err != nil {
		return err
	}
	if c.Head, err = a.store.Audit.Head(ctx); err != nil {
		return err
	}
	return evidence.Write(w, c)
}

// recorded returns every audit record of an execution, in order.
func (a *App) recorded(ctx context.Context, execution string) (all []audit.Record, err error) {
	f := audit.Filter{Execution: execution, Limit: 1000}
	for {
		page, err := a.store.Audit.List(ctx, f)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(page) < f.Limit {
			slices.Reverse(all)
			return all, nil
		}
		f.After = page[len(page)-1].Seq
	}
}

package app

import (
	"context"

	"riposte.dev/notify"
	"riposte.dev/store"
	"riposte.dev/web"
)

// told is web.Told.
func (a *App) told(ctx context.Context, execution string) ([]notify.Entry, error) {
	return a.store.Deliveries.List(ctx, store.DeliveryFilter{Execution: execution})
}

// listRules lists the rules in force.
func (a *App) listRules() []web.Rule {
	var list []web.Rule
	for _, r := range a.engine.Rules().Rules() {
		rule := web.Rule{ID: r.ID, Title: r.Title, Severity: string(r.Severity)}
		if r.Respond != nil {
			rule.Playbook, rule.Mode = r.Respond.Playbook, string(r.Respond.Mode)
		}
		list = append(list, rule)
	}
	return list
}

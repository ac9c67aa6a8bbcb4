package app

import (
	"context"

	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/web"
)

// explain is web.Explain: it asks the guard what it would say about an event now. Nothing is started, changed or spent.
func (a *App) explain(ctx context.Context, raw []byte) ([]web.Explanation, error) {
	e, err := event.Read(raw)
	if err != nil {
		return nil, err
	}
	matches, _, err := a.engine.Rules().Match(ctx, e)
	if err != nil {
		return nil, err
	}
	var list []web.Explanation
	for _, match := range matches {
		if match.Rule.Respond == nil {
			continue
		}
		verdict, err := a.gate.Admit(ctx, guard.Admission{Rule: match.Rule.ID, Mode: match.Rule.Respond.Mode, MaxAge: match.Rule.Respond.MaxAge, Event: e})
		if err != nil {
			return nil, err
		}
		line := matchLine(e, match)
		x := web.Explanation{Rule: line.Rule, Title: line.Title, Playbook: line.Playbook, Outcome: string(verdict.Outcome), Reasons: verdict.Reasons,
			Stages: verdict.Trace, Error: "the playbook's input can't be made from the event"}
		var plans []guard.Decision
		if match.Input != nil {
			plans, x.Error = a.rehearse(ctx, a.gate, replayed{line: line, event: e, input: match.Input, mode: match.Rule.Respond.Mode})
		}
		for _, p := range plans {
			plan := web.ExplainedPlan{Action: p.Plan.Action, Mode: string(p.Mode), Items: planLines(*p.Plan), Reasons: p.Reasons, Stages: p.Trace}
			if p.Mode == guard.Approve {
				plan.Approvers = max(match.Rule.Respond.Approval.Quorum, 1)
			}
			x.Plans = append(x.Plans, plan)
		}
		list = append(list, x)
	}
	if len(matches) == 0 {
		return nil, fault.New(fault.NotFound, "no rule matches the event").WithHint("riposte pattern explain says for one pattern why")
	}
	return list, nil
}

package detect

import (
	"context"
	"fmt"

	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/target"
)

// send hands the event to the rule's targets. One that only carries the event gets it whatever the mode, unless the event is
// riposte's own; one that acts by itself (a function, a state machine, a command) gets it only where the guard lets the rule
// act at once.
func (h *handling) send(ctx context.Context, r *Rule, verdict guard.Verdict, inScope bool, out *outcome) {
	mayAct := inScope && verdict.Outcome == guard.Respond && verdict.Mode == guard.Auto
	for _, t := range r.Targets {
		kind, err := t.Kind()
		if err == nil && kind.Acts && !mayAct {
			h.metrics.targets.WithLabelValues(kind.Name, "withheld").Inc()
			out.reasons = append(out.reasons, fmt.Sprintf("The target %s was not told, because it acts by itself and the mode is %s.", t.ID, verdict.Mode))
			continue
		}
		if err == nil {
			err = h.opts.Targets.Enqueue(ctx, target.Delivery{
				Rule: r.ID, RuleARN: ruleARN(r, h.env.Account, h.env.Region), Cause: string(h.env.Cause()), Target: t, Event: h.env.JSON(), Ingested: h.received,
			})
		}
		if err != nil {
			h.metrics.targets.WithLabelValues(kind.Name, "failed").Inc()
			h.failure(ctx, r.ID, "target", err)
			out.reasons = append(out.reasons, fmt.Sprintf("The target %s could not be told: %s.", t.ID, fault.Message(err)))
			continue
		}
		h.metrics.targets.WithLabelValues(kind.Name, "queued").Inc()
	}
}

// ruleARN names the rule as EventBridge would.
func ruleARN(r *Rule, account, region string) string {
	return fmt.Sprintf("arn:%s:events:%s:%s:rule/%s", Partition(region), region, account, r.ID)
}

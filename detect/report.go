package detect

import (
	"context"
	"strings"

	"riposte.dev/fault"
	"riposte.dev/finding"
	"riposte.dev/guard"
)

// MisuseRule is the id under which the use of the responder role by somebody else is reported.
const MisuseRule = "responder-role-misused"

// ruleErrorKey is put before the rule's id in the key of a notice that a rule could not be evaluated.
const ruleErrorKey = "rule-error"

// known returns the event's facts, made once.
func (h *handling) known(ctx context.Context) Facts {
	if h.facts == nil {
		facts := h.Facts(ctx, h.env)
		for _, e := range facts.Errors {
			h.opts.Logger.WarnContext(ctx, "enriching an event failed", "event", h.env.ID, "error", e)
		}
		h.facts = &facts
	}
	return *h.facts
}

// raise puts the findings of all matches into the hub.
func (h *handling) raise(ctx context.Context) {
	for _, out := range h.outcomes {
		if out.match.Finding != nil {
			h.upsert(ctx, out.match.Rule.ID, out.match.FindingID, *out.match.Finding)
		}
	}
	if h.misuse != nil {
		h.upsert(ctx, MisuseRule, finding.ID(MisuseRule, h.env.RootCause()), h.misuseDraft())
	}
}

func (h *handling) upsert(ctx context.Context, rule, id string, d finding.Draft) {
	h.known(ctx).apply(&d, finding.Time(d.Observed))
	f, err := finding.New(d, h.received)
	if err == nil {
		f.ID = id
		_, err = h.opts.Findings.Upsert(ctx, f)
	}
	if err != nil {
		h.failure(ctx, rule, "finding", err)
		return
	}
	h.metrics.findings.WithLabelValues(string(d.Severity)).Inc()
}

func (h *handling) misuseDraft() finding.Draft {
	d := finding.Draft{
		Rule: MisuseRule, Cause: h.env.RootCause(), Partition: Partition(h.env.Region), Region: h.env.Region, Account: h.env.Account,
		Types: []string{"TTPs/Credential Access/ResponderRoleMisused"}, Severity: finding.Critical, Title: h.misuseTitle(),
		Description: "The role that riposte responds with made a call that riposte did not make. " + strings.Join(h.misuse, " "),
		Remediation: "Run riposte pause, revoke the role's sessions, and look at its trust policy and at who could read its external id.",
		Resources:   resourcesOf(h.env), Observed: h.env.Time,
	}
	if r := h.env.Record(); r != nil {
		d.Action = apiCall(r, nil)
		if arn := r.UserIdentity.SessionContext.SessionIssuer.ARN; arn != "" {
			d.Resources = []finding.Resource{{Type: "AwsIamRole", ID: arn, Partition: d.Partition, Region: d.Region}}
		}
	}
	return d
}

func (h *handling) misuseTitle() string {
	r := h.env.Record()
	if r == nil {
		return "The responder role was used by somebody else"
	}
	return oneLine("The responder role was used by somebody else: "+apiName(r)+" from "+r.SourceIPAddress, maxValue)
}

// report queues the notices that no playbook sends: of rules that only notify, of responses that did not start, and of
// rules that could not be evaluated.
func (h *handling) report(ctx context.Context, failed []RuleError) {
	for _, out := range h.outcomes {
		r := out.match.Rule
		if out.started || out.waiting || len(r.Notify) == 0 && r.Respond == nil {
			continue
		}
		h.notify(ctx, r.ID, Notice{Rule: r.ID, Severity: r.Severity, Title: out.match.Title, Routes: r.Notify,
			Finding: out.match.FindingID, Reasons: out.reasons})
	}
	for _, e := range h.held {
		r := e.match.Rule
		h.notify(ctx, guard.EscalationOf(r.ID), Notice{Rule: r.ID, Severity: r.Severity, Title: e.title, Routes: r.Notify,
			Finding: e.match.FindingID, Reasons: e.reasons})
	}
	if h.misuse != nil {
		h.notify(ctx, MisuseRule, Notice{Rule: MisuseRule, Severity: finding.Critical, Title: h.misuseTitle(),
			Finding: finding.ID(MisuseRule, h.env.RootCause()), Reasons: h.misuse})
	}
	for _, f := range failed {
		h.metrics.ruleErrors.WithLabelValues(f.Rule.ID).Inc()
		h.failure(ctx, f.Rule.ID, f.Stage, f.Err)
		if f.Stage != stageWhen {
			continue // the match's own notice says it
		}
		h.notify(ctx, ruleErrorKey+"/"+f.Rule.ID, Notice{Rule: f.Rule.ID, Severity: f.Rule.Severity, Routes: f.Rule.Notify,
			Title:   "Rule " + f.Rule.ID + " could not be evaluated for an event, so nothing was done",
			Reasons: []string{fault.Message(f.Err) + ".", "The event is in the dead letters: correct the rule at " + f.Rule.Position.String() + " and replay it."}})
	}
}

func (h *handling) notify(ctx context.Context, key string, n Notice) {
	n.Event, n.Received, n.Facts = h.env.JSON(), h.received, h.known(ctx)
	if err := h.opts.Notices.Notify(ctx, "detect/"+key+"/"+string(h.env.Cause()), n); err != nil {
		h.failure(ctx, n.Rule, "notice", err)
	}
}

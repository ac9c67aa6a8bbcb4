package detect

import (
	"context"
	"fmt"
	"time"

	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/finding"
	"riposte.dev/guard"
)

// respond asks the guard about one match and starts its response. This is the part that is in a hurry: nothing here waits
// for a finding, an enrichment or a message.
func (h *handling) respond(ctx context.Context, m *Match, failed []RuleError) {
	out := outcome{match: m}
	excepted, scopeErr := h.excepted(ctx, m.Rule)
	if excepted {
		return
	}
	verdict := h.admit(ctx, m.Rule)
	if m.Rule.Respond != nil && (verdict.Outcome != guard.Respond || verdict.Mode == guard.Notify) {
		h.refused(m, stageOf(verdict), verdict.Reasons...)
	}
	switch verdict.Outcome {
	case guard.Ignore:
		return
	case guard.Misuse:
		h.misuse = verdict.Reasons
	}
	h.metrics.matches.WithLabelValues(m.Rule.ID).Inc()
	if m.Rule.Respond != nil {
		out.reasons = verdict.Reasons
		switch {
		case scopeErr != nil:
			out.because(h, byScope, "It is not known whether the account is in the rule's scope: "+scopeErr.Error()+".")
		case m.Input == nil:
			out.because(h, byInput, "The playbook's input could not be made: "+inputError(m.Rule, failed)+".")
		case verdict.Outcome == guard.Respond && verdict.Mode != guard.Notify:
			h.start(ctx, m, verdict, &out)
		}
		if scopeErr == nil && verdict.Outcome == guard.Respond && verdict.Mode != guard.Notify {
			h.countBreak(ctx, m)
		}
	}
	if h.opts.Targets != nil {
		h.send(ctx, m.Rule, verdict, scopeErr == nil, &out)
	}
	h.outcomes = append(h.outcomes, out)
}

// because says why the response does not start.
func (o *outcome) because(h *handling, by, reason string) {
	o.reasons = append(o.reasons, reason)
	h.refused(o.match, by, reason)
}

func inputError(r *Rule, failed []RuleError) string {
	for _, f := range failed {
		if f.Rule == r {
			return fault.Message(f.Err)
		}
	}
	return "unknown"
}

// excepted looks up the account's tags where the rule's scope needs them. Where that fails the rule still detects, and
// starts nothing.
func (h *handling) excepted(ctx context.Context, r *Rule) (bool, error) {
	if len(r.Scope.Except.Tags) == 0 {
		return false, nil
	}
	if h.opts.Accounts == nil {
		return false, fault.New(fault.Invalid, "nobody knows the tags of accounts")
	}
	tags, err := h.opts.Accounts.Tags(ctx, h.env.Account)
	if err != nil {
		if fault.Retryable(err) {
			h.failure(ctx, r.ID, "scope", err)
		}
		return false, err
	}
	return r.Scope.exceptedBy(tags) != "", nil
}

// admit asks the guard. A guard that cannot decide means that nothing is done and people are told.
func (h *handling) admit(ctx context.Context, r *Rule) guard.Verdict {
	a := guard.Admission{Rule: r.ID, Mode: guard.Notify, Event: h.env}
	switch {
	case r.Respond != nil:
		a.Mode, a.MaxAge = r.Respond.Mode, r.Respond.MaxAge
	case len(r.Targets) > 0:
		a.Mode = guard.Auto // a target is there to be told at once; the configuration may allow less
	}
	verdict, err := h.opts.Guard.Admit(ctx, a)
	if err == nil {
		return verdict
	}
	if r.Respond != nil || len(r.Targets) > 0 || fault.Retryable(err) {
		h.failure(ctx, r.ID, "guard", err)
	}
	return guard.Verdict{Outcome: guard.NotifyOnly, Mode: guard.Notify,
		Reasons: []string{fmt.Sprintf("Nothing was done because the guard could not decide: %s.", fault.Message(err))}}
}

// resourceKey tells apart the resources that a rule is about.
func resourceKey(m *Match, env *event.Envelope) string {
	return m.Rule.ID + "\x00" + env.Account + "\x00" + env.Region + "\x00" + m.Resources[0].ID
}

// start begins the response, once its turn has come.
func (h *handling) start(ctx context.Context, m *Match, verdict guard.Verdict, out *outcome) {
	r := m.Rule
	key := resourceKey(m, h.env)
	cause := h.env.Cause()
	switch turn, after := h.cooldowns.take(key, cause, h.received, h.opts.Now(), r.Respond.Cooldown); turn {
	case wait:
		h.metrics.responses.WithLabelValues(r.ID, "waiting").Inc()
		h.refused(m, byCooldown, "It waits "+after.Round(time.Second).String()+", because a response to the same resource began a moment ago.")
		h.postpone(ctx, r, after)
		out.waiting = true
		return
	case answered:
		h.metrics.responses.WithLabelValues(r.ID, "answered").Inc()
		out.because(h, byCooldown, "A response to the same resource that began after this event answers it too.")
		return
	}
	if err := h.opts.Responder.Start(ctx, h.response(m, verdict)); err != nil {
		h.cooldowns.release(key, cause)
		h.metrics.responses.WithLabelValues(r.ID, "failed").Inc()
		h.failure(ctx, r.ID, "start", err)
		out.because(h, byStart, "The response could not be started: "+fault.Message(err)+".")
		return
	}
	h.metrics.responses.WithLabelValues(r.ID, "started").Inc()
	out.started = true
}

// response is what the match starts.
func (h *handling) response(m *Match, verdict guard.Verdict) Response {
	r := m.Rule
	return Response{
		Rule: r.ID, RuleHash: r.Hash, Playbook: r.Respond.Playbook, Cause: h.env.Cause(), Root: h.env.RootCause(), Mode: verdict.Mode,
		Input: m.Input, Event: h.env.JSON(), Received: h.received, Severity: r.Severity, Title: m.Title, Notify: r.Notify,
		Reasons: verdict.Reasons, Finding: m.FindingID, Approval: r.Respond.Approval,
	}
}

// postpone sees to it that the event comes again when its turn has come.
func (h *handling) postpone(ctx context.Context, r *Rule, after time.Duration) {
	if h.opts.Postponer == nil {
		h.retry = append(h.retry, &Later{After: after, Rule: r.ID})
		return
	}
	p := Postponed{ID: "detect/" + finding.ID(r.ID, h.env.Cause()), At: h.opts.Now().Add(after), Event: h.env.JSON(), Received: h.received}
	if err := h.opts.Postponer.Postpone(ctx, p); err != nil {
		h.retry = append(h.retry, fault.New(fault.Unavailable, "event %s, rule %s: keeping it for later: %w", h.env.ID, r.ID, err))
	}
}

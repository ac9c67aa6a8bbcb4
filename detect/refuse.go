package detect

import (
	"context"
	"slices"

	"riposte.dev/event"
	"riposte.dev/guard"
)

// Refusals takes note of responses that did not start, or not yet. Refused returns when that is durable; the same refusal
// again may be counted instead of kept. Errors are treated as Findings' are.
type Refusals interface {
	Refused(ctx context.Context, r Refusal) error
}

// Refusal is a response that an event could have started and did not.
type Refusal struct {
	Rule     string // of an escalation, its own id
	Playbook string
	Mode     guard.Mode // that the rule asks for
	Cause    event.Cause
	Account  string
	Region   string
	Resource string // ARN
	By       string // what refused: a stage of the guard, or one of those below
	Reasons  []string
}

// What refuses beside the guard's stages.
const (
	byScope    = "scope"    // it is not known whether the rule holds in the account
	byInput    = "input"    // the playbook's input can't be made
	byCooldown = "cooldown" // another response to the resource answers the event, or has to be over first
	byGuard    = "guard"    // it did not answer
	byStart    = "start"    // the execution could not be started
)

// refused keeps for later that a match starts no response: nothing in a hurry waits for it.
func (h *handling) refused(m *Match, by string, reasons ...string) {
	r := m.Rule
	h.refuse(m, r.ID, r.Respond.Playbook, r.Respond.Mode, by, reasons)
}

// notEscalated is refused for the match's escalation.
func (h *handling) notEscalated(m *Match, by string, reasons ...string) {
	r := m.Rule
	h.refuse(m, guard.EscalationOf(r.ID), r.Respond.Escalate.Playbook, r.Respond.Escalate.Mode, by, reasons)
}

func (h *handling) refuse(m *Match, rule, playbook string, mode guard.Mode, by string, reasons []string) {
	if h.opts.Refusals == nil {
		return
	}
	h.refusals = append(h.refusals, Refusal{Rule: rule, Playbook: playbook, Mode: mode, Cause: h.env.Cause(), Account: h.env.Account,
		Region: h.env.Region, Resource: m.Resources[0].ID, By: by, Reasons: slices.Clone(reasons)})
}

// stageOf names the stage that had the last word in a verdict that starts nothing.
func stageOf(v guard.Verdict) string {
	for _, step := range slices.Backward(v.Trace) {
		if step.Answer == guard.Refused {
			return step.Stage
		}
	}
	return byGuard
}

// record hands on what was refused.
func (h *handling) record(ctx context.Context) {
	for _, r := range h.refusals {
		if err := h.opts.Refusals.Refused(ctx, r); err != nil {
			h.failure(ctx, r.Rule, "audit", err)
		}
	}
}

package detect

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/guard"
)

// Bounds of an escalation. What is counted is read back at start, as far as the activity is.
const (
	minEscalateTimes  = 2
	maxEscalateTimes  = 100
	maxEscalateWithin = DefaultActivityWindow
)

func (c *checker) escalate(f *escalateFile) *Escalate {
	if f.Times < minEscalateTimes || f.Times > maxEscalateTimes {
		c.fail("respond.escalate.times", fmt.Sprintf("write %d to %d", minEscalateTimes, maxEscalateTimes), "a resource can't escalate at break %d", f.Times)
	}
	if f.Within <= 0 || f.Within > maxEscalateWithin {
		c.fail("respond.escalate.within", "write a time such as 10m; at most "+maxEscalateWithin.String(), "breaks can't be counted in %s", f.Within)
	}
	c.known("respond.escalate.mode", "mode", string(f.Mode), modes())
	c.known("respond.escalate.playbook", "playbook", f.Playbook, c.opts.Playbooks)
	return &Escalate{Times: f.Times, Within: f.Within, Playbook: f.Playbook, Mode: f.Mode,
		input: parseInput(f.Input, "respond.escalate.input", &c.problems)}
}

// heldEscalation is an escalation that did not start, of which people are told.
type heldEscalation struct {
	match   *Match
	title   string
	reasons []string
}

// countBreak takes note of a break that a response answers, now or when its turn comes, and escalates where it is one too many.
func (h *handling) countBreak(ctx context.Context, m *Match) {
	e := m.Rule.Respond.Escalate
	if e == nil {
		return
	}
	if h.flaps.saw(m, h.env) {
		h.escalate(ctx, m)
	}
}

// Escalated is what one break too many starts beside the response.
type Escalated struct {
	Rule     string // an id of its own
	Playbook string
	Mode     guard.Mode
	Title    string
	Input    json.RawMessage
	Err      error // why there is no input
}

func (m *Match) escalates() Escalated {
	r, e := m.Rule, m.Rule.Respond.Escalate
	return Escalated{Rule: guard.EscalationOf(r.ID), Playbook: e.Playbook, Mode: e.Mode, Input: m.escalation, Err: m.escalationErr,
		Title: fmt.Sprintf("%s: broken %d times or more within %s, so it escalates", m.Title, e.Times, shortly(e.Within))}
}

// Breaks counts over the past what an Engine counts as it happens. The zero value has seen nothing.
type Breaks struct {
	flaps flaps
	told  map[string]bool
}

// Count takes in a break that a response answers and returns the escalation that it starts; nil where there is none. An event
// that comes again starts none again.
func (b *Breaks) Count(m *Match, env *event.Envelope) *Escalated {
	if m.Rule.Respond == nil || m.Rule.Respond.Escalate == nil || !b.flaps.saw(m, env) {
		return nil
	}
	x := m.escalates()
	key := x.Rule + " " + string(env.Cause())
	if b.told[key] {
		return nil
	}
	if b.told == nil {
		b.told = map[string]bool{}
	}
	b.told[key] = true
	return &x
}

// actor is what containing somebody stops: a key, or whoever is behind a session.
func actor(r *event.Record) string {
	switch {
	case r == nil:
		return ""
	case strings.HasPrefix(r.UserIdentity.AccessKeyID, "AKIA"):
		return r.UserIdentity.AccessKeyID
	default:
		return r.UserIdentity.Principal()
	}
}

// escalate starts the escalation of a match, under an id of its own. Starting it again is a no-op.
func (h *handling) escalate(ctx context.Context, m *Match) {
	r, x := m.Rule, m.escalates()
	held := func(outcome, by string, reasons []string) {
		h.metrics.escalations.WithLabelValues(r.ID, outcome).Inc()
		h.held = append(h.held, heldEscalation{m, x.Title, reasons})
		h.notEscalated(m, by, reasons...)
	}
	verdict, err := h.opts.Guard.Admit(ctx, guard.Admission{Rule: x.Rule, Mode: x.Mode, MaxAge: r.Respond.MaxAge, Event: h.env})
	switch {
	case err != nil:
		h.failure(ctx, x.Rule, "guard", err)
		held("failed", byGuard, []string{fmt.Sprintf("The escalation did not start because the guard could not decide: %s.", fault.Message(err))})
		return
	case verdict.Outcome != guard.Respond || verdict.Mode == guard.Notify:
		held("held", stageOf(verdict), append([]string{"The escalation did not start."}, verdict.Reasons...))
		return
	case x.Err != nil:
		h.failure(ctx, x.Rule, stageEscalate, x.Err)
		held("failed", byInput, []string{"The input of the escalation's playbook could not be made: " + fault.Message(x.Err) + "."})
		return
	}
	response := h.response(m, verdict)
	response.Rule, response.Playbook, response.Input, response.Title = x.Rule, x.Playbook, x.Input, x.Title
	if err := h.opts.Responder.Start(ctx, response); err != nil {
		h.failure(ctx, x.Rule, "start", err)
		held("failed", byStart, []string{"The escalation could not be started: " + fault.Message(err) + "."})
		return
	}
	h.metrics.escalations.WithLabelValues(r.ID, "started").Inc()
}

// shortly writes a time without parts that are zero: 10m, not 10m0s.
func shortly(d time.Duration) string {
	text := strings.TrimSuffix(d.String(), "0s")
	if rest := strings.TrimSuffix(text, "0m"); strings.HasSuffix(rest, "h") {
		return rest
	}
	return text
}

// Recall takes an event of before this start into what is counted of breaks, without carrying anything out. It asks the
// guard, so that our own changes and calls that failed are not counted now either. An error means that ctx ended.
func (e *Engine) Recall(ctx context.Context, env *event.Envelope) error {
	rules := e.rules.Load()
	if rules.flapping == 0 || e.opts.Now().Sub(env.Time) > rules.flapping {
		return nil
	}
	matches, _, err := rules.Match(ctx, env)
	if err != nil {
		return ctx.Err() // what can't be matched broke nothing then either
	}
	h := &handling{Engine: e, env: env}
	for i := range matches {
		m := &matches[i]
		if m.Rule.Respond == nil || m.Rule.Respond.Escalate == nil {
			continue
		}
		if excepted, err := h.excepted(ctx, m.Rule); excepted || err != nil {
			continue
		}
		verdict, err := e.opts.Guard.Admit(ctx, guard.Admission{Rule: m.Rule.ID, Mode: m.Rule.Respond.Mode, MaxAge: m.Rule.Respond.MaxAge, Event: env})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil && verdict.Outcome == guard.Respond && verdict.Mode != guard.Notify {
			e.flaps.saw(m, env)
		}
	}
	return nil
}

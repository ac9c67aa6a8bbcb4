package app

import (
	"context"
	"slices"
	"time"

	"riposte.dev/bus"
	"riposte.dev/detect"
	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/web"
)

// past is what a replay goes through, in its order.
type past struct {
	app       *App
	only      []string // rules; empty: all
	tell      func(web.ReplayLine) error
	gate      *gate  // decides as of now
	problem   string // why there is no gate
	now       time.Time
	breaks    detect.Breaks
	responses newestResponses
}

// event tells what the rules make of a retained event.
func (p *past) event(ctx context.Context, rules *detect.RuleSet, m bus.Message) error {
	e, err := event.Parse(m.Data)
	if err != nil {
		return p.tell(web.ReplayLine{Kind: "failed", Time: m.Time, Error: err.Error()})
	}
	p.now = m.Time
	matches, failed, err := rules.Match(ctx, e)
	if err != nil {
		failed = append(failed, detect.RuleError{Rule: &detect.Rule{}, Err: err})
	}
	for _, f := range failed {
		if err := p.tell(web.ReplayLine{Kind: "failed", Time: m.Time, EventID: e.ID, Rule: f.Rule.ID, Error: f.Err.Error()}); err != nil {
			return err
		}
	}
	for i := range matches {
		match := &matches[i]
		if len(p.only) > 0 && !slices.Contains(p.only, match.Rule.ID) {
			continue
		}
		if err := p.match(ctx, e, match); err != nil {
			return err
		}
	}
	return nil
}

// match tells of a match and of the escalation that it would have started beside its response.
func (p *past) match(ctx context.Context, e *event.Envelope, m *detect.Match) error {
	line := matchLine(e, *m)
	respond := m.Rule.Respond
	if respond == nil {
		return p.tell(line)
	}
	var mode guard.Mode
	var err error
	if mode, line.Reasons, err = p.admits(ctx, guard.Admission{Rule: m.Rule.ID, Mode: respond.Mode, MaxAge: respond.MaxAge, Event: e}); err != nil {
		return err
	}
	if err := p.tell(line); err != nil || mode == "" {
		return err
	}
	if m.Input != nil {
		p.would(replayed{line, e, m.Input, respond.Mode, true}, mode)
	}
	x := p.breaks.Count(m, e)
	if x == nil {
		return nil
	}
	line.Kind, line.Rule, line.Playbook, line.Title = "escalation", x.Rule, x.Playbook, x.Title
	if mode, line.Reasons, err = p.admits(ctx, guard.Admission{Rule: x.Rule, Mode: x.Mode, MaxAge: respond.MaxAge, Event: e}); err != nil {
		return err
	}
	if x.Err != nil {
		line.Error = fault.Message(x.Err)
	} else if mode != "" {
		p.would(replayed{line, e, x.Input, x.Mode, true}, mode)
	}
	return p.tell(line)
}

// would keeps a response that would have started in a mode.
func (p *past) would(r replayed, mode guard.Mode) {
	r.line.Mode = string(mode)
	p.responses.add(r)
}

// admits asks the guard of then in which mode a response would have started; "" for none, and why.
func (p *past) admits(ctx context.Context, a guard.Admission) (guard.Mode, []string, error) {
	if p.gate == nil {
		return a.Mode, nil, nil // its plan says that nothing can be told
	}
	verdict, err := p.gate.Admit(ctx, a)
	if err != nil {
		return "", nil, err
	}
	if verdict.Outcome == guard.Respond && verdict.Mode != guard.Notify {
		return verdict.Mode, nil, nil
	}
	return "", verdict.Reasons, nil
}

// plan tells what the newest responses would do now, as far as the guard of then would have let them after those before.
func (p *past) plan(ctx context.Context) error {
	slices.SortStableFunc(p.responses.list, func(x, y replayed) int { return x.line.Time.Compare(y.line.Time) })
	for _, r := range p.responses.list {
		line := r.line
		p.now, line.Kind, line.Reasons, line.Error = line.Time, "plan", nil, p.problem
		if p.gate != nil {
			var plans []guard.Decision
			plans, line.Error = p.app.rehearse(ctx, p.gate, r)
			for _, d := range plans {
				line.Mode, line.Reasons = string(d.Mode), append(line.Reasons, d.Reasons...)
				line.Items = append(line.Items, planLines(*d.Plan)...)
			}
		}
		if err := p.tell(line); err != nil {
			return err
		}
	}
	return nil
}

// newestResponses keeps the last response of each rule and resource, of an escalation each one, and of those the newest.
type newestResponses struct {
	most int
	list []replayed // oldest first
}

func (n *newestResponses) add(r replayed) {
	n.list = slices.DeleteFunc(n.list, func(o replayed) bool {
		return o.line.Kind != "escalation" && o.line.Rule == r.line.Rule && o.line.Resource == r.line.Resource
	})
	n.list = append(n.list, r)
	if extra := len(n.list) - max(n.most, 0); extra > 0 {
		n.list = slices.Delete(n.list, 0, extra)
	}
}

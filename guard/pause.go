package guard

import (
	"context"
	"fmt"
	"strings"
	"time"

	"riposte.dev/action"
	"riposte.dev/fault"
)

// Pause is the kill switch: riposte changes nothing within its scope until somebody ends it, and goes on telling people.
// An empty field of the scope means every one; without any, everything is paused.
type Pause struct {
	ID       string    `json:"id"`
	Account  string    `json:"account,omitempty"`
	Region   string    `json:"region,omitempty"`
	Rule     string    `json:"rule,omitempty"`
	Action   string    `json:"action,omitempty"`
	Resource string    `json:"resource,omitempty"` // ARN; * and ? are wildcards
	Reason   string    `json:"reason"`
	By       string    `json:"by"`
	Since    time.Time `json:"since"`
}

// Pauses is where pauses rest. InForce returns those that nobody has ended, the oldest first.
type Pauses interface {
	InForce(ctx context.Context) ([]Pause, error)
}

// Validate reports what keeps the pause from being accepted, all problems at once as one fault.Invalid. A reason is
// required: whoever is woken by the silence has to know.
func (p Pause) Validate() error {
	var problems []string
	if strings.TrimSpace(p.Reason) == "" {
		problems = append(problems, "reason is missing: say why riposte is to keep still")
	}
	for _, f := range []struct{ name, value string }{{"reason", p.Reason}, {"rule", p.Rule}, {"action", p.Action}, {"region", p.Region}, {"resource", p.Resource}} {
		if len(f.value) > maxField {
			problems = append(problems, fmt.Sprintf("%s has %d bytes, over the limit of %d", f.name, len(f.value), maxField))
		}
	}
	if p.Account != "" && !isAccount(p.Account) {
		problems = append(problems, fmt.Sprintf("account %q is not 12 digits", p.Account))
	}
	if p.Resource != "" && !strings.HasPrefix(p.Resource, "arn:") && !strings.HasPrefix(p.Resource, "*") {
		problems = append(problems, fmt.Sprintf("resource %q never matches an ARN: write the whole ARN, or begin with *", p.Resource))
	}
	if len(problems) == 0 {
		return nil
	}
	return fault.New(fault.Invalid, "the pause is not valid: %s", strings.Join(problems, "; "))
}

// Covers reports whether the pause is about a change of this resource by this rule and action. A resource without an
// ARN is covered by every ARN pattern: nobody can tell that it is not meant.
func (p Pause) Covers(rule, actionName string, r action.Resource) bool {
	return names(p.Rule, rule) &&
		(p.Action == "" || p.Action == actionName) &&
		(p.Account == "" || p.Account == r.Account) &&
		(p.Region == "" || p.Region == r.Region) &&
		(p.Resource == "" || r.ARN == "" || glob(p.Resource, r.ARN) || mayMean(p.Resource, r))
}

// Scope says in words what is paused.
func (p Pause) Scope() string {
	var parts []string
	for _, f := range []struct{ name, value string }{{"account", p.Account}, {"region", p.Region}, {"rule", p.Rule}, {"action", p.Action}, {"resource", p.Resource}} {
		if f.value != "" {
			parts = append(parts, f.name+" "+f.value)
		}
	}
	if len(parts) == 0 {
		return "everything"
	}
	return strings.Join(parts, ", ")
}

func (p Pause) sentence() string {
	return fmt.Sprintf("%s paused %s (%s) since %s: %s.", orNone(p.By), p.Scope(), p.ID, p.Since.UTC().Format(time.RFC3339), strings.TrimSuffix(strings.TrimSpace(p.Reason), "."))
}

// pausedEvent keeps an event from starting what a pause would keep from acting whatever it plans.
func (g *Guard) pausedEvent(ctx context.Context, a *admission) (*Verdict, error) {
	pauses, err := g.inForce(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range pauses {
		if p.Action == "" && p.Resource == "" && p.Covers(a.Rule, "", action.Resource{Account: a.Event.Account, Region: a.Event.Region}) {
			return &Verdict{Outcome: NotifyOnly, Mode: Notify, Reasons: []string{p.sentence()}}, nil
		}
	}
	a.pass("No pause covers the whole rule here (in force: %d).", len(pauses))
	return nil, nil
}

// byPerson reports whether somebody takes it back and is not held up by a pause: that is how a wrong change is mended while riposte
// keeps still. What riposte takes back because it expired is.
func (p Proposal) byPerson() bool { return p.Undo && !p.Expired }

// applyPauses leaves to people what is paused.
func (g *Guard) applyPauses(ctx context.Context, d *draft) error {
	if d.byPerson() {
		d.skip("Pauses don't hold up what a person takes back.")
		return nil
	}
	pauses, err := g.inForce(ctx)
	if err != nil {
		return err
	}
	return d.each(func(item *action.Item) (ruling, error) {
		for _, p := range pauses {
			if p.Covers(d.Rule, d.Spec.Name, item.Resource) {
				d.paused = p.sentence()
				return leave("%s", d.paused), nil
			}
		}
		return letPass("No pause covers it (in force: %d).", len(pauses)), nil
	})
}

func (g *Guard) inForce(ctx context.Context) ([]Pause, error) {
	if g.pauses == nil {
		return nil, nil
	}
	pauses, err := g.pauses.InForce(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the pauses: %w", err)
	}
	return pauses, nil
}

// MayCall is asked before each call of a plan that was decided, because a pause holds for what is under way too. It
// returns fault.Denied where the resource was paused meanwhile. Where that can't be told, the answer is no.
func (g *Guard) MayCall(ctx context.Context, p Proposal, r action.Resource) error {
	if p.byPerson() {
		return nil
	}
	pauses, err := g.inForce(ctx)
	if err != nil {
		return fault.New(fault.Denied, "the call was not made, because the guard could not be evaluated: %w", err)
	}
	for _, pause := range pauses {
		if pause.Covers(p.Rule, p.Spec.Name, r) {
			return fault.New(fault.Denied, "the call was not made: %s", strings.TrimSuffix(pause.sentence(), ".")).
				WithHint("riposte resume %s, then start the response again by hand, or take back what was done", pause.ID)
		}
	}
	return nil
}

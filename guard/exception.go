package guard

import (
	"context"
	"fmt"
	"strings"
	"time"

	"riposte.dev/action"
	"riposte.dev/fault"
)

// maxField bounds each text of an exception, in bytes; an ARN has at most 2,048.
const maxField = 2048

// Validate reports what keeps the exception from being accepted at now, all problems at once as one fault.Invalid: owner,
// reason and expiry are required, it lasts at most a year, and its resource must be able to match an ARN.
func (e Exception) Validate(now time.Time) error {
	var problems []string
	problem := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }

	for _, field := range []struct{ name, value, missing string }{
		{"id", e.ID, ""},
		{"owner", e.Owner, "owner is missing: say who answers for it"},
		{"reason", e.Reason, "reason is missing: say why the resource is left alone"},
		{"resource", e.Resource, "resource is missing: give the ARN, in which * and ? are wildcards"},
		{"rule", e.Rule, ""}, {"action", e.Action, ""}, {"ticket", e.Ticket, ""},
	} {
		switch {
		case len(field.value) > maxField:
			problem("%s has %d bytes, over the limit of %d", field.name, len(field.value), maxField)
		case field.missing != "" && strings.TrimSpace(field.value) == "":
			problem("%s", field.missing)
		}
	}
	if e.Resource != "" && !strings.HasPrefix(e.Resource, "arn:") && !strings.HasPrefix(e.Resource, "*") {
		problem("resource %q never matches an ARN: write the whole ARN, or begin with *", e.Resource)
	}
	if e.Resource != "" && strings.Trim(e.Resource, "*?") == "" && e.Rule == "" && e.Action == "" {
		problem("it would leave every resource alone whatever happens: name a rule, an action or a resource; to stop riposte as a whole: riposte pause")
	}
	if e.Account != "" && !isAccount(e.Account) {
		problem("account %q is not 12 digits", e.Account)
	}
	e.validateTimes(now, problem)
	if len(problems) == 0 {
		return nil
	}
	name := "the exception" // it has no id before it is stored
	if e.ID != "" {
		name = "exception " + e.ID
	}
	return fault.New(fault.Invalid, "%s is not valid: %s", name, strings.Join(problems, "; "))
}

func (e Exception) validateTimes(now time.Time, problem func(format string, args ...any)) {
	created := e.Created
	if created.IsZero() {
		created = now
	}
	if created.Sub(now) > MaxSkew {
		problem("created lies in the future (%s)", created.UTC().Format(time.RFC3339))
	}
	switch latest := created.AddDate(1, 0, 0); {
	case e.Expires.IsZero():
		problem("expires is missing: an exception ends, at the latest a year after it was made")
	case e.expired(now):
		problem("it expired %s", e.Expires.UTC().Format(time.RFC3339))
	case e.Expires.After(latest):
		problem("expires %s is more than a year after it was made: at the latest %s",
			e.Expires.UTC().Format(time.RFC3339), latest.UTC().Format(time.RFC3339))
	}
}

// expired reports whether the rule is enforced again: from the moment of expiry on.
func (e Exception) expired(now time.Time) bool {
	return !e.Expires.IsZero() && !now.Before(e.Expires)
}

// Covers reports whether the exception is about this rule, action and resource; whether it still holds is another
// question.
func (e Exception) Covers(rule, actionName string, r action.Resource) bool {
	return names(e.Rule, rule) &&
		(e.Action == "" || e.Action == actionName) &&
		(e.Account == "" || e.Account == r.Account) &&
		e.Resource != "" && r.ARN != "" && glob(e.Resource, r.ARN)
}

// mayCover reports whether the exception would cover what a call changes of which is not known what it is.
func (e Exception) mayCover(rule, actionName string, r action.Resource) bool {
	return mayMean(e.Resource, r) && names(e.Rule, rule) && (e.Action == "" || e.Action == actionName) && (e.Account == "" || e.Account == r.Account)
}

// applyExceptions leaves alone what an exception covers. The store is not trusted with the clock: one that has expired is
// enforced again whether the store noticed or not. One that covers an item and is not valid is not decided here either
// way: the item is left to people.
func (g *Guard) applyExceptions(ctx context.Context, d *draft) error {
	if d.Undo {
		d.skip("Exceptions don't hold up an undo.")
		return nil
	}
	active, err := g.exceptions.Active(ctx, d.now)
	if err != nil {
		return fmt.Errorf("read the exceptions: %w", err)
	}
	return d.each(func(item *action.Item) (ruling, error) {
		if item.Resource.ARN == "" || item.Resource.Account == "" {
			return ruling{}, fault.New(fault.Internal, "item %s has no ARN or account, so no exception can be looked up", item.ID)
		}
		said := letPass("No exception covers it (in force: %d).", len(active))
		for _, e := range active {
			if e.expired(d.now) {
				continue
			}
			if !e.Covers(d.Rule, d.Spec.Name, item.Resource) {
				if e.mayCover(d.Rule, d.Spec.Name, item.Resource) {
					said = leave("Exception %s may cover it: what the call changes can't be told from what it is given.", e.ID)
				}
				continue
			}
			if err := e.Validate(d.now); err != nil {
				said = leave("An exception covers it, but %s.", fault.Message(err))
				continue // a valid one may cover it as well
			}
			return ruling{action.Excepted, e.sentence()}, nil
		}
		return said, nil
	})
}

// Held reports whether it was this exception that left the item of a decided plan alone.
func (e Exception) Held(item action.Item) bool {
	return item.Status == action.Excepted && strings.HasPrefix(item.Reason, "Exception "+e.ID+" holds ")
}

func (e Exception) sentence() string {
	ticket := ""
	if e.Ticket != "" {
		ticket = ", " + e.Ticket
	}
	return fmt.Sprintf("Exception %s holds until %s: %s (%s%s).", e.ID, e.Expires.UTC().Format(time.RFC3339),
		strings.TrimSuffix(strings.TrimSpace(e.Reason), "."), e.Owner, ticket)
}

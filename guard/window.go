package guard

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"riposte.dev/action"
	"riposte.dev/conf"
)

// Window is a time in which less is allowed: a maintenance window, or nights in which people are asked first.
type Window struct {
	Name  string `yaml:"name" conf:"required"`
	Scope Scope  `yaml:"scope" doc:"What it is about; everything by default."`
	Days  []Day  `yaml:"days" doc:"Days on which it begins; every day by default."`
	From  string `yaml:"from" conf:"required" doc:"Time of day, such as 22:00."`
	To    string `yaml:"to" conf:"required" doc:"Time of day; one before from is on the next day."`
	Zone  string `yaml:"zone" doc:"Time zone, such as Europe/Vienna; UTC by default."`
	Mode  Mode   `yaml:"mode" doc:"The boldest mode in it; notify by default."`
}

// Day is a day of the week.
type Day string

// ConfSchema lists the days.
func (Day) ConfSchema() conf.Schema { return conf.OneOf(days...) }

var days = []string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}

const timeOfDay = "15:04"

func (w Window) check(path string, fail Fail) {
	for _, field := range []struct{ name, text string }{{"from", w.From}, {"to", w.To}} {
		if _, err := time.Parse(timeOfDay, field.text); err != nil {
			fail(path+"."+field.name, "%q is no time of day such as 22:00", field.text)
		}
	}
	if w.From == w.To {
		fail(path, "it begins and ends at %s", w.From)
	}
	if _, err := time.LoadLocation(w.Zone); err != nil {
		fail(path+".zone", "there is no time zone %q; write one such as Europe/Vienna", w.Zone)
	}
	for i, day := range w.Days {
		if !slices.Contains(days, string(day)) {
			fail(fmt.Sprintf("%s.days[%d]", path, i), "%q is no day; write Mon to Sun", string(day))
		}
	}
	if w.Mode != "" && w.Mode.Check() != nil {
		fail(path+".mode", "there is no mode %q", string(w.Mode))
	}
	w.Scope.check(path+".scope", fail)
}

// holds reports whether the window is open at a moment.
func (w Window) holds(now time.Time) (bool, error) {
	zone, err := time.LoadLocation(w.Zone)
	if err != nil {
		return false, err
	}
	from, err := time.Parse(timeOfDay, w.From)
	if err != nil {
		return false, err
	}
	to, err := time.Parse(timeOfDay, w.To)
	if err != nil {
		return false, err
	}
	local := now.In(zone)
	for _, back := range []int{0, 1} { // it may have begun yesterday
		day := local.AddDate(0, 0, -back)
		begins := time.Date(day.Year(), day.Month(), day.Day(), from.Hour(), from.Minute(), 0, 0, zone)
		ends := time.Date(day.Year(), day.Month(), day.Day(), to.Hour(), to.Minute(), 0, 0, zone)
		if !ends.After(begins) {
			ends = time.Date(day.Year(), day.Month(), day.Day()+1, to.Hour(), to.Minute(), 0, 0, zone)
		}
		if (len(w.Days) == 0 || slices.Contains(w.Days, Day(days[begins.Weekday()]))) && !local.Before(begins) && local.Before(ends) {
			return true, nil
		}
	}
	return false, nil
}

// applyWindows allows no more than the windows that are open. An item in a window that allows less than the plan's mode is
// left to people; where all of them are, the mode is the window's, so that people are asked where it says so.
func (g *Guard) applyWindows(ctx context.Context, d *draft) error {
	if d.Undo {
		d.skip("Windows don't hold up an undo.")
		return nil
	}
	for _, w := range d.policy.Windows {
		open, err := w.holds(d.now)
		if err != nil {
			return fmt.Errorf("tell whether the window %s is open: %w", w.Name, err)
		}
		limit := w.Mode
		if limit == "" {
			limit = Notify
		}
		if !open || !d.mode.Bolder(limit) {
			continue
		}
		within := false
		for i := range d.plan.Items {
			item := &d.plan.Items[i]
			if item.Status == action.Change {
				covered := w.Scope.covers(ctx, d, item, g.units)
				within = within || covered.yes || covered.unknown != ""
			}
		}
		if within {
			d.mode = limit
			d.holdBack(fmt.Sprintf("The window %s (%s to %s) allows no more than mode %s.", w.Name, w.From, w.To, limit))
		}
	}
	if len(d.said) == 0 && d.changes() {
		d.pass("No open window allows less (windows: %d).", len(d.policy.Windows))
	}
	return nil
}

// breakGlass keeps the deeds of people who may do everything in an emergency from starting a response.
func (g *Guard) breakGlass(_ context.Context, a *admission) (*Verdict, error) {
	if a.record == nil {
		a.skip("The event names nobody who did it.")
		return nil, nil
	}
	// A session's name is chosen by whoever assumes the role, so only users and roles themselves count.
	principal := a.record.UserIdentity.Principal()
	if parts := strings.SplitN(principal, ":", 6); len(parts) != 6 || parts[2] != "iam" {
		a.pass("It was no user or role that is known: %s.", orNone(principal))
		return nil, nil
	}
	for _, pattern := range g.policy().BreakGlass {
		if glob(pattern, principal) {
			return &Verdict{Outcome: NotifyOnly, Mode: Notify, Reasons: []string{fmt.Sprintf(
				"%s is a break-glass principal (%s), so people are told and nothing is started.", principal, pattern)}}, nil
		}
	}
	a.pass("%s is no break-glass principal.", principal)
	return nil, nil
}

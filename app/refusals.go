package app

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"riposte.dev/audit"
	"riposte.dev/detect"
	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/notify"
)

const (
	// refusalWindow is how long the same refusal is counted after it was recorded.
	refusalWindow = 10 * time.Minute
	// maxRefusals is how many resources are told apart in that time. Whoever makes up more of them makes no more records.
	maxRefusals       = 1000
	countRefusalEvery = 30 * time.Second
)

// refusals tells the audit record of responses that did not start. The first of a kind is recorded at once; what follows within
// a window is counted, and the count recorded at the window's end. A crash loses counts, not records.
type refusals struct {
	append func(context.Context, ...audit.Entry) (audit.Head, error)
	now    func() time.Time

	mu   sync.Mutex
	open map[refusalKind]*refusalCount
}

// refusalKind is what is counted together. Resource is "" for those beyond maxRefusals.
type refusalKind struct{ rule, by, account, region, resource string }

type refusalCount struct {
	detect.Refusal // the first
	since, last    time.Time
	newest         event.Cause
	more           int // since the first
}

var _ detect.Refusals = (*refusals)(nil)

func newRefusals(append func(context.Context, ...audit.Entry) (audit.Head, error), now func() time.Time) *refusals {
	return &refusals{append: append, now: now, open: map[refusalKind]*refusalCount{}}
}

// Refused records or counts a refusal. The same cause twice in a row, as after a delivery that is repeated, counts once.
func (r *refusals) Refused(ctx context.Context, x detect.Refusal) error {
	now := r.now()
	kind := refusalKind{x.Rule, x.By, x.Account, x.Region, x.Resource}
	r.mu.Lock()
	if r.open[kind] == nil && len(r.open) >= maxRefusals {
		kind.account, kind.region, kind.resource = "", "", ""
		x.Account, x.Region, x.Resource = "", "", ""
		x.Reasons = append(x.Reasons, fmt.Sprintf("There were more than %d of them for different resources, so what follows is counted together.", maxRefusals))
	}
	before := r.open[kind]
	if before != nil && now.Sub(before.since) < refusalWindow {
		if before.newest != x.Cause {
			before.more++
			before.last, before.newest = now, x.Cause
		}
		r.mu.Unlock()
		return nil
	}
	count := &refusalCount{Refusal: x, since: now, newest: x.Cause}
	r.open[kind] = count
	r.mu.Unlock()

	entries := append(before.entries(), refusedEntry(x, now))
	_, err := r.append(ctx, entries...)
	if err != nil { // the event comes again
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.open[kind] == count {
			r.reopen(kind, before, count)
		}
	}
	return err
}

// reopen puts back what was counted before a record that could not be written.
func (r *refusals) reopen(kind refusalKind, before, failed *refusalCount) {
	delete(r.open, kind)
	if more := failed.more; before != nil || more > 0 {
		back := cmp.Or(before, failed)
		if before != nil {
			back.more += more
		}
		back.since = time.Time{} // the next one is recorded, with this count
		r.open[kind] = back
	}
}

// entries tells how often a refusal came after its first record; nothing where it did not.
func (c *refusalCount) entries() []audit.Entry {
	if c == nil || c.more == 0 {
		return nil
	}
	e := refusalEntry(c.Refusal, c.last)
	e.Text = fmt.Sprintf("%s %d more times until %s, for the same reason (%s).", didNotStart(c.Refusal), c.more, c.last.UTC().Format(time.RFC3339), c.By)
	e.Data, _ = json.Marshal(refusalData{By: c.By, Cause: string(c.newest), Playbook: c.Playbook, Mode: c.Mode, More: c.more}) // texts and a number
	return []audit.Entry{e}
}

func refusedEntry(x detect.Refusal, at time.Time) audit.Entry {
	e := refusalEntry(x, at)
	reasons := make([]string, len(x.Reasons))
	for i, reason := range x.Reasons {
		reasons[i] = notify.Redact(reason)
	}
	e.Text = didNotStart(x) + ": " + strings.Join(reasons, " ")
	e.Data, _ = json.Marshal(refusalData{By: x.By, Cause: string(x.Cause), Playbook: x.Playbook, Mode: x.Mode, Reasons: reasons})
	return e
}

// refusalData is what the record of a refusal says beside its sentence.
type refusalData struct {
	By       string     `json:"refused_by"`
	Cause    string     `json:"cause"`
	Playbook string     `json:"playbook"`
	Mode     guard.Mode `json:"mode"`
	Reasons  []string   `json:"reasons,omitempty"`
	More     int        `json:"more,omitempty"`
}

func refusalEntry(x detect.Refusal, at time.Time) audit.Entry {
	e := audit.Entry{Time: at, Kind: audit.Decision, Actor: audit.Self, Rule: x.Rule, Account: x.Account, Region: x.Region}
	if strings.HasPrefix(x.Resource, "arn:") { // it may be the account as findings name it
		e.Resource = x.Resource
	}
	return e
}

func didNotStart(x detect.Refusal) string {
	return fmt.Sprintf("Rule %s did not start playbook %s", x.Rule, x.Playbook)
}

// run records counts whose window is over until ctx ends, and then all.
func (r *refusals) run(ctx context.Context) error {
	tick := time.NewTicker(countRefusalEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
			defer cancel()
			return r.close(last, time.Time{})
		case <-tick.C:
			if err := r.close(ctx, r.now().Add(-refusalWindow)); err != nil && !fault.Retryable(err) {
				return err
			}
		}
	}
}

// close ends the windows that began by a time, the zero time for all.
func (r *refusals) close(ctx context.Context, by time.Time) error {
	r.mu.Lock()
	ended := map[refusalKind]*refusalCount{}
	var entries []audit.Entry
	for kind, c := range r.open {
		if by.IsZero() || !c.since.After(by) {
			ended[kind] = c
			entries = append(entries, c.entries()...)
			delete(r.open, kind)
		}
	}
	r.mu.Unlock()
	if len(entries) == 0 {
		return nil
	}
	_, err := r.append(ctx, entries...)
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		for kind, c := range ended {
			if again := r.open[kind]; again != nil {
				again.more += c.more
			} else {
				r.open[kind] = c
			}
		}
	}
	return err
}

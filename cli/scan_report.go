package cli

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"riposte.dev/detect"
	"riposte.dev/finding"
)

// scanReport folds detections into what a person wants to see: the worst first, the same thing once.
type scanReport struct {
	total      int
	bySeverity map[string]int
	groups     map[scanGroup]*scanFold
	denials    map[scanDenial]*scanFold
}

// scanGroup is a rule broken by one principal in one account.
type scanGroup struct{ severity, rule, principal, account string }

// scanDenial is one API that one principal was denied.
type scanDenial struct{ principal, api string }

type scanFold struct {
	count       int    // events; several rules may hold for one
	event       string // the last one's id
	title, who  string
	first, last string
	addresses   map[string]bool
}

func newScanReport() *scanReport {
	return &scanReport{bySeverity: map[string]int{}, groups: map[scanGroup]*scanFold{}, denials: map[scanDenial]*scanFold{}}
}

func (r *scanReport) add(d Detection) {
	r.total++
	r.bySeverity[d.Severity]++
	if d.denied {
		fold(r.denials, scanDenial{d.Principal, strings.TrimSuffix(d.EventSource, ".amazonaws.com") + ":" + d.EventName}, d)
		return
	}
	fold(r.groups, scanGroup{d.Severity, d.Rule, d.Principal, d.Account}, d)
}

func fold[K comparable](folds map[K]*scanFold, key K, d Detection) {
	f := folds[key]
	if f == nil {
		f = &scanFold{title: d.Title, who: d.who, first: d.Time, last: d.Time, addresses: map[string]bool{}}
		folds[key] = f
	}
	if d.EventID == "" || d.EventID != f.event {
		f.count++
	}
	f.event = d.EventID
	f.first, f.last = min(f.first, d.Time), max(f.last, d.Time)
	if d.SourceIP != "" {
		f.addresses[d.SourceIP] = true
	}
}

// shownDenials is how many rows of denials are shown; the rest is counted.
const shownDenials = 20

func (r *scanReport) print(out io.Writer) {
	if r.total == 0 {
		fmt.Fprintln(out, "no rule holds for any event")
		return
	}
	var counts []string
	for _, label := range slices.Backward(detect.Severities()) {
		if n := r.bySeverity[string(label)]; n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, label))
		}
	}
	fmt.Fprintf(out, "%d detections: %s\n\n", r.total, strings.Join(counts, ", "))
	if len(r.groups) > 0 {
		t := newTable(out, "SEVERITY", "WHAT", "TIMES", "WHO", "FROM", "FIRST", "RULE")
		keys := slices.SortedFunc(maps.Keys(r.groups), func(a, b scanGroup) int {
			return cmp.Or(detect.Rank(finding.Label(b.severity))-detect.Rank(finding.Label(a.severity)),
				cmp.Compare(r.groups[a].first, r.groups[b].first), cmp.Compare(a.rule, b.rule), cmp.Compare(a.principal, b.principal), cmp.Compare(a.account, b.account))
		})
		for _, key := range keys {
			f := r.groups[key]
			t.AppendRow([]any{key.severity, ellipsis(f.title, 70), f.count, ellipsis(f.who, 40), addresses(f.addresses), f.first, key.rule})
		}
		t.Render()
	}
	if len(r.denials) == 0 {
		return
	}
	fmt.Fprintln(out, "\nCalls that failed, by who and what:")
	t := newTable(out, "TIMES", "WHO", "API", "FROM", "FIRST", "LAST")
	keys := slices.SortedFunc(maps.Keys(r.denials), func(a, b scanDenial) int {
		return cmp.Or(r.denials[b].count-r.denials[a].count, cmp.Compare(a.principal, b.principal), cmp.Compare(a.api, b.api))
	})
	for _, key := range keys[:min(len(keys), shownDenials)] {
		f := r.denials[key]
		t.AppendRow([]any{f.count, ellipsis(f.who, 40), key.api, addresses(f.addresses), f.first, f.last})
	}
	t.Render()
	if more := len(keys) - shownDenials; more > 0 {
		fmt.Fprintf(out, "and %d more; -o ndjson shows all\n", more)
	}
}

func addresses(set map[string]bool) string {
	list := slices.Sorted(maps.Keys(set))
	if len(list) > 2 {
		return fmt.Sprintf("%s and %d more", list[0], len(list)-1)
	}
	return strings.Join(list, ", ")
}

func ellipsis(text string, limit int) string {
	runes := []rune(text)
	if len(runes) <= limit {
		return text
	}
	return string(runes[:limit-1]) + "…"
}

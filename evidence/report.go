package evidence

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"riposte.dev/action"
	"riposte.dev/notify"
	"riposte.dev/playbook"
)

// shown bounds the lines of a list in the report; the files have all of them.
const shown = 40

// page is a report that is being written.
type page struct{ strings.Builder }

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// report writes the page that people read first.
func report(c *Case) []byte {
	p := &page{}
	v, s := c.View, c.View.Start
	p.line("# %s\n", text(or(s.Title, "Execution "+v.ID)))
	p.line("Execution `%s`, %s. Times are in UTC.\n", v.ID, v.Status)
	p.happened(c)
	p.decided(c)
	p.done(c)
	p.people(c)
	p.line("\n## How to take it back\n")
	switch {
	case c.UndoneBy != "":
		p.line("Execution `%s` took it back.", c.UndoneBy)
	case v.Undoable:
		p.line("`riposte executions undo %s --dry-run` shows what would be put back; without `--dry-run` it is.", v.ID)
	default:
		p.line("There is nothing to take back.")
	}
	p.verify(c)
	return []byte(p.String())
}

func (p *page) happened(c *Case) {
	s := c.View.Start
	p.line("## What happened\n")
	p.line("| | |\n| --- | --- |")
	row := func(name, value string) {
		if value != "" {
			p.line("| %s | %s |", name, text(value))
		}
	}
	row("severity", s.Severity)
	row("account", s.Account)
	row("region", s.Region)
	row("rule", s.Rule)
	row("cause", string(s.Cause))
	row("finding", s.Finding)
	row("event received", moment(s.Received))
	row("began", moment(c.View.Started))
	row("ended", moment(c.View.Ended))
	if s.Undoes != "" {
		row("takes back", s.Undoes)
		row("asked for by", s.By)
	}
	if c.View.Error != "" {
		row("error", c.View.Error+": "+c.View.Why)
	}
	if c.View.Recovered {
		row("interrupted", "riposte was interrupted and went on when it was back")
	}
}

func (p *page) decided(c *Case) {
	v := c.View
	p.line("\n## What was decided, and why\n")
	p.line("Playbook %s ran in mode %s. Its definition has the hash `%s`.\n", text(v.Start.Playbook), text(string(v.Start.Mode)), v.Hash)
	reasons := append(append([]string{}, v.Start.Reasons...), v.Reasons...)
	for _, reason := range reasons[:min(len(reasons), shown)] {
		p.line("- The guard: %s", text(reason))
	}
	names, tries := c.tries()
	for n, t := range tries {
		planned := plan(t)
		if planned == nil {
			continue
		}
		hash := ""
		if t.Intent != nil {
			if h, err := t.Intent.Plan.Hash(); err == nil {
				hash = ", plan `" + h + "`"
			}
		}
		p.line("- %s: %s for %d resources%s", text(names[n]), text(planned.Action), len(planned.Items), hash)
		if t.Intent != nil && t.Intent.Approval != "" {
			p.line("  - carried out by approval `%s`", t.Intent.Approval)
		}
	}
	for _, a := range c.approvals() {
		p.line("- Approval `%s` of plan `%s` was asked for at %s: %s", a.ID, a.Hash, moment(a.At), a.Status)
		for _, answer := range a.Answers {
			p.line("  - %s %s it at %s%s", text(answer.By), said(answer), moment(answer.At), comment(answer))
		}
	}
}

func said(a playbook.Answer) string {
	if a.Approve {
		return "approved"
	}
	return "refused"
}

func comment(a playbook.Answer) string {
	if a.Comment == "" {
		return ""
	}
	return ": " + text(a.Comment)
}

// done shows each resource with its diff, and the calls.
func (p *page) done(c *Case) {
	p.line("\n## What was done\n")
	_, tries := c.tries()
	items := 0
	for _, t := range tries {
		planned := plan(t)
		if planned == nil {
			continue
		}
		for _, item := range planned.Items {
			if items++; items > shown {
				continue
			}
			p.line("- **%s** %s: %s", item.Status, text(or(item.Resource.ARN, item.Resource.Name)), text(or(item.Error, item.Reason)))
			if diff := action.Diff(clean(item.Before), clean(item.After)); len(diff) > 0 {
				p.line("\n      %s\n", strings.Join(diff[:min(len(diff), shown)], "\n      "))
			}
		}
	}
	switch {
	case items == 0:
		p.line("No resource was planned for.")
	case items > shown:
		p.line("- and %d more, in plans/", items-shown)
	}
	calls := c.calls()
	if len(calls) == 0 {
		return
	}
	p.line("\n| at | call | region | request | outcome |\n| --- | --- | --- | --- | --- |")
	for _, call := range calls[:min(len(calls), shown)] {
		p.line("| %s | %s:%s | %s | %s | %s |", moment(call.At), call.Service, call.Operation, call.Region, text(call.RequestID), text(or(call.Error, "ok")))
	}
	if len(calls) > shown {
		p.line("\nAnd %d more, in calls.ndjson.", len(calls)-shown)
	}
}

func (p *page) people(c *Case) {
	p.line("\n## Who was told\n")
	if len(c.Told) == 0 {
		p.line("Nobody.")
	}
	for i := range min(len(c.Told), shown) {
		t := c.Told[len(c.Told)-1-i]
		p.line("- %s: %s %s, %s %s", moment(t.At), t.Status, text(or(t.Channel, t.Route)), text(t.To), text(t.Error))
	}
}

func (p *page) verify(c *Case) {
	p.line("\n## How to verify this\n")
	p.line("`sha256sum --check SHA256SUMS` shows that the files are those that were written together.")
	if len(c.Audit) == 0 {
		p.line("The audit record has nothing of this execution: it is older than the record.")
		return
	}
	last := c.Audit[len(c.Audit)-1].Head()
	p.line(`
Each line of audit.ndjson has the hash of the record before and its own. A record's own hash is that of the line without it:

    sed -n 1p audit.ndjson | jq -cSj 'del(.hash)' | sha256sum

That the records are in the chain, and that the chain is whole up to the head of this archive:

    riposte audit verify --head %s --head %s

A head that was kept elsewhere (docs/guide/trust.md) shows that the chain was not made anew since.`, last, c.Head)
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05.000")
}

// text is a text of others in Markdown: on one line, without its secrets, and without any markup of its own.
func text(s string) string {
	var out strings.Builder
	for _, r := range notify.Redact(s) {
		switch {
		case unicode.IsSpace(r):
			out.WriteByte(' ')
		case unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r):
			out.WriteRune(unicode.ReplacementChar)
		case strings.ContainsRune("\\`*_[]<>|#!&", r):
			out.WriteByte('\\')
			out.WriteRune(r)
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

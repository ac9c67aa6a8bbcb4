package app

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/detect"
	"riposte.dev/event"
	"riposte.dev/guard"
	"riposte.dev/notify"
	"riposte.dev/playbook"
)

// around is how far before and after an event a principal's other activity is told.
const around = 30 * time.Minute

// facts enriches an event; see detect.Engine.
type facts interface {
	Facts(ctx context.Context, env *event.Envelope) detect.Facts
}

// reporter writes what people are told.
type reporter struct {
	router   *notify.Router
	activity *detect.Activity
	accounts awscall.Clients
	facts    facts
	now      func() time.Time
}

var _ playbook.Notifier = (*reporter)(nil)

// Notify tells people what an execution did.
func (r *reporter) Notify(ctx context.Context, key string, n playbook.Notice) error {
	env, _ := event.Parse(n.Start.Event) // an undo, or an event too large to keep, has none
	m := notify.Message{
		ID: key, Time: r.now().UTC(), Severity: n.Start.Severity, Rule: n.Start.Rule, Execution: n.Execution, Finding: n.Start.Finding,
	}
	verb := outcome(n)
	m.Subject = short(n.Start.Title+" — "+verb, 99)
	m.Summary = strings.TrimSuffix(n.Start.Title, ".") + ". " + sentence(n)
	if n.Message != "" {
		m.Summary += " " + n.Message
	}
	if env != nil {
		m.Sections = append(m.Sections, r.eventSections(ctx, env, nil)...)
	}
	m.Sections = append(m.Sections, r.doneSections(ctx, n, &m)...)
	if len(n.Reasons) > 0 {
		m.Sections = append(m.Sections, lines("Why not more", n.Reasons))
	}
	m.Sections = append(m.Sections, timing(env, n))
	if a := n.Approval; a != nil {
		m.Subject = short(n.Start.Title+" — approve?", 99)
		m.Summary = strings.TrimSuffix(n.Start.Title, ".") + ". " + asks(a)
		m.Next = append(m.Next, "riposte approvals get "+a.ID, "riposte approvals approve "+a.ID, "riposte approvals refuse "+a.ID)
	}
	if n.Undoable {
		m.Next = append(m.Next, "riposte executions undo "+n.Execution+" --dry-run", "riposte executions undo "+n.Execution)
	}
	m.Next = append(m.Next, "riposte executions get "+n.Execution)
	if n.Start.Finding != "" {
		m.Next = append(m.Next, "riposte findings get "+n.Start.Finding)
	}
	m.To = append(m.To, n.To...)
	return r.router.Notify(ctx, append(slices.Clone(n.Start.Notify), n.Routes...), m)
}

// asks says what people are asked, and what follows where they don't answer.
func asks(a *playbook.Approval) string {
	until := a.Expires.UTC().Format(time.RFC3339)
	if a.Text == "" {
		return "Riposte has a plan and waits for " + people(a.Quorum) + " to approve it, until " + until + "; " + otherwise(a.Otherwise) + "."
	}
	verdict := "refused"
	if a.Otherwise == playbook.Act {
		verdict = "approved"
	}
	return "The playbook asks " + people(a.Quorum) + ": " + a.Text + " Without an answer until " + until + " it counts as " + verdict + "."
}

func people(quorum int) string {
	if quorum == 1 {
		return "somebody"
	}
	return fmt.Sprintf("%d people", quorum)
}

func otherwise(o playbook.Otherwise) string {
	if o == playbook.Act {
		return "if nobody refuses, it is carried out then"
	}
	return "otherwise nothing is done"
}

// detectNotices tells people of matches that start no playbook.
type detectNotices struct{ *reporter }

// Notify tells people what a rule found.
func (r detectNotices) Notify(ctx context.Context, key string, n detect.Notice) error {
	m := notify.Message{
		ID: key, Time: r.now().UTC(), Severity: string(n.Severity), Rule: n.Rule, Finding: n.Finding,
		Subject: short(n.Title, 99), Summary: strings.TrimSuffix(n.Title, ".") + ".",
	}
	if env, err := event.Parse(n.Event); err == nil {
		m.Sections = r.eventSections(ctx, env, &n.Facts)
	}
	if len(n.Reasons) > 0 {
		m.Summary += " Nothing was changed."
		m.Sections = append(m.Sections, lines("Why nothing was started", n.Reasons))
	}
	if n.Finding != "" {
		m.Next = []string{"riposte findings get " + n.Finding}
	}
	return r.router.Notify(ctx, n.Routes, m)
}

// eventSections tells what the event says: what, who, from where, what else.
func (r *reporter) eventSections(ctx context.Context, env *event.Envelope, known *detect.Facts) []notify.Section {
	what := notify.Section{Title: "What happened", Facts: []notify.Fact{
		{Label: "Account", Value: env.Account}, {Label: "Region", Value: env.Region}, {Label: "Time", Value: env.Time.UTC().Format(time.RFC3339)},
	}}
	record := env.Record()
	if record == nil {
		what.Facts = append(what.Facts, notify.Fact{Label: "Reported by", Value: env.Source + ", " + env.DetailType})
		if text := describe(env); text != "" {
			what.Facts = append(what.Facts, notify.Fact{Label: "Says", Value: text})
		}
		return []notify.Section{what}
	}
	what.Facts = append(what.Facts, notify.Fact{Label: "Call", Value: event.Service(record.EventSource) + ":" + record.EventName},
		notify.Fact{Label: "CloudTrail event", Value: record.EventID})
	id := record.UserIdentity
	who := notify.Section{Title: "Who", Facts: []notify.Fact{{Label: "Person", Value: id.Person()}, {Label: "Principal", Value: id.Principal()}}}
	if id.AccessKeyID != "" {
		who.Facts = append(who.Facts, notify.Fact{Label: "Access key", Value: id.AccessKeyID})
	}
	if known == nil {
		found := r.facts.Facts(ctx, env)
		known = &found
	}
	from := notify.Section{Title: "From where", Facts: []notify.Fact{{Label: "Address", Value: record.SourceIPAddress}}}
	for _, threat := range known.Threats {
		from.Facts = append(from.Facts, notify.Fact{Label: "On threat list", Value: threat.List + " (" + threat.Entry + ")"})
	}
	if known.Network != "" {
		from.Facts = append(from.Facts, notify.Fact{Label: "Network", Value: networkText(*known)})
	}
	for _, failure := range known.Errors {
		from.Facts = append(from.Facts, notify.Fact{Label: "Not known", Value: failure})
	}
	from.Facts = append(from.Facts, notify.Fact{Label: "With", Value: record.UserAgent})
	return []notify.Section{what, who, from, r.elseSection(id.Principal(), env.Time)}
}

func networkText(f detect.Facts) string {
	switch f.Network {
	case detect.NetworkNew:
		return f.Prefix + " was never seen for this account before"
	case detect.NetworkKnown:
		return f.Prefix + " is known for this account"
	default:
		return f.Prefix + " — unknown, the account is still being learned"
	}
}

// elseSection tells what the principal did in the hour around the event.
func (r *reporter) elseSection(principal string, at time.Time) notify.Section {
	s := r.activity.Summary(principal, at, around)
	section := notify.Section{Title: "What this principal did in the hour around it"}
	count := fmt.Sprintf("%d calls", s.Count)
	if !s.Complete {
		count = "at least " + count + "; events before riposte began are not counted"
	}
	section.Facts = append(section.Facts, notify.Fact{Label: "Count", Value: count})
	var apis []string
	for _, api := range s.TopAPIs(10) {
		apis = append(apis, fmt.Sprintf("%s × %d", api.API, api.Count))
	}
	if len(apis) > 0 {
		section.Facts = append(section.Facts, notify.Fact{Label: "APIs", Value: strings.Join(apis, ", ")})
	}
	if len(s.Addresses) > 0 {
		section.Facts = append(section.Facts, notify.Fact{Label: "Addresses", Value: strings.Join(s.Addresses, ", ")})
	}
	failures := "none"
	if len(s.Errors) > 0 {
		var parts []string
		for _, code := range slices.Sorted(maps.Keys(s.Errors)) {
			parts = append(parts, fmt.Sprintf("%s × %d", code, s.Errors[code]))
		}
		failures = strings.Join(parts, ", ")
	}
	section.Facts = append(section.Facts, notify.Fact{Label: "Errors", Value: failures})
	return section
}

// describe is the sentence that an event of another service carries.
func describe(env *event.Envelope) string {
	var d struct {
		ConfigRuleName      string
		NewEvaluationResult struct{ ComplianceType, Annotation string }
		Findings            []struct{ Title, Description string }
	}
	if json.Unmarshal(env.Detail, &d) != nil {
		return ""
	}
	switch {
	case len(d.Findings) > 0:
		return strings.TrimSpace(d.Findings[0].Description)
	case d.ConfigRuleName != "":
		return strings.TrimSpace("Config rule " + d.ConfigRuleName + " is " + d.NewEvaluationResult.ComplianceType + ". " + d.NewEvaluationResult.Annotation)
	default:
		return ""
	}
}

func lines(title string, texts []string) notify.Section {
	s := notify.Section{Title: title}
	for _, text := range texts {
		s.Facts = append(s.Facts, notify.Fact{Value: text})
	}
	return s
}

// short cuts a text at a limit of characters.
func short(text string, limit int) string {
	runes := []rune(text)
	if len(runes) <= limit {
		return text
	}
	return string(runes[:limit-1]) + "…"
}

// count counts the plans' items by status.
func count(plans []action.Plan) map[action.Status]int {
	n := map[action.Status]int{}
	for _, plan := range plans {
		for _, item := range plan.Items {
			n[item.Status]++
		}
	}
	return n
}

// outcome is the end of a subject line.
func outcome(n playbook.Notice) string {
	items := count(n.Plans)
	switch {
	case n.Failed != "":
		return "response failed"
	case n.Held != "":
		return "held up"
	case items[action.Failed] > 0 && items[action.Changed] > 0:
		return "answered in part"
	case items[action.Failed] > 0:
		return "could not be answered"
	case n.Start.Undoes != "" && items[action.Changed] > 0:
		return "undone"
	case items[action.Conflict] > 0:
		return "not undone: changed since"
	case items[action.Changed] > 0:
		return "answered"
	case items[action.Change] > 0 && n.Mode == guard.DryRun:
		return "dry run"
	case items[action.Escalated] > 0:
		return "needs you"
	case items[action.Excepted] > 0:
		return "left alone by exception"
	default:
		return "nothing was needed"
	}
}

// sentence says what was done in one sentence.
func sentence(n playbook.Notice) string {
	items := count(n.Plans)
	var parts []string
	for _, part := range []struct {
		status   action.Status
		one, all string
	}{
		{action.Changed, "put one resource right and verified it", "put %d resources right and verified them"},
		{action.Failed, "failed at one resource", "failed at %d resources"},
		{action.Change, "would change one resource", "would change %d resources"},
		{action.Escalated, "could not act on one resource itself", "could not act on %d resources itself"},
		{action.Excepted, "left one resource alone because of an exception", "left %d resources alone because of exceptions"},
		{action.Conflict, "left one resource alone because somebody changed it since", "left %d resources alone because somebody changed them since"},
		{action.Unneeded, "found one resource right already", "found %d resources right already"},
	} {
		switch k := items[part.status]; k {
		case 0:
		case 1:
			parts = append(parts, part.one)
		default:
			parts = append(parts, fmt.Sprintf(part.all, k))
		}
	}
	if n.Start.Undoes != "" {
		for i := range parts {
			parts[i] = strings.Replace(parts[i], " right and verified", " back and verified", 1)
		}
	}
	if n.Held != "" {
		parts = append(parts, "waits, because "+strings.TrimSuffix(n.Held, "."))
	}
	if n.Failed != "" {
		parts = append(parts, "ended with an error: "+n.Failed)
	}
	if len(parts) == 0 {
		return "Nothing was needed."
	}
	return "riposte " + strings.Join(parts, ", ") + "."
}

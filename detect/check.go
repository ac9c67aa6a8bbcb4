package detect

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"riposte.dev/conf"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/pattern"
	"riposte.dev/target"
)

// checker turns a decoded rule into a compiled one and collects what is wrong with it.
type checker struct {
	doc        *conf.Document
	opts       LoadOptions
	conditions *conditions
	patterns   []*pattern.Pattern
	problems   conf.Problems
	warnings   conf.Problems
}

func (c *checker) fail(path, hint, format string, args ...any) {
	c.problems = append(c.problems, c.doc.Problem(path, hint, format, args...))
}

func (c *checker) warn(path, hint, format string, args ...any) {
	c.warnings = append(c.warnings, c.doc.Problem(path, hint, format, args...))
}

var (
	idForm        = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	accountForm   = regexp.MustCompile(`^(\*|[0-9]{12})$`)
	attackForm    = regexp.MustCompile(`^T[0-9]{4}(\.[0-9]{3})?$`)
	benchmarkForm = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+(\+|-[0-9]+\.[0-9]+\.[0-9]+)?$`)
	controlForm   = regexp.MustCompile(`^[0-9]+(\.[0-9]+)+$`)
)

const maxIDLength = 64

func (c *checker) rule(f *ruleFile) *Rule {
	r := &Rule{
		ID: f.ID, Title: f.Title, Story: strings.TrimSpace(f.Story), Severity: f.Severity, Tags: f.Tags, Scope: f.Scope,
		Targets: f.Targets, Notify: f.Notify, FalsePositives: f.FalsePositives, Position: f.At,
	}
	if !idForm.MatchString(f.ID) || len(f.ID) > maxIDLength {
		c.fail("id", "use lower-case words with hyphens, at most 64 characters, such as cloudtrail-logging-stopped", "%q is not a rule id", f.ID)
	}
	if Rank(r.Severity) < 0 {
		c.fail("severity", suggestLabel(string(f.Severity)), "unknown severity %q", f.Severity)
	}
	if r.Story == "" {
		c.fail("story", "say in two or three sentences what happens, why it matters and what is done", "the story is empty")
	}
	c.tags(f.Tags)
	c.scope(f.Scope)
	r.title = c.template("title", f.Title)
	r.Patterns = c.match(&f.Match)
	if f.When != nil {
		r.When, r.condition = c.when(f.When)
	}
	if f.Finding != nil {
		r.Finding = c.finding(f)
	}
	if f.Respond != nil {
		r.Respond = c.respond(f.Respond)
	}
	c.targets(f.Targets)
	for i, route := range f.Notify {
		c.known(fmt.Sprintf("notify[%d]", i), "notification route", route, c.opts.Routes)
	}
	if f.Finding == nil && f.Respond == nil && len(f.Targets) == 0 && len(f.Notify) == 0 {
		c.fail("", "add finding:, respond:, targets: or notify:", "rule %s does nothing when it matches", f.ID)
	}
	for i := range f.Tests {
		r.Tests = append(r.Tests, c.testCase(fmt.Sprintf("tests[%d]", i), &f.Tests[i], f))
	}
	return r
}

// targets finds mistakes in where a match's event is sent.
func (c *checker) targets(targets []target.Config) {
	problems, warnings := target.Check(targets)
	for _, p := range problems.In("targets") {
		c.fail(p.Path, p.Hint, "%s", p.Message)
	}
	for _, p := range warnings.In("targets") {
		c.warn(p.Path, p.Hint, "%s", p.Message)
	}
	for i, t := range targets {
		if t.Connection != "" {
			c.known(fmt.Sprintf("targets[%d].connection", i), "connection", t.Connection, c.opts.Connections)
		}
	}
}

func suggestLabel(given string) string {
	labels := make([]string, 0, 5)
	for _, l := range Severities() {
		labels = append(labels, string(l))
	}
	return conf.Suggest(given, labels)
}

// known reports a name that is not among the ones that exist.
func (c *checker) known(path, what, name string, names []string) {
	if names != nil && !slices.Contains(names, name) {
		c.fail(path, conf.Suggest(name, names), "there is no %s %q", what, name)
	}
}

func (c *checker) tags(t Tags) {
	for version, controls := range t.CIS {
		path := fmt.Sprintf("tags.cis[%q]", version)
		if !benchmarkForm.MatchString(version) {
			c.fail(path, `write "1.2.0", "1.3.0+" or "1.3.0-3.0.0"`, "%q is not a version of the CIS benchmark", version)
		}
		for _, control := range controls {
			if !controlForm.MatchString(control) {
				c.fail(path, `write "4.5"`, "%q is not the number of a control", control)
			}
		}
	}
	for i, technique := range t.ATTACK {
		if !attackForm.MatchString(technique) {
			c.fail(fmt.Sprintf("tags.attack[%d]", i), "write T1562 or T1562.008", "%q is not an ATT&CK technique", technique)
		}
	}
	functions := []string{"govern", "identify", "protect", "detect", "respond", "recover"}
	for i, function := range t.CSF {
		c.known(fmt.Sprintf("tags.csf[%d]", i), "CSF function", function, functions)
	}
}

func (c *checker) scope(s Scope) {
	for path, accounts := range map[string]List{"scope.accounts": s.Accounts, "scope.except.accounts": s.Except.Accounts} {
		for i, account := range accounts {
			if !accountForm.MatchString(account) {
				c.fail(fmt.Sprintf("%s[%d]", path, i), `write 12 digits in quotes, or "*"`, "%q is not an account id", account)
			}
		}
	}
}

// template parses a text with placeholders.
func (c *checker) template(path, text string) Template {
	t, err := ParseTemplate(text)
	if err != nil {
		c.fail(path, fault.Hint(err), "%s: %s", path, fault.Message(err))
	}
	return t
}

// match compiles the patterns; an event matches where any of them does.
func (c *checker) match(m *matchFile) []string {
	for _, later := range []struct {
		name string
		node *conf.Node
	}{{"sigma", m.Sigma}, {"metric", m.Metric}, {"posture", m.Posture}, {"threat", m.Threat}} {
		if later.node != nil {
			c.fail("match."+later.name, "write match.pattern, an EventBridge pattern", "this version of riposte cannot run %s matchers", later.name)
			return nil
		}
	}
	var texts []string
	switch {
	case m.Pattern.Node != nil && m.Patterns != nil:
		c.fail("match", "move pattern into the list patterns", "match has both pattern and patterns")
	case m.Pattern.Node != nil:
		texts = append(texts, c.pattern("match.pattern", m.Pattern))
	case len(m.Patterns) > 0:
		for i, raw := range m.Patterns {
			texts = append(texts, c.pattern(fmt.Sprintf("match.patterns[%d]", i), raw))
		}
	default:
		c.fail("match", "add match.pattern, an EventBridge pattern such as {source: [aws.cloudtrail]}", "match names nothing to match")
	}
	return texts
}

func (c *checker) pattern(path string, raw conf.Raw) string {
	p, err := pattern.Parse(raw.JSON)
	var mistakes pattern.SyntaxErrors
	switch {
	case errors.As(err, &mistakes):
		for _, m := range mistakes {
			c.problems = append(c.problems, conf.Problem{Position: placeOf(raw.Node, m.Path), Path: path, Hint: m.Fix,
				Message: fmt.Sprintf("the pattern is wrong at %s: %s", m.JSONPath(), m.Msg)})
		}
	case err != nil:
		c.fail(path, fault.Hint(err), "the pattern is wrong: %s", fault.Message(err))
	default:
		c.patterns = append(c.patterns, p)
		c.lint(path, p, raw)
	}
	return string(raw.JSON)
}

// placeOf follows a pattern's path in the file as far as it goes: a missing or doubled key has no value of its own.
func placeOf(n *conf.Node, path []string) conf.Position {
	for _, name := range path {
		var next *conf.Node
		if n.Kind == conf.List {
			for i, item := range n.Items {
				if fmt.Sprint(i) == name {
					next = item
				}
			}
		} else {
			next = n.Get(name)
		}
		if next == nil {
			break
		}
		n = next
	}
	return n.Position
}

func (c *checker) when(n *conf.Node) (string, *condition) {
	if n.Kind != conf.String {
		c.fail("when", `put the expression in quotes: "!has(event.detail.errorCode)"`, "when must be text, not a %s", n.Kind)
		return "", nil
	}
	compiled, problems := c.conditions.compile(n)
	c.problems = append(c.problems, problems...)
	return n.Text, compiled
}

// namespaces are the first parts of a finding's type
// (https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-type-taxonomy.html).
func namespaces() []string {
	return []string{"Software and Configuration Checks", "TTPs", "Effects", "Unusual Behaviors", "Sensitive Data Identifications"}
}

func (c *checker) finding(f *ruleFile) *FindingTemplate {
	t := &FindingTemplate{Type: f.Finding.Type, Remediation: f.Finding.Remediation}
	namespace, _, _ := strings.Cut(t.Type, "/")
	if !slices.Contains(namespaces(), namespace) || strings.Count(t.Type, "/") > 2 {
		c.fail("finding.type", "write namespace/category/classifier; namespaces are "+strings.Join(namespaces(), ", "), "%q is not a type of finding", t.Type)
	}
	t.Title, t.Description = c.template("title", f.Title), c.template("story", strings.ReplaceAll(strings.TrimSpace(f.Story), "${", "$${"))
	if f.Finding.Title != "" {
		t.Title = c.template("finding.title", f.Finding.Title)
	}
	if f.Finding.Description != "" {
		t.Description = c.template("finding.description", f.Finding.Description)
	}
	if f.Finding.Group != "" {
		group := c.template("finding.group", f.Finding.Group)
		t.Group = &group
	}
	for i, res := range f.Finding.Resources {
		path := fmt.Sprintf("finding.resources[%d]", i)
		if strings.Contains(res.Type, "::") {
			c.fail(path+".type", "write it as ASFF does, such as AwsCloudTrailTrail; the CloudFormation type goes into affected:", "%q is not an ASFF resource type", res.Type)
		}
		t.Resources = append(t.Resources, ResourceTemplate{Type: res.Type, ID: c.template(path+".id", res.ID), Affected: res.Affected})
	}
	return t
}

func modes() []string {
	return []string{string(guard.Notify), string(guard.DryRun), string(guard.Approve), string(guard.Auto)}
}

func (c *checker) respond(f *respondFile) *Respond {
	r := &Respond{Playbook: f.Playbook, Mode: f.Mode, Cooldown: f.Cooldown, MaxAge: f.MaxAge}
	c.known("respond.mode", "mode", string(f.Mode), modes())
	c.known("respond.playbook", "playbook", f.Playbook, c.opts.Playbooks)
	r.input = parseInput(f.Input, "respond.input", &c.problems)
	if a := f.Approval; a != nil {
		r.Approval = c.approval(a)
	}
	if f.Escalate != nil {
		r.Escalate = c.escalate(f.Escalate)
		if f.Mode == guard.Notify {
			c.warn("respond.escalate", "give the response another mode, or remove escalate", "a rule in mode notify answers no break, so nothing escalates")
		}
	}
	return r
}

// maxQuorum and maxApproval bound what a rule may ask of people.
const (
	maxQuorum   = 10
	maxApproval = 30 * 24 * time.Hour
)

func (c *checker) approval(f *approvalFile) Approval {
	if f.Quorum < 0 || f.Quorum > maxQuorum {
		c.fail("respond.approval.quorum", fmt.Sprintf("write 1 to %d", maxQuorum), "%d people can't be asked", f.Quorum)
	}
	if f.Within < 0 || f.Within > maxApproval {
		c.fail("respond.approval.within", "write a time such as 30m or 4h; at most 30 days (720h)", "people can't have %s to answer", f.Within)
	}
	if f.Otherwise != "" {
		c.known("respond.approval.otherwise", "outcome", f.Otherwise, []string{"leave", "act"})
	}
	return Approval{Quorum: f.Quorum, Within: f.Within, Otherwise: f.Otherwise}
}

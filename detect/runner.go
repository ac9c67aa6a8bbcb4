package detect

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"riposte.dev/conf"
	"riposte.dev/event"
	"riposte.dev/fault"
)

// Planner says which calls a playbook would make for an event, as service:Operation in order. It changes nothing.
type Planner interface {
	Plan(ctx context.Context, playbook string, input json.RawMessage, env *event.Envelope) ([]string, error)
}

// TestOptions narrow and extend a test run.
type TestOptions struct {
	Rules   []string // ids; empty: every rule
	Planner Planner  // nil: expected plans are not compared, and counted in Report.Unplanned
}

// Report is the outcome of a test run.
type Report struct {
	Rules     int      `json:"rules"`
	Tests     int      `json:"tests"`
	Failures  []Result `json:"failures"`
	Untested  []string `json:"untested"`  // rules that lack a test that matches, or one that does not
	Unplanned int      `json:"unplanned"` // tests whose plan was not compared for want of a planner
}

// Result is a test that failed.
type Result struct {
	Rule     string        `json:"rule"`
	Test     string        `json:"test"`
	Position conf.Position `json:"position"`
	Problems []string      `json:"problems"`
}

// String returns "file:line:col: rule, test: what differs".
func (r Result) String() string {
	return fmt.Sprintf("%s: %s, test %q: %s", r.Position, r.Rule, r.Test, strings.Join(r.Problems, "; "))
}

// Err returns every failure as a problem with its place, nil where there is none.
func (r Report) Err() error {
	var problems conf.Problems
	for _, f := range r.Failures {
		for _, p := range f.Problems {
			problems = append(problems, conf.Problem{Position: f.Position, Message: fmt.Sprintf("rule %s, test %q: %s", f.Rule, f.Test, p)})
		}
	}
	return problems.Err()
}

// Test runs the tests that rules carry. Each event goes through the whole set, so that a test sees what the engine sees;
// only the rule's own match is compared. The error is about the run: an unknown rule id, or ctx ended.
func Test(ctx context.Context, set *RuleSet, opts TestOptions) (Report, error) {
	report := Report{}
	for _, id := range opts.Rules {
		if set.Rule(id) == nil {
			ids := make([]string, 0, set.Len())
			for _, r := range set.rules {
				ids = append(ids, r.ID)
			}
			return report, fault.New(fault.NotFound, "there is no rule %q", id).WithHint("%s", conf.Suggest(id, ids))
		}
	}
	for _, r := range set.rules {
		if len(opts.Rules) > 0 && !slices.Contains(opts.Rules, r.ID) {
			continue
		}
		report.Rules++
		positive, negative := false, false
		for _, t := range r.Tests {
			report.Tests++
			positive, negative = positive || !t.Expect.None, negative || t.Expect.None
			problems, err := run(ctx, set, r, t, opts.Planner, &report)
			if err != nil {
				return report, err
			}
			if len(problems) > 0 {
				report.Failures = append(report.Failures, Result{Rule: r.ID, Test: t.Name, Position: t.Position, Problems: problems})
			}
		}
		if !positive || !negative {
			report.Untested = append(report.Untested, r.ID)
		}
	}
	return report, nil
}

func run(ctx context.Context, set *RuleSet, r *Rule, t Case, planner Planner, report *Report) ([]string, error) {
	matches, failed, err := set.Match(ctx, t.Event)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return []string{err.Error()}, nil //nolint:nilerr // what fails a test is its result, not an error of the run
	}
	for _, f := range failed {
		if f.Rule == r {
			return []string{f.Stage + ": " + f.Err.Error()}, nil
		}
	}
	at := slices.IndexFunc(matches, func(m Match) bool { return m.Rule == r })
	switch {
	case at < 0 && t.Expect.None:
		return nil, nil
	case at < 0:
		return []string{"the rule did not match: " + r.missed(t.Event)}, nil
	case t.Expect.None:
		return []string{"the rule matched: " + matches[at].Title}, nil
	}
	problems := compare(t.Expect, matches[at])
	if len(t.Expect.Plan) == 0 {
		return problems, nil
	}
	if planner == nil {
		report.Unplanned++
		return problems, nil
	}
	plan, err := planner.Plan(ctx, r.Respond.Playbook, matches[at].Input, t.Event)
	if err != nil {
		return append(problems, "planning failed: "+err.Error()), nil //nolint:nilerr // as above
	}
	if !slices.Equal(plan, t.Expect.Plan) {
		problems = append(problems, fmt.Sprintf("the plan is [%s], want [%s]", strings.Join(plan, ", "), strings.Join(t.Expect.Plan, ", ")))
	}
	return problems, nil
}

// compare returns what is not as expected.
func compare(want Expectation, got Match) []string {
	var problems []string
	differ := func(what, got, want string) {
		if want != "" && got != want {
			problems = append(problems, fmt.Sprintf("%s is %s, want %s", what, got, want))
		}
	}
	if want.Finding != "" {
		differ("the finding's severity", string(got.Rule.Severity), string(want.Finding))
	}
	if want.Playbook != "" {
		differ("the playbook", got.Rule.Respond.Playbook, want.Playbook)
	}
	differ("the title", got.Title, want.Title)
	if want.Input != nil {
		differ("the playbook's input", canonical(got.Input), canonical(want.Input))
	}
	if want.Escalate == nil {
		return problems
	}
	if got.escalationErr != nil {
		return append(problems, "escalation: "+got.escalationErr.Error())
	}
	differ("the escalation's playbook", got.Rule.Respond.Escalate.Playbook, want.Escalate.Playbook)
	if want.Escalate.Input != nil {
		differ("the escalation's input", canonical(got.escalation), canonical(want.Escalate.Input))
	}
	return problems
}

// canonical writes JSON with sorted keys, so that equal values compare equal.
func canonical(raw []byte) string {
	var value any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if dec.Decode(&value) != nil {
		return string(raw)
	}
	out, err := json.Marshal(value)
	if err != nil { // it was decoded from JSON
		return string(raw)
	}
	return string(out)
}

package playbook_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
)

func asking(parameters string) string {
	return `
StartAt: Ask
States:
  Ask: {Type: Task, Resource: "riposte:approval", Parameters: ` + parameters + `, Next: Done}
  Done: {Type: Pass, End: true}
`
}

// answered reads the output of a question.
func answered(t *testing.T, v playbook.View) (status string, byDefault bool, by []string) {
	t.Helper()
	var out struct {
		Status  string
		Default bool
		Answers []struct {
			By      string
			Comment string
			Approve bool
			At      time.Time
		}
	}
	if err := json.Unmarshal(v.Output, &out); err != nil {
		t.Fatalf("%s: %v: %s", v.Error, err, v.Output)
	}
	for _, a := range out.Answers {
		if a.Comment != "OPS-7" || a.At.IsZero() {
			t.Errorf("answer %+v", a)
		}
		by = append(by, a.By)
	}
	return out.Status, out.Default, by
}

func TestQuestions(t *testing.T) {
	type word struct {
		by      string
		approve bool
	}
	for _, tt := range []struct {
		name, parameters string
		words            []word
		status           string
		byDefault        bool
	}{
		{"approved", `{text: "May it?"}`, []word{{"ana", true}}, "approved", false},
		{"refused", `{text: "May it?"}`, []word{{"ana", false}}, "refused", false},
		{"two have to agree", `{text: "May it?", quorum: 2}`, []word{{"ana", true}, {"bo", true}}, "approved", false},
		{"one who refuses decides", `{text: "May it?", quorum: 2}`, []word{{"ana", true}, {"bo", false}}, "refused", false},
		{"nobody answers", `{text: "May it?", expires_in: 10m}`, nil, "refused", true},
		{"nobody answers, and then it is to be", `{text: "May it?", expires_in: 10m, default: approve}`, nil, "approved", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			p := r.boot(asking(tt.parameters), r.journal, nil)
			p.resume(t)
			q := p.ask(t, r, start(guard.Auto, "x"))
			if q.Text != "May it?" || q.Plan.Items[0].Reason != "May it?" {
				t.Errorf("asked %+v", q)
			}
			var want []string
			for _, w := range tt.words {
				p.says(t, q, w.by, w.approve)
				want = append(want, w.by)
			}
			if tt.words == nil {
				p.kill()
				r.jump(time.Hour)
				p = r.boot(asking(tt.parameters), r.journal, nil)
				p.resume(t)
			}
			status, byDefault, by := answered(t, p.end(t, q.Execution))
			if status != tt.status || byDefault != tt.byDefault || strings.Join(by, " ") != strings.Join(want, " ") {
				t.Errorf("%s, %v, %v", status, byDefault, by)
			}
		})
	}
}

func TestQuestionsThatAreNotAsked(t *testing.T) {
	for parameters, want := range map[string]string{
		`{text: "May it?"}`:                   `"status":"dry-run"`,
		`{}`:                                  "text must have",
		`{text: "May it?", quorum: 21}`:       "quorum must be",
		`{text: "May it?", expires_in: 5s}`:   "expires_in must be",
		`{text: "May it?", expires_in: soon}`: "expires_in must be",
		`{text: "May it?", default: maybe}`:   "default must be",
		`{text: "May it?", quorm: 2}`:         "quorm",
	} {
		r := newRig(t)
		p := r.boot(asking(parameters), r.journal, nil)
		p.resume(t)
		v := p.run(t, start(guard.DryRun, "x"))
		if got := string(v.Output) + v.Why; !strings.Contains(got, want) {
			t.Errorf("%s: %s %s", parameters, v.Status, got)
		}
		for _, n := range r.inbox.all() {
			if n.Approval != nil {
				t.Errorf("%s: people were asked", parameters)
			}
		}
	}
}

// library answers queries with rows.
type library struct {
	asked playbook.Query
	rows  []json.RawMessage
	more  bool
	err   error
}

func (l *library) Query(_ context.Context, q playbook.Query) ([]json.RawMessage, bool, error) {
	l.asked = q
	return l.rows, l.more, l.err
}

func TestQueries(t *testing.T) {
	large := json.RawMessage(`"` + strings.Repeat("x", 100<<10) + `"`)
	for _, tt := range []struct {
		name, parameters string
		library          *library
		want             string
	}{
		{"rows", `{from: findings, severity: [HIGH], since: "2026-03-01T00:00:00Z", resource: "arn:x"}`, &library{rows: []json.RawMessage{[]byte(`{"Id":"1"}`)}},
			`{"count":1,"rows":[{"Id":"1"}],"more":false}`},
		{"none", `{from: executions}`, &library{}, `{"count":0,"rows":[],"more":false}`},
		{"others are left out", `{from: executions, limit: 1}`, &library{rows: []json.RawMessage{[]byte(`1`)}, more: true}, `{"count":1,"rows":[1],"more":true}`},
		{"too large for a state", `{from: findings}`, &library{rows: []json.RawMessage{large, large, large}}, `"count":1,`},
		{"too many", `{from: findings, limit: 1001}`, &library{}, "limit must be from 1 to 1000"},
		{"unknown filter", `{from: findings, serverity: [HIGH]}`, &library{}, "serverity"},
		{"refused", `{from: findings}`, &library{err: fault.New(fault.Invalid, "no")}, "Riposte.InvalidInput"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			r.knows = tt.library
			p := r.boot(strings.Replace(asking(tt.parameters), "riposte:approval", "riposte:query", 1), r.journal, nil)
			p.resume(t)
			v := p.run(t, start(guard.DryRun, "x"))
			if got := string(v.Output) + v.Error + v.Why; !strings.Contains(got, tt.want) {
				t.Errorf("%s %.300s", v.Status, got)
			}
			if tt.name == "rows" && (tt.library.asked.Limit != 100 || tt.library.asked.Resource != "arn:x" || tt.library.asked.Since.IsZero()) {
				t.Errorf("asked for %+v", tt.library.asked)
			}
		})
	}
}

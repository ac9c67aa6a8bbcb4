package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"riposte.dev/action"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
	"riposte.dev/store"
)

func summary(n int, seq uint64) playbook.Summary {
	return playbook.Summary{
		ID: fmt.Sprintf("e-%d", n), Rule: "rule-a", Playbook: "restart-trail", Cause: "cloudtrail|1|a", Root: "cloudtrail|1|a",
		Account: "111122223333", Region: "eu-west-1", Title: "A trail was stopped", Severity: "HIGH", Mode: guard.Auto, Status: playbook.Running,
		State: "Restart", Received: noon, Started: noon.Add(time.Duration(n) * time.Minute), FirstCall: 3 * time.Millisecond,
		Items: map[action.Status]int{action.Changed: 1}, Resources: []string{trail}, Undoable: true, Seq: seq,
	}
}

func request(n int) playbook.Request {
	return playbook.Request{ID: fmt.Sprintf("r-%d", n), Execution: "e-1", Service: "cloudtrail", Operation: "StartLogging",
		Account: "111122223333", Region: "eu-west-1", At: noon.Add(time.Duration(n) * time.Minute)}
}

func TestExecutionIndex(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ *clock) {
		x := s.Executions
		if p, err := x.Position(t.Context()); p != 0 || err != nil {
			t.Errorf("an empty index is at %d, error %v", p, err)
		}
		apply := func(position uint64, change func(p *playbook.Projection)) {
			t.Helper()
			p := playbook.Projection{Position: position}
			change(&p)
			if err := x.Apply(t.Context(), p); err != nil {
				t.Fatal(err)
			}
		}
		title := func(want string) {
			t.Helper()
			if got, err := x.Get(t.Context(), "e-1"); err != nil || got.Title != want {
				t.Errorf("title %q, error %v, want %q", got.Title, err, want)
			}
		}
		apply(10, func(p *playbook.Projection) { p.Summaries = []playbook.Summary{summary(1, 10), summary(2, 9)} })
		got, err := x.Get(t.Context(), "e-1")
		if diff := cmp.Diff(summary(1, 10), got); err != nil || diff != "" {
			t.Error(err, diff)
		}
		with := func(title string, seq uint64) func(*playbook.Projection) {
			return func(p *playbook.Projection) {
				s := summary(1, seq)
				s.Title, s.Resources = title, []string{"arn:aws:s3:::b"}
				p.Summaries = []playbook.Summary{s}
			}
		}
		apply(10, with("replayed", 11))
		title("A trail was stopped")
		apply(11, with("older", 9))
		title("A trail was stopped")
		apply(12, with("newer", 12))
		title("newer")
		if list, _ := x.List(t.Context(), playbook.Filter{Resource: trail}); len(list) != 1 || list[0].ID != "e-2" {
			t.Errorf("found by its old resource: %v", list)
		}
		if p, err := x.Position(t.Context()); p != 12 || err != nil {
			t.Errorf("position %d, error %v", p, err)
		}
		if _, err := x.Get(t.Context(), "none"); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("none: %v", err)
		}
	})
}

func TestListExecutions(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ *clock) {
		list := []playbook.Summary{summary(0, 1), summary(1, 2), summary(2, 3), summary(3, 4)}
		list[1].Rule, list[1].Status, list[1].Started = "rule-b", playbook.Failed, list[2].Started
		list[2].Playbook, list[2].Account, list[2].Cause = "close-port", "999999999999", "finding|x"
		list[3].Cause, list[3].Root, list[3].Resources = "other", "other", []string{"arn:aws:s3:::a", "arn:aws:s3:::b", "arn:aws:s3:::b"}
		if err := s.Executions.Apply(t.Context(), playbook.Projection{Summaries: list, Position: 4}); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			filter playbook.Filter
			want   string
		}{
			"latest first, ties by id": {playbook.Filter{}, "3120"},
			"status":                   {playbook.Filter{Status: playbook.Failed}, "1"},
			"rule":                     {playbook.Filter{Rule: "rule-a"}, "320"},
			"playbook":                 {playbook.Filter{Playbook: "close-port"}, "2"},
			"account":                  {playbook.Filter{Account: "999999999999"}, "2"},
			"cause":                    {playbook.Filter{Cause: "finding|x"}, "2"},
			"root cause":               {playbook.Filter{Cause: "cloudtrail|1|a"}, "120"},
			"resource":                 {playbook.Filter{Resource: "arn:aws:s3:::b"}, "3"},
			"since":                    {playbook.Filter{Since: noon.Add(2 * time.Minute)}, "312"},
			"until":                    {playbook.Filter{Until: noon.Add(2 * time.Minute)}, "0"},
			"limit":                    {playbook.Filter{Limit: 2}, "31"},
			"the next page":            {playbook.Filter{Limit: 2, After: "e-1"}, "20"},
			"cause and rule":           {playbook.Filter{Cause: "cloudtrail|1|a", Rule: "rule-b"}, "1"},
		} {
			t.Run(name, func(t *testing.T) {
				list, err := s.Executions.List(t.Context(), c.filter)
				got := ""
				for _, s := range list {
					got += s.ID[2:]
				}
				if err != nil || got != c.want {
					t.Errorf("got %q, error %v, want %q", got, err, c.want)
				}
			})
		}
		if _, err := s.Executions.List(t.Context(), playbook.Filter{After: "none"}); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("a cursor of nobody: %v", err)
		}
	})
}

func TestRequests(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ *clock) {
		lost, again := request(2), request(1)
		lost.ID, again.Operation = "", "StopLogging"
		for position, requests := range [][]playbook.Request{{request(1), lost}, {again, lost, request(3)}} {
			if err := s.Executions.Apply(t.Context(), playbook.Projection{Requests: requests, Position: uint64(position + 1)}); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Executions.Request(t.Context(), "r-1")
		if diff := cmp.Diff(request(1), got); err != nil || diff != "" {
			t.Error(err, diff)
		}
		for _, id := range []string{"", "r-2", "R-1"} {
			if _, err := s.Executions.Request(t.Context(), id); fault.CodeOf(err) != fault.NotFound {
				t.Errorf("request %q: %v", id, err)
			}
		}
		for since, want := range map[time.Time][]playbook.Request{noon: {lost}, lost.At: {lost}, lost.At.Add(time.Microsecond): nil} {
			got, err := s.Executions.Lost(t.Context(), since)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
		}
	})
}

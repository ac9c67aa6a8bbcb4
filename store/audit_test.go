package store_test

import (
	"bytes"
	"database/sql"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"riposte.dev/audit"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
	"riposte.dev/store"
)

func entry(text string) audit.Entry {
	return audit.Entry{Time: noon, Kind: audit.Configuration, Actor: audit.Self, Text: text}
}

// chain reads the whole chain, demands that it is whole, and returns "actor: text" of each record.
func chain(t *testing.T, s *store.Store) []string {
	t.Helper()
	var lines []string
	report, err := audit.Verify(func(yield func(audit.Record, error) bool) {
		for r, err := range s.Audit.Since(t.Context(), time.Time{}) {
			if err == nil {
				lines = append(lines, r.Actor+": "+r.Text)
			}
			if !yield(r, err) {
				return
			}
		}
	}, audit.Check{})
	if err != nil || report.Broken != nil {
		t.Fatalf("%v, %+v", err, report.Broken)
	}
	if head, err := s.Audit.Head(t.Context()); err != nil || head != report.Head {
		t.Fatalf("head %v, %v; the chain's is %v", head, err, report.Head)
	}
	return lines
}

func TestWhatPeopleChangeIsInTheAuditRecord(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, c *clock) {
		x, err := s.Exceptions.AddException(t.Context(), guard.Exception{Rule: "r", Resource: trail, Owner: "a@example.com", Reason: "Migration.", Ticket: "OPS-1",
			Expires: noon.Add(time.Hour)}, "ana")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Exceptions.RemoveException(t.Context(), x.ID, "ben"); err != nil {
			t.Fatal(err)
		}
		p, err := s.Pauses.Pause(t.Context(), guard.Pause{Account: "111122223333", Reason: "It is strange."}, "ana")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Pauses.Resume(t.Context(), p.ID, "ben"); err != nil {
			t.Fatal(err)
		}
		k, err := s.Keys.Create(t.Context(), store.Key{Account: "111122223333", Roles: []string{"ingest", "read"}}, "ana")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Keys.Revoke(t.Context(), k.ID, "ben"); err != nil {
			t.Fatal(err)
		}
		want := []string{
			"ana: Exception " + x.ID + " was added, to expire at 2026-03-22T13:00:00Z: Migration.", "ben: Exception " + x.ID + " was removed.",
			"ana: " + p.ID + " began (" + p.Scope() + "): It is strange.", "ben: " + p.ID + " was ended.",
			"ana: Access key " + k.ID + " was made with the roles ingest, read.", "ben: Access key " + k.ID + " was revoked.",
		}
		if diff := cmp.Diff(want, chain(t, s)); diff != "" {
			t.Error(diff)
		}
		// What is refused changes nothing, and so tells nothing.
		_ = s.Exceptions.RemoveException(t.Context(), x.ID, "cy")
		_ = s.Pauses.Resume(t.Context(), p.ID, "cy")
		_ = s.Keys.Revoke(t.Context(), k.ID, "cy")
		if _, err := s.Pauses.Pause(t.Context(), guard.Pause{}, "cy"); err == nil {
			t.Error("a pause without a reason")
		}
		if diff := cmp.Diff(want, chain(t, s)); diff != "" {
			t.Error(diff)
		}
		var secrets bytes.Buffer
		if err := audit.Write(&secrets, s.Audit.Since(t.Context(), time.Time{})); err != nil || strings.Contains(secrets.String(), k.Secret) {
			t.Errorf("the secret is told, or %v", err)
		}
	})
}

func TestAProjectionIsToldOnce(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ *clock) {
		p := playbook.Projection{Position: 3, Audit: []audit.Entry{entry("one"), entry("two")}}
		for range 2 { // as after a crash between the commit and its acknowledgement
			if err := s.Executions.Apply(t.Context(), p); err != nil {
				t.Fatal(err)
			}
		}
		// A projection that fails as a whole leaves nothing in the chain either.
		broken := playbook.Projection{Position: 4, Summaries: []playbook.Summary{{ID: "e", Seq: 1 << 63}}, Audit: []audit.Entry{entry("never")}}
		if err := s.Executions.Apply(t.Context(), broken); err == nil {
			t.Error("it was taken")
		}
		if diff := cmp.Diff([]string{"riposte: one", "riposte: two"}, chain(t, s)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestManyAppendAtOnce(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, _ *clock) {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 100 {
					if _, err := s.Audit.Append(t.Context(), entry("a"), entry("b")); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if lines := chain(t, s); len(lines) != 1600 {
			t.Errorf("%d records", len(lines))
		}
	})
}

func TestListTheAuditRecord(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store, c *clock) {
		for n, kind := range []audit.Kind{audit.Call, audit.Pause, audit.Call, audit.Key} {
			e := audit.Entry{Kind: kind, Actor: "ana", Text: string(kind)}
			if n > 1 {
				e.Execution = "5f0c"
			}
			if _, err := s.Audit.Append(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			c.forward(time.Minute)
		}
		for name, c := range map[string]struct {
			filter audit.Filter
			want   string
		}{
			"the latest first": {audit.Filter{}, "4321"},
			"kind":             {audit.Filter{Kind: audit.Call}, "31"},
			"execution":        {audit.Filter{Execution: "5f0c"}, "43"},
			"since":            {audit.Filter{Since: noon.Add(2 * time.Minute)}, "43"},
			"until":            {audit.Filter{Until: noon.Add(time.Minute)}, "1"},
			"page":             {audit.Filter{After: 4, Limit: 2}, "32"},
		} {
			list, err := s.Audit.List(t.Context(), c.filter)
			got := ""
			for _, r := range list {
				got += string(rune('0' + r.Seq))
			}
			if err != nil || got != c.want {
				t.Errorf("%s: %s, %v; want %s", name, got, err, c.want)
			}
		}
		var seqs []uint64
		for r, err := range s.Audit.Since(t.Context(), noon.Add(2*time.Minute)) {
			if err != nil {
				t.Fatal(err)
			}
			seqs = append(seqs, r.Seq)
		}
		if diff := cmp.Diff([]uint64{3, 4}, seqs); diff != "" {
			t.Error(diff)
		}
		for r := range s.Audit.Since(t.Context(), noon.Add(time.Hour)) {
			t.Errorf("%+v comes after the end", r)
		}
	})
}

// TestTheTableOnlyGrows tries what somebody with SQL would try, and then what somebody would who takes the triggers away.
func TestTheTableOnlyGrows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "riposte.db")
	s := openSQLite(t, store.Options{Path: path})
	if _, err := s.Audit.Append(t.Context(), entry("one"), entry("two"), entry("three")); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{
		"UPDATE audit SET body = '{}' WHERE seq = 2", "DELETE FROM audit", "DELETE FROM audit WHERE seq = 3",
		"INSERT INTO audit SELECT 9, hash, at, kind, execution, body FROM audit WHERE seq = 2",
		"INSERT OR REPLACE INTO audit SELECT seq, hash, at, kind, execution, '{}' FROM audit WHERE seq = 3",
	} {
		if _, err := db.Exec(statement); err == nil || !strings.Contains(err.Error(), "audit records are") {
			t.Errorf("%s: %v", statement, err)
		}
	}
	if lines := chain(t, s); len(lines) != 3 {
		t.Errorf("%q", lines)
	}
	for name, c := range map[string]struct {
		statement string
		seq       uint64
	}{
		"text":      {`UPDATE audit SET body = replace(body, 'two', 'too') WHERE seq = 2`, 2},
		"spelling":  {`UPDATE audit SET body = replace(body, ',"kind"', ', "kind"') WHERE seq = 2`, 2},
		"no JSON":   {`UPDATE audit SET body = 'x' WHERE seq = 3`, 3},
		"execution": {`UPDATE audit SET execution = 'other' WHERE seq = 2`, 2},
		"gap":       {`DELETE FROM audit WHERE seq = 1`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "riposte.db")
			s := openSQLite(t, store.Options{Path: path})
			if _, err := s.Audit.Append(t.Context(), entry("one"), entry("two"), entry("three")); err != nil {
				t.Fatal(err)
			}
			db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			done, err := db.Exec("DROP TRIGGER audit_keeps_what_it_says; DROP TRIGGER audit_keeps_everything; " + c.statement)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := done.RowsAffected(); err != nil || n != 1 {
				t.Fatalf("%d rows, %v", n, err)
			}
			report, err := audit.Verify(s.Audit.Since(t.Context(), time.Time{}), audit.Check{})
			if err != nil || report.Broken == nil || report.Broken.Seq != c.seq {
				t.Errorf("%+v, %v", report, err)
			}
		})
	}
}

func TestTheAuditRecordOfAClosedDatabase(t *testing.T) {
	s := openSQLite(t, store.Options{Path: filepath.Join(t.TempDir(), "riposte.db")})
	_ = s.Close()
	if _, err := s.Audit.Append(t.Context(), entry("late")); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("append: %v", err)
	}
	for _, err := range s.Audit.Since(t.Context(), time.Time{}) {
		if fault.CodeOf(err) != fault.Unavailable {
			t.Errorf("read: %v", err)
		}
	}
}

// BenchmarkApply is the cost of a projection of ten executions' worth of records, with and without their audit entries.
func BenchmarkApply(b *testing.B) {
	for name, told := range map[string]int{"without": 0, "with": 100} {
		b.Run(name, func(b *testing.B) {
			s := openSQLite(b, store.Options{Path: filepath.Join(b.TempDir(), "riposte.db")})
			p := playbook.Projection{}
			for n := range 10 {
				p.Summaries = append(p.Summaries, summary(n, 1))
			}
			for range told {
				e := entry("cloudtrail:StartLogging: ok")
				e.Execution, e.Rule, e.Resource, e.Data = "5f0c1d2e3b4a59687766", "cloudtrail-logging-stopped", trail, []byte(`{"service":"cloudtrail","operation":"StartLogging","request":"8a2b","outcome":"ok"}`)
				p.Audit = append(p.Audit, e)
			}
			for b.Loop() {
				p.Position++
				if err := s.Executions.Apply(b.Context(), p); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(10*float64(b.N)/b.Elapsed().Seconds(), "executions/s")
		})
	}
}

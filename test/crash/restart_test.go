package crash

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/cli"
	"riposte.dev/detect"
	"riposte.dev/finding"
	"riposte.dev/playbook"
	"riposte.dev/test/stage"
)

const (
	trail     = "audit"
	stopped   = "cloudtrail-logging-stopped"          // answers the call
	confirmed = "cloudtrail-logging-disabled-finding" // looks once more when the finding says it
)

// SIGKILL just before and just after every journal append of the restart playbook, in a process of its own with real disks
// and real calls: after the next start the trail logs, AWS has seen one StartLogging, and people were told once.
func TestSIGKILLAtEveryJournalPoint(t *testing.T) {
	for first := 1; ; first += wave {
		var beyond atomic.Int64 // points that the story did not reach
		t.Run(fmt.Sprintf("appends from %d", first), func(t *testing.T) {
			for n := first; n < first+wave; n++ {
				for _, after := range []bool{false, true} {
					t.Run(fmt.Sprintf("append %d, after %t", n, after), func(t *testing.T) {
						t.Parallel()
						if !crashAt(t, point{n, after}) {
							beyond.Add(1)
						}
					})
				}
			}
		})
		if t.Failed() {
			return
		}
		if beyond.Load() > 0 {
			t.Logf("%d appends", first+wave-1-int(beyond.Load())/2)
			if first == 1 {
				t.Fatal("the story has too few appends; the test does not reach what it is about")
			}
			return
		}
	}
}

// wave is how many journal points are tried at the same time.
const wave = 2

// crashAt plays the story with one crash and reports whether the engine got there.
func crashAt(t *testing.T, at point) (killed bool) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	s := build(ctx, t)
	engine := start(ctx, t, s, &at)
	if err := s.StopTrail(ctx, stage.Region, trail); err != nil {
		t.Fatal(err)
	}
	if err := stage.Wait(ctx, "the crash, or the end of the story", func() (bool, error) {
		return engine.Ended() || settled(ctx, s), nil
	}); err != nil {
		t.Fatal(err)
	}
	if killed = engine.Ended(); killed {
		if !engine.Killed() {
			t.Fatalf("the engine ended by itself: %s", engine)
		}
		start(ctx, t, s, nil)
	}
	if err := stage.Wait(ctx, "the executions", func() (bool, error) { return settled(ctx, s), nil }); err != nil {
		t.Fatalf("%v; there are %+v", err, executions(ctx, s))
	}
	check(ctx, t, s)
	return killed
}

// build sets the stage with one trail that logs.
func build(ctx context.Context, t *testing.T) *stage.Stage {
	t.Helper()
	s, err := stage.New(ctx, stage.Options{Folder: t.TempDir()})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err == nil {
		err = s.CreateBucket(ctx)
	}
	if err == nil {
		err = s.CreateTrail(ctx, stage.Region, trail)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ask calls riposte's API; an engine that is just dying or starting answers nothing.
func ask(ctx context.Context, s *stage.Stage, path string, query url.Values, out any) error {
	client, err := cli.Connect(s.Data)
	if err != nil {
		return err
	}
	return client.Call(ctx, http.MethodGet, path, query, nil, out)
}

func executions(ctx context.Context, s *stage.Stage) []playbook.Summary {
	var list []playbook.Summary
	if ask(ctx, s, "/api/v1/executions", nil, &list) != nil {
		return nil
	}
	return list
}

// settled reports whether both responses have come to an end, whichever.
func settled(ctx context.Context, s *stage.Stage) bool {
	ended := map[string]bool{}
	for _, e := range executions(ctx, s) {
		if e.Status == playbook.Running {
			return false
		}
		ended[e.Rule] = true
	}
	return ended[stopped] && ended[confirmed]
}

// check judges what has come of the story.
func check(ctx context.Context, t *testing.T, s *stage.Stage) {
	t.Helper()
	if on, err := s.Logging(ctx, stage.Region, trail); err != nil || !on {
		t.Errorf("the trail logs: %v (%v)", on, err)
	}
	if calls := s.Calls("StartLogging"); len(calls) != 1 {
		t.Errorf("AWS has seen %d StartLogging calls by riposte: %+v", len(calls), calls)
	}
	byRule, changed := map[string]int{}, 0
	response := ""
	for _, e := range executions(ctx, s) {
		byRule[e.Rule]++
		changed += e.Items[action.Changed]
		if e.Rule == stopped {
			response = e.ID
		}
		if e.Status != playbook.Succeeded || e.Items[action.Changed]+e.Items[action.Unneeded] != 1 {
			t.Errorf("the execution of %s is %s with the items %v (%s %s)", e.Rule, e.Status, e.Items, e.Error, e.Why)
		}
	}
	// After a crash the two go on side by side, and whoever looks first restarts the trail.
	if changed != 1 {
		t.Errorf("the trail was restarted by %d executions", changed)
	}
	if len(byRule) != 2 || byRule[stopped] != 1 || byRule[confirmed] != 1 {
		t.Errorf("executions by rule: %v", byRule)
	}
	checkMail(ctx, t, s, response)
	checkFindings(ctx, t, s)
}

// checkMail waits for the message about the response. A crash may repeat a delivery, but then with the same Message-ID.
func checkMail(ctx context.Context, t *testing.T, s *stage.Stage, response string) {
	t.Helper()
	if err := stage.Wait(ctx, "the mail", func() (bool, error) { return len(mails(s, response)) > 0, nil }); err != nil {
		t.Error(err)
	}
	if ids := mails(s, response); len(ids) != 1 {
		t.Errorf("people were told %d times: %v", len(ids), ids)
	}
}

// mails counts the mails that name an execution by Message-ID.
func mails(s *stage.Stage, execution string) map[string]int {
	ids := map[string]int{}
	for _, m := range s.Mail.Messages() {
		if strings.Contains(m.Text, execution) {
			ids[m.MessageID]++
		}
	}
	return ids
}

// checkFindings lets everything that was sent come through, riposte's own StartLogging among it, and sees what was found.
func checkFindings(ctx context.Context, t *testing.T, s *stage.Stage) {
	t.Helper()
	if err := s.Box.Close(ctx); err != nil { // delivers what waits
		t.Fatal(err)
	}
	lastEvent(ctx, t, s)
	var page finding.Page
	if err := ask(ctx, s, "/api/v1/findings", nil, &page); err != nil {
		t.Fatal(err)
	}
	disabled := 0
	for _, r := range page.Records {
		f := r.Finding
		if strings.Contains(strings.Join(f.Types, " "), "CloudTrailLoggingDisabled") {
			disabled++
		}
		// A call whose answer was lost is reported as a change of a trail (CIS 4.5), never as misuse.
		if f.Severity.Label == finding.Critical || strings.Contains(f.GeneratorID, detect.MisuseRule) {
			t.Errorf("riposte's own call was taken for somebody else's: %s (%s)", f.Title, f.GeneratorID)
		}
	}
	if disabled != 1 {
		t.Errorf("there are %d findings of the stopped trail", disabled)
	}
	var letters []struct{ Source, Reason string }
	if err := ask(ctx, s, "/api/v1/dead-letters", nil, &letters); err != nil || len(letters) > 0 {
		t.Errorf("dead letters: %+v (%v)", letters, err)
	}
}

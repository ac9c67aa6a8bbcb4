package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"riposte.dev/finding"
	"riposte.dev/store"
)

// crashEnv names the database to a child process of TestNothingAcknowledgedIsLost.
const crashEnv = "RIPOSTE_STORE_CRASH_TEST"

// TestNothingAcknowledgedIsLost kills a process with SIGKILL while it imports findings, and looks for every finding that
// it had called imported, and for the event of each.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	if path := os.Getenv(crashEnv); path != "" {
		importUntilKilled(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "riposte.db")
	var acknowledged []string
	for round := range 3 {
		child := exec.Command(os.Args[0], "-test.run=^TestNothingAcknowledgedIsLost$", "-test.v")
		child.Env = append(os.Environ(), crashEnv+"="+path, fmt.Sprintf("RIPOSTE_STORE_CRASH_ROUND=%d", round))
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		before := len(acknowledged)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if id, ok := strings.CutPrefix(lines.Text(), "imported "); ok {
				acknowledged = append(acknowledged, id)
			}
			if len(acknowledged) == before+100 {
				_ = child.Process.Kill() // and read what it still said
			}
		}
		if err := child.Wait(); err == nil || len(acknowledged) < before+100 {
			t.Fatalf("the child said %d lines and ended with %v", len(acknowledged)-before, err)
		}
	}
	s := openSQLite(t, store.Options{Path: path})
	for _, id := range acknowledged {
		if _, err := s.Findings.Find(t.Context(), finding.Key{ID: id}); err != nil {
			t.Errorf("lost: %v", err)
		}
	}
	findings, events := 0, 0
	for f := (finding.Filter{Limit: 1000}); ; {
		page, err := s.Findings.List(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		findings += len(page.Records)
		if f.After = page.Next; f.After == "" {
			break
		}
	}
	waiting, err := s.Findings.Outbox(t.Context(), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if events = len(waiting); events != findings || findings < len(acknowledged) {
		t.Errorf("%d findings, %d events, %d acknowledged: half of a change is there", findings, events, len(acknowledged))
	}
}

// importUntilKilled imports findings from several callers and says the id of each that is imported.
func importUntilKilled(t *testing.T, path string) {
	ctx, stop := context.WithTimeout(t.Context(), time.Minute) // should nobody kill it
	defer stop()
	s, err := store.Open(ctx, store.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	h := finding.NewHub(finding.Options{Store: s.Findings})
	var mu sync.Mutex
	var wg sync.WaitGroup
	for caller := range 4 {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				f := newFinding(t, fmt.Sprintf("rule-%s-%d", os.Getenv("RIPOSTE_STORE_CRASH_ROUND"), caller), n)
				if _, err := h.Upsert(ctx, f); err != nil {
					return
				}
				mu.Lock()
				fmt.Println("imported " + f.ID)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

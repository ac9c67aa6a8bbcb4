//go:build conformance

package pattern_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"riposte.dev/pattern"
)

// knownMisses are cases that the matcher answers otherwise than the recording, with the reason.
var knownMisses = map[string]string{}

// TestConformance runs the cases recorded from event-ruler's own tests. RIPOSTE_SHARED_DATA is the folder that holds
// pattern/; without it the one beside the repository is taken.
func TestConformance(t *testing.T) {
	root := os.Getenv("RIPOSTE_SHARED_DATA")
	if root == "" {
		root = "../../shared/data"
	}
	for _, file := range []struct {
		name string
		run  func(t *testing.T, line []byte) (id string, ok bool)
	}{
		{"match.ndjson", matchCase},
		{"ruleset.ndjson", rulesetCase},
		{"check.ndjson", checkCase},
	} {
		f, err := os.Open(filepath.Join(root, "pattern", file.name))
		if err != nil {
			t.Fatalf("%v (set RIPOSTE_SHARED_DATA to the folder with the recorded cases)", err)
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 16<<20)
		passed, total := 0, 0
		for lines.Scan() {
			total++
			id, ok := file.run(t, lines.Bytes())
			switch reason, known := knownMisses[id]; {
			case ok && known:
				t.Errorf("%s passes now: take it off the known misses (%s)", id, reason)
			case ok:
				passed++
			case known:
				t.Logf("%s: known miss: %s", id, reason)
			}
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
		if total == 0 {
			t.Errorf("%s has no cases", file.name)
		}
		t.Logf("%s: %d passed of %d", file.name, passed, total)
	}
}

func fail(t *testing.T, id, format string, args ...any) (string, bool) {
	t.Helper()
	if _, known := knownMisses[id]; !known {
		t.Errorf(id+": "+format, args...)
	}
	return id, false
}

func matchCase(t *testing.T, line []byte) (string, bool) {
	var c struct {
		ID, Pattern, Event string
		Expect             bool
	}
	if err := json.Unmarshal(line, &c); err != nil {
		t.Fatal(err)
	}
	p, err := pattern.Parse([]byte(c.Pattern))
	if err != nil {
		return fail(t, c.ID, "pattern refused: %v", err)
	}
	if got, err := p.Match([]byte(c.Event)); err != nil || got != c.Expect {
		return fail(t, c.ID, "got %v, %v, want %v\npattern %s\nevent %s", got, err, c.Expect, c.Pattern, c.Event)
	}
	return c.ID, true
}

func rulesetCase(t *testing.T, line []byte) (string, bool) {
	var c struct {
		ID    string
		Rules []struct{ Name, Pattern string }
		Event string
		// Matched are the names, sorted.
		Matched []string
	}
	if err := json.Unmarshal(line, &c); err != nil {
		t.Fatal(err)
	}
	m := pattern.New()
	for _, r := range c.Rules {
		p, err := pattern.Parse([]byte(r.Pattern))
		if err != nil {
			return fail(t, c.ID, "pattern refused: %v", err)
		}
		m.Add(r.Name, p)
	}
	got, err := m.Match([]byte(c.Event))
	if err != nil || !slices.Equal(got, c.Matched) {
		return fail(t, c.ID, "got %v, %v, want %v\nrules %v\nevent %s", got, err, c.Matched, c.Rules, c.Event)
	}
	return c.ID, true
}

func checkCase(t *testing.T, line []byte) (string, bool) {
	var c struct {
		ID, Pattern string
		Valid       bool
	}
	if err := json.Unmarshal(line, &c); err != nil {
		t.Fatal(err)
	}
	if _, err := pattern.Parse([]byte(c.Pattern)); (err == nil) != c.Valid {
		return fail(t, c.ID, "valid %v, want %v (%v)\npattern %s", err == nil, c.Valid, err, c.Pattern)
	}
	return c.ID, true
}

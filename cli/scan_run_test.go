package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"riposte.dev/detect"
)

// scanned runs a scan and returns the events detected and what was refused, in the order in which they were told.
func scanned(t *testing.T, paths ...string) (ids, refused []string, s *scan) {
	t.Helper()
	rules, err := (&ruleFlags{}).load(detect.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s = &scan{rules: rules, refused: func(err error) { refused = append(refused, err.Error()) }}
	err = s.run(t.Context(), paths, nil, nil, func(d Detection) error {
		ids = append(ids, d.EventID)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids, refused, s
}

// TestScanTellsInOrder: many files and batches are matched side by side, and told as if one after another.
func TestScanTellsInOrder(t *testing.T) {
	dir := t.TempDir()
	var want []string
	events := 0
	for i := range 9 {
		n := 1 + i*150
		text := strings.ReplaceAll(string(logFile(n)), `"eventID":"55555555`, fmt.Sprintf(`"eventID":"%08d`, i))
		text = strings.Replace(text, `]}`, `,{"a":tru}]}`, 1) // the first bracket that closes is a filter's
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.json", i)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for j := 0; j < n; j += 50 {
			if j > 0 { // the first record of each file is the broken one
				want = append(want, fmt.Sprintf("%08d-6666-7777-8888-%012d", i, j))
			}
		}
		events += n
	}
	ids, refused, s := scanned(t, dir)
	var got []string
	for i, id := range ids {
		if i == 0 || ids[i-1] != id { // two rules hold for each
			got = append(got, id)
		}
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("detected %d events, want %d in their order:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	if s.events != events || s.bad != 9 || len(refused) != 9 {
		t.Errorf("%d events and %d bad, want %d and 9", s.events, s.bad, events)
	}
	for i, line := range refused {
		if !strings.HasPrefix(line, filepath.Join(dir, fmt.Sprintf("%d.json: ", i))) {
			t.Errorf("refusal %d is %s", i, line)
		}
	}
}

func TestScanTellsWhatIsBadBesideWhatIsGood(t *testing.T) {
	path := writeFile(t, "lines.ndjson", strings.Repeat("{\"a\n", 1000)+`{"Records":`)
	ids, refused, s := scanned(t, path)
	if len(ids) != 0 || len(refused) != 1001 || s.bad != 1001 || !strings.Contains(refused[999], "lines.ndjson:1000: ") {
		t.Errorf("%d detections, %d refusals", len(ids), len(refused))
	}
}

func TestScanTellsOfAFileThatIsAllBad(t *testing.T) {
	_, refused, s := scanned(t, writeFile(t, "cut.json", `{"Records": [{"eventID"`))
	if s.events != 0 || s.bad != 1 || len(refused) != 1 || !strings.Contains(refused[0], "cut.json: at byte 23: unexpected EOF") {
		t.Errorf("%d events, refused %q", s.events, refused)
	}
}

func TestScanEndsWithItsOutput(t *testing.T) {
	path := writeFile(t, "f.json", string(logFile(3000)))
	rules, err := (&ruleFlags{}).load(detect.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	full, told := errors.New("disk full"), 0
	s := &scan{rules: rules, refused: func(err error) { t.Error(err) }}
	err = s.run(t.Context(), []string{path, path, path}, nil, nil, func(Detection) error { told++; return full })
	if !errors.Is(err, full) || told != 1 {
		t.Errorf("error %v after %d detections", err, told)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.run(ended, []string{path}, nil, nil, func(Detection) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
	if err := s.run(t.Context(), []string{path, filepath.Join(t.TempDir(), "none")}, nil, nil, nil); err == nil {
		t.Error("a path that is not there is no error")
	}
}

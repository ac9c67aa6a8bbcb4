//go:build conformance

package eventpattern_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"riposte.dev/sandbox/eventpattern"
)

// recorded is a case recorded from another implementation: of match.ndjson, or
// of check.ndjson, which asks for Valid only.
type recorded struct {
	ID, Pattern, Event string
	Expect, Valid      bool
}

func TestConformance(t *testing.T) {
	root := os.Getenv("RIPOSTE_SHARED_DATA")
	if root == "" {
		root = "../../../shared/data"
	}
	for name, answers := range map[string]func(recorded) bool{
		"match.ndjson": func(c recorded) bool {
			p, err := eventpattern.Parse([]byte(c.Pattern))
			if err != nil {
				return false
			}
			event, err := eventpattern.Decode([]byte(c.Event))
			return err == nil && p.Match(event) == c.Expect
		},
		"check.ndjson": func(c recorded) bool {
			_, err := eventpattern.Parse([]byte(c.Pattern))
			return (err == nil) == c.Valid
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := os.Open(filepath.Join(root, "pattern", name))
			if err != nil {
				t.Fatalf("%v (set RIPOSTE_SHARED_DATA to the folder with the recorded cases)", err)
			}
			defer f.Close()
			lines := bufio.NewScanner(f)
			lines.Buffer(nil, 16<<20)
			passed, total := 0, 0
			for lines.Scan() {
				var c recorded
				if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
					t.Fatal(err)
				}
				total++
				if answers(c) {
					passed++
				} else {
					t.Errorf("%s: pattern %s event %.400s want %v", c.ID, c.Pattern, c.Event, c.Expect || c.Valid)
				}
			}
			if err := lines.Err(); err != nil {
				t.Fatal(err)
			}
			t.Logf("%d of %d cases pass", passed, total)
		})
	}
}

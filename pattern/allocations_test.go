package pattern

import (
	"fmt"
	"testing"
)

// TestNoAllocations also has names and values with escapes, and rules that match. It goes around the pool of matches, which
// forgets some when the race detector watches.
func TestNoAllocations(t *testing.T) {
	m := New()
	add := func(name, text string) {
		p, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		m.Add(name, p)
	}
	for i := range 50 {
		add(fmt.Sprint("rule ", i), fmt.Sprintf(`{"source": ["aws.ec2"], "detail": {"user\u0041gent": ["a\"b%d", {"prefix": "a"}]}}`, i))
	}
	add("list", `{"detail": {"l": {"v": [1], "w": [2]}}}`)
	event := []byte(`{"source": "aws.ec2", "detail": {"userA\u0067ent": "a\"b\u0031", "x\n": [{"y": "\\"}], "l": "plain", "n": 1.5}}`)
	got := make([]string, 0, 100)
	r := &m.sides.both[m.sides.live.Load()].rules
	for mode, trusted := range map[string]bool{"strict": false, "trusted": true} {
		w := &match{}
		n := testing.AllocsPerRun(200, func() {
			got, _ = w.run(got[:0], event, r, trusted)
			w.facts.forget()
		})
		if n != 0 || len(got) != 50 {
			t.Errorf("%s: %v allocations, %d names", mode, n, len(got))
		}
	}
}

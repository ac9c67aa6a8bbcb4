package asl

import (
	"encoding/json"
	"strings"
	"testing"
)

// What journals hold stays readable, and the events that name effects keep their numbers: these records were written before there
// were branches.
func TestEarlierJournals(t *testing.T) {
	const journal = `
{"kind":"entered","time":"2026-01-02T03:04:05Z","state":"A","input":{"v":1},"arguments":{"v":1},"deadline":"2026-01-02T03:05:05Z"}
{"kind":"outcome","time":"2026-01-02T03:04:06Z","error":"E","cause":"why"}
{"kind":"entered","time":"2026-01-02T03:04:06Z","state":"A","input":{"v":1},"due":"2026-01-02T03:04:07Z","retries":[1]}
{"kind":"entered","time":"2026-01-02T03:04:07Z","state":"A","input":{"v":1},"arguments":{"v":1},"retries":[1]}
{"kind":"outcome","time":"2026-01-02T03:04:08Z","output":{"r":2}}
{"kind":"entered","time":"2026-01-02T03:04:08Z","state":"B","input":{"r":2},"assign":{"x":3},"due":"2026-01-02T03:04:18Z"}
{"kind":"entered","time":"2026-01-02T03:04:18Z","state":"C","input":{"r":2},"arguments":{"x":3}}
`
	m := parse(t, `
StartAt: A
States:
  A: {Type: Task, Resource: x, TimeoutSeconds: 60, Retry: [{ErrorEquals: [E]}], Assign: {x: 3}, Next: B}
  B: {Type: Wait, Seconds: 10, Next: C}
  C: {Type: Task, Resource: y, Parameters: {x.$: $x}, Next: D}
  D: {Type: Pass, Parameters: {x.$: $x}, End: true}
`)
	x := m.Begin(json.RawMessage(`{"v":1}`), epoch)
	for _, line := range strings.Split(strings.TrimSpace(journal), "\n") {
		var r Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		x.Apply(r)
	}
	c := m.Next(x)
	if len(c) != 1 || c[0].Resource != "y" || string(c[0].Arguments) != `{"x":3}` || c[0].Event != 12 || c[0].Attempt != 0 {
		t.Fatalf("asks for %+v", c)
	}
	x.Apply(Result("", json.RawMessage(`{}`)))
	m.Advance(x, env())
	if x.Status != Succeeded || string(x.Output) != `{"x":3}` {
		t.Errorf("%s %s %s", x.Status, x.Error, x.Output)
	}
	x.Apply(Record{Kind: Ended, Status: Failed})
	if x.Status != Succeeded {
		t.Error("it ended twice")
	}
}

package asl

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// run drives an execution with the interface that runtimes use; each task succeeds at once.
func run(tb testing.TB, m *Machine, input string, e Env) (*Execution, []Record) {
	tb.Helper()
	x := m.Begin(json.RawMessage(input), e.Now)
	var journal []Record
	for x.Status == "" {
		journal = append(journal, m.Advance(x, e)...)
		begin, _ := m.Changes(x)
		for _, c := range begin {
			r := Result(c.Path, json.RawMessage(`{"ok":true}`))
			r.Time = e.Now
			x.Apply(r)
			journal = append(journal, r)
		}
	}
	if x.Status != Succeeded {
		tb.Fatalf("%s %s: %s", x.Status, x.Error, x.Cause)
	}
	return x, journal
}

func distributed(tb testing.TB, items int) (m *Machine, input string) {
	m, err := Parse("m.yaml", []byte(`
StartAt: A
States:
  A:
    Type: Map
    ItemsPath: $.items
    ItemSelector: {item.$: $$.Map.Item.Value, k.$: $.k}
    ItemProcessor:
      ProcessorConfig: {Mode: DISTRIBUTED, ExecutionType: STANDARD}
      StartAt: B
      States:
        B: {Type: Task, Resource: x, ResultPath: $.b, Next: C}
        C: {Type: Pass, Parameters: 1, End: true}
    End: true
`))
	if err != nil {
		tb.Fatal(err)
	}
	return m, `{"k":1,"items":[` + strings.Repeat("1,", items-1) + `1]}`
}

// BenchmarkSteps measures how many records a second the step function makes: three tasks in a row, time after time.
func BenchmarkSteps(b *testing.B) {
	m, err := Parse("m.yaml", []byte(`
StartAt: A
States:
  A: {Type: Task, Resource: x, Parameters: {v.$: $.a}, ResultPath: $.r, Next: B}
  B: {Type: Task, Resource: x, ResultPath: $.s, Next: C}
  C: {Type: Task, Resource: x, End: true}
`))
	if err != nil {
		b.Fatal(err)
	}
	records := 0
	for b.Loop() {
		_, journal := run(b, m, `{"a":[1,2,3]}`, env())
		records += len(journal)
	}
	b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkMap measures what an item costs; it must not depend on how many there are.
func BenchmarkMap(b *testing.B) {
	for _, items := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprint(items), func(b *testing.B) {
			m, input := distributed(b, items)
			for b.Loop() {
				run(b, m, input, env())
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*items), "µs/item")
		})
	}
}

// BenchmarkReplay measures what loading an execution costs.
func BenchmarkReplay(b *testing.B) {
	m, input := distributed(b, 10_000)
	_, journal := run(b, m, input, env())
	for b.Loop() {
		x := m.Begin(json.RawMessage(input), epoch)
		for _, r := range journal {
			x.Apply(r)
		}
	}
	b.ReportMetric(float64(b.N*len(journal))/b.Elapsed().Seconds(), "records/s")
}

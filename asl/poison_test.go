package asl

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// poison changes a journal as a broken disk, an older version or a wrong merge might.
func poison(t *rapid.T, journal []Record) []Record {
	for range rapid.IntRange(1, 4).Draw(t, "times") {
		if len(journal) == 0 {
			return journal
		}
		i := rapid.IntRange(0, len(journal)-1).Draw(t, "record")
		j := rapid.IntRange(0, len(journal)-1).Draw(t, "other")
		r, other := &journal[i], journal[j]
		switch rapid.IntRange(0, 11).Draw(t, "how") {
		case 0:
			journal = append(journal[:i:i], journal[i+1:]...)
		case 1:
			journal[i], journal[j] = journal[j], journal[i]
		case 2:
			r.Path = other.Path
		case 3:
			r.State = other.State
		case 4:
			r.Kind = other.Kind
		case 5:
			r.Retries = rapid.SampledFrom([][]int{nil, {1}, {-1, 7, 7}}).Draw(t, "retries")
		case 6:
			r.Map = rapid.SampledFrom([]*MapRun{nil, {Concurrency: -1, BatchItems: -1, BatchBytes: -5, MaxItems: -1, BatchInput: json.RawMessage(`{`), Writer: json.RawMessage(`}`)}}).Draw(t, "map")
		case 7:
			r.Taken = rapid.SampledFrom([]int{-5, 0, 1 << 40}).Draw(t, "taken")
		case 8:
			r.Items, r.More = []json.RawMessage{nil, json.RawMessage(`{`)}, !r.More
		case 9:
			r.Input, r.Output = nil, json.RawMessage(`{`)
		case 10:
			r.Status, r.Error = rapid.SampledFrom([]Status{"", Failed, "NONE"}).Draw(t, "status"), other.Error
		case 11:
			r.State, r.Path = "no such state", r.Path+"/9"
		}
	}
	return journal
}

// A journal that is wrong is one execution's misfortune: it is told or carried on with, and never a panic or a loop without an end.
func TestPoisonedJournals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawExecution(t)
		journal := poison(t, w.journal[:rapid.IntRange(0, len(w.journal)).Draw(t, "length")])
		x := w.m.Begin(json.RawMessage(drawnInput), epoch)
		for _, r := range journal {
			x.Apply(r)
		}
		w.m.History(json.RawMessage(drawnInput), epoch, journal)
		e := w.env
		e.Random = func() uint64 { return 7 }
		for range 100 {
			for i := 0; x.Ready(); i++ {
				if len(w.m.Advance(x, e)) == 0 && x.Ready() || i > MaxEvents {
					t.Fatal("loops for ever")
				}
			}
			for _, c := range w.m.Next(x) {
				x.Progress(c.Path)
				switch c.Action {
				case ReadItems:
					for _, r := range ItemRecords(c.Path, []json.RawMessage{json.RawMessage(`{}`)}) {
						x.Apply(r)
					}
				case WriteResults:
					c.Writer.Files(x.Results(c.Path))
					x.Apply(Result(c.Path, json.RawMessage(`{}`)))
				case RunTask:
					x.Apply(Record{Kind: Outcome, Path: c.Path, Token: c.Token, Output: json.RawMessage(`{}`)})
				}
			}
			e.Now = e.Now.Add(time.Minute)
		}
	})
}

func TestPoisonedCounts(t *testing.T) {
	m := parse(t, "StartAt: A\nStates: {A: {Type: Map, Retry: [{ErrorEquals: [E]}, {ErrorEquals: [F]}], ItemProcessor: {StartAt: B, States: {B: {Type: Task, Resource: x, Retry: [{ErrorEquals: [E]}, {ErrorEquals: [F]}], End: true}}}, End: true}}")
	x := m.Begin(json.RawMessage(`[1,2,3]`), epoch)
	for _, r := range []Record{
		{Kind: Entered, State: "A", Input: json.RawMessage(`[1,2,3]`)},
		{Kind: Items, Items: []json.RawMessage{json.RawMessage(`1`), json.RawMessage(`2`), json.RawMessage(`3`)}},
		{Kind: Entered, Path: "A/0", State: "B", Input: json.RawMessage(`1`), Taken: 1 << 40, Retries: []int{1}},
		{Kind: Outcome, Path: "A/0", Error: "F"},
	} {
		r.Time = epoch
		x.Apply(r)
	}
	e := env()
	for range 20 {
		m.Advance(x, e)
		for _, c := range m.Next(x) {
			if c.Action == RunTask {
				x.Apply(Result(c.Path, json.RawMessage(`1`)))
			}
		}
		e.Now = e.Now.Add(time.Minute)
	}
	if x.Status != Succeeded || string(x.Output) != "[1]" {
		t.Errorf("%q %s %s", x.Status, x.Error, x.Output)
	}
}

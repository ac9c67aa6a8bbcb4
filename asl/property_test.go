package asl

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// drawMachine makes a machine of up to eight states in a row with jumps ahead, with impure functions, retries and catches.
func drawMachine(t *rapid.T) *Machine {
	text := rapid.Custom(drawDefinition).Filter(func(text string) bool { // jumps may leave states out
		_, err := Parse("p.json", []byte(text))
		return err == nil || !strings.Contains(err.Error(), "never reached")
	}).Draw(t, "definition")
	m, err := Parse("p.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func drawDefinition(t *rapid.T) string {
	n := rapid.IntRange(1, 8).Draw(t, "states")
	var states []string
	for i := range n {
		next := rapid.IntRange(i+1, n).Draw(t, "next")
		to := fmt.Sprintf(`"Next":"S%d"`, next)
		body := rapid.SampledFrom([]string{
			`"Type":"Pass","Parameters":{"id.$":"States.UUID()","n.$":"States.MathRandom(0,1000000)"},"ResultPath":"$.p"`,
			`"Type":"Pass","Assign":{"v.$":"States.UUID()"}`,
			`"Type":"Wait","Seconds":5`,
			`"Type":"Task","Resource":"x","Parameters":{"token.$":"States.UUID()","at.$":"$$.State.EnteredTime"},"ResultPath":"$.t"`,
			`"Type":"Task","Resource":"x","Retry":[{"ErrorEquals":["E"],"MaxAttempts":2,"JitterStrategy":"FULL"}],"ResultPath":"$.t"`,
			fmt.Sprintf(`"Type":"Task","Resource":"x","TimeoutSeconds":9,"Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":"$.e","Next":"S%d"}],"ResultPath":null`, next),
			fmt.Sprintf(`"Type":"Choice","Choices":[{"Variable":"$.p.n","IsPresent":true,"Next":"S%d"}],"Default":"S%d"`, n, next),
		}).Draw(t, "body")
		if strings.Contains(body, "Choice") {
			states = append(states, fmt.Sprintf(`"S%d":{%s}`, i, body))
		} else {
			states = append(states, fmt.Sprintf(`"S%d":{%s,%s}`, i, body, to))
		}
	}
	states = append(states, fmt.Sprintf(`"S%d":{"Type":"Succeed"}`, n))
	return `{"StartAt":"S0","TimeoutSeconds":40,"States":{` + strings.Join(states, ",") + `}}`
}

// Replaying any prefix of an execution's records gives the state that it had then, without a clock and without randomness, and
// so the same next command; and an execution never stands still: it has ended, or the world owes it something.
func TestReplay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMachine(t)
		random := rapid.Uint64()
		e := Env{Now: epoch, Random: func() uint64 { return random.Draw(t, "random") }}
		x := m.Begin(json.RawMessage(`{}`), e.Now)
		var journal []Record
		for x.Status == "" {
			before := len(journal)
			journal = append(journal, m.Advance(x, e)...)
			for _, c := range m.Next(x) {
				switch c.Action {
				case Sleep:
					if !c.Until.After(e.Now) {
						t.Fatalf("waits until %v, which has passed", c.Until)
					}
					e.Now = c.Until
				case RunTask:
					r := Result(c.Path, json.RawMessage(`{"ok":true}`))
					if rapid.Bool().Draw(t, "fails") {
						r = Failure(c.Path, rapid.SampledFrom([]string{"E", "F", ErrTimeout}).Draw(t, "error"), "why")
					}
					e.Now = e.Now.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "seconds")) * time.Second)
					r.Time = e.Now
					x.Apply(r)
					journal = append(journal, r)
				default:
					if len(journal) == before {
						t.Fatalf("stands still in %s", c.State)
					}
				}
			}
		}
		replayPrefixes(t, m, journal)
	})
}

func replayPrefixes(t *rapid.T, m *Machine, journal []Record) {
	live := m.Begin(json.RawMessage(`{}`), epoch)
	for i := 0; ; i++ {
		again := m.Begin(json.RawMessage(`{}`), epoch)
		for _, r := range journal[:i] {
			again.Apply(throughJSON(t, r))
		}
		if want, got := m.Next(live), m.Next(again); !reflect.DeepEqual(want, got) {
			t.Fatalf("after %d records the replay asks for %+v, the execution asked for %+v", i, got, want)
		}
		if again.Status != live.Status || string(again.Output) != string(live.Output) || again.Events != live.Events {
			t.Fatalf("after %d records the replay is %s with %d events, the execution was %s with %d", i, again.Status, again.Events, live.Status, live.Events)
		}
		if i == len(journal) {
			return
		}
		live.Apply(journal[i])
	}
}

// throughJSON is what a journal does to a record.
func throughJSON(t *rapid.T, r Record) Record {
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Record
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	return back
}

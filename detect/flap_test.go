package detect

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"riposte.dev/event"
)

func TestFlapsCount(t *testing.T) {
	e := &Escalate{Times: 3, Within: 10 * time.Minute}
	type step struct {
		cause, actor string
		at           time.Duration
		escalates    bool
	}
	for name, steps := range map[string][]step{
		"the third": {{"a", "m", 0, false}, {"b", "m", time.Minute, false}, {"c", "m", 2 * time.Minute, true}},
		"one cause counts once": {{"a", "m", 0, false}, {"a", "m", 0, false}, {"a", "m", 0, false},
			{"b", "m", time.Minute, false}, {"c", "m", time.Minute, true}},
		"too slow": {{"a", "m", 0, false}, {"b", "m", 5 * time.Minute, false}, {"c", "m", 10 * time.Minute, false},
			{"d", "m", 11 * time.Minute, true}},
		"out of order": {{"c", "m", 2 * time.Minute, false}, {"a", "m", 0, false}, {"b", "m", time.Minute, true}},
		"once in the time, and again after it": {{"a", "m", 0, false}, {"b", "m", 0, false}, {"c", "m", 0, true}, {"d", "m", 9 * time.Minute, false},
			{"e", "m", 10*time.Minute - 1, false}, {"f", "m", 10 * time.Minute, true}},
		"who takes part escalates too":        {{"a", "m", 0, false}, {"b", "m", 0, false}, {"c", "m", 0, true}, {"d", "n", 0, true}, {"e", "n", 0, false}},
		"the same break again":                {{"a", "m", 0, false}, {"b", "m", 0, false}, {"c", "m", 0, true}, {"c", "m", 0, true}, {"a", "m", 0, false}},
		"an old break is not a break of now":  {{"a", "m", time.Hour, false}, {"b", "m", time.Hour, false}, {"c", "m", 0, false}},
		"the same break again, after so many": {{"a", "m", 0, false}, {"b", "m", 1, false}, {"c", "m", 2, true}, {"d", "m", 3, false}, {"a", "m", 0, false}},
	} {
		t.Run(name, func(t *testing.T) {
			var f flaps
			start := time.Unix(1_700_000_000, 0)
			for i, s := range steps {
				if got := f.count("trail", s.actor, broken{event.Cause(s.cause), start.Add(s.at)}, e); got != s.escalates {
					t.Errorf("step %d: escalates %v, want %v", i, got, s.escalates)
				}
			}
		})
	}
}

// TestFlapsEscalateInTime: whatever comes when, two escalations of one actor are at least the time apart, and none comes
// without so many distinct breaks within the time before it.
func TestFlapsEscalateInTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := &Escalate{Times: rapid.IntRange(2, 5).Draw(t, "times"), Within: 10 * time.Second}
		var f flaps
		now := time.Unix(1_700_000_000, 0)
		var seen []time.Time
		var last time.Time
		for i := range rapid.IntRange(1, 60).Draw(t, "breaks") {
			now = now.Add(time.Duration(rapid.IntRange(0, 6).Draw(t, "gap")) * time.Second)
			seen = append(seen, now)
			escalates := f.count("trail", "m", broken{event.Cause(fmt.Sprint(i)), now}, e)
			recent := 0
			for _, at := range seen {
				if at.After(now.Add(-e.Within)) {
					recent++
				}
			}
			resting := !last.IsZero() && now.Before(last.Add(e.Within))
			if want := recent >= e.Times && !resting; escalates != want {
				t.Fatalf("break %d: escalates %v, want %v: %d within the time", i, escalates, want, recent)
			}
			if escalates {
				last = now
			}
		}
	})
}

func TestFlapsAreBounded(t *testing.T) {
	var f flaps
	e := &Escalate{Times: 2, Within: time.Hour}
	now := time.Unix(1_700_000_000, 0)
	for i := range maxFlapping {
		f.count(fmt.Sprint(i), "m", broken{"c", now}, e)
	}
	f.count("fresh", "m", broken{"c", now.Add(2 * time.Hour)}, e)
	if len(f.byResource) != 1 {
		t.Errorf("%d resources, want the one whose break is recent", len(f.byResource))
	}
	for i := range maxFlapping + 10 {
		f.count(fmt.Sprint(i), "m", broken{"d", now.Add(2 * time.Hour)}, e)
	}
	if len(f.byResource) > maxFlapping {
		t.Errorf("%d resources", len(f.byResource))
	}
}

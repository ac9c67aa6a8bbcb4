package asl

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// drawMachine makes a machine of up to eight states in a row with jumps ahead, with impure functions, retries, catches, and
// branches and iterations up to two deep.
func drawMachine(t *rapid.T) *Machine {
	text := rapid.Custom(func(t *rapid.T) string {
		flow := drawFlow(t, "S", 2)
		return strings.Replace(flow, "{", `{"TimeoutSeconds":400,`, 1)
	}).Filter(func(text string) bool { // jumps may leave states out
		_, err := Parse("p.json", []byte(text))
		return err == nil || !strings.Contains(err.Error(), "never reached")
	}).Draw(t, "definition")
	m, err := Parse("p.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func drawFlow(t *rapid.T, name string, depth int) string {
	n := rapid.IntRange(1, 2+2*depth).Draw(t, "states")
	var states []string
	for i := range n {
		next := fmt.Sprintf("%s%d", name, rapid.IntRange(i+1, n).Draw(t, "next"))
		bodies := []string{
			`"Type":"Pass","Parameters":{"id.$":"States.UUID()","n.$":"States.MathRandom(0,1000000)"},"ResultPath":"$.p"`,
			`"Type":"Pass","Assign":{"v.$":"States.UUID()"}`,
			`"Type":"Wait","Seconds":5`,
			`"Type":"Task","Resource":"x","Parameters":{"token.$":"States.UUID()","at.$":"$$.State.EnteredTime"},"ResultPath":"$.t"`,
			`"Type":"Task","Resource":"x.waitForTaskToken","HeartbeatSeconds":4,"Parameters":{"token.$":"$$.Task.Token"},"Retry":[{"ErrorEquals":["States.HeartbeatTimeout"],"MaxAttempts":1}],"ResultPath":"$.t"`,
			`"Type":"Task","Resource":"x","Retry":[{"ErrorEquals":["F"],"MaxAttempts":1},{"ErrorEquals":["E"],"MaxAttempts":2,"JitterStrategy":"FULL"}],"ResultPath":"$.t"`,
			fmt.Sprintf(`"Type":"Task","Resource":"x","TimeoutSeconds":9,"Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":"$.e","Next":"%s"}],"ResultPath":null`, next),
			fmt.Sprintf(`"Type":"Choice","Choices":[{"Variable":"$.p.n","IsPresent":true,"Next":"%s%d"}],"Default":"%s"`, name, n, next),
		}
		body := rapid.SampledFrom(bodies).Draw(t, "body")
		if depth > 0 && rapid.IntRange(0, 2).Draw(t, "fork") == 0 {
			body = drawFork(t, fmt.Sprintf("%s%d", name, i), next, depth)
		}
		if strings.Contains(body, `"Type":"Choice"`) && !strings.Contains(body, "Branches") && !strings.Contains(body, "ItemProcessor") {
			states = append(states, fmt.Sprintf(`"%s%d":{%s}`, name, i, body))
		} else {
			states = append(states, fmt.Sprintf(`"%s%d":{%s,"Next":"%s"}`, name, i, body, next))
		}
	}
	last := rapid.SampledFrom([]string{`{"Type":"Succeed"}`, `{"Type":"Succeed"}`, `{"Type":"Fail","Error":"E"}`}).Draw(t, "last")
	return fmt.Sprintf(`{"StartAt":"%s0","States":{%s,"%s%d":%s}}`, name, strings.Join(states, ","), name, n, last)
}

// drawFork makes a Parallel or a Map.
func drawFork(t *rapid.T, name, next string, depth int) string {
	failures := rapid.SampledFrom([]string{``, `,"Retry":[{"ErrorEquals":["E"],"MaxAttempts":1}]`,
		fmt.Sprintf(`,"Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":"$.e","Next":"%s"}]`, next)}).Draw(t, "failures")
	if rapid.Bool().Draw(t, "parallel") {
		return fmt.Sprintf(`"Type":"Parallel","ResultPath":"$.f","Branches":[%s,%s]%s`, drawFlow(t, name+"a", depth-1), drawFlow(t, name+"b", depth-1), failures)
	}
	fields := rapid.SampledFrom([]string{`"MaxConcurrency":1`, `"ToleratedFailureCount":1`, `"ItemSelector":{"u.$":"States.UUID()","v.$":"$$.Map.Item.Value"}`,
		`"ItemBatcher":{"MaxItemsPerBatch":2}`}).Draw(t, "map")
	mode := rapid.SampledFrom([]string{``, `"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},`}).Draw(t, "mode")
	if mode != "" && rapid.Bool().Draw(t, "read") {
		fields += `,"ItemReader":{"Resource":"arn:aws:states:::s3:listObjectsV2","Parameters":{"Bucket":"b"}},"ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"b"}}`
	} else {
		fields += `,"ItemsPath":"$.items"`
	}
	return fmt.Sprintf(`"Type":"Map",%s,"ResultPath":"$.f","ItemProcessor":%s%s`, fields, strings.Replace(drawFlow(t, name+"m", depth-1), "{", "{"+mode, 1), failures)
}

// drawnInput has the items that maps find.
const drawnInput = `{"items":[{"items":[1,2]},{"items":[3]},{"items":[]}]}`

// world is what happens to an execution from outside, drawn at random.
type world struct {
	t       *rapid.T
	m       *Machine
	x       *Execution
	env     Env
	journal []Record
	waiting map[string]Command // by path: what Changes has asked for
}

func (w *world) apply(r Record) {
	r.Time = w.env.Now
	w.x.Apply(r)
	w.journal = append(w.journal, r)
}

// turn moves the machine, checks what Changes and Next say, and lets one thing happen.
func (w *world) turn() {
	before := len(w.journal)
	w.journal = append(w.journal, w.m.Advance(w.x, w.env)...)
	begin, over := w.m.Changes(w.x)
	for _, c := range over {
		if had := w.waiting[c.Path]; had.Event != c.Event || had.Attempt != c.Attempt {
			w.t.Fatalf("%s is over and was not asked for", c.Path)
		}
		delete(w.waiting, c.Path)
	}
	for _, c := range begin {
		if _, there := w.waiting[c.Path]; there {
			w.t.Fatalf("%s is asked for twice", c.Path)
		}
		w.waiting[c.Path] = c
	}
	if w.x.Status != "" || w.x.Ready() {
		if len(w.journal) == before && w.x.Status == "" {
			w.t.Fatal("is ready and does nothing")
		}
		return
	}
	asked := 0
	for _, c := range w.m.Next(w.x) {
		switch c.Action {
		case Evaluate:
			w.t.Fatalf("stands still in %s at %q", c.State, c.Path)
		case Sleep:
			if !c.Until.After(w.env.Now) {
				w.t.Fatalf("waits until %v, which has passed", c.Until)
			}
		default:
			asked++
			if got, ok := w.waiting[c.Path]; !ok || got.Event != c.Event || got.Attempt != c.Attempt || got.Action != c.Action {
				w.t.Fatalf("Next says %+v, Changes said %+v", c, got)
			}
		}
	}
	if asked != len(w.waiting) {
		w.t.Fatalf("Changes told of %d commands, Next of %d", len(w.waiting), asked)
	}
	wake := w.x.Wake()
	if asked == 0 && wake.IsZero() {
		w.t.Fatal("nothing will ever move it")
	}
	if asked == 0 || !wake.IsZero() && rapid.IntRange(0, 3).Draw(w.t, "late") == 0 {
		w.env.Now = wake
		return
	}
	paths := slices.Sorted(maps.Keys(w.waiting))
	w.answer(w.waiting[rapid.SampledFrom(paths).Draw(w.t, "path")])
}

func (w *world) answer(c Command) {
	w.env.Now = w.env.Now.Add(time.Duration(rapid.IntRange(0, 3).Draw(w.t, "seconds")) * time.Second)
	kind := rapid.IntRange(0, 5).Draw(w.t, "answer")
	switch {
	case kind == 0:
		w.apply(Failure(c.Path, rapid.SampledFrom([]string{"E", "F", ErrTimeout}).Draw(w.t, "error"), "why"))
	case kind == 1 && c.Token != "":
		w.apply(Record{Kind: Heartbeat, Path: c.Path, Token: c.Token})
	case kind == 2 && c.Token != "" && c.Submission == nil:
		w.apply(Record{Kind: Submitted, Path: c.Path, Token: c.Token, Output: json.RawMessage(`{}`)})
	case c.Action == ReadItems:
		for _, r := range ItemRecords(c.Path, []json.RawMessage{json.RawMessage(`{"items":[7]}`), json.RawMessage(`{"items":[8]}`)}) {
			w.apply(r)
		}
	default:
		w.apply(Record{Kind: Outcome, Path: c.Path, Token: c.Token, Output: json.RawMessage(`{"ok":true}`)})
	}
}

// Replaying any prefix of an execution's records gives the state that it had then, without a clock and without randomness, and
// so the same next commands; and an execution never stands still: it has ended, or the world owes it something. What was
// redriven goes on.
func TestReplay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawExecution(t)
		replayPrefixes(t, w.m, w.journal)
	})
}

// drawExecution runs a machine to its end, stops it now and then, and redrives it twice where it can.
func drawExecution(t *rapid.T) *world {
	random := rapid.Uint64()
	w := &world{t: t, m: drawMachine(t), waiting: map[string]Command{}}
	w.env = Env{Now: epoch, Random: func() uint64 { return random.Draw(t, "random") }}
	w.x = w.m.Begin(json.RawMessage(drawnInput), epoch)
	for redrives := 0; ; redrives++ {
		for w.x.Status == "" {
			w.turn()
			if w.x.Status == "" && rapid.IntRange(0, 60).Draw(t, "stop") == 0 {
				w.apply(Stop("Stopped", "by hand"))
			}
		}
		_, over := w.m.Changes(w.x)
		for _, c := range over {
			delete(w.waiting, c.Path)
		}
		if len(w.waiting) > 0 {
			t.Fatalf("it has ended, and %v go on", w.waiting)
		}
		r, ok := w.x.Redrive()
		if ok != (w.x.Status != Succeeded && len(w.x.Frames) > 0) {
			t.Fatalf("it is %s, and can be redriven: %v", w.x.Status, ok)
		}
		if !ok || redrives == 2 {
			return w
		}
		w.apply(r)
	}
}

func replayPrefixes(t *rapid.T, m *Machine, journal []Record) {
	live := m.Begin(json.RawMessage(drawnInput), epoch)
	stride := 1 + len(journal)/50
	for i := 0; ; i++ {
		if i%stride != 0 && i < len(journal) {
			live.Apply(journal[i])
			continue
		}
		again := m.Begin(json.RawMessage(drawnInput), epoch)
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

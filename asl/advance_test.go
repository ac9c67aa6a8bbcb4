package asl

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func env() Env {
	n := uint64(0)
	return Env{Now: epoch, Random: func() uint64 { n += 0x9e3779b97f4a7c15; return n },
		Context: Context{ExecutionID: "id", ExecutionName: "name", MachineName: "m", Extra: map[string]json.RawMessage{"Riposte": json.RawMessage(`{"Rule":"r"}`)}}}
}

func TestDataFlow(t *testing.T) {
	for name, tt := range map[string]struct{ states, input, mocks, want string }{
		"pass":             {`{A: {Type: Pass, End: true}}`, `{"a":1}`, ``, `{"a":1}`},
		"result at a path": {`{A: {Type: Pass, Result: {x: 1}, ResultPath: $.r, End: true}}`, `{"a":1}`, ``, `{"a":1,"r":{"x":1}}`},
		"result path is about the raw input": {`{A: {Type: Pass, InputPath: $.in, Parameters: {y.$: $.v}, ResultPath: $.r, OutputPath: $.r, End: true}}`,
			`{"in":{"v":7}}`, ``, `{"y":7}`},
		"null paths": {`{A: {Type: Pass, InputPath: null, ResultPath: null, Next: B}, B: {Type: Succeed, OutputPath: null}}`, `{"a":1}`, ``, `{}`},
		"task": {`{A: {Type: Task, Resource: x, Parameters: {k.$: $.a}, ResultSelector: {only.$: $.o}, ResultPath: $.r, OutputPath: $.r, End: true}}`,
			`{"a":1}`, `[{"output":{"o":5,"p":6}}]`, `{"only":5}`},
		"context": {`{A: {Type: Pass, Parameters: {s.$: $$.State.Name, e.$: $$.Execution.Name, i.$: $$.Execution.Input.a, t.$: $$.Execution.StartTime, r.$: $$.Riposte.Rule}, End: true}}`,
			`{"a":1}`, ``, `{"s":"A","e":"name","i":1,"t":"2026-01-02T03:04:05Z","r":"r"}`},
		"nested templates": {`{A: {Type: Pass, Parameters: {l: [{x.$: $.a}, 2, "$.a"], o: {p: {q.$: $.a}}}, End: true}}`, `{"a":1}`, ``, `{"l":[{"x":1},2,"$.a"],"o":{"p":{"q":1}}}`},
		"variables": {`{A: {Type: Pass, Assign: {v.$: $.a, w: 2}, Next: B}, B: {Type: Task, Resource: x, Assign: {v.$: $.o}, Next: C}, C: {Type: Pass, Parameters: {v.$: $v, w.$: $w}, End: true}}`,
			`{"a":1}`, `[{"output":{"o":9}}]`, `{"v":9,"w":2}`},
		"a rule's variables": {`{A: {Type: Choice, Choices: [{Variable: $.a, IsPresent: true, Assign: {v.$: $.a}, Next: B}]}, B: {Type: Pass, Parameters: {v.$: $v}, End: true}}`,
			`{"a":1}`, ``, `{"v":1}`},
		"caught": {`{A: {Type: Task, Resource: x, Catch: [{ErrorEquals: [E1], Next: C}, {ErrorEquals: [States.ALL], ResultPath: $.err, Assign: {name.$: $.Error}, Next: B}], Next: C}, B: {Type: Pass, Assign: {n.$: $name}, End: true}, C: {Type: Fail}}`,
			`{"a":1}`, `[{"error":"E2","cause":"c"}]`, `{"a":1,"err":{"Error":"E2","Cause":"c"}}`},
		"seconds at a path":  {`{A: {Type: Wait, SecondsPath: $.s, End: true}}`, `{"s":5}`, ``, `{"s":5}`},
		"numbers as written": {`{A: {Type: Pass, End: true}}`, `{"a":1.50,"b":10000000000000000001}`, ``, `{"a":1.50,"b":10000000000000000001}`},
	} {
		t.Run(name, func(t *testing.T) {
			m := parse(t, "StartAt: A\nStates: "+tt.states)
			var mocks []Mock
			if tt.mocks != "" {
				if err := json.Unmarshal([]byte(tt.mocks), &mocks); err != nil {
					t.Fatal(err)
				}
			}
			x, _ := m.Simulate(json.RawMessage(tt.input), mocks, env())
			if x.Status != Succeeded || string(x.Output) != tt.want {
				t.Errorf("%s %s (%s: %s), want %s", x.Status, x.Output, x.Error, x.Cause, tt.want)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	for name, tt := range map[string]struct{ states, input, want string }{
		"fail":                {`{A: {Type: Fail, Error: E, Cause: why}}`, `{}`, "E: why"},
		"fail with paths":     {`{A: {Type: Fail, ErrorPath: $.e, CausePath: "States.Format('{}!', $.c)"}}`, `{"e":"E","c":"why"}`, "E: why!"},
		"fail path not text":  {`{A: {Type: Fail, ErrorPath: $.e}}`, `{"e":1}`, "States.Runtime: An error occurred while executing the state 'A' (entered at the event id #2). The ErrorPath field"},
		"missing parameter":   {`{A: {Type: Pass, Parameters: {x.$: $.no}, End: true}}`, `{}`, "The JSONPath '$.no' specified for the field 'x.$' could not be found in the input '{}'"},
		"missing in function": {`{A: {Type: Pass, Parameters: {x.$: "States.Format('{}', $.no)"}, End: true}}`, `{}`, "The JSONPath '$.no' specified for the field 'x.$'"},
		"function":            {`{A: {Type: Pass, Parameters: {x.$: "States.ArrayLength($)"}, End: true}}`, `{}`, "States.IntrinsicFailure"},
		"input path":          {`{A: {Type: Pass, InputPath: "$.a[0].b", End: true}}`, `{}`, "Invalid path '$.a[0].b' : No results for path: $['a'][0]['b']"},
		"result path":         {`{A: {Type: Pass, Result: 1, ResultPath: $.a.b, End: true}}`, `{"a":1}`, "States.ResultPathMatchFailure"},
		"runtime is not caught": {`{A: {Type: Task, Resource: x, Parameters: {x.$: $.no}, Retry: [{ErrorEquals: [States.ALL]}], Catch: [{ErrorEquals: [States.ALL], Next: B}], End: true}, B: {Type: Succeed}}`,
			`{}`, "States.Runtime"},
		"wait for text":    {`{A: {Type: Wait, SecondsPath: $.s, End: true}}`, `{"s":"x"}`, "not a number of seconds"},
		"wait until never": {`{A: {Type: Wait, TimestampPath: $.s, End: true}}`, `{"s":"x"}`, "does not reference a valid timestamp"},
		"unset variable":   {`{A: {Type: Pass, Parameters: {x.$: $v}, End: true}}`, `{}`, "The JSONPath '$v'"},
		"no mock":          {`{A: {Type: Task, Resource: x, End: true}}`, `{}`, "States.TaskFailed: There is no mock"},
		"input not JSON":   {`{A: {Type: Pass, End: true}}`, `{"a":1,"a":2}`, "States.Runtime"},
		"input too large":  {`{A: {Type: Pass, End: true}}`, `"` + strings.Repeat("x", MaxData) + `"`, "States.DataLimitExceeded"},
		"output too large": {`{A: {Type: Pass, Parameters: {a.$: $, b.$: $}, End: true}}`, `"` + strings.Repeat("x", MaxData/2) + `"`, "States.DataLimitExceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			x, _ := parse(t, "StartAt: A\nStates: "+tt.states).Simulate(json.RawMessage(tt.input), nil, env())
			if got := x.Error + ": " + x.Cause; x.Status != Failed || !strings.Contains(got, tt.want) {
				t.Errorf("%s %.300s, want %s", x.Status, got, tt.want)
			}
		})
	}
}

func TestRetry(t *testing.T) {
	m := parse(t, `
StartAt: A
States:
  A:
    Type: Task
    Resource: x
    Parameters: {try.$: $$.State.RetryCount}
    Retry:
      - {ErrorEquals: [Slow, States.Timeout], IntervalSeconds: 2, BackoffRate: 3, MaxAttempts: 3, MaxDelaySeconds: 10}
      - {ErrorEquals: [Never], MaxAttempts: 0}
      - {ErrorEquals: [States.TaskFailed], IntervalSeconds: 1, MaxAttempts: 1}
    End: true
`)
	mocks := []Mock{{Error: "Slow"}, {Error: "Other"}, {Error: ErrHeartbeatTimeout}, {Error: "Slow"}, {Output: json.RawMessage(`1`)}}
	x, records := m.Simulate(json.RawMessage(`{}`), mocks, env())
	if x.Status != Succeeded {
		t.Fatalf("%s: %s", x.Error, x.Cause)
	}
	var waits []time.Duration
	var tries []string
	for _, r := range records {
		switch {
		case r.Kind == Entered && !r.Due.IsZero():
			waits = append(waits, r.Due.Sub(r.Time))
		case r.Kind == Entered:
			tries = append(tries, string(r.Arguments))
		}
	}
	if want := []time.Duration{2 * time.Second, time.Second, 6 * time.Second, 10 * time.Second}; !equalSlices(waits, want) {
		t.Errorf("waits %v, want %v", waits, want)
	}
	if want := []string{`{"try":0}`, `{"try":1}`, `{"try":2}`, `{"try":3}`, `{"try":4}`}; !equalSlices(tries, want) {
		t.Errorf("tries %v, want %v", tries, want)
	}
	for name, mocks := range map[string][]Mock{
		"Other": {{Error: "Other"}, {Error: "Other"}},
		"Never": {{Error: "Never"}},
		"Slow":  {{Error: "Slow"}, {Error: "Slow"}, {Error: "Slow"}, {Error: "Slow"}},
	} {
		if x, _ := m.Simulate(json.RawMessage(`{}`), mocks, env()); x.Status != Failed || x.Error != name {
			t.Errorf("after %d mocks: %s %s, want it to fail with %s", len(mocks), x.Status, x.Error, name)
		}
	}
}

func equalSlices[T comparable](a, b []T) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestJitterStaysBelowTheDelay(t *testing.T) {
	m := parse(t, "StartAt: A\nStates: {A: {Type: Task, Resource: x, Retry: [{ErrorEquals: [States.ALL], IntervalSeconds: 10, BackoffRate: 1, MaxAttempts: 50, JitterStrategy: FULL}], End: true}}")
	_, records := m.Simulate(json.RawMessage(`{}`), nil, env())
	different := map[time.Duration]bool{}
	for _, r := range records {
		if wait := r.Due.Sub(r.Time); !r.Due.IsZero() {
			different[wait] = true
			if wait < 0 || wait > 10*time.Second {
				t.Errorf("waits %v", wait)
			}
		}
	}
	if len(different) < 40 {
		t.Errorf("only %d different delays", len(different))
	}
}

func TestWhatErrorsMatch(t *testing.T) {
	for _, tt := range []struct {
		equals []string
		name   string
		want   bool
	}{
		{[]string{ErrAll}, "X", true}, {[]string{"X"}, "X", true}, {[]string{"Y"}, "X", false},
		{[]string{ErrTaskFailed}, "X", true}, {[]string{ErrTaskFailed}, ErrTimeout, false}, {[]string{ErrAll}, ErrTimeout, true},
		{[]string{ErrTimeout}, ErrHeartbeatTimeout, true}, {[]string{ErrAll}, ErrRuntime, false}, {[]string{ErrRuntime}, ErrRuntime, false},
		{[]string{ErrAll}, ErrDataLimitExceeded, false}, {[]string{ErrDataLimitExceeded}, ErrDataLimitExceeded, true},
	} {
		if got := matches(tt.equals, tt.name); got != tt.want {
			t.Errorf("%v matches %s: %v", tt.equals, tt.name, got)
		}
	}
}

func TestTimeouts(t *testing.T) {
	m := parse(t, "StartAt: A\nTimeoutSeconds: 60\nStates: {A: {Type: Wait, Seconds: 100, Next: B}, B: {Type: Task, Resource: x, TimeoutSecondsPath: $.limit, HeartbeatSeconds: 5, End: true}}")
	x, _ := m.Simulate(json.RawMessage(`{"limit":30}`), nil, env())
	if x.Status != TimedOut || x.Error != ErrTimeout {
		t.Errorf("%s %s", x.Status, x.Error)
	}
	m.Timeout = 0
	x = m.Begin(json.RawMessage(`{"limit":30}`), epoch)
	e := env()
	m.Advance(x, e)
	e.Now = epoch.Add(100 * time.Second)
	m.Advance(x, e)
	c := m.Next(x)[0]
	if c.Action != RunTask || !c.Until.Equal(e.Now.Add(30*time.Second)) || c.Heartbeat != 5*time.Second {
		t.Errorf("command %+v", c)
	}
}

// A loop without an end comes to one, in strides that a journal can hold.
func TestLoopsEnd(t *testing.T) {
	m := parse(t, "StartAt: A\nStates: {A: {Type: Pass, Next: B}, B: {Type: Choice, Choices: [{Variable: $.stop, IsPresent: true, Next: C}], Default: A}, C: {Type: Succeed}}")
	x := m.Begin(json.RawMessage(`{}`), epoch)
	for x.Status == "" {
		if n := len(m.Advance(x, env())); n == 0 || n > maxStride {
			t.Fatalf("a stride of %d records", n)
		}
	}
	if x.Status != Failed || x.Error != ErrRuntime || !strings.Contains(x.Cause, "loop") {
		t.Errorf("%s %s: %s", x.Status, x.Error, x.Cause)
	}
}

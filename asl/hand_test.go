package asl

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// hand drives an execution step by step.
type hand struct {
	t       *testing.T
	m       *Machine
	x       *Execution
	env     Env
	journal []Record
	over    []Command
}

func begin(t *testing.T, source, input string) *hand {
	t.Helper()
	m := parse(t, source)
	h := &hand{t: t, m: m, x: m.Begin(json.RawMessage(input), epoch), env: env()}
	h.env.Token = func(path string) string { return "token of " + path }
	return h
}

// goOn advances until the world is needed and returns what it is asked for.
func (h *hand) goOn() []Command {
	var asked []Command
	for first := true; first || h.x.Ready(); first = false {
		h.journal = append(h.journal, h.m.Advance(h.x, h.env)...)
		begin, over := h.m.Changes(h.x)
		asked, h.over = append(asked, begin...), append(h.over, over...)
	}
	return asked
}

func (h *hand) apply(records ...Record) []Command {
	for _, r := range records {
		r.Time = h.env.Now
		h.x.Apply(r)
		h.journal = append(h.journal, r)
	}
	return h.goOn()
}

func (h *hand) later(d time.Duration) []Command {
	h.env.Now = h.env.Now.Add(d)
	return h.goOn()
}

func (h *hand) wants(status Status, want string) {
	h.t.Helper()
	got := string(h.x.Output)
	if h.x.Error != "" {
		got = h.x.Error + ": " + h.x.Cause
	}
	if h.x.Status != status || !strings.Contains(got, want) {
		h.t.Errorf("%q %s, want %q %s", h.x.Status, got, status, want)
	}
}

func paths(commands []Command) string {
	var all []string
	for _, c := range commands {
		all = append(all, c.Path)
	}
	return strings.Join(all, " ")
}

// The first branch that fails ends the others; what they send afterwards meets nobody, also where the state is tried again.
func TestOneBranchEndsTheOthers(t *testing.T) {
	h := begin(t, `
StartAt: A
States:
  A:
    Type: Parallel
    Retry: [{ErrorEquals: [E], MaxAttempts: 1}]
    Branches:
      - {StartAt: B, States: {B: {Type: Task, Resource: x, End: true}}}
      - {StartAt: C, States: {C: {Type: Parallel, Branches: [{StartAt: D, States: {D: {Type: Task, Resource: x, End: true}}}], End: true}}}
    End: true
`, `{}`)
	if got := paths(h.goOn()); got != "A/0 A/1/C/0" {
		t.Fatalf("asks for %s", got)
	}
	h.apply(Failure("A/0", "E", "why"))
	if got := paths(h.over); got != "A/0 A/1/C/0" {
		t.Errorf("takes back %s", got)
	}
	h.apply(Result("A/1/C/0", json.RawMessage(`1`)))
	if again := paths(h.later(time.Second)); again != "A:2/0 A:2/1/C/0" {
		t.Errorf("asks again for %s", again)
	}
	h.apply(Result("A/0", json.RawMessage(`"late"`)), Result("A/1/C/0", json.RawMessage(`"late"`)))
	h.apply(Result("A:2/0", json.RawMessage(`1`)), Result("A:2/1/C/0", json.RawMessage(`2`)))
	h.wants(Succeeded, `[1,[2]]`)
}

func TestNamesDontMakePathsAmbiguous(t *testing.T) {
	h := begin(t, `{"StartAt": "A/0~:2", "States": {"A/0~:2": {"Type": "Parallel", "Branches": [{"StartAt": "B", "States": {"B": {"Type": "Task", "Resource": "x", "End": true}}}], "End": true}}}`, `{}`)
	c := h.goOn()
	if got := paths(c); got != "A~10~0~22/0" {
		t.Fatalf("asks for %s", got)
	}
	h.apply(Result(c[0].Path, json.RawMessage(`1`)))
	h.wants(Succeeded, `[1]`)
}

func TestCallbacks(t *testing.T) {
	h := begin(t, `
StartAt: A
States:
  A:
    Type: Task
    Resource: arn:aws:states:::sqs:sendMessage.waitForTaskToken
    Parameters: {token.$: $$.Task.Token}
    Credentials: {RoleArn.$: $.role}
    HeartbeatSecondsPath: $.beat
    TimeoutSeconds: 60
    Retry: [{ErrorEquals: [States.HeartbeatTimeout], MaxAttempts: 1, IntervalSeconds: 1}]
    End: true
`, `{"beat":10,"role":"arn:aws:iam::111122223333:role/r"}`)
	h.env.Token = nil
	c := h.goOn()[0]
	if c.Heartbeat != 10*time.Second || string(c.Arguments) != `{"token":"`+c.Token+`"}` || len(c.Token) != 32 || string(c.Credentials) != `{"RoleArn":"arn:aws:iam::111122223333:role/r"}` {
		t.Fatalf("asks for %+v", c)
	}
	if path, ok := h.x.ByToken(c.Token); !ok || path != "" {
		t.Error("the token leads nowhere")
	}
	h.apply(Record{Kind: Submitted, Token: c.Token, Output: json.RawMessage(`{"MessageId":"m"}`)})
	if next := h.m.Next(h.x)[0]; string(next.Submission) != `{"MessageId":"m"}` {
		t.Errorf("the call would be made again: %+v", next)
	}
	h.later(9 * time.Second)
	h.apply(Record{Kind: Heartbeat, Token: c.Token})
	if wake := h.x.Wake(); wake.After(h.env.Now.Add(10 * time.Second)) {
		t.Errorf("wakes at %v", wake)
	}
	if h.later(9 * time.Second); len(h.over) != 0 {
		t.Error("the heartbeat was not heard")
	}
	h.later(time.Second)
	if _, ok := h.x.ByToken(c.Token); ok || len(h.over) != 1 {
		t.Error("the task goes on without heartbeats")
	}
	again := h.later(time.Second)[0]
	if again.Token == c.Token || again.Attempt != 1 || again.Submission != nil {
		t.Fatalf("asks again for %+v", again)
	}
	h.apply(Record{Kind: Outcome, Token: c.Token, Output: json.RawMessage(`"of the first try"`)})
	h.apply(Record{Kind: Outcome, Token: again.Token, Output: json.RawMessage(`"of the second"`)})
	h.wants(Succeeded, `"of the second"`)
}

func TestTasksTimeOut(t *testing.T) {
	const source = "StartAt: A\nStates: {A: {Type: Task, Resource: x, TimeoutSeconds: 60, HeartbeatSeconds: 50, End: true}}"
	h := begin(t, source, `{}`)
	h.goOn()
	if wake := h.x.Wake(); !wake.Equal(epoch.Add(50 * time.Second)) {
		t.Errorf("wakes at %v", wake)
	}
	h.later(49 * time.Second)
	h.apply(Record{Kind: Heartbeat})
	h.later(11 * time.Second)
	h.wants(Failed, ErrTimeout)

	h = begin(t, source, `{}`)
	h.env.Busy = func(string) bool { return true }
	h.goOn()
	if h.later(time.Hour); h.x.Status != "" {
		t.Error("a task that is under way here was timed out")
	}
	if wake := h.x.Wake(); !wake.After(h.env.Now) {
		t.Errorf("wakes at %v, now it is %v", wake, h.env.Now)
	}
	h.env.Busy = nil
	h.later(busyRest)
	h.wants(Failed, ErrTimeout)
	h = begin(t, source, `{}`)
	h.goOn()
	h.apply(Failure("", ErrTimeout, "here"))
	h.wants(Failed, "here")
}

// What a task says whose time was over changes nothing, neither before it is tried again nor later.
func TestLateAnswers(t *testing.T) {
	h := begin(t, "StartAt: A\nStates: {A: {Type: Task, Resource: x, TimeoutSeconds: 60, Retry: [{ErrorEquals: [States.Timeout]}], End: true}}", `{}`)
	h.goOn()
	h.later(time.Minute)
	events := h.x.Events
	h.apply(Result("", json.RawMessage(`"late"`)), Record{Kind: Heartbeat}, Record{Kind: Submitted, Output: json.RawMessage(`1`)})
	if h.x.Status != "" || h.x.Events != events {
		t.Errorf("%q after %d events, before %d", h.x.Status, h.x.Events, events)
	}
	if c := h.later(time.Second); len(c) != 1 || c[0].Attempt != 1 {
		t.Fatalf("asks for %+v", c)
	}
	h.apply(Result("", json.RawMessage(`"in time"`)), Result("", json.RawMessage(`"twice"`)))
	h.wants(Succeeded, "in time")
}

// Inline iterations count to the history of the execution; those of a distributed Map don't, and each of them has its own bound.
func TestEventsAreCapped(t *testing.T) {
	items := `[` + strings.Repeat("1,", 6999) + `1]`
	x, _ := parse(t, "StartAt: A\nStates: "+mapOf("")).Simulate(json.RawMessage(items), nil, env())
	if x.Status != Failed || !strings.Contains(x.Cause, "25000 events") {
		t.Errorf("%s %s: %s", x.Status, x.Error, x.Cause)
	}
	loop := strings.Replace(mapOf("ToleratedFailureCount: 1"), "{StartAt: P, States: {P: {Type: Pass, End: true}}}",
		"{ProcessorConfig: {Mode: DISTRIBUTED, ExecutionType: STANDARD}, StartAt: P, States: {P: {Type: Choice, Choices: [{Variable: $, NumericEquals: 1, Next: P}], Default: Q}, Q: {Type: Succeed}}}", 1)
	x, _ = parse(t, "StartAt: A\nStates: "+loop).Simulate(json.RawMessage(`[1,2]`), nil, env())
	if x.Status != Succeeded || !strings.Contains(string(x.Output), "25000 events") || x.Events > 12 {
		t.Errorf("%s %s: %s, %d events", x.Status, x.Error, x.Output, x.Events)
	}
}

func TestResultsAreBounded(t *testing.T) {
	big := `"` + strings.Repeat("x", 100<<10) + `"`
	for _, states := range []string{mapOf(`ItemSelector: {v.$: "States.Format('{}{}', $$.Map.Item.Value, $[0])"}`), mapOf(`ItemBatcher: {MaxItemsPerBatch: 1, BatchInput: {all.$: $}}`)} {
		x, _ := parse(t, "StartAt: A\nStates: "+states).Simulate(json.RawMessage(`[`+big+`,1,1]`), nil, env())
		if x.Status != Failed || x.Error != ErrDataLimitExceeded {
			t.Errorf("%s %s", x.Status, x.Error)
		}
	}
}

// What waits is woken for what it waits for, and not for deadlines of what has ended.
func TestWakesOnlyWhenNeeded(t *testing.T) {
	h := begin(t, "StartAt: A\nStates: {A: {Type: Task, Resource: x, TimeoutSeconds: 60, HeartbeatSeconds: 10, Next: B}, B: {Type: Wait, Seconds: 3600, End: true}}", `{}`)
	h.goOn()
	if wake := h.x.Wake(); !wake.Equal(epoch.Add(10 * time.Second)) {
		t.Errorf("wakes at %v", wake)
	}
	h.env.Now = epoch.Add(5 * time.Second)
	h.apply(Record{Kind: Heartbeat})
	if wake := h.x.Wake(); !wake.Equal(epoch.Add(15 * time.Second)) {
		t.Errorf("after a heartbeat it wakes at %v", wake)
	}
	h.apply(Result("", json.RawMessage(`1`)))
	if wake := h.x.Wake(); !wake.Equal(epoch.Add(5*time.Second + time.Hour)) {
		t.Errorf("while waiting it wakes at %v", wake)
	}
	h.later(time.Hour)
	h.wants(Succeeded, "1")
}

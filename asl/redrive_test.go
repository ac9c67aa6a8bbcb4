package asl

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// redrive lets the execution go on and returns what it asks for.
func (h *hand) redrive() []Command {
	h.t.Helper()
	r, ok := h.x.Redrive()
	if !ok {
		h.t.Fatalf("an execution that is %q can't be redriven", h.x.Status)
	}
	return h.apply(r)
}

func TestRedriveTriesTheFailedStateAgain(t *testing.T) {
	h := begin(t, `
StartAt: A
States:
  A: {Type: Task, Resource: x, Next: B}
  B:
    Type: Task
    Resource: x
    Parameters: {count.$: $$.Execution.RedriveCount, try.$: $$.State.RetryCount}
    Retry: [{ErrorEquals: [E], MaxAttempts: 1}]
    End: true
`, `{}`)
	h.goOn()
	first := h.apply(Result("", json.RawMessage(`{"a":1}`)))[0]
	h.apply(Failure("", "E", "why"))
	h.later(time.Second)
	h.apply(Failure("", "E", "why"))
	h.wants(Failed, "E: why")
	again := h.redrive()
	if len(again) != 1 || again[0].State != "B" || string(again[0].Arguments) != `{"count":1,"try":0}` || again[0].Attempt != 0 || again[0].Event == first.Event {
		t.Fatalf("asks for %+v, before for %+v", again, first)
	}
	h.apply(Failure("", "E", "why"))
	if h.x.Status != "" {
		t.Error("the tries are not counted anew")
	}
	h.later(time.Second)
	h.apply(Result("", json.RawMessage(`{"b":2}`)))
	h.wants(Succeeded, `{"b":2}`)
	if _, ok := h.x.Redrive(); ok {
		t.Error("an execution that succeeded can be redriven")
	}
}

func TestRedriveRunsOnlyWhatDidNotSucceed(t *testing.T) {
	h := begin(t, `
StartAt: A
States:
  A:
    Type: Parallel
    Branches:
      - {StartAt: B, States: {B: {Type: Task, Resource: x, End: true}}}
      - {StartAt: C, States: {C: {Type: Pass, Assign: {v: 7}, Next: D}, D: {Type: Task, Resource: x, Parameters: {v.$: $v}, End: true}}}
      - {StartAt: E, States: {E: {Type: Wait, Seconds: 100, Next: F}, F: {Type: Task, Resource: x, End: true}}}
      - {StartAt: G, States: {G: {Type: Map, MaxConcurrency: 1, ItemProcessor: {StartAt: H, States: {H: {Type: Task, Resource: x, End: true}}}, End: true}}}
    End: true
`, `[1,2,3]`)
	if got := paths(h.goOn()); got != "A/0 A/1 A/3/G/0" {
		t.Fatalf("asks for %s", got)
	}
	h.apply(Result("A/0", json.RawMessage(`"b"`)))
	h.apply(Result("A/3/G/0", json.RawMessage(`"h0"`)))
	h.apply(Failure("A/1", "E", "why"))
	h.wants(Failed, "E: why")
	asked := h.redrive()
	if got := paths(asked); got != "A/1 A/3/G/1" {
		t.Fatalf("asks again for %s", got)
	}
	if string(asked[0].Arguments) != `{"v":7}` {
		t.Errorf("the branch has lost its variables: %s", asked[0].Arguments)
	}
	h.apply(Result("A/1", json.RawMessage(`"d"`)), Result("A/3/G/1", json.RawMessage(`"h1"`)))
	h.apply(Result("A/3/G/2", json.RawMessage(`"h2"`)))
	if got := paths(h.later(100 * time.Second)); got != "A/2" {
		t.Fatalf("after the wait it asks for %s", got)
	}
	h.apply(Result("A/2", json.RawMessage(`"f"`)))
	h.wants(Succeeded, `["b","d","f",["h0","h1","h2"]]`)
}

func TestRedriveAfterAStopOrATimeout(t *testing.T) {
	const source = "StartAt: A\nTimeoutSeconds: 60\nStates: {A: {Type: Task, Resource: x, End: true}}"
	h := begin(t, source, `{}`)
	h.goOn()
	h.apply(Stop("Person", "by hand"))
	h.wants(Aborted, "Person: by hand")
	if len(h.over) != 1 {
		t.Error("the task is not taken back")
	}
	h.apply(Result("", json.RawMessage(`"late"`)))
	h.wants(Aborted, "by hand")
	h.env.Now = h.env.Now.Add(time.Hour)
	h.redrive()
	h.later(time.Hour)
	h.wants(TimedOut, ErrTimeout)
	h.redrive()
	h.apply(Result("", json.RawMessage(`1`)))
	h.wants(Succeeded, "1")
}

func TestRedriveOfAMapReadsOnlyWhereNothingWasRead(t *testing.T) {
	h := begin(t, strings.Replace(distributedMap, "50", "0", 1), `{"bucket":"b","most":2}`)
	h.goOn()
	for range 4 {
		h.apply(Failure("", ErrItemReaderFailed, "denied"))
		h.later(time.Minute)
	}
	h.wants(Failed, "denied")
	if c := h.redrive(); len(c) != 1 || c[0].Action != ReadItems {
		t.Fatalf("asks for %+v", c)
	}
	prefix := paths(h.apply(ItemRecords("", []json.RawMessage{json.RawMessage(`1`), json.RawMessage(`2`)})...))
	one, two, _ := strings.Cut(prefix, " ")
	h.apply(Result(one, json.RawMessage(`1`)))
	h.apply(Failure(two, "E", "why"))
	h.wants(Failed, ErrExceedTolerated)
	if c := h.redrive(); paths(c) != two {
		t.Fatalf("asks for %+v", c)
	}
	h.apply(Result(two, json.RawMessage(`2`)))
	h.apply(Result("", json.RawMessage(`{}`)))
	h.wants(Succeeded, `"written":{}`)
}

func TestNoRoomForARedrive(t *testing.T) {
	h := begin(t, "StartAt: A\nStates: {A: {Type: Choice, Choices: [{Variable: $.end, IsPresent: true, Next: B}], Default: A}, B: {Type: Succeed}}", `{}`)
	h.goOn()
	h.wants(Failed, "events")
	if _, ok := h.x.Redrive(); ok {
		t.Error("an execution with a full history can be redriven")
	}
}

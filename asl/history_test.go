package asl

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func told(events []HistoryEvent) string {
	var lines []string
	for _, e := range events {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%d<%d %s %s", e.ID, e.Previous, e.Type, e.State)))
	}
	return strings.Join(lines, "\n")
}

func TestHistory(t *testing.T) {
	h := begin(t, `
StartAt: A
States:
  A:
    Type: Task
    Resource: arn:aws:lambda:us-east-1:111122223333:function:f
    Retry: [{ErrorEquals: [E]}]
    Next: M
  M:
    Type: Map
    ItemsPath: $.l
    ItemProcessor: {StartAt: P, States: {P: {Type: Task, Resource: "arn:aws:states:::sqs:sendMessage", TimeoutSeconds: 9, End: true}}}
    Catch: [{ErrorEquals: [States.ALL], Next: Par}]
    End: true
  Par:
    Type: Parallel
    Branches:
      - {StartAt: S, States: {S: {Type: Succeed}}}
      - {StartAt: F, States: {F: {Type: Task, Resource: x, End: true}}}
    End: true
`, `{}`)
	h.goOn()
	h.apply(Failure("", "E", "why"))
	h.later(time.Second)
	h.apply(Result("", json.RawMessage(`{"l":[1,2,3]}`)))
	h.apply(Result("M/0", json.RawMessage(`0`)))
	h.apply(Failure("M/1", "E", "why"))
	h.apply(Failure("Par/1", "E", "why"))
	h.redrive()
	h.apply(Result("Par/1", json.RawMessage(`1`)))
	h.wants(Succeeded, `[{"Error":"E","Cause":"why"},1]`)
	events := h.m.History(json.RawMessage(`{}`), epoch, h.journal)
	want := `1<0 ExecutionStarted
2<1 TaskStateEntered A
3<2 LambdaFunctionScheduled A
4<3 LambdaFunctionStarted A
5<4 LambdaFunctionFailed A
6<5 LambdaFunctionScheduled A
7<6 LambdaFunctionStarted A
8<7 LambdaFunctionSucceeded A
9<8 TaskStateExited A
10<9 MapStateEntered M
11<10 MapStateStarted M
12<11 MapIterationStarted M
13<12 TaskStateEntered P
14<13 TaskScheduled P
15<14 TaskStarted P
16<11 MapIterationStarted M
17<16 TaskStateEntered P
18<17 TaskScheduled P
19<18 TaskStarted P
20<11 MapIterationStarted M
21<20 TaskStateEntered P
22<21 TaskScheduled P
23<22 TaskStarted P
24<15 TaskSucceeded P
25<24 TaskStateExited P
26<25 MapIterationSucceeded M
27<19 TaskFailed P
28<27 MapIterationFailed M
29<28 MapIterationAborted M
30<29 MapStateFailed M
31<30 MapStateExited M
32<31 ParallelStateEntered Par
33<32 ParallelStateStarted Par
34<33 SucceedStateEntered S
35<33 TaskStateEntered F
36<35 TaskScheduled F
37<36 TaskStarted F
38<34 SucceedStateExited S
39<37 TaskFailed F
40<39 ParallelStateFailed Par
41<40 ExecutionFailed
42<41 ExecutionRedriven
43<42 TaskScheduled F
44<43 TaskStarted F
45<44 TaskSucceeded F
46<45 TaskStateExited F
47<46 ParallelStateSucceeded Par
48<47 ParallelStateExited Par
49<48 ExecutionSucceeded`
	if got := told(events); got != want {
		t.Errorf("got\n%s", got)
	}
	for id, want := range map[int]string{
		1:  `{"executionStartedEventDetails":{"input":"{}","inputDetails":{"truncated":false}},"id":1,"previousEventId":0,"timestamp":1767323045,"type":"ExecutionStarted"}`,
		3:  `{"id":3,"lambdaFunctionScheduledEventDetails":{"input":"{}","inputDetails":{"truncated":false},"resource":"arn:aws:lambda:us-east-1:111122223333:function:f"},"previousEventId":2,"timestamp":1767323045,"type":"LambdaFunctionScheduled"}`,
		11: `{"id":11,"mapStateStartedEventDetails":{"length":3},"previousEventId":10,"timestamp":1767323046,"type":"MapStateStarted"}`,
		14: `{"id":14,"previousEventId":13,"taskScheduledEventDetails":{"parameters":"1","region":"","resource":"sendMessage","resourceType":"sqs","timeoutInSeconds":9},"timestamp":1767323046,"type":"TaskScheduled"}`,
		29: `{"id":29,"mapIterationAbortedEventDetails":{"index":2,"name":"M"},"previousEventId":28,"timestamp":1767323046,"type":"MapIterationAborted"}`,
		41: `{"executionFailedEventDetails":{"cause":"why","error":"E"},"id":41,"previousEventId":40,"timestamp":1767323046,"type":"ExecutionFailed"}`,
		42: `{"executionRedrivenEventDetails":{"redriveCount":1},"id":42,"previousEventId":41,"timestamp":1767323046,"type":"ExecutionRedriven"}`,
	} {
		if got, err := json.Marshal(events[id-1]); err != nil || string(got) != want {
			t.Errorf("got  %s %v\nwant %s", got, err, want)
		}
	}
	if got, _ := json.Marshal(events[0].WithoutData()); strings.Contains(string(got), "input") {
		t.Errorf("without data: %s", got)
	}
}

// The history of any execution has as many events as were counted, numbered without a gap, each after the one that led to it.
func TestHistoryCountsAsTheExecutionDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawExecution(t)
		events := w.m.History(json.RawMessage(drawnInput), epoch, w.journal)
		if len(events) != w.x.Events {
			t.Fatalf("%d events, %d were counted", len(events), w.x.Events)
		}
		for i, e := range events {
			if e.ID != i+1 || e.Previous >= e.ID || i > 0 && e.Previous == 0 {
				t.Fatalf("event %d has the id %d and follows %d", i+1, e.ID, e.Previous)
			}
		}
	})
}

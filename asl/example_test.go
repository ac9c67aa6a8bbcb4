package asl_test

import (
	"encoding/json"
	"fmt"
	"time"

	"riposte.dev/asl"
)

func ExampleParse() {
	_, err := asl.Parse("restart.yaml", []byte(`
StartAt: Look
States:
  Look: {Type: Task, Resource: "riposte:action:cloudtrail.start-logging", Next: Tel}
  Tell: {Type: Task, Resource: "riposte:notify", End: true}
`))
	fmt.Println(err)
	// Output:
	// restart.yaml:4:81: there is no state "Tel" — did you mean "Tell"?
}

func ExampleMachine_Simulate() {
	m, err := asl.Parse("restart.yaml", []byte(`
StartAt: Look
States:
  Look:
    Type: Task
    Resource: riposte:action:cloudtrail.start-logging
    Retry: [{ErrorEquals: [CloudTrail.ThrottlingException], IntervalSeconds: 2}]
    ResultPath: $.look
    Next: Tell
  Tell:
    Type: Pass
    Parameters: {text.$: "States.Format('{} is {}', $.trail, $.look.status)"}
    End: true
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	mocks := []asl.Mock{{Error: "CloudTrail.ThrottlingException"}, {Output: json.RawMessage(`{"status":"changed"}`)}}
	x, _ := m.Simulate(json.RawMessage(`{"trail":"main"}`), mocks, asl.Env{Now: time.Unix(0, 0)})
	fmt.Println(x.Status, string(x.Output))
	// Output:
	// SUCCEEDED {"text":"main is changed"}
}

func ExampleMachine_Changes() {
	m, err := asl.Parse("both.yaml", []byte(`
StartAt: Both
States:
  Both:
    Type: Parallel
    Branches:
      - {StartAt: Mail, States: {Mail: {Type: Task, Resource: "riposte:notify", End: true}}}
      - {StartAt: Later, States: {Later: {Type: Wait, Seconds: 60, End: true}}}
    End: true
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Unix(0, 0).UTC()
	x := m.Begin(json.RawMessage(`{}`), now)
	for x.Status == "" {
		m.Advance(x, asl.Env{Now: now}) // the records go to a journal
		begin, _ := m.Changes(x)
		for _, c := range begin {
			fmt.Println(c.Resource, "at", c.Path)
			x.Apply(asl.Result(c.Path, json.RawMessage(`"sent"`)))
		}
		if !x.Ready() && x.Status == "" {
			now = x.Wake()
			fmt.Println("it is", now.Format(time.TimeOnly))
		}
	}
	fmt.Println(x.Status, string(x.Output))
	// Output:
	// riposte:notify at Both/0
	// it is 00:01:00
	// SUCCEEDED ["sent",{}]
}

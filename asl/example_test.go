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

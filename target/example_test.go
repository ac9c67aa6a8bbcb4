package target_test

import (
	"fmt"

	"riposte.dev/target"
)

func ExampleNewInput() {
	in, err := target.NewInput(&target.Config{ID: "ticket", InputTransformer: &target.InputTransformer{
		InputPathsMap: map[string]string{"who": "$.detail.userIdentity.arn", "what": "$.detail.eventName"},
		InputTemplate: `{"title": "<what> by <aws.events.rule-name>", "who": <who>}`,
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := in.Render(target.Context{
		Event:    []byte(`{"detail": {"eventName": "StopLogging", "userIdentity": {"arn": "arn:aws:iam::111122223333:user/\"eve\""}}}`),
		RuleName: "cloudtrail-logging-stopped",
	})
	fmt.Println(string(out), err)
	// Output:
	// {"title":"StopLogging by cloudtrail-logging-stopped","who":"arn:aws:iam::111122223333:user/\"eve\""} <nil>
}

func ExampleCheck() {
	problems, _ := target.Check([]target.Config{{ID: "forward", ARN: "arn:aws:sqs:eu-west-1:111122223333:q", InputPath: "detail", Input: "{}"}})
	for _, p := range problems {
		fmt.Println(p.Path, p.Message)
	}
	// Output:
	// [0].input Only one of Input, InputPath, or InputTransformer must be provided for target forward.
	// [0].input_path InputPath for target forward is invalid.
}

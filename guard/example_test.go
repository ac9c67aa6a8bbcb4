package guard_test

import (
	"fmt"
	"time"

	"riposte.dev/guard"
)

func ExampleException_Validate() {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	err := guard.Exception{ID: "ex-1", Resource: "arn:aws:cloudtrail:*:*:trail/sandbox-*", Owner: "platform@example.com"}.Validate(now)
	fmt.Println(err)
	// Output: exception ex-1 is not valid: reason is missing: say why the resource is left alone; expires is missing: an exception ends, at the latest a year after it was made
}

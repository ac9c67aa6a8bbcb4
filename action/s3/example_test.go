package s3_test

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/s3"
	"riposte.dev/fault"
)

func ExampleNewRevertPolicy() {
	revert := s3.NewRevertPolicy(awscall.New(nil, time.Now))
	fmt.Println(revert.Spec().Name)

	// A request that cannot be understood is refused before anything is called.
	_, err := revert.Plan(context.Background(), action.Request{
		Account: "111122223333", Region: "eu-west-1", Params: json.RawMessage(`{"bucket":"shared-files"}`),
	})
	fmt.Println(fault.Message(err))
	fmt.Println(fault.Hint(err))
	// Output:
	// s3.revert-bucket-policy
	// policy is missing
	// give the policy as it was before, or "" where there was none
}

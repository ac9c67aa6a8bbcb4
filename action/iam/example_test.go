package iam_test

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/iam"
	"riposte.dev/fault"
)

func ExampleNewDeactivateAccessKey() {
	deactivate := iam.NewDeactivateAccessKey(awscall.New(nil, time.Now))
	fmt.Println(deactivate.Spec().Name)

	// A temporary key is refused before anything is called, with what to do instead.
	_, err := deactivate.Plan(context.Background(), action.Request{
		Account: "111122223333", Region: "us-east-1", Params: json.RawMessage(`{"access_key_id":"ASIAIOSFODNN7EXAMPLE"}`),
	})
	fmt.Println(fault.Message(err))
	// Output:
	// iam.deactivate-access-key
	// access_key_id "ASIAIOSFODNN7EXAMPLE" is a temporary key, which cannot be deactivated
}

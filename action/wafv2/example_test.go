package wafv2_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/wafv2"
	"riposte.dev/fault"
)

func ExampleNewBlockAddress() {
	block := wafv2.NewBlockAddress(awscall.New(nil, time.Now))
	fmt.Println(block.Spec().Name)

	// One's own network is refused before anything is called.
	_, err := block.Plan(context.Background(), action.Request{
		Account: "111122223333", Region: "eu-west-1",
		Params: json.RawMessage(`{"ip_set_id":"01234567-89ab-cdef-0123-456789abcdef","ip_set_name":"attackers","scope":"REGIONAL","address":"192.168.1.7"}`),
	})
	fmt.Println(fault.Message(err))
	// Output:
	// wafv2.block-address
	// wrong parameters: address "192.168.1.7" is in 192.168.0.0/16, where nobody in the Internet comes from
}

// unreachable is clients that only say whether they were asked.
type unreachable struct{ asked bool }

// Config implements awscall.Clients.
func (u *unreachable) Config(context.Context, string, string) (aws.Config, error) {
	u.asked = true
	return aws.Config{}, errors.New("not reached")
}

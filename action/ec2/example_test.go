package ec2_test

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/ec2"
	"riposte.dev/fault"
)

func ExampleNewRevokeIngress() {
	revoke := ec2.NewRevokeIngress(awscall.New(nil, time.Now), ec2.Options{SecurityContact: "soc@example.com"})
	fmt.Println(revoke.Spec().Name)

	// A request that cannot be understood is refused before anything is called, with all that is wrong with it.
	_, err := revoke.Plan(context.Background(), action.Request{
		Account: "111122223333", Region: "eu-west-1", Params: json.RawMessage(`{"group":"web","ports":[70000]}`),
	})
	fmt.Println(fault.Message(err))
	// Output:
	// ec2.revoke-ingress
	// wrong parameters: group "web" is not the id of a security group (sg-…); port 70000 is not between 0 and 65535
}

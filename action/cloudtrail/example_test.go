package cloudtrail_test

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/cloudtrail"
)

// oneAccount reaches every account with the same configuration.
type oneAccount struct{ cfg aws.Config }

func (o oneAccount) Config(_ context.Context, _, region string) (aws.Config, error) {
	o.cfg.Region = region
	return o.cfg, nil
}

func ExampleNewStartLogging() {
	start := cloudtrail.NewStartLogging(awscall.New(oneAccount{}, time.Now))
	fmt.Println(start.Spec().Name)

	// A request that cannot be understood is refused before anything is called.
	_, err := start.Plan(context.Background(), action.Request{
		Account: "111122223333", Region: "eu-west-1", Params: json.RawMessage(`{"trial":"main"}`),
	})
	fmt.Println(err)
	// Output:
	// cloudtrail.start-logging
	// unknown parameter "trial" — the parameters are: trail, all
}

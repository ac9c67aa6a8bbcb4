package aws_test

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/target"
	targetaws "riposte.dev/target/aws"
)

// Senders and DeadLetters are what target.Router works with.
func ExampleSenders() {
	access := func(_ context.Context, account, region string) (aws.Config, error) {
		return aws.Config{Region: region}, nil // of the account, "" for riposte's own
	}
	for _, s := range targetaws.Senders(access) {
		fmt.Print(s.Kind(), " ")
	}
	var _ target.DeadLetters = targetaws.DeadLetters(access)
	// Output:
	// sns sms sqs lambda states events kinesis firehose logs ssm ecs
}

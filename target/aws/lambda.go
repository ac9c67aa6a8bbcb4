package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"riposte.dev/target"
)

// functions invokes Lambda functions, asynchronously as EventBridge does: Lambda queues the event and tries it again by
// the function's own configuration.
type functions struct{ sender }

var _ target.Sender = (*functions)(nil)

// Send hands the input to the function's queue.
func (s *functions) Send(ctx context.Context, r target.Request) error {
	cfg, _, err := s.reach(ctx, &r.Target)
	if err != nil {
		return err
	}
	if _, err := lambda.NewFromConfig(cfg).Invoke(ctx, &lambda.InvokeInput{
		FunctionName: aws.String(r.Target.ARN), InvocationType: types.InvocationTypeEvent, Payload: r.Input,
	}); err != nil {
		return s.failed(ctx, &r.Target, "invoke", err)
	}
	return nil
}

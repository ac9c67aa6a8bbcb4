package aws

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"riposte.dev/target"
)

// stateMachines starts Step Functions executions. An execution is named by the delivery, so that it is started once.
type stateMachines struct{ sender }

var _ target.Sender = (*stateMachines)(nil)

// Send starts the execution; one that is there already is this delivery's.
func (s *stateMachines) Send(ctx context.Context, r target.Request) error {
	cfg, _, err := s.reach(ctx, &r.Target)
	if err != nil {
		return err
	}
	_, err = sfn.NewFromConfig(cfg).StartExecution(ctx, &sfn.StartExecutionInput{
		StateMachineArn: aws.String(r.Target.ARN), Name: aws.String("riposte-" + r.ID), Input: aws.String(string(r.Input)),
	})
	var exists *types.ExecutionAlreadyExists
	if err != nil && !errors.As(err, &exists) {
		return s.failed(ctx, &r.Target, "start the execution", err)
	}
	return nil
}

package accounts

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// retryer is the SDK's adaptive mode with a rate for each region and operation of one account, as AWS limits them. With
// one rate for all, an account that is throttled while it is searched would slow down the response in another one. An
// operation has no rate of its own until AWS throttles it.
type retryer struct {
	*retry.Standard
	throttles retry.IsErrorThrottles

	mu    sync.Mutex
	lanes map[lane]*retry.AdaptiveMode
}

type lane struct{ region, service, operation string }

var _ aws.RetryerV2 = (*retryer)(nil)

func newRetryer() *retryer {
	return &retryer{Standard: retry.NewStandard(), throttles: retry.IsErrorThrottles(retry.DefaultThrottles)}
}

// GetAttemptToken waits for the operation's turn; the function that it returns learns what became of the attempt.
func (r *retryer) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	l := lane{awsmiddleware.GetRegion(ctx), awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)}
	r.mu.Lock()
	slowed := r.lanes[l]
	r.mu.Unlock()
	if slowed != nil {
		return slowed.GetAttemptToken(ctx)
	}
	return func(err error) error {
		if err == nil || r.throttles.IsErrorThrottle(err) != aws.TrueTernary {
			return nil
		}
		return r.slow(ctx, l, err)
	}, nil
}

func (r *retryer) slow(ctx context.Context, l lane, throttled error) error {
	r.mu.Lock()
	if r.lanes == nil {
		r.lanes = map[lane]*retry.AdaptiveMode{}
	}
	if r.lanes[l] == nil {
		r.lanes[l] = retry.NewAdaptiveMode()
	}
	slowed := r.lanes[l]
	r.mu.Unlock()
	release, err := slowed.GetAttemptToken(ctx)
	if err != nil {
		return err
	}
	return release(throttled)
}

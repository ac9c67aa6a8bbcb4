package accounts

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"riposte.dev/action/awscall"
)

// Bounds on one attempt of a call.
const (
	callTimeout = 15 * time.Second
	pollTimeout = 35 * time.Second // sqs:ReceiveMessage waits for up to 20 s
	// A function that is invoked and waited for runs for up to 15 minutes.
	invokeTimeout = 15*time.Minute + 30*time.Second
)

// attemptBound returns how long one attempt may take; 0 where the answer is a stream that its reader bounds.
func attemptBound(service, operation string) time.Duration {
	switch {
	case service == "s3" && operation == "GetObject":
		return 0
	case service == "sqs" && operation == "ReceiveMessage":
		return pollTimeout
	case service == "lambda" && operation == "Invoke":
		return invokeTimeout
	}
	return callTimeout
}

// attempts is the middleware around each attempt of a call. It is in the Deserialize step, which the SDK's retry loop
// repeats: each attempt has a request id of its own, and AWS may have carried out one whose answer was lost.
type attempts struct {
	bound     func(service, operation string) time.Duration
	onRequest func(service, operation, requestID string)
	cache     *aws.CredentialsCache // nil: not ours to renew
}

// ID names the middleware in the SDK's stack.
func (*attempts) ID() string { return "riposte.Attempts" }

// HandleDeserialize bounds the attempt, tells of its request id, and forgets credentials that AWS no longer takes: those
// of a role that was deleted and made again stay refused until they expire.
func (a *attempts) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	out middleware.DeserializeOutput, metadata middleware.Metadata, err error,
) {
	service, operation := awscall.Prefix(awsmiddleware.GetServiceID(ctx)), awsmiddleware.GetOperationName(ctx)
	bounded := ctx
	if bound := a.bound(service, operation); bound > 0 {
		var cancel context.CancelFunc
		bounded, cancel = context.WithTimeout(ctx, bound)
		defer cancel()
	}
	out, metadata, err = next.HandleDeserialize(bounded, in)
	if a.onRequest != nil {
		a.onRequest(service, operation, requestID(metadata, err))
	}
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		err = slowAttempt{service + ":" + operation}
	}
	if a.cache != nil && refused(err) {
		a.cache.Invalidate()
		if once, _ := middleware.GetStackValue(ctx, renewalKey{}).(*bool); once != nil && !*once {
			*once = true
			err = renewed{err}
		}
	}
	return out, metadata, err
}

// renewalKey is where a call remembers that its credentials were renewed.
type renewalKey struct{}

// renewal lets a call renew its credentials once. It is in the Initialize step, which is not repeated.
func renewal(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	return next.HandleInitialize(middleware.WithStackValue(ctx, renewalKey{}, new(bool)), in)
}

// renewed is a refusal of credentials that were forgotten: the next attempt gets new ones.
type renewed struct{ error }

func (e renewed) Unwrap() error { return e.error }

// RetryableError makes the SDK try again.
func (renewed) RetryableError() bool { return true }

// slowAttempt says that an attempt took too long. The SDK would not retry after the end of a context; it does after this.
type slowAttempt struct{ call string }

func (e slowAttempt) Error() string { return e.call + " was not answered in time" }

// Timeout makes it a net.Error, which the SDK retries.
func (e slowAttempt) Timeout() bool { return true }

// Temporary completes net.Error.
func (e slowAttempt) Temporary() bool { return true }

func requestID(metadata middleware.Metadata, err error) string {
	id, _ := awsmiddleware.GetRequestIDMetadata(metadata)
	var withID interface{ ServiceRequestID() string }
	if id == "" && errors.As(err, &withID) {
		id = withID.ServiceRequestID()
	}
	return id
}

// refused reports whether AWS did not take the credentials.
func refused(err error) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	switch api.ErrorCode() {
	case "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "ExpiredToken", "ExpiredTokenException", "AuthFailure":
		return true
	}
	return false
}

// observed is the API option that puts the middleware into a client's stack.
func observed(onRequest func(service, operation, requestID string), cache *aws.CredentialsCache) func(*middleware.Stack) error {
	m := &attempts{bound: attemptBound, onRequest: onRequest, cache: cache}
	return func(stack *middleware.Stack) error {
		if err := stack.Initialize.Add(middleware.InitializeMiddlewareFunc("riposte.Renewal", renewal), middleware.Before); err != nil {
			return err
		}
		return stack.Deserialize.Add(m, middleware.Before)
	}
}

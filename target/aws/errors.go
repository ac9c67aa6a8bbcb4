package aws

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"

	"riposte.dev/fault"
	"riposte.dev/target"
)

// meanings says what the services' error codes mean, beside throttling, which the SDK knows. Sources are the services' API
// models and https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html; a code that is not
// here passes where the service says that the mistake was its own, and is final otherwise.
var meanings = map[string]fault.Code{
	// gone
	"NotFound": fault.NotFound, "NotFoundException": fault.NotFound, "ResourceNotFoundException": fault.NotFound,
	"QueueDoesNotExist": fault.NotFound, "AWS.SimpleQueueService.NonExistentQueue": fault.NotFound,
	"StateMachineDoesNotExist": fault.NotFound, "StateMachineDeleting": fault.NotFound, "InvalidDocument": fault.NotFound,
	"ClusterNotFoundException": fault.NotFound,
	// forbidden
	"AccessDenied": fault.Denied, "AccessDeniedException": fault.Denied, "AuthorizationError": fault.Denied,
	"AuthorizationErrorException": fault.Denied, "NotAuthorizedForSourceException": fault.Denied,
	"NotAuthorizedForDetailTypeException": fault.Denied, "NotAuthorizedForSource": fault.Denied, "KMSAccessDenied": fault.Denied, "KMSAccessDeniedException": fault.Denied,
	"KmsAccessDenied": fault.Denied, "KMSDisabled": fault.Denied, "KMSDisabledException": fault.Denied, "KmsDisabled": fault.Denied,
	"KMSInvalidState": fault.Denied, "KMSInvalidStateException": fault.Denied, "KmsInvalidState": fault.Denied,
	"KMSNotFound": fault.Denied, "KMSNotFoundException": fault.Denied, "KmsNotFound": fault.Denied, "KMSOptInRequired": fault.Denied,
	"OptedOut": fault.Denied, "OptedOutException": fault.Denied, "BlockedException": fault.Denied,
	// not known
	"InvalidClientTokenId": fault.Unauthenticated, "UnrecognizedClientException": fault.Unauthenticated,
	"SignatureDoesNotMatch": fault.Unauthenticated, "InvalidSecurity": fault.Unauthenticated, "InvalidSecurityException": fault.Unauthenticated,
	// too large
	"RequestTooLargeException": fault.TooLarge, "InvalidMessageContents": fault.Invalid, "MessageTooLong": fault.TooLarge,
	// it passes
	"ExpiredToken": fault.Unavailable, "ExpiredTokenException": fault.Unavailable, "RequestExpired": fault.Unavailable,
	"KMSThrottling": fault.Throttled, "KMSThrottlingException": fault.Throttled, "KmsThrottled": fault.Throttled,
	"LimitExceededException": fault.Throttled, "ExecutionLimitExceeded": fault.Throttled, "OperationAbortedException": fault.Unavailable,
	"ResourceConflictException": fault.Unavailable, "ResourceNotReadyException": fault.Unavailable, "CodeStorageExceededException": fault.Unavailable,
	"InternalFailure": fault.Unavailable, "InternalException": fault.Unavailable, "ConcurrentModificationException": fault.Unavailable,
}

// failed turns an error of the SDK into one whose code says whether to try again.
func (s *sender) failed(ctx context.Context, c *target.Config, what string, err error) error {
	say := func(code fault.Code) *fault.Error { return fault.New(code, "%s: %w", what, err) }
	var api smithy.APIError
	switch {
	case ctx.Err() != nil && errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return say(fault.Timeout)
	case ctx.Err() != nil:
		return say(fault.Unavailable)
	case retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary:
		return say(fault.Throttled)
	case !errors.As(err, &api):
		return target.Coded(target.ConnectionFailure, say(fault.Unavailable).
			WithHint("check the network, the endpoint and the credentials with `aws sts get-caller-identity`"))
	}
	code, known := meanings[api.ErrorCode()]
	if !known {
		code = fault.Invalid
		if api.ErrorFault() == smithy.FaultServer || retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary {
			code = fault.Unavailable
		}
	}
	switch code {
	case fault.NotFound:
		return say(code).WithHint("create it, or correct the ARN of target %s", c.ID)
	case fault.Denied:
		who := "riposte's role"
		if c.RoleARN != "" {
			who = c.RoleARN
		}
		return say(code).WithHint("allow %s on %s to %s, in its policy and in the resource's, and its KMS key where it has one", s.action, c.Address(), who)
	case fault.Unauthenticated:
		return say(code).WithHint("check riposte's credentials with `aws sts get-caller-identity`")
	}
	return say(code)
}

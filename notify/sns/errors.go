package sns

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"

	"riposte.dev/fault"
)

// failed turns an error of the SDK into one whose code says whether to try again. Codes are those that SNS's API model
// lists for Publish, and the common ones (https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html).
func (c *Channel) failed(ctx context.Context, err error) error {
	say := func(code fault.Code) *fault.Error {
		return fault.New(code, "publish to %s: %w", c.cfg.TopicARN, err)
	}
	var api smithy.APIError
	switch {
	case ctx.Err() != nil && errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return say(fault.Timeout)
	case ctx.Err() != nil:
		return say(fault.Unavailable)
	case retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary:
		return say(fault.Throttled)
	case !errors.As(err, &api):
		return say(fault.Unavailable).WithHint("check the network, the endpoint and the credentials with `aws sts get-caller-identity`")
	}
	switch api.ErrorCode() {
	case "KMSThrottling", "KMSThrottlingException":
		return say(fault.Throttled)
	case "NotFound", "NotFoundException":
		return say(fault.NotFound).WithHint("create the topic, or correct its ARN in channel %s", c.cfg.Name)
	case "AuthorizationError", "AuthorizationErrorException", "AccessDenied", "AccessDeniedException":
		return say(fault.Denied).WithHint("allow sns:Publish on %s to riposte, in its role and in the topic's policy", c.cfg.TopicARN)
	case "KMSAccessDenied", "KMSAccessDeniedException":
		return say(fault.Denied).WithHint("allow kms:GenerateDataKey and kms:Decrypt on the topic's key to riposte")
	case "KMSDisabled", "KMSDisabledException", "KMSInvalidState", "KMSInvalidStateException", "KMSNotFound", "KMSNotFoundException",
		"KMSOptInRequired":
		return say(fault.Denied).WithHint("enable the topic's KMS key")
	case "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidSecurity", "InvalidSecurityException":
		return say(fault.Unauthenticated).WithHint("check riposte's credentials with `aws sts get-caller-identity`")
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired":
		return say(fault.Unavailable).WithHint("riposte's credentials have expired; it takes new ones up by itself")
	}
	if api.ErrorFault() == smithy.FaultServer ||
		retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary {
		return say(fault.Unavailable)
	}
	return say(fault.Invalid)
}

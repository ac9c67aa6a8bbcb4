package awscall

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"riposte.dev/fault"
)

// Fault turns an error of the SDK into a fault that says what was being done, or returns nil for nil. permission is the
// IAM action that the call needs, such as ec2:DescribeVpcs; the hint names it where AWS denied the call. The codes:
// Denied, Unauthenticated (credentials missing, wrong or expired), Throttled, NotFound, Conflict, Unavailable (AWS failed,
// or could not be reached), Timeout, and Invalid for everything else that AWS refuses. An error that carries a fault code
// keeps it.
func Fault(err error, permission, doing string, args ...any) error {
	if err == nil {
		return nil
	}
	doing = fmt.Sprintf(doing, args...)
	var coded *fault.Error
	var api smithy.APIError
	switch {
	case errors.As(err, &coded):
		return fmt.Errorf("%s: %w", doing, err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &fault.Error{Code: fault.CodeOf(ended(err)), Message: doing + ": " + ended(err).Error(), Err: err}
	case errors.As(err, &api):
		code := apiCode(err, api)
		return &fault.Error{
			Code:    code,
			Message: fmt.Sprintf("%s: %s: %s", doing, api.ErrorCode(), strings.TrimSpace(api.ErrorMessage())),
			Hint:    hint(code, inner(err, permission)), Err: err,
		}
	}
	code := fault.Unauthenticated // what is left besides the network are credentials that cannot be had
	var netErr net.Error
	var send *smithyhttp.RequestSendError
	var answer *smithyhttp.ResponseError // an answer that is not AWS's, such as a proxy's
	if errors.As(err, &netErr) || errors.As(err, &send) || errors.As(err, &answer) {
		code = fault.Unavailable
	}
	return &fault.Error{Code: code, Message: fmt.Sprintf("%s: %v", doing, err), Hint: hint(code, permission), Err: err}
}

// ended returns the end of the context that err wraps.
func ended(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return context.DeadlineExceeded
	}
	return context.Canceled
}

// apiCode classes AWS's error codes. Services name them freely; what they have in common is in
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html and the common errors of each API.
func apiCode(err error, api smithy.APIError) fault.Code {
	code := api.ErrorCode()
	if _, throttled := retry.DefaultThrottleErrorCodes[code]; throttled {
		return fault.Throttled
	}
	switch code {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedAccess", "OptInRequired",
		"AuthorizationError": // SNS's word
		return fault.Denied
	case "AuthFailure", "ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId",
		"UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSignatureException",
		"MissingAuthenticationToken", "IncompleteSignature":
		return fault.Unauthenticated
	case "ConflictException", "ResourceInUseException", "OperationAborted", "DependencyViolation",
		"PreconditionFailed": // of CloudFront: another version than the one that was read
		return fault.Conflict
	case "RequestTimeout", "RequestTimeoutException":
		return fault.Timeout
	case "WAFUnavailableEntityException": // what was just made isn't everywhere yet
		return fault.Unavailable
	}
	var http interface{ HTTPStatusCode() int }
	switch {
	case strings.Contains(code, "NotFound"), strings.HasPrefix(code, "NoSuch"), code == "WAFNonexistentItemException":
		return fault.NotFound
	case strings.HasSuffix(code, ".Duplicate"), strings.Contains(code, "AlreadyExists"):
		return fault.Conflict
	case errors.As(err, &http) && http.HTTPStatusCode() == 429:
		return fault.Throttled
	case api.ErrorFault() == smithy.FaultServer, errors.As(err, &http) && http.HTTPStatusCode() >= 500:
		return fault.Unavailable
	}
	return fault.Invalid
}

// inner returns the IAM action of the call that failed. It is another one than the caller's where the SDK had to make a
// call of its own first, such as sts:AssumeRole for the credentials.
func inner(err error, permission string) string {
	var outer, last *smithy.OperationError
	for errors.As(err, &last) {
		if outer == nil {
			outer = last
		}
		err = last.Err
	}
	if outer == nil || last == outer {
		return permission
	}
	return Prefix(last.ServiceID) + ":" + last.OperationName
}

func hint(code fault.Code, permission string) string {
	switch code {
	case fault.Denied:
		return fmt.Sprintf("allow %s for the role that riposte uses there, and check service control policies", permission)
	case fault.Unauthenticated:
		return "check riposte's AWS credentials and the clock of this host"
	case fault.Throttled, fault.Unavailable:
		return "nothing to do if it passes; else check AWS's service health and the network"
	default:
		return ""
	}
}

// Missing words an error for people where what was looked for does not exist; any other error stays as it is.
func Missing(err error, says, hint string) error {
	if fault.CodeOf(err) != fault.NotFound {
		return err
	}
	missing := fault.New(fault.NotFound, "%s", says).WithHint("%s", hint)
	missing.Err = err
	return missing
}

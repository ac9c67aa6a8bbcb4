package awscall

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"riposte.dev/fault"
)

func TestFaultCodes(t *testing.T) {
	api := func(code string) error { return &smithy.GenericAPIError{Code: code, Message: "so it is"} }
	call := func(service, operation string, err error) error {
		return &smithy.OperationError{ServiceID: service, OperationName: operation, Err: err}
	}
	tests := []struct {
		name string
		err  error
		code fault.Code
		says string
	}{
		{"denied by SNS", api("AuthorizationError"), fault.Denied, "allow ec2:DescribeVpcs"},
		{"denied by EC2", api("UnauthorizedOperation"), fault.Denied, "allow ec2:DescribeVpcs"},
		{"the role cannot be assumed", call("EC2", "DescribeVpcs", fmt.Errorf("get identity: %w", call("STS", "AssumeRole", api("AccessDenied")))), fault.Denied, "allow sts:AssumeRole"},
		{"the call itself", call("EC2", "DescribeVpcs", api("AccessDenied")), fault.Denied, "allow ec2:DescribeVpcs"},
		{"expired", api("ExpiredTokenException"), fault.Unauthenticated, "credentials"},
		{"no credentials", errors.New("get identity: no EC2 IMDS role found"), fault.Unauthenticated, "credentials"},
		{"a proxy answered", &smithyhttp.ResponseError{Err: errors.New("invalid character '<'")}, fault.Unavailable, "the network"},
		{"throttled", api("RequestLimitExceeded"), fault.Throttled, ""},
		{"EC2's not found", api("InvalidGroup.NotFound"), fault.NotFound, ""},
		{"CloudTrail's not found", api("TrailNotFoundException"), fault.NotFound, ""},
		{"IAM's not found", api("NoSuchEntity"), fault.NotFound, ""},
		{"WAF's not found", api("WAFNonexistentItemException"), fault.NotFound, ""},
		{"WAF's not there yet", api("WAFUnavailableEntityException"), fault.Unavailable, "health"},
		{"changed since it was read", api("PreconditionFailed"), fault.Conflict, ""},
		{"duplicate", api("InvalidPermission.Duplicate"), fault.Conflict, ""},
		{"AWS failed", &smithy.GenericAPIError{Code: "InternalFailure", Fault: smithy.FaultServer}, fault.Unavailable, ""},
		{"refused", api("InvalidParameterValue"), fault.Invalid, "InvalidParameterValue: so it is"},
		{"time is up", fmt.Errorf("wrapped: %w", context.DeadlineExceeded), fault.Timeout, ""},
		{"cancelled", &smithy.CanceledError{Err: context.Canceled}, fault.Unavailable, ""},
		{"already a fault", fault.New(fault.Conflict, "no"), fault.Conflict, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Fault(tt.err, "ec2:DescribeVpcs", "read the VPC %s", "vpc-1")
			if got := fault.CodeOf(err); got != tt.code {
				t.Errorf("code = %q, want %q", got, tt.code)
			}
			if !strings.HasPrefix(err.Error(), "read the VPC vpc-1: ") || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error = %q, want what was being done and %q", err, tt.says)
			}
			if !errors.Is(err, tt.err) {
				t.Error("the cause is lost")
			}
		})
	}
	if Fault(nil, "", "") != nil {
		t.Error("nil became an error")
	}
}

func TestErrorTextIsBounded(t *testing.T) {
	long := errors.New(strings.Repeat("ä", maxErrorText))
	if got := errorText(long); len(got) > maxErrorText || !strings.HasPrefix(long.Error(), got) {
		t.Errorf("%d bytes kept of an error, over the bound of %d, or not its beginning", len(got), maxErrorText)
	}
}

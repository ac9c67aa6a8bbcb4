package integration

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/aws/smithy-go"

	"riposte.dev/fault"
)

// Error is why a call failed, as Retry and Catch of a playbook see it, by the names that Step Functions has.
type Error struct{ Name, Cause string }

func (e *Error) Error() string { return e.Name + ": " + e.Cause }

// TaskError returns the error's name and cause.
func (e *Error) TaskError() (name, cause string) { return e.Name, e.Cause }

// errorNames says how a resource names the errors of its service. AWS's own resources such as lambda:invoke have other names for
// what the service's model does not name than those of the SDK.
type errorNames struct {
	prefix  string // Ec2
	unnamed string // what the model does not name: Ec2Exception
}

// of turns an error of the SDK into the one that Step Functions names: the service's own where its API model names it, with the
// ending Exception. An end of the context, and what riposte itself refused, stay as they are.
func (n errorNames) of(ctx context.Context, err error) error {
	var coded *fault.Error
	var known *Error
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", context.Cause(ctx), err)
	case errors.As(err, &known), errors.As(err, &coded):
		return err
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return &Error{Name: n.prefix + ".SdkClientException", Cause: err.Error()}
	}
	name := n.unnamed
	if t := reflect.TypeOf(api).Elem(); strings.HasSuffix(t.PkgPath(), "/types") {
		name = exception(t.Name())
	}
	return &Error{Name: n.prefix + "." + name, Cause: n.cause(err, api)}
}

// cause is an error's text as the SDK for Java writes it.
func (n errorNames) cause(err error, api smithy.APIError) string {
	status := 0
	var http interface{ HTTPStatusCode() int }
	if errors.As(err, &http) {
		status = http.HTTPStatusCode()
	}
	request := ""
	var withID interface{ ServiceRequestID() string }
	if errors.As(err, &withID) {
		request = withID.ServiceRequestID()
	}
	message := api.ErrorMessage()
	if message == "" || strings.HasSuffix(n.unnamed, "Exception") && reflect.TypeOf(api) == reflect.TypeFor[*smithy.GenericAPIError]() {
		message = strings.TrimSpace(api.ErrorCode() + ": " + message)
	}
	return fmt.Sprintf("%s (Service: %s, Status Code: %d, Request ID: %s)", message, n.prefix, status, request)
}

// exception gives an error of a model the ending that it has in the SDK for Java.
func exception(name string) string {
	name = pascal(name)
	if base, ok := strings.CutSuffix(name, "Fault"); ok {
		name = base
	}
	if !strings.HasSuffix(name, "Exception") {
		name += "Exception"
	}
	return name
}

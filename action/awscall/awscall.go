// Package awscall is what the actions on AWS share: how they get at an account, how every call that they make leaves a
// receipt, and how AWS's errors become riposte's.
//
// Start at [Caller.Config]: a client made from it notes each attempt with the context's [action.Recorder]. [Fault] turns
// an error of the SDK into one that a caller can decide on and a person can act on; [Input] reads a planned call back
// into the SDK's input, so that what was shown is what is sent.
//
// It lies between action, which knows no SDK, and the adapters in action/<service>, which may not import one another.
package awscall

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/middleware"

	"riposte.dev/action"
	"riposte.dev/fault"
)

// Clients gives the configuration with which an account is reached in a region: endpoint, credentials (of the role that
// is assumed there), retries. It is called for each step of an action, so it should keep what is expensive. Its errors
// carry fault codes.
type Clients interface {
	Config(ctx context.Context, account, region string) (aws.Config, error)
}

// Caller gives actions clients whose calls are recorded. It is safe for concurrent use.
type Caller struct {
	clients Clients
	now     func() time.Time
}

// New returns a caller. now is the clock of the receipts.
func New(clients Clients, now func() time.Time) *Caller {
	return &Caller{clients: clients, now: now}
}

// Now is the time by the clock of the receipts.
func (c *Caller) Now() time.Time { return c.now() }

// Config returns the configuration for the account and region, with receipts.
func (c *Caller) Config(ctx context.Context, account, region string) (aws.Config, error) {
	cfg, err := c.clients.Config(ctx, account, region)
	if err != nil {
		return aws.Config{}, fmt.Errorf("reach account %s in %s: %w", account, region, err)
	}
	return WithReceipts(cfg, c.now), nil
}

// WithReceipts returns a copy of the configuration whose clients note every attempt of every call with the context's
// [action.Recorder]. Whatever else uses the responder's credentials must go through it too; otherwise its calls look like
// those of an intruder.
func WithReceipts(cfg aws.Config, now func() time.Time) aws.Config {
	cfg = cfg.Copy()
	cfg.APIOptions = append(cfg.APIOptions[:len(cfg.APIOptions):len(cfg.APIOptions)], func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(&receipts{now: now}, middleware.Before)
	})
	return cfg
}

// Input reads the planned call's input into the SDK's input struct T. A member that T doesn't have is fault.Invalid: such
// a plan was not made by this version.
func Input[T any](call action.Call) (*T, error) {
	dec := json.NewDecoder(bytes.NewReader(call.Input))
	dec.DisallowUnknownFields()
	in := new(T)
	if err := dec.Decode(in); err != nil {
		return nil, fault.New(fault.Invalid, "the planned input of %s:%s cannot be read: %w", call.Service, call.Operation, err).
			WithHint("make the plan again")
	}
	return in, nil
}

// Send makes the planned call with an operation of a client of the SDK, such as client.StopLogging.
func Send[In, Out, Options any](ctx context.Context, call action.Call, operation func(context.Context, *In, ...func(*Options)) (*Out, error)) error {
	_, err := Answer(ctx, call, operation)
	return err
}

// Answer is Send for an operation whose answer tells more than that it succeeded.
func Answer[In, Out, Options any](ctx context.Context, call action.Call, operation func(context.Context, *In, ...func(*Options)) (*Out, error)) (*Out, error) {
	in, err := Input[In](call)
	if err != nil {
		return nil, err
	}
	return operation(ctx, in)
}

// Partition returns the partition in the ARNs of a region:
// aws, aws-cn or aws-us-gov (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html).
func Partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	default:
		return "aws"
	}
}

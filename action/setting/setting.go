// Package setting makes actions of the commonest shape: a resource is in a state that is wrong, calls make it right, and other
// calls put it back.
//
// Start at [Setting]: it says how to find the resources, how to read the part of their state that matters, what that part
// should be, and which calls lead from one state to another. [New] makes an action of it that keeps the whole contract of
// [action.Action]: it plans from what is there, overwrites nothing that changed after the plan, waits for what AWS shows late,
// and takes back what was changed whole or in part, unless somebody else has changed it since.
package setting

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// Setting describes an action on one setting of resources. P is the struct of its parameters, S the part of the state that
// matters: a struct whose JSON is shown to people, journaled, and compared.
type Setting[P, S any] struct {
	Spec action.Spec
	// Complete adds to the parameters what the past tells, such as what an event's resource was before; nil: nothing. It looks at the
	// request's account and region, and refuses what Find would refuse.
	Complete func(ctx context.Context, cfg aws.Config, req action.Request, params P) (P, error)
	// Find checks the parameters and returns the resources that they name, whole, with tags. cfg reaches the request's account
	// and region. A wrong parameter is fault.Invalid with a hint, a resource that does not exist fault.NotFound with one.
	Find func(ctx context.Context, cfg aws.Config, req action.Request, params P) ([]action.Resource, error)
	// Leave says what people should do about a resource that riposte may not or cannot change, whatever its state; "" for one that
	// it can. It is asked when a plan is made. nil: for none.
	Leave func(ctx context.Context, cfg aws.Config, r action.Resource) (string, error)
	// Read looks at the resource. cfg reaches the resource's account and region. fault.NotFound where it is gone.
	Read func(ctx context.Context, cfg aws.Config, r action.Resource) (S, error)
	// Want says what the state should be, and why in a sentence for people. The same state as now: nothing is needed. An
	// [Escalation] leaves the resource to people; any other error refuses the plan.
	Want func(r action.Resource, params P, now S) (want S, why string, err error)
	// Steps returns the calls that lead from one state to another: forward, and back to undo.
	Steps func(r action.Resource, from, to S) ([]Step[S], error)
	// Operations are how the calls of Steps are made, by name; "s3:PutPublicAccessBlock" for one of another service than that
	// before the action's name. See [Op].
	Operations map[string]Operation
	// Same reports whether two states are the same although AWS spells them differently; nil: where their JSON is the same value.
	Same func(a, b S) bool
	// Service is the service's prefix in IAM actions, where that is not the first word of the action's name; "": it is.
	Service string
	// Permission returns the IAM action that a call needs; nil: the call's service and operation.
	Permission func(operation string) string
}

// Step is one call on the way from one state to another.
type Step[S any] struct {
	Operation string // as Operations names it
	Input     any    // as AWS's API names its members
	// Leaves is the state after the call, where another call follows; the last one leaves what was wanted.
	Leaves S
}

// Escalation is why a resource is left to people, with what they should do; for Want.
type Escalation string

// Error makes it an error.
func (e Escalation) Error() string { return string(e) }

// Operation makes a planned call.
type Operation func(ctx context.Context, cfg aws.Config, call action.Call) error

// Op returns how an operation of a client of the SDK is made, such as Op(kms.NewFromConfig, (*kms.Client).EnableKeyRotation).
func Op[Client, In, Out, Options any](client func(aws.Config, ...func(*Options)) *Client,
	operation func(*Client, context.Context, *In, ...func(*Options)) (*Out, error)) Operation {
	return func(ctx context.Context, cfg aws.Config, call action.Call) error {
		in, err := awscall.Input[In](call)
		if err != nil {
			return err
		}
		_, err = operation(client(cfg), ctx, in)
		return err
	}
}

// settingAction is the action of a setting.
type settingAction[P, S any] struct {
	Setting[P, S]
	caller *awscall.Caller
}

// New returns the action; it reaches accounts through caller.
func New[P, S any](caller *awscall.Caller, s Setting[P, S]) action.Action {
	return &settingAction[P, S]{s, caller}
}

// Spec describes the action.
func (a *settingAction[P, S]) Spec() action.Spec { return a.Setting.Spec }

// Plan looks at the resources and plans the calls for those that are not as they should be.
func (a *settingAction[P, S]) Plan(ctx context.Context, req action.Request) (*action.Plan, error) {
	if err := req.Check(); err != nil {
		return nil, err
	}
	var params P
	if err := action.DecodeParams(req.Params, &params); err != nil {
		return nil, err
	}
	cfg, err := a.caller.Config(ctx, req.Account, req.Region)
	if err != nil {
		return nil, err
	}
	if a.Complete != nil {
		if params, err = a.Complete(ctx, cfg, req, params); err != nil {
			return nil, err
		}
	}
	resources, err := a.Find(ctx, cfg, req, params)
	if err != nil {
		return nil, err
	}
	plan := &action.Plan{Action: a.Setting.Spec.Name, Account: req.Account, Region: req.Region}
	for _, r := range resources {
		item, err := a.planOne(ctx, r, params)
		if err != nil && (len(resources) == 1 || ctx.Err() != nil) {
			return nil, err
		}
		if err != nil {
			item = action.Item{ID: r.ARN, Resource: r, Status: action.Failed, Reason: "Its state could not be read.", Error: err.Error()}
		}
		plan.Items = append(plan.Items, item)
	}
	return plan, nil
}

func (a *settingAction[P, S]) planOne(ctx context.Context, r action.Resource, params P) (action.Item, error) {
	item := action.Item{ID: r.ARN, Resource: r}
	if left, err := a.leave(ctx, r); err != nil || left != "" {
		item.Status, item.Reason = action.Escalated, left
		return item, err
	}
	now, err := a.read(ctx, r)
	if err != nil {
		return item, err
	}
	item.Before = encode(now)
	want, why, err := a.Want(r, params, now)
	var left Escalation
	if errors.As(err, &left) {
		item.Status, item.Reason = action.Escalated, string(left)
		return item, nil
	}
	if err != nil {
		return item, err
	}
	item.After, item.Reason = encode(want), why
	if a.same(now, want) {
		item.Status, item.After = action.Unneeded, item.Before
		return item, nil
	}
	item.Status = action.Change
	item.Calls, err = a.calls(r, now, want)
	return item, err
}

func (a *settingAction[P, S]) leave(ctx context.Context, r action.Resource) (string, error) {
	if a.Leave == nil {
		return "", nil
	}
	cfg, err := a.caller.Config(ctx, r.Account, r.Region)
	if err != nil {
		return "", err
	}
	return a.Leave(ctx, cfg, r)
}

func (a *settingAction[P, S]) read(ctx context.Context, r action.Resource) (S, error) {
	cfg, err := a.caller.Config(ctx, r.Account, r.Region)
	if err != nil {
		var none S
		return none, err
	}
	return a.Read(ctx, cfg, r)
}

// calls are the steps as they will be sent.
func (a *settingAction[P, S]) calls(r action.Resource, from, to S) ([]action.Call, error) {
	steps, err := a.Steps(r, from, to)
	if err != nil {
		return nil, err
	}
	calls := make([]action.Call, len(steps))
	for i, step := range steps {
		input, err := json.Marshal(step.Input)
		if err != nil {
			return nil, fault.New(fault.Internal, "encode the input of %s: %w", step.Operation, err)
		}
		service, operation, other := strings.Cut(step.Operation, ":")
		if !other {
			service, operation = a.service(), step.Operation
		}
		calls[i] = action.Call{Service: service, Operation: operation, Account: r.Account, Region: r.Region, Input: input}
	}
	return calls, nil
}

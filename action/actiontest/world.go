package actiontest

import (
	"encoding/json"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/sandbox"
)

// World is a place with one resource that needs the action's change. Each part of the suite opens a new one.
type World struct {
	// Action returns the action with credentials that may do exactly what the permissions say.
	Action func(permissions []string) action.Action
	// Request is for the resource that needs the change.
	Request action.Request
	// Missing is parameters that name a resource that does not exist; nil for an action without parameters, whose resource
	// is the account.
	Missing json.RawMessage
	// State looks at the resource from outside, without the action: what an undo must restore.
	State func() string
	// Writes counts the calls so far that may change something, whoever made them.
	Writes func() int
	// Interfere changes the resource, after the action, so that an undo would overwrite or miss somebody else's change. nil where
	// the state has two values only: the one before, and the action's.
	Interfere func()
	// Permission returns the IAM action that a call needs, where that isn't its service and operation. It may be nil.
	Permission func(action.Call) string
	// Elsewhere is the permissions that this world doesn't need, and another world of the same action does: "ec2:CreateTags", or one
	// of the resources that the specification narrows it to, "ec2:CreateTags on arn:P:ec2:*::snapshot/*".
	Elsewhere []string
	// Unanswered are the operations whose answers go to somebody else, so that their request ids are never riposte's: such as
	// GetCallerIdentity of a token.
	Unanswered []string
	// Stale makes the reads after the next write see the state before it, that many times.
	Stale func(reads int)
}

// NewAction makes an action that reaches accounts through the caller.
type NewAction func(*awscall.Caller) action.Action

// World returns the cloud as a world of the action: params are of what needs the change, missing of what does not exist ("" for
// the account's own settings), state looks at it. AWS shows every change late where the suite wants it to. What else the world
// says, such as Interfere, is set on what is returned.
func (c *Cloud) World(newAction NewAction, params, missing string, state func() string) World {
	w := World{
		Action:  func(permissions []string) action.Action { return newAction(c.Caller(permissions)) },
		Request: Request(params),
		State:   state,
		Writes:  c.Writes,
		Stale:   c.StaleAfter(""),
	}
	if missing != "" {
		w.Missing = json.RawMessage(missing)
	}
	return w
}

// StaleAfter returns World.Stale for the write alone that is named, where the action reads what an earlier one of its writes left.
func (c *Cloud) StaleAfter(operation string) func(reads int) {
	return func(reads int) { c.AddStaleness(sandbox.Staleness{Operation: operation, Reads: reads}) }
}

// On returns what do does on the cloud; nil, as World.Interfere may be, where that is nil.
func On[C any](cloud C, do func(C)) func() {
	if do == nil {
		return nil
	}
	return func() { do(cloud) }
}

// Action returns the action with the permissions that it declares.
func (c *Cloud) Action(newAction NewAction) action.Action {
	c.T.Helper()
	return newAction(c.Caller(declared(newAction(nil).Spec())))
}

// Request is one for the account and region of every cloud.
func Request(params string) action.Request {
	return action.Request{Account: Account, Region: Region, Params: json.RawMessage(params)}
}

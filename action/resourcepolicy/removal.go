package resourcepolicy

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// Removal describes an action that takes the statements for everybody out of the policy of a resource. P is the struct of the
// action's parameters.
type Removal[P any] struct {
	Spec action.Spec
	// Find and Leave are those of [setting.Setting].
	Find  func(ctx context.Context, cfg aws.Config, req action.Request, params P) ([]action.Resource, error)
	Leave func(ctx context.Context, cfg aws.Config, r action.Resource) (string, error)
	// Read returns the policy's text, "" where there is none. fault.NotFound where the resource is gone.
	Read func(ctx context.Context, cfg aws.Config, r action.Resource) (string, error)
	// Write returns the call that makes the policy what the text says; "" removes it.
	Write func(r action.Resource, text string) (operation string, input any)
	// Left returns what is written instead of what is left of a policy ("": no statement is), and why as the end of a reason, for a
	// service that doesn't take every policy. A [setting.Escalation] leaves the resource to people. nil: a policy without statements
	// is removed.
	Left func(r action.Resource, left string) (text, why string, err error)
	// Operations and Service are those of [setting.Setting].
	Operations map[string]setting.Operation
	Service    string
}

// attached is a resource's policy, absent where there is none.
type attached struct {
	Policy json.RawMessage `json:"policy,omitempty"`
}

// NewRemoval returns the action. What it leaves is the policy without the public statements; the undo writes the policy that was
// there before.
func NewRemoval[P any](caller *awscall.Caller, removal Removal[P]) action.Action {
	return setting.New(caller, setting.Setting[P, attached]{
		Spec: removal.Spec, Find: removal.Find, Leave: removal.Leave, Operations: removal.Operations, Service: removal.Service,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (attached, error) {
			text, err := removal.Read(ctx, cfg, r)
			if err != nil || text == "" {
				return attached{}, err
			}
			if !json.Valid([]byte(text)) {
				return attached{}, fault.New(fault.Invalid, "the policy of %s is not JSON", r.Name)
			}
			return attached{json.RawMessage(text)}, nil
		},
		Want: func(r action.Resource, _ P, now attached) (attached, string, error) {
			if removal.Left == nil {
				return withoutPublic(now, removed)
			}
			return withoutPublic(now, func(left string) (string, string, error) { return removal.Left(r, left) })
		},
		Steps: func(r action.Resource, _, to attached) ([]setting.Step[attached], error) {
			operation, input := removal.Write(r, string(to.Policy))
			return []setting.Step[attached]{{Operation: operation, Input: input, Leaves: to}}, nil
		},
		Same: func(a, b attached) bool { return Equivalent(string(a.Policy), string(b.Policy)) },
	})
}

// removed is what is left of a policy, which is none where no statement is.
func removed(left string) (string, string, error) {
	if left == "" {
		return "", " Nothing else is in it, so it is removed.", nil
	}
	return left, "", nil
}

// withoutPublic returns the policy that is wanted, and why.
func withoutPublic(now attached, leave func(left string) (text, why string, err error)) (attached, string, error) {
	if len(now.Policy) == 0 {
		return now, "It has no policy.", nil
	}
	d, err := Parse(string(now.Policy))
	if err != nil {
		return now, "", err
	}
	indexes, found, err := d.Open()
	if err != nil || len(found) == 0 {
		return now, "No statement of its policy is public.", err
	}
	text, end, err := leave(d.Without(indexes))
	return attached{json.RawMessage(text)}, fmt.Sprintf("Its policy lets everybody in by %s.%s", List(found), end), err
}

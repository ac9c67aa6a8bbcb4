package iam

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// inline is one inline policy that an action puts onto users and roles under a name of its own. Nothing else on them is
// touched, and a policy of that name with content that the action didn't put there is left as it is.
type inline struct {
	identities
	action string // the action's name
	policy string // the policy's name
}

// inlinePermissions are what reading, putting and deleting an inline policy takes
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html).
var inlinePermissions = []string{
	"iam:GetUser", "iam:GetUserPolicy", "iam:PutUserPolicy", "iam:DeleteUserPolicy",
	"iam:GetRole", "iam:GetRolePolicy", "iam:PutRolePolicy", "iam:DeleteRolePolicy",
}

// state is the part of a user's or role's state that matters here: the policy's document, absent where it doesn't exist.
type state struct {
	Policy json.RawMessage `json:"policy,omitempty"`
}

func (s state) json() json.RawMessage {
	if s.Policy == nil {
		return json.RawMessage(`{}`)
	}
	return json.RawMessage(`{"policy":` + string(s.Policy) + `}`)
}

func parseState(raw json.RawMessage) (state, error) {
	var s state
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, fault.New(fault.Invalid, "the stored state of a policy cannot be read: %w", err)
	}
	return s, nil
}

// read returns the policy as it is now.
func (p inline) read(ctx context.Context, r action.Resource) (state, error) {
	client, err := p.client(ctx, r.Account, r.Region)
	if err != nil {
		return state{}, err
	}
	return readInline(ctx, client, r, p.policy)
}

// readInline returns an inline policy of a user, group or role as it is now.
func readInline(ctx context.Context, client *iam.Client, r action.Resource, policy string) (state, error) {
	var text *string
	var err error
	name := nameIn(r.ARN)
	switch r.Type {
	case userType:
		var out *iam.GetUserPolicyOutput
		if out, err = client.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: &name, PolicyName: &policy}); err == nil {
			text = out.PolicyDocument
		}
	case groupType:
		var out *iam.GetGroupPolicyOutput
		if out, err = client.GetGroupPolicy(ctx, &iam.GetGroupPolicyInput{GroupName: &name, PolicyName: &policy}); err == nil {
			text = out.PolicyDocument
		}
	default:
		var out *iam.GetRolePolicyOutput
		if out, err = client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &name, PolicyName: &policy}); err == nil {
			text = out.PolicyDocument
		}
	}
	kind := kindOf(r)
	err = awscall.Fault(err, "iam:Get"+kind+"Policy", "read the policy %s of the %s %s", policy, strings.ToLower(kind), name)
	if fault.CodeOf(err) == fault.NotFound {
		return state{}, nil
	}
	if err != nil {
		return state{}, err
	}
	document, err := decodeDocument(aws.ToString(text), "policy "+policy+" of "+r.ARN)
	return state{document}, err
}

// kindOf is how IAM's operations name what the resource is.
func kindOf(r action.Resource) string {
	switch r.Type {
	case userType:
		return "User"
	case groupType:
		return "Group"
	}
	return "Role"
}

// decodeDocument reads a policy as IAM answers with it: percent-encoded by RFC 3986.
func decodeDocument(text, of string) (json.RawMessage, error) {
	document, err := url.PathUnescape(text)
	if err != nil || !json.Valid([]byte(document)) {
		return nil, fault.New(fault.Invalid, "the %s is not a JSON document", of)
	}
	return json.RawMessage(document), nil
}

// write returns the call that makes the policy what s says.
func (p inline) write(r action.Resource, s state) action.Call {
	kind := kindOf(r)
	input, operation := map[string]string{kind + "Name": r.Name, "PolicyName": p.policy}, "Delete"+kind+"Policy"
	if s.Policy != nil {
		input["PolicyDocument"], operation = string(s.Policy), "Put"+kind+"Policy"
	}
	return newCall(operation, r, input)
}

func newCall(operation string, r action.Resource, input map[string]string) action.Call {
	raw, err := json.Marshal(input)
	if err != nil {
		panic("iam: a map of strings is not JSON: " + err.Error())
	}
	return action.Call{Service: "iam", Operation: operation, Account: r.Account, Region: r.Region, Input: raw}
}

// apply puts, replaces or deletes the policy. Where it is no longer as the plan saw it, nor replaceable: fault.Conflict, and
// nothing is done.
func (p inline) apply(ctx context.Context, item action.Item, replaceable func(now state) bool) ([]action.Receipt, error) {
	now, err := p.read(ctx, item.Resource)
	if err != nil {
		return nil, err
	}
	if !action.SameState(now.json(), item.Before) && !replaceable(now) {
		return nil, fault.New(fault.Conflict, "the policy %s of %s was changed after the plan was made", p.policy, item.Resource.ARN).
			WithHint("look at who changed it, and make the plan again")
	}
	return action.ApplyCalls(ctx, item, func(ctx context.Context, call action.Call) error {
		client, err := p.client(ctx, call.Account, call.Region)
		if err != nil {
			return err
		}
		switch call.Operation {
		case "PutUserPolicy":
			err = awscall.Send(ctx, call, client.PutUserPolicy)
		case "DeleteUserPolicy":
			err = awscall.Send(ctx, call, client.DeleteUserPolicy)
		case "PutRolePolicy":
			err = awscall.Send(ctx, call, client.PutRolePolicy)
		case "DeleteRolePolicy":
			err = awscall.Send(ctx, call, client.DeleteRolePolicy)
		default:
			return fault.New(fault.Invalid, "%s makes no call %s:%s", p.action, call.Service, call.Operation)
		}
		var full *types.LimitExceededException
		if errors.As(err, &full) {
			return fault.New(fault.Invalid, "there is no room for the policy %s on %s: %w", p.policy, item.Resource.ARN, err).
				WithHint("shorten its other inline policies, or attach AWS's managed policy AWSDenyAll by hand")
		}
		return awscall.Fault(err, "iam:"+call.Operation, "%s on %s", call.Operation, item.Resource.ARN)
	})
}

// verify looks whether the policy is as item.After says.
func (p inline) verify(ctx context.Context, item action.Item) error {
	now, err := p.read(ctx, item.Resource)
	if err != nil {
		return err
	}
	if !action.SameState(now.json(), item.After) {
		return action.ErrNotYet
	}
	return nil
}

// undo plans to delete the policy or, where it replaced an earlier one of riposte, to put that back.
func (p inline) undo(ctx context.Context, applied action.Item) (*action.Plan, error) {
	r := applied.Resource
	now, err := p.read(ctx, r)
	if err != nil {
		return nil, err
	}
	before, err := parseState(applied.Before)
	if err != nil {
		return nil, err
	}
	undo := action.Item{ID: applied.ID, Resource: r, Before: now.json()}
	switch {
	case action.SameState(now.json(), applied.Before):
		undo.Status, undo.After = action.Unneeded, now.json()
		undo.Reason = fmt.Sprintf("The policy %s is as it was before already.", p.policy)
	case !action.SameState(now.json(), applied.After):
		undo.Status = action.Conflict
		undo.Reason = fmt.Sprintf("Somebody changed the policy %s since, so it is left as it is.", p.policy)
	default:
		undo.Status, undo.After = action.Change, applied.Before
		undo.Reason = fmt.Sprintf("Removes the policy %s, which is as riposte put it.", p.policy)
		if before.Policy != nil {
			undo.Reason = fmt.Sprintf("Puts back the policy %s that an earlier plan of riposte had put.", p.policy)
		}
		undo.Calls = []action.Call{p.write(r, before)}
	}
	return &action.Plan{Action: p.action, Account: r.Account, Region: r.Region, Items: []action.Item{undo}}, nil
}

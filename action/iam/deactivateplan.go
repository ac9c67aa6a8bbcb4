package iam

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// Plan finds the key's user where it isn't given, and looks at the key. The item's resource has the user's ARN, because keys
// have none.
func (a *DeactivateAccessKey) Plan(ctx context.Context, req action.Request) (*action.Plan, error) {
	p, err := parseKeyParams(req)
	if err != nil {
		return nil, err
	}
	item, err := a.planKey(ctx, req, p)
	if err != nil {
		return nil, err
	}
	return &action.Plan{Action: keySpec.Name, Account: req.Account, Region: req.Region, Items: []action.Item{item}}, nil
}

func (a *DeactivateAccessKey) planKey(ctx context.Context, req action.Request, p keyParams) (action.Item, error) {
	given := p.UserName != ""
	if !given {
		var err error
		if p.UserName, err = a.owner(ctx, req, p.AccessKeyID); err != nil {
			return action.Item{}, err
		}
	}
	who := principal{kind: userType, name: p.UserName}
	if p.UserName == "" || p.UserName == "<root_account>" {
		who.kind = accountType
	}
	r, err := a.find(ctx, who, req)
	if fault.CodeOf(err) == fault.NotFound && !given {
		who.kind = accountType // IAM knows the key, and its user is none of IAM's
		r, err = a.find(ctx, who, req)
	}
	if err != nil {
		return action.Item{}, err
	}
	item := action.Item{ID: p.AccessKeyID, Resource: r}
	if who.kind == accountType {
		item.Status = action.Escalated
		item.Reason = fmt.Sprintf("Access key %s is root's, which only root can deactivate. Sign in as root of account %s, delete the key under "+
			"Security credentials, change the password and turn MFA on.", p.AccessKeyID, req.Account)
		return item, nil
	}
	item.Resource.Type, item.Resource.Name = keyType, p.AccessKeyID+" of user "+p.UserName
	own, err := a.own(ctx, who, req)
	if err != nil {
		return action.Item{}, err
	}
	now, err := a.status(ctx, item.Resource, p.AccessKeyID)
	if err != nil {
		return action.Item{}, err
	}
	if own {
		item.Status, item.Reason, item.Before = action.Escalated, ownSteps(r), keyState(now)
		return item, nil
	}
	item.Before, item.After = keyState(now), keyState(types.StatusTypeInactive)
	if now == types.StatusTypeInactive {
		item.Status, item.Reason = action.Unneeded, "It is inactive already."
		return item, nil
	}
	item.Status, item.Calls = action.Change, []action.Call{updateKey(item.Resource, p.AccessKeyID, types.StatusTypeInactive)}
	item.Reason = fmt.Sprintf("Whoever has it acts as the user %s. Sessions that were had with it go on: revoke those of the user, and of roles "+
		"that were assumed, with iam.revoke-sessions.", p.UserName)
	return item, nil
}

// owner finds the name of the key's user; "" for root.
func (a *DeactivateAccessKey) owner(ctx context.Context, req action.Request, key string) (string, error) {
	client, err := a.client(ctx, req.Account, home(req.Region))
	if err != nil {
		return "", err
	}
	out, err := client.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: &key})
	if err == nil {
		return aws.ToString(out.UserName), nil
	}
	err = awscall.Fault(err, "iam:GetAccessKeyLastUsed", "find the user of the access key %s", key)
	switch fault.CodeOf(err) {
	case fault.NotFound:
		gone := fault.New(fault.NotFound, "account %s has no access key %s", req.Account, key).WithHint("it was deleted, or it is another account's")
		gone.Err = err
		return "", gone
	case fault.Denied:
		// IAM says so of other accounts' keys, too.
		denied := fault.New(fault.Denied, "%s", fault.Message(err)).WithHint("%s; or the key is another account's", fault.Hint(err))
		denied.Err = err
		return "", denied
	}
	return "", err
}

// Undo plans to activate the key again. Where it is gone, that is a conflict.
func (a *DeactivateAccessKey) Undo(ctx context.Context, applied action.Item) (*action.Plan, error) {
	r := applied.Resource
	undo := action.Item{ID: applied.ID, Resource: r}
	now, err := a.status(ctx, r, applied.ID)
	switch {
	case fault.CodeOf(err) == fault.NotFound:
		undo.Status, undo.Reason = action.Conflict, "The key was deleted since, so it cannot be activated."
	case err != nil:
		return nil, err
	case action.SameState(keyState(now), applied.Before):
		undo.Status, undo.Before, undo.After = action.Unneeded, keyState(now), keyState(now)
		undo.Reason = "It is as it was before already."
	default:
		undo.Status, undo.Before, undo.After = action.Change, applied.After, applied.Before
		undo.Reason = "It was active before, and is inactive as riposte left it."
		undo.Calls = []action.Call{updateKey(r, applied.ID, types.StatusTypeActive)}
	}
	return &action.Plan{Action: keySpec.Name, Account: r.Account, Region: r.Region, Items: []action.Item{undo}}, nil
}

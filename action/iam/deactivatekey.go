package iam

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

var keySpec = action.Spec{
	Name:  "iam.deactivate-access-key",
	Title: "Deactivate an access key",
	Description: "Makes a user's long-term access key inactive, so that nothing can be signed with it any more. Sessions that were had with it " +
		"go on. Keys of root are escalated with the steps to take; temporary keys (ASIA…) are refused: their sessions are to be revoked.",
	Parameters: json.RawMessage(`{
  "type": "object",
  "additionalProperties": false,
  "required": ["access_key_id"],
  "properties": {
    "access_key_id": {"type": "string", "minLength": 16, "maxLength": 128, "pattern": "^[A-Z0-9]+$", "description": "id of a long-term key (AKIA…)"},
    "user_name": {"type": "string", "minLength": 1, "maxLength": 64, "description": "whose key it is; looked up if absent"}
  }
}`),
	Permissions: []string{"iam:GetAccessKeyLastUsed", "iam:GetUser", "iam:ListAccessKeys", "iam:UpdateAccessKey"},
	Effect:      action.StateChecked,
	Evidence:    action.EventEvidence,
}

// DeactivateAccessKey is the action iam.deactivate-access-key.
type DeactivateAccessKey struct{ identities }

var _ action.Action = (*DeactivateAccessKey)(nil)

// NewDeactivateAccessKey returns the action; it reaches accounts through caller.
func NewDeactivateAccessKey(caller *awscall.Caller) action.Action {
	return &DeactivateAccessKey{identities{caller}}
}

// Spec describes the action.
func (a *DeactivateAccessKey) Spec() action.Spec { return keySpec }

// keyPattern is what the id of a long-term key looks like
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes).
var keyPattern = regexp.MustCompile(`^AKIA[A-Z0-9]{12,124}$`)

type keyParams struct {
	AccessKeyID string `json:"access_key_id"`
	UserName    string `json:"user_name,omitempty"`
}

func parseKeyParams(req action.Request) (keyParams, error) {
	var p keyParams
	if err := req.Check(); err != nil {
		return p, err
	}
	if err := action.DecodeParams(req.Params, &p); err != nil {
		return p, err
	}
	if strings.HasPrefix(p.AccessKeyID, "ASIA") {
		return p, fault.New(fault.Invalid, "access_key_id %.128q is a temporary key, which cannot be deactivated", p.AccessKeyID).
			WithHint("revoke the sessions of its role or user with iam.revoke-sessions; events have it in userIdentity.sessionContext.sessionIssuer.arn")
	}
	if !keyPattern.MatchString(p.AccessKeyID) {
		return p, fault.New(fault.Invalid, "access_key_id %.128q is not the id of a long-term access key", p.AccessKeyID).
			WithHint("give the id that begins with AKIA")
	}
	return p, nil
}

func keyState(status types.StatusType) json.RawMessage {
	return json.RawMessage(`{"status":"` + string(status) + `"}`)
}

// status reads whether the user's key is Active or Inactive. A key or user that does not exist is fault.NotFound.
func (a *DeactivateAccessKey) status(ctx context.Context, user action.Resource, key string) (types.StatusType, error) {
	client, err := a.client(ctx, user.Account, user.Region)
	if err != nil {
		return "", err
	}
	name := nameIn(user.ARN)
	pages := iam.NewListAccessKeysPaginator(client, &iam.ListAccessKeysInput{UserName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", awscall.Fault(err, "iam:ListAccessKeys", "list the access keys of %s", name)
		}
		for _, k := range page.AccessKeyMetadata {
			if aws.ToString(k.AccessKeyId) == key {
				return k.Status, nil
			}
		}
	}
	return "", fault.New(fault.NotFound, "the user %s of account %s has no access key %s", name, user.Account, key).
		WithHint("it was deleted, or it is another user's: leave user_name out to have it looked up")
}

// nameIn returns the name at the end of a user's ARN.
func nameIn(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

func updateKey(r action.Resource, key string, status types.StatusType) action.Call {
	return newCall("UpdateAccessKey", r, map[string]string{"UserName": nameIn(r.ARN), "AccessKeyId": key, "Status": string(status)})
}

// Apply deactivates the key or, to undo, activates it. Where its status is no longer what the plan saw: fault.Conflict, and
// nothing is done.
func (a *DeactivateAccessKey) Apply(ctx context.Context, item action.Item) ([]action.Receipt, error) {
	now, err := a.status(ctx, item.Resource, item.ID)
	if err != nil {
		return nil, err
	}
	if !action.SameState(keyState(now), item.Before) {
		return nil, fault.New(fault.Conflict, "the access key %s became %s after the plan was made", item.ID, now).
			WithHint("look at who changed it, and make the plan again")
	}
	return action.ApplyCalls(ctx, item, func(ctx context.Context, call action.Call) error {
		client, err := a.client(ctx, call.Account, call.Region)
		if err != nil {
			return err
		}
		if call.Operation != "UpdateAccessKey" {
			return fault.New(fault.Invalid, "%s makes no call %s:%s", keySpec.Name, call.Service, call.Operation)
		}
		return awscall.Fault(awscall.Send(ctx, call, client.UpdateAccessKey), "iam:UpdateAccessKey", "update the access key %s", item.ID)
	})
}

// Verify looks whether the key's status is as item.After says.
func (a *DeactivateAccessKey) Verify(ctx context.Context, item action.Item) error {
	now, err := a.status(ctx, item.Resource, item.ID)
	if err != nil {
		return err
	}
	if !action.SameState(keyState(now), item.After) {
		return action.ErrNotYet
	}
	return nil
}

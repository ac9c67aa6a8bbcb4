package iam_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/iam"
	"riposte.dev/fault"
)

func (c cloud) deactivate() action.Action {
	return c.Action(iam.NewDeactivateAccessKey)
}

// ofKey asks for mallory's key, of the user if one is named.
func (c cloud) ofKey(user string) action.Request {
	if user == "" {
		return actiontest.Request(fmt.Sprintf(`{"access_key_id":%q}`, c.key.AccessKeyID))
	}
	return actiontest.Request(fmt.Sprintf(`{"access_key_id":%q,"user_name":%q}`, c.key.AccessKeyID, user))
}

func (c cloud) set(status types.StatusType) {
	c.T.Helper()
	_, err := c.client.UpdateAccessKey(c.T.Context(), &sdk.UpdateAccessKeyInput{
		UserName: aws.String("mallory"), AccessKeyId: &c.key.AccessKeyID, Status: status,
	})
	c.Must(err)
}

func TestAKeyIsFoundWithAndWithoutItsUser(t *testing.T) {
	c := newCloud(t)
	for _, user := range []string{"", "mallory"} {
		item := c.Item(c.deactivate(), c.ofKey(user))
		actiontest.Want(t, item, action.Change, "acts as the user mallory")
		r := item.Resource
		if r.ARN != userARN || r.Region != "us-east-1" || r.Tags["team"] != "ops" || item.ID != c.key.AccessKeyID {
			t.Errorf("the item is %+v", item)
		}
	}
	c.set(types.StatusTypeInactive)
	actiontest.Want(t, c.Item(c.deactivate(), c.ofKey("")), action.Unneeded, "inactive already")
}

func TestRootsKeyIsEscalated(t *testing.T) {
	c := newCloud(t)
	item := c.Item(c.deactivate(), actiontest.Request(fmt.Sprintf(`{"access_key_id":%q}`, c.Member.CreateRootKey().AccessKeyID)))
	actiontest.Want(t, item, action.Escalated, "Sign in as root of account "+account)
	if item.Resource.ARN != "arn:aws:iam::"+account+":root" {
		t.Errorf("the resource is %+v", item.Resource)
	}
}

func TestKeysThatAreRefused(t *testing.T) {
	c := newCloud(t)
	session := c.session()
	tests := []struct {
		name string
		req  action.Request
		code fault.Code
		says string
	}{
		{"a temporary key", actiontest.Request(`{"access_key_id":"` + session.AccessKeyID + `"}`), fault.Invalid, "iam.revoke-sessions"},
		{"no key", actiontest.Request(`{"access_key_id":"mallory-key-number"}`), fault.Invalid, "begins with AKIA"},
		{"another account's", actiontest.Request(`{"access_key_id":"` + c.Manager.CreateRootKey().AccessKeyID + `"}`), fault.Denied, "another account's"},
		{"a user who doesn't exist", c.ofKey("nobody"), fault.NotFound, "has no user nobody"},
		{"another user's", c.ofKey("admin"), fault.NotFound, "leave user_name out"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := c.deactivate().Plan(t.Context(), tt.req)
			if fault.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("plan: %v (%s), want %s that says %q", err, fault.CodeOf(err), tt.code, tt.says)
			}
		})
	}
}

func TestAKeyThatChangesAfterThePlan(t *testing.T) {
	c := newCloud(t)
	a := c.deactivate()
	item := c.Item(a, c.ofKey(""))
	c.set(types.StatusTypeInactive)
	if _, err := a.Apply(t.Context(), item); fault.CodeOf(err) != fault.Conflict || fault.Hint(err) == "" {
		t.Errorf("apply: %v, want a conflict with a next step", err)
	}
	undo := c.Undo(a, item)
	c.set(types.StatusTypeActive)
	if _, err := a.Apply(t.Context(), undo); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("apply the undo: %v, want a conflict", err)
	}
	actiontest.Want(t, c.Undo(a, item), action.Unneeded, "as it was before")
}

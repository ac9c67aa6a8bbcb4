package iam_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iam"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/awscall"
	"riposte.dev/action/iam"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

func (c cloud) quarantine() action.Action {
	return c.Action(iam.NewQuarantine)
}

func TestWhoeverIsInQuarantineMayDoNothing(t *testing.T) {
	c := newCloud(t)
	session, a := c.session(), c.quarantine()
	user, role := c.Item(a, ofPrincipal(userARN)), c.Item(a, ofPrincipal(sessionARN))
	if user.Resource.Tags["team"] != "ops" || user.Resource.ARN != userARN || role.Resource.ARN != roleARN {
		t.Errorf("the resources are %+v and %+v", user.Resource, role.Resource)
	}
	c.Do(a, role)
	if c.works(session) || !c.works(c.key) {
		t.Errorf("with the role in quarantine its session works: %v, the user: %v", c.works(session), c.works(c.key))
	}
	c.Do(a, user)
	if c.works(c.key) {
		t.Error("the user in quarantine may still do something")
	}
	actiontest.Want(t, c.Item(a, ofPrincipal(userARN)), action.Unneeded, "in quarantine already")
	for _, item := range []action.Item{user, role} {
		c.Do(a, c.Undo(a, item))
	}
	if !c.works(session) || !c.works(c.key) {
		t.Error("what was undone is still denied")
	}
}

func TestWhoCannotBePutInQuarantine(t *testing.T) {
	c := newCloud(t)
	for _, tt := range []struct{ name, arn, says string }{
		{"root", "arn:aws:iam::" + account + ":root", "service control policy that denies root everything"},
		{"a service's role", linkedARN, "the role of an AWS service"},
		{"a permission set's role", ssoARN, "disable the access of the user, end their active sessions"},
		{"a permission set's session", "arn:aws:sts::" + account + ":assumed-role/AWSReservedSSO_Admin_0123456789abcdef/eve@example.com", "disable the access of the user eve@example.com"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			writes := c.Writes()
			actiontest.Want(t, c.Item(c.quarantine(), ofPrincipal(tt.arn)), action.Escalated, tt.says)
			if c.Writes() != writes {
				t.Error("something was changed")
			}
		})
	}
	_, err := c.quarantine().Plan(t.Context(), ofPrincipal("arn:aws:sts::"+account+":federated-user/bob"))
	if fault.CodeOf(err) != fault.Invalid || !strings.Contains(fault.Hint(err), "sessionIssuer") {
		t.Errorf("a federated user: %v", err)
	}
}

// Riposte doesn't lock itself out.
func TestRipostesOwnPrincipal(t *testing.T) {
	c := newCloud(t)
	role, err := c.Member.CreateRole("riposte", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"`+account+`"},"Action":"sts:AssumeRole"}]}`,
		sandbox.AdministratorAccess)
	c.Must(err)
	asRole := awscall.New(configs{c.With(c.assume(role), region)}, time.Now)
	asUser := awscall.New(configs{c.With(c.key, region)}, time.Now)
	for _, tt := range []struct {
		name   string
		action action.Action
		req    action.Request
	}{
		{"quarantine its role", iam.NewQuarantine(asRole), ofPrincipal(role)},
		{"quarantine its role's session", iam.NewQuarantine(asRole), ofPrincipal("arn:aws:sts::" + account + ":assumed-role/riposte/x")},
		{"revoke its sessions", iam.NewRevokeSessions(asRole, time.Now), ofPrincipal(role)},
		{"quarantine its user", iam.NewQuarantine(asUser), ofPrincipal(userARN)},
		{"deactivate its key", iam.NewDeactivateAccessKey(asUser), c.ofKey("")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Want(t, c.Item(tt.action, tt.req), action.Escalated, "would lock itself out")
		})
	}
	actiontest.Want(t, c.Item(iam.NewQuarantine(asRole), ofPrincipal(userARN)), action.Change, "may do nothing")
}

// configs reaches every account and region with one configuration.
type configs struct{ cfg aws.Config }

func (c configs) Config(context.Context, string, string) (aws.Config, error) { return c.cfg, nil }

func TestAQuarantineThatSomebodyElseWrote(t *testing.T) {
	c := newCloud(t)
	c.put(roleARN, iam.QuarantinePolicy, somebodys)
	actiontest.Want(t, c.Item(c.quarantine(), ofPrincipal(roleARN)), action.Escalated, "other content")
	if got := c.policies(roleARN)[iam.QuarantinePolicy]; got != somebodys {
		t.Errorf("the policy became %s", got)
	}
}

// What changes between plan and apply is not overwritten.
func TestApplyLooksAgain(t *testing.T) {
	c := newCloud(t)
	a := c.quarantine()
	item := c.Item(a, ofPrincipal(roleARN))
	c.put(roleARN, iam.QuarantinePolicy, somebodys)
	receipts, err := a.Apply(t.Context(), item)
	if fault.CodeOf(err) != fault.Conflict || fault.Hint(err) == "" || len(receipts) > 0 {
		t.Errorf("apply: %v after %d calls, want a conflict without any", err, len(receipts))
	}
	if got := c.policies(roleARN)[iam.QuarantinePolicy]; got != somebodys {
		t.Errorf("the policy became %s", got)
	}
}

func TestAUserWhoIsDeletedAfterThePlan(t *testing.T) {
	c := newCloud(t)
	_, err := c.client.CreateUser(t.Context(), &sdk.CreateUserInput{UserName: aws.String("brief")})
	c.Must(err)
	a := c.quarantine()
	item := c.Item(a, ofPrincipal("arn:aws:iam::"+account+":user/brief"))
	_, err = c.client.DeleteUser(t.Context(), &sdk.DeleteUserInput{UserName: aws.String("brief")})
	c.Must(err)
	if _, err := a.Apply(t.Context(), item); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("apply: %v, want not found", err)
	}
}

// The answer to a call that worked is lost: the SDK asks again, and the runtime would look.
func TestALostAnswer(t *testing.T) {
	c := newCloud(t)
	a := c.quarantine()
	item := c.Item(a, ofPrincipal(roleARN))
	c.AddFault(sandbox.Fault{Match: sandbox.Match{Operation: "PutRolePolicy"}, After: true, Drop: true})
	receipts, err := a.Apply(t.Context(), item)
	if !fault.Retryable(err) || len(receipts) == 0 {
		t.Errorf("apply: %v after %d calls, want an error that may pass and the calls", err, len(receipts))
	}
	c.Must(a.Verify(t.Context(), item))
	actiontest.Want(t, c.Item(a, ofPrincipal(roleARN)), action.Unneeded, "already")
}

func TestUndoOfAQuarantineThatIsGone(t *testing.T) {
	c := newCloud(t)
	a := c.quarantine()
	item := c.Item(a, ofPrincipal(roleARN))
	actiontest.Want(t, c.Undo(a, item), action.Unneeded, "as it was before")
}

func TestAUserWithoutRoomForThePolicy(t *testing.T) {
	c := newCloud(t)
	c.put(userARN, "long", strings.Replace(somebodys, "s3:*", "s3:"+strings.Repeat("x", 1900), 1))
	a := c.quarantine()
	_, err := a.Apply(t.Context(), c.Item(a, ofPrincipal(userARN)))
	if fault.CodeOf(err) != fault.Invalid || !strings.Contains(fault.Hint(err), "AWSDenyAll") {
		t.Errorf("apply: %v, want what to do where inline policies are full", err)
	}
}

func TestApplyMakesNoOtherCalls(t *testing.T) {
	c := newCloud(t)
	for _, tt := range []struct {
		action action.Action
		req    action.Request
	}{{c.quarantine(), ofPrincipal(roleARN)}, {c.deactivate(), c.ofKey("")}} {
		item := c.Item(tt.action, tt.req)
		item.Calls[0].Operation = "DeleteRole"
		if _, err := tt.action.Apply(t.Context(), item); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: %v, want invalid", tt.action.Spec().Name, err)
		}
	}
}

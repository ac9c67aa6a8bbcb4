package iam_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/iam"
	"riposte.dev/fault"
)

// revoke returns the action with a clock that stands still.
func (c cloud) revoke(now time.Time) *iam.RevokeSessions {
	clock := func() time.Time { return now }
	return iam.NewRevokeSessions(c.Caller(iam.NewRevokeSessions(nil, clock).Spec().Permissions), clock)
}

func before(arn, at string) action.Request {
	return actiontest.Request(fmt.Sprintf(`{"principal_arn":%q,"issued_before":%q}`, arn, at))
}

func TestRevokedSessionsMayDoNothing(t *testing.T) {
	c := newCloud(t)
	session, a := c.session(), c.revoke(time.Now())
	item := c.Item(a, ofPrincipal(sessionARN))
	actiontest.Want(t, item, action.Change, "can begin a new session")
	c.Do(a, item)
	if c.works(session) {
		t.Error("the session, which began in the second of the plan or before, still works")
	}
	actiontest.Want(t, c.Item(a, ofPrincipal(userARN)), action.Change, "long-term access keys are not hit")
	c.Do(a, c.Item(a, ofPrincipal(userARN)))
	if !c.works(c.key) {
		t.Error("the user's long-term key was hit")
	}
	c.Do(a, c.Undo(a, item))
	if !c.works(session) {
		t.Error("what was undone is still denied")
	}
}

func TestSessionsThatBeginLaterAreNotRevoked(t *testing.T) {
	c := newCloud(t)
	a := c.revoke(time.Now())
	c.Do(a, c.Item(a, before(roleARN, time.Now().Add(-time.Hour).Format(time.RFC3339))))
	if !c.works(c.session()) {
		t.Error("a session that began an hour after the revoked ones is denied")
	}
}

func TestALaterRevocationMovesTheTimeForward(t *testing.T) {
	c := newCloud(t)
	a := c.revoke(time.Date(2026, 11, 21, 16, 0, 0, 0, time.UTC))
	policy := func() string {
		_, at, _ := strings.Cut(c.policies(roleARN)[iam.RevokePolicy], `"aws:TokenIssueTime":"`)
		at, _, _ = strings.Cut(at, `"`)
		return at
	}
	first := c.Item(a, before(roleARN, "2026-11-21T10:00:00+01:00"))
	c.Do(a, first)
	second := c.Item(a, before(roleARN, "2026-11-21T15:00:00.25Z"))
	c.Do(a, second)
	if got := policy(); got != "2026-11-21T15:00:01Z" {
		t.Errorf("sessions before %s are revoked, want the second after 15:00:00.25", got)
	}
	actiontest.Want(t, c.Item(a, before(roleARN, "2026-11-21T12:00:00Z")), action.Unneeded, "before 2026-11-21T15:00:01Z are revoked already")
	actiontest.Want(t, c.Undo(a, first), action.Conflict, "changed the policy")
	c.Do(a, c.Undo(a, second))
	if got := policy(); got != "2026-11-21T09:00:00Z" {
		t.Errorf("after the undo sessions before %s are revoked, want the earlier time", got)
	}
}

// After a crash the runtime looks again, and then carries out the new calls on the item of the plan from before the crash.
func TestARevocationGoesOverAnEarlierOne(t *testing.T) {
	c := newCloud(t)
	a := c.revoke(time.Date(2026, 11, 21, 16, 0, 0, 0, time.UTC))
	planned := c.Item(a, before(roleARN, "2026-11-21T10:00:00Z"))
	c.Do(a, planned)
	again := c.Item(a, ofPrincipal(roleARN))
	planned.Calls, planned.After = again.Calls, again.After
	c.Do(a, planned)

	older := c.Item(a, before(userARN, "2026-11-21T10:00:00Z"))
	c.Do(a, c.Item(a, before(userARN, "2026-11-21T11:00:00Z")))
	if _, err := a.Apply(t.Context(), older); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("a revocation over a later one: %v, want a conflict", err)
	}
}

func TestWhoseSessionsCannotBeRevoked(t *testing.T) {
	c := newCloud(t)
	a := c.revoke(time.Now())
	for arn, says := range map[string]string{
		"arn:aws:iam::" + account + ":root": "No policy in the account holds for root's sessions",
		linkedARN:                           "whose sessions AWS doesn't let anybody revoke",
		ssoARN:                              "end the active sessions of the user",
	} {
		actiontest.Want(t, c.Item(a, ofPrincipal(arn)), action.Escalated, says)
	}
	c.put(userARN, iam.RevokePolicy, somebodys)
	actiontest.Want(t, c.Item(a, ofPrincipal(userARN)), action.Escalated, "other content")
	c.put(roleARN, iam.RevokePolicy, strings.Replace(somebodys, `"Resource":"*"`, `"Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-01-01T00:00:00Z"}}`, 1))
	actiontest.Want(t, c.Item(a, ofPrincipal(roleARN)), action.Escalated, "other content")
}

func TestTimesThatAreRefused(t *testing.T) {
	c := newCloud(t)
	a := c.revoke(time.Date(2026, 11, 21, 16, 0, 0, 0, time.UTC))
	for at, says := range map[string]string{"yesterday": "not a time of RFC 3339", "2026-11-21T16:05:00Z": "in the future"} {
		_, err := a.Plan(t.Context(), before(roleARN, at))
		if fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), says) || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want invalid that says %q", at, err, says)
		}
	}
}

package iam_test

import (
	"encoding/json"
	"fmt"
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
)

// newTrustWorld is one in which a role deployer-2 was created with trust in its own account.
func newTrustWorld(t *testing.T) identityWorld {
	t.Helper()
	w := newIdentityWorld(t)
	_, err := w.client.CreateRole(t.Context(), &sdk.CreateRoleInput{RoleName: aws.String("deployer-2"), AssumeRolePolicyDocument: aws.String(trustRoot)})
	w.Must(err)
	return w
}

func (w identityWorld) trust2(document string) {
	w.T.Helper()
	_, err := w.client.UpdateAssumeRolePolicy(w.T.Context(), &sdk.UpdateAssumeRolePolicyInput{RoleName: aws.String("deployer-2"), PolicyDocument: &document})
	w.Must(err)
}

func (w identityWorld) trusted2() string { return w.trusted("deployer-2") }

func (w identityWorld) trusted(role string) string {
	w.T.Helper()
	out, err := w.client.GetRole(w.T.Context(), &sdk.GetRoleInput{RoleName: &role})
	w.Must(err)
	return *out.Role.AssumeRolePolicyDocument
}

// lastTrust are the parameters for the newest change of the role's trust, with the record changed.
func (w identityWorld) lastTrust(changes ...func(record map[string]any)) string {
	return w.EventParams("us-east-1", "UpdateAssumeRolePolicy", changes...)
}

func TestRevertTrustPolicy(t *testing.T) {
	actiontest.Run(t, func(t *testing.T) actiontest.World {
		w := newTrustWorld(t)
		w.trust2(trustOther)
		params := w.lastTrust()
		world := w.World(iam.NewRevertTrustPolicy, params, strings.ReplaceAll(params, "deployer-2", "nobody"), w.trusted2)
		world.Elsewhere = awscall.RecordedPermissions
		world.Interfere = func() { w.trust2(strings.Replace(trustOther, "7777", "8888", 1)) }
		return world
	})
}

func TestWhatTrustIsNotTakenBack(t *testing.T) {
	for _, tt := range []struct {
		name   string
		happen func(identityWorld) string // parameters
		status action.Status
		says   string
	}{
		{"changed since", func(w identityWorld) string {
			w.trust2(trustOther)
			params := w.lastTrust()
			w.trust2(strings.Replace(trustOther, "7777", "8888", 1))
			return params
		}, action.Escalated, "Somebody changed"},
		{"taken back already", func(identityWorld) string {
			return fmt.Sprintf(`{"event":{"eventID":"e-1","eventName":"UpdateAssumeRolePolicy","eventTime":%q,"requestParameters":{"roleName":"deployer-2","policyDocument":%q}}}`,
				time.Now().Add(time.Hour).UTC().Format(time.RFC3339), trustOther)
		}, action.Unneeded, "as it was before"},
		{"a refused call", func(w identityWorld) string {
			w.trust2(trustOther)
			return w.lastTrust(func(r map[string]any) { r["errorCode"] = "AccessDenied" })
		}, action.Unneeded, "changed nothing"},
		{"a role that is older than the history", func(w identityWorld) string {
			w.trust(trustOther)
			return w.lastTrust(actiontest.AnHourLater)
		}, action.Escalated, "CloudTrail's history and AWS Config"},
		{"the record says neither when nor which", func(w identityWorld) string {
			w.trust2(trustOther)
			return w.lastTrust(func(r map[string]any) { delete(r, "eventTime") })
		}, action.Escalated, "CloudTrail's history and AWS Config"},
		{"another change in the event's second", func(w identityWorld) string {
			w.trust2(strings.Replace(trustOther, "7777", "8888", 1))
			other := w.lastTrust()
			w.trust2(trustOther)
			var first struct{ Event struct{ EventTime string } }
			w.Must(json.Unmarshal([]byte(other), &first))
			return w.lastTrust(func(r map[string]any) { r["eventTime"] = first.Event.EventTime })
		}, action.Escalated, "CloudTrail's history and AWS Config"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newTrustWorld(t)
			actiontest.Want(t, w.Plan(iam.NewRevertTrustPolicy, tt.happen(w)), tt.status, tt.says)
		})
	}
}

func TestTrustEventsThatAreRefused(t *testing.T) {
	w := newTrustWorld(t)
	a := w.Action(iam.NewRevertTrustPolicy)
	for _, event := range []string{`"x"`, `{"eventName":"UpdateRole","requestParameters":{"roleName":"deployer-2"}}`,
		`{"eventName":"UpdateAssumeRolePolicy","requestParameters":{"policyDocument":"{\"Statement\":[]}"}}`} {
		if _, err := a.Plan(t.Context(), actiontest.Request(fmt.Sprintf(`{"event":%s}`, event))); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want it refused with a hint", event, err)
		}
	}
}

// A role that is older than CloudTrail's history; AWS Config knows what its trust was.
func TestRevertTrustPolicyToWhatWasRecorded(t *testing.T) {
	actiontest.Run(t, func(t *testing.T) actiontest.World {
		w := newIdentityWorld(t)
		w.StartConfig("us-east-1")
		w.Later(2 * time.Second)
		w.trust(trustOther)
		params := w.EventParams("us-east-1", "UpdateAssumeRolePolicy")
		world := w.World(iam.NewRevertTrustPolicy, params, strings.ReplaceAll(params, "deployer", "nobody"), func() string { return w.trusted("deployer") })
		world.Interfere = func() { w.trust(strings.Replace(trustOther, "7777", "8888", 1)) }
		return world
	})
}

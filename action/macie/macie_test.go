package macie_test

import (
	"encoding/json"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/macie"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

// cloud is a sandbox with Macie.
type cloud struct {
	*actiontest.Cloud
	t      *testing.T
	client *sdk.Client
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t), t: t}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	return c
}

func (c cloud) enable(status types.MacieStatus) {
	c.t.Helper()
	if _, err := c.client.EnableMacie(c.t.Context(), &sdk.EnableMacieInput{Status: status}); err != nil {
		c.t.Fatal(err)
	}
}

func (c cloud) paused() { c.enable(types.MacieStatusPaused) }

// pause pauses what is on.
func (c cloud) pause() {
	c.t.Helper()
	if _, err := c.client.UpdateMacieSession(c.t.Context(), &sdk.UpdateMacieSessionInput{Status: types.MacieStatusPaused}); err != nil {
		c.t.Fatal(err)
	}
}

// disable turns it off.
func (c cloud) disable() {
	c.t.Helper()
	if _, err := c.client.DisableMacie(c.t.Context(), &sdk.DisableMacieInput{}); err != nil {
		c.t.Fatal(err)
	}
}

func (c cloud) state() string {
	out, err := c.client.GetMacieSession(c.t.Context(), &sdk.GetMacieSessionInput{})
	if err != nil {
		return "off"
	}
	return string(out.Status)
}

func request() action.Request {
	return action.Request{Account: actiontest.Account, Region: actiontest.Region, Params: json.RawMessage(`{}`)}
}

func TestEnable(t *testing.T) {
	for _, tt := range []struct {
		name      string
		setUp     func(cloud)
		stale     string
		interfere func(cloud)
		elsewhere []string
	}{
		{"off", func(cloud) {}, "EnableMacie", cloud.pause, []string{"macie2:UpdateMacieSession"}},
		{"paused", cloud.paused, "UpdateMacieSession", cloud.disable, []string{"macie2:EnableMacie", "macie2:DisableMacie", "iam:CreateServiceLinkedRole"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				tt.setUp(c)
				return actiontest.World{
					Action:  func(permissions []string) action.Action { return macie.NewEnable(c.Caller(permissions)) },
					Request: request(), State: c.state, Writes: c.Writes, Elsewhere: tt.elsewhere,
					Interfere: func() { tt.interfere(c) },
					Stale: func(reads int) {
						c.AddStaleness(sandbox.Staleness{Service: "macie2", Operation: tt.stale, Reads: reads})
					},
				}
			})
		})
	}
}

func TestOneThatIsOn(t *testing.T) {
	c := newCloud(t)
	c.enable(types.MacieStatusEnabled)
	a := macie.NewEnable(c.Caller(macie.NewEnable(nil).Spec().Permissions))
	actiontest.Want(t, c.Item(a, request()), action.Unneeded, "already")
}

// Macie says that it is off as if access were denied, and that access is denied too.
func TestDenied(t *testing.T) {
	c := newCloud(t)
	if _, err := macie.NewEnable(c.Caller(nil)).Plan(t.Context(), request()); fault.CodeOf(err) != fault.Denied {
		t.Errorf("plan: %v, want denied", err)
	}
}

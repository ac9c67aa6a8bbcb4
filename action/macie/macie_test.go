package macie_test

import (
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/macie"
	"riposte.dev/fault"
)

// cloud is a sandbox with Macie.
type cloud struct {
	*actiontest.Cloud
	client *sdk.Client
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	return c
}

func (c cloud) enable(status types.MacieStatus) {
	c.T.Helper()
	_, err := c.client.EnableMacie(c.T.Context(), &sdk.EnableMacieInput{Status: status})
	c.Must(err)
}

func (c cloud) paused() { c.enable(types.MacieStatusPaused) }

// pause pauses what is on.
func (c cloud) pause() {
	c.T.Helper()
	_, err := c.client.UpdateMacieSession(c.T.Context(), &sdk.UpdateMacieSessionInput{Status: types.MacieStatusPaused})
	c.Must(err)
}

// disable turns it off.
func (c cloud) disable() {
	c.T.Helper()
	_, err := c.client.DisableMacie(c.T.Context(), &sdk.DisableMacieInput{})
	c.Must(err)
}

func (c cloud) state() string {
	out, err := c.client.GetMacieSession(c.T.Context(), &sdk.GetMacieSessionInput{})
	if err != nil {
		return "off"
	}
	return string(out.Status)
}

func TestEnable(t *testing.T) {
	for _, tt := range []struct {
		name      string
		setUp     func(cloud)
		interfere func(cloud)
		elsewhere []string
	}{
		{"off", func(cloud) {}, cloud.pause, []string{"macie2:UpdateMacieSession"}},
		{"paused", cloud.paused, cloud.disable, []string{"macie2:EnableMacie", "macie2:DisableMacie", "iam:CreateServiceLinkedRole"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				tt.setUp(c)
				w := c.World(macie.NewEnable, `{}`, "", c.state)
				w.Elsewhere = tt.elsewhere
				w.Interfere = actiontest.On(c, tt.interfere)
				return w
			})
		})
	}
}

func TestOneThatIsOn(t *testing.T) {
	c := newCloud(t)
	c.enable(types.MacieStatusEnabled)
	actiontest.Want(t, c.Plan(macie.NewEnable, `{}`), action.Unneeded, "already")
}

// Macie says that it is off as if access were denied, and that access is denied too.
func TestDenied(t *testing.T) {
	c := newCloud(t)
	if _, err := macie.NewEnable(c.Caller(nil)).Plan(t.Context(), actiontest.Request(`{}`)); fault.CodeOf(err) != fault.Denied {
		t.Errorf("plan: %v, want denied", err)
	}
}

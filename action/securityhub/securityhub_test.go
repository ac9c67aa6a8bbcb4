package securityhub_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/securityhub"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/securityhub"
	"riposte.dev/fault"
)

// cloud is a sandbox with Security Hub.
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

// state is how many standards there are, or why nobody knows.
func (c cloud) state() string {
	out, err := c.client.GetEnabledStandards(c.T.Context(), &sdk.GetEnabledStandardsInput{})
	if err != nil {
		return "off"
	}
	return fmt.Sprint(len(out.StandardsSubscriptions), " standards")
}

func TestEnable(t *testing.T) {
	for _, params := range []string{`{}`, `{"default_standards":false}`} {
		t.Run(params, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				return c.World(securityhub.NewEnable, params, "", c.state)
			})
		})
	}
}

func TestByWhichStandards(t *testing.T) {
	for params, want := range map[string]string{
		`{}`: "2 standards", `{"default_standards":true}`: "2 standards", `{"default_standards":false}`: "0 standards",
	} {
		c := newCloud(t)
		a := c.Action(securityhub.NewEnable)
		c.Do(a, c.Item(a, actiontest.Request(params)))
		if got := c.state(); got != want {
			t.Errorf("with %s it has %s, want %s", params, got, want)
		}
	}
}

func TestOneThatIsOn(t *testing.T) {
	c := newCloud(t)
	if _, err := c.client.EnableSecurityHub(t.Context(), &sdk.EnableSecurityHubInput{EnableDefaultStandards: aws.Bool(false)}); err != nil {
		t.Fatal(err)
	}
	a := c.Action(securityhub.NewEnable)
	actiontest.Want(t, c.Item(a, actiontest.Request(`{}`)), action.Unneeded, "already")
}

// A refusal for want of a permission is not taken for one that is off.
func TestDenied(t *testing.T) {
	c := newCloud(t)
	if _, err := securityhub.NewEnable(c.Caller(nil)).Plan(t.Context(), actiontest.Request(`{}`)); fault.CodeOf(err) != fault.Denied {
		t.Errorf("plan: %v, want denied", err)
	}
}

package logs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/logs"
	"riposte.dev/fault"
)

// cloud is a sandbox with a log group pay, which keeps events for a while, and one whose name begins with the same.
type cloud struct {
	*actiontest.Cloud
	client *sdk.Client
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	for _, name := range []string{"pay", "pa", "payment"} {
		_, err := c.client.CreateLogGroup(t.Context(), &sdk.CreateLogGroupInput{LogGroupName: &name, Tags: map[string]string{"team": name}})
		c.Must(err)
	}
	c.keep(7)
	return c
}

func (c cloud) keep(days int32) {
	c.T.Helper()
	_, err := c.client.PutRetentionPolicy(c.T.Context(), &sdk.PutRetentionPolicyInput{LogGroupName: aws.String("pay"), RetentionInDays: &days})
	c.Must(err)
}

func (c cloud) forEver() {
	c.T.Helper()
	_, err := c.client.DeleteRetentionPolicy(c.T.Context(), &sdk.DeleteRetentionPolicyInput{LogGroupName: aws.String("pay")})
	c.Must(err)
}

func (c cloud) state() string {
	c.T.Helper()
	out, err := c.client.DescribeLogGroups(c.T.Context(), nil)
	c.Must(err)
	var s strings.Builder
	for _, g := range out.LogGroups {
		fmt.Fprintln(&s, *g.LogGroupName, aws.ToInt32(g.RetentionInDays))
	}
	return s.String()
}

func TestConformance(t *testing.T) {
	actiontest.Run(t, func(t *testing.T) actiontest.World {
		c := newCloud(t)
		w := c.World(logs.NewSetRetention, `{"log_group":"pay"}`, `{"log_group":"none"}`, c.state)
		w.Interfere = c.forEver
		return w
	})
}

func TestHowLongEventsAreKept(t *testing.T) {
	for _, tt := range []struct {
		name, params string
		spoil        func(cloud)
		status       action.Status
		after        string
	}{
		{"for ever", `{"log_group":"pay"}`, cloud.forEver, action.Unneeded, `{"days":0}`},
		{"longer", `{"log_group":"pay"}`, func(c cloud) { c.keep(400) }, action.Unneeded, `{"days":400}`},
		{"as long as is asked for", `{"log_group":"pay","days":7}`, func(cloud) {}, action.Unneeded, `{"days":7}`},
		{"less", `{"log_group":"pay","days":14}`, func(cloud) {}, action.Change, `{"days":14}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			tt.spoil(c)
			item := c.Plan(logs.NewSetRetention, tt.params)
			if item.Status != tt.status || string(item.After) != tt.after || item.Resource.Tags["team"] != "pay" {
				t.Errorf("%+v, want %s with %s and the group's tags", item, tt.status, tt.after)
			}
		})
	}
}

func TestPeriodsThatAreRefused(t *testing.T) {
	c := newCloud(t)
	a := c.Action(logs.NewSetRetention)
	for _, days := range []int{-1, 2, 366, 4000} {
		_, err := a.Plan(t.Context(), actiontest.Request(fmt.Sprintf(`{"log_group":"pay","days":%d}`, days)))
		if fault.CodeOf(err) != fault.Invalid || !strings.Contains(fault.Hint(err), "365, 400") {
			t.Errorf("%d days: %v, want it refused with what can be had", days, err)
		}
	}
}

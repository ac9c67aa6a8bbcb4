package cloudwatch_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/cloudwatch"
	"riposte.dev/fault"
)

// cloud is a sandbox with the alarms root-use and any-alarm, whose actions are disabled.
type cloud struct {
	*actiontest.Cloud
	client *sdk.Client
}

var topic = []string{"arn:aws:sns:eu-west-1:111122223333:alarms"}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	c.metric("root-use", false, topic)
	_, err := c.client.PutCompositeAlarm(t.Context(), &sdk.PutCompositeAlarmInput{
		AlarmName: aws.String("any-alarm"), AlarmRule: aws.String(`ALARM("root-use")`), ActionsEnabled: aws.Bool(false), AlarmActions: topic,
	})
	c.Must(err)
	return c
}

func (c cloud) metric(name string, enabled bool, actions []string) {
	c.T.Helper()
	_, err := c.client.PutMetricAlarm(c.T.Context(), &sdk.PutMetricAlarmInput{
		AlarmName: &name, MetricName: aws.String("RootUse"), Namespace: aws.String("CIS"), Statistic: types.StatisticSum, Period: aws.Int32(60),
		EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: types.ComparisonOperatorGreaterThanOrEqualToThreshold,
		ActionsEnabled: &enabled, AlarmActions: actions, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("audit")}},
	})
	c.Must(err)
}

// state is the names of alarms, and whether their actions are enabled.
func (c cloud) state() string {
	c.T.Helper()
	out, err := c.client.DescribeAlarms(c.T.Context(), &sdk.DescribeAlarmsInput{AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm}})
	c.Must(err)
	text := ""
	for _, a := range out.MetricAlarms {
		text += fmt.Sprintln(*a.AlarmName, *a.ActionsEnabled)
	}
	for _, a := range out.CompositeAlarms {
		text += fmt.Sprintln(*a.AlarmName, *a.ActionsEnabled)
	}
	return text
}

func TestEnableActions(t *testing.T) {
	for _, params := range []string{`{"alarms":["root-use"]}`, `{"alarms":["root-use","any-alarm"]}`} {
		t.Run(params, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				return c.World(cloudwatch.NewEnableActions, params, `{"alarms":["none"]}`, c.state)
			})
		})
	}
}

func TestWhatIsLeft(t *testing.T) {
	c := newCloud(t)
	a := c.Action(cloudwatch.NewEnableActions)
	c.metric("on", true, topic)
	c.metric("silent", false, nil)
	on := c.Item(a, actiontest.Request(`{"alarms":["on","on"]}`))
	actiontest.Want(t, on, action.Unneeded, "already")
	if on.Resource.Tags["team"] != "audit" {
		t.Errorf("the tags are %v, want the alarm's", on.Resource.Tags)
	}
	actiontest.Want(t, c.Item(a, actiontest.Request(`{"alarms":["silent"]}`)), action.Escalated, "no actions")
	for _, params := range []string{`{"alarms":[]}`, `{"alarms":[""]}`} {
		if _, err := a.Plan(t.Context(), actiontest.Request(params)); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: %v, want invalid", params, err)
		}
	}
}

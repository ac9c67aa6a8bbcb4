package cloudwatch_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/cloudwatch"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

// cloud is a sandbox with the alarms root-use and any-alarm, whose actions are disabled.
type cloud struct {
	*actiontest.Cloud
	t      *testing.T
	client *sdk.Client
}

var topic = []string{"arn:aws:sns:eu-west-1:111122223333:alarms"}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t), t: t}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	c.metric("root-use", false, topic)
	_, err := c.client.PutCompositeAlarm(t.Context(), &sdk.PutCompositeAlarmInput{
		AlarmName: aws.String("any-alarm"), AlarmRule: aws.String(`ALARM("root-use")`), ActionsEnabled: aws.Bool(false), AlarmActions: topic,
	})
	c.must(err)
	return c
}

func (c cloud) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c cloud) metric(name string, enabled bool, actions []string) {
	c.t.Helper()
	_, err := c.client.PutMetricAlarm(c.t.Context(), &sdk.PutMetricAlarmInput{
		AlarmName: &name, MetricName: aws.String("RootUse"), Namespace: aws.String("CIS"), Statistic: types.StatisticSum, Period: aws.Int32(60),
		EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), ComparisonOperator: types.ComparisonOperatorGreaterThanOrEqualToThreshold,
		ActionsEnabled: &enabled, AlarmActions: actions, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("audit")}},
	})
	c.must(err)
}

// state is the names of alarms, and whether their actions are enabled.
func (c cloud) state() string {
	c.t.Helper()
	out, err := c.client.DescribeAlarms(c.t.Context(), &sdk.DescribeAlarmsInput{AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm}})
	c.must(err)
	text := ""
	for _, a := range out.MetricAlarms {
		text += fmt.Sprintln(*a.AlarmName, *a.ActionsEnabled)
	}
	for _, a := range out.CompositeAlarms {
		text += fmt.Sprintln(*a.AlarmName, *a.ActionsEnabled)
	}
	return text
}

func request(params string) action.Request {
	return action.Request{Account: actiontest.Account, Region: actiontest.Region, Params: json.RawMessage(params)}
}

func TestEnableActions(t *testing.T) {
	for _, params := range []string{`{"alarms":["root-use"]}`, `{"alarms":["root-use","any-alarm"]}`} {
		t.Run(params, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				return actiontest.World{
					Action:  func(permissions []string) action.Action { return cloudwatch.NewEnableActions(c.Caller(permissions)) },
					Request: request(params), Missing: json.RawMessage(`{"alarms":["none"]}`), State: c.state, Writes: c.Writes,
					Stale: func(reads int) {
						c.AddStaleness(sandbox.Staleness{Service: "cloudwatch", Operation: "EnableAlarmActions", Reads: reads})
					},
				}
			})
		})
	}
}

func TestWhatIsLeft(t *testing.T) {
	c := newCloud(t)
	a := cloudwatch.NewEnableActions(c.Caller(cloudwatch.NewEnableActions(nil).Spec().Permissions))
	c.metric("on", true, topic)
	c.metric("silent", false, nil)
	on := c.Item(a, request(`{"alarms":["on","on"]}`))
	actiontest.Want(t, on, action.Unneeded, "already")
	if on.Resource.Tags["team"] != "audit" {
		t.Errorf("the tags are %v, want the alarm's", on.Resource.Tags)
	}
	actiontest.Want(t, c.Item(a, request(`{"alarms":["silent"]}`)), action.Escalated, "no actions")
	for _, params := range []string{`{"alarms":[]}`, `{"alarms":[""]}`} {
		if _, err := a.Plan(t.Context(), request(params)); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: %v, want invalid", params, err)
		}
	}
}

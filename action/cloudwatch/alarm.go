// Package cloudwatch has the action on CloudWatch's alarms: those whose actions were disabled.
package cloudwatch

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

type alarmParams struct {
	Alarms []string `json:"alarms"`
}

// alarm is whether an alarm tells anybody.
type alarm struct {
	ActionsEnabled bool `json:"actions_enabled"`

	actions int // that it has to take
}

// maxAlarms is how many names CloudWatch takes at a time.
const maxAlarms = 100

// describe returns the alarms of these names that there are, metric and composite ones.
func describe(ctx context.Context, cfg aws.Config, region string, names []string) (map[string]alarm, map[string]string, error) {
	found, arns := map[string]alarm{}, map[string]string{}
	pages := cloudwatch.NewDescribeAlarmsPaginator(cloudwatch.NewFromConfig(cfg), &cloudwatch.DescribeAlarmsInput{
		AlarmNames: names, AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, nil, awscall.Fault(err, "cloudwatch:DescribeAlarms", "look at alarms in %s", region)
		}
		for _, a := range page.MetricAlarms {
			name := aws.ToString(a.AlarmName)
			found[name] = alarm{aws.ToBool(a.ActionsEnabled), len(a.AlarmActions) + len(a.OKActions) + len(a.InsufficientDataActions)}
			arns[name] = aws.ToString(a.AlarmArn)
		}
		for _, a := range page.CompositeAlarms {
			name := aws.ToString(a.AlarmName)
			found[name] = alarm{aws.ToBool(a.ActionsEnabled), len(a.AlarmActions) + len(a.OKActions) + len(a.InsufficientDataActions)}
			arns[name] = aws.ToString(a.AlarmArn)
		}
	}
	return found, arns, nil
}

func findAlarms(ctx context.Context, cfg aws.Config, req action.Request, p alarmParams) ([]action.Resource, error) {
	names := slices.Compact(slices.Sorted(slices.Values(p.Alarms)))
	if len(names) == 0 || len(names) > maxAlarms || names[0] == "" {
		return nil, fault.New(fault.Invalid, "%d alarms are named, want 1 to %d", len(names), maxAlarms).WithHint(`give {"alarms": ["<name>"]}`)
	}
	_, arns, err := describe(ctx, cfg, req.Region, names)
	if err != nil {
		return nil, err
	}
	var resources []action.Resource
	for _, name := range names {
		if arns[name] == "" {
			return nil, missing(name, req.Account, req.Region)
		}
		r := action.Resource{Type: "AWS::CloudWatch::Alarm", ARN: arns[name], Name: name, Account: req.Account, Region: req.Region}
		out, err := cloudwatch.NewFromConfig(cfg).ListTagsForResource(ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: &r.ARN})
		if err != nil {
			return nil, awscall.Fault(err, "cloudwatch:ListTagsForResource", "read the tags of the alarm %s", name)
		}
		r.Tags = map[string]string{}
		for _, t := range out.Tags {
			r.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
		}
		resources = append(resources, r)
	}
	return resources, nil
}

func missing(name, account, region string) error {
	return fault.New(fault.NotFound, "account %s has no alarm %s in %s", account, name, region).
		WithHint("if it was deleted, create it again; the event history names who called DeleteAlarms")
}

// NewEnableActions returns the action cloudwatch.enable-alarm-actions.
func NewEnableActions(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[alarmParams, alarm]{
		Spec: action.Spec{
			Name:  "cloudwatch.enable-alarm-actions",
			Title: "Enable the actions of alarms",
			Description: "Has alarms do again what they are there for when their state changes: tell people, scale, restart. An alarm that is in " +
				"the state ALARM already does nothing until its state changes next, so look at its state too. Alarms that have no actions are left to " +
				"people.",
			Parameters: json.RawMessage(`{
  "type": "object",
  "additionalProperties": false,
  "required": ["alarms"],
  "properties": {"alarms": {"type": "array", "minItems": 1, "maxItems": 100, "items": {"type": "string", "minLength": 1, "maxLength": 255}, "description": "names of the alarms"}}
}`),
			Permissions: []string{
				"cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource", "cloudwatch:EnableAlarmActions", "cloudwatch:DisableAlarmActions",
			},
			Effect: action.StateChecked,
		},
		Find: findAlarms,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (alarm, error) {
			found, _, err := describe(ctx, cfg, r.Region, []string{r.Name})
			if err != nil {
				return alarm{}, err
			}
			now, ok := found[r.Name]
			if !ok {
				return now, missing(r.Name, r.Account, r.Region)
			}
			return now, nil
		},
		Want: func(_ action.Resource, _ alarmParams, now alarm) (alarm, string, error) {
			switch {
			case now.ActionsEnabled && now.actions > 0:
				return now, "Its actions are enabled already.", nil
			case now.actions == 0:
				return now, "", setting.Escalation("It has no actions, so it tells nobody: say what it should do.")
			}
			return alarm{ActionsEnabled: true}, "Its actions are disabled, so it tells nobody.", nil
		},
		Steps: func(r action.Resource, _, to alarm) ([]setting.Step[alarm], error) {
			operation := "DisableAlarmActions"
			if to.ActionsEnabled {
				operation = "EnableAlarmActions"
			}
			return []setting.Step[alarm]{{Operation: operation, Input: map[string]any{"AlarmNames": []string{r.Name}}, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{
			"EnableAlarmActions":  setting.Op(cloudwatch.NewFromConfig, (*cloudwatch.Client).EnableAlarmActions),
			"DisableAlarmActions": setting.Op(cloudwatch.NewFromConfig, (*cloudwatch.Client).DisableAlarmActions),
		},
	})
}

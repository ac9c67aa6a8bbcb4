package sandbox

import (
	"maps"
	"slices"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

// cloudwatchService answers for alarms, which never change their state
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Operations.html).
// Actions and resources are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html.
func cloudwatchService() *service {
	named := func(member string) func(*call) []string {
		return func(c *call) []string { return []string{c.arn("alarm:" + c.in.str(member))} }
	}
	alarms := func(c *call) []string {
		var arns []string
		for _, name := range c.in.strs("AlarmNames") {
			arns = append(arns, c.arn("alarm:"+name))
		}
		return arns
	}
	return &service{
		name: "cloudwatch", prefix: "cloudwatch", source: "monitoring",
		operations: []operation{
			{name: "PutMetricAlarm", resources: named("AlarmName"), handle: putAlarm("MetricAlarm")},
			{name: "PutCompositeAlarm", resources: named("AlarmName"), handle: putAlarm("CompositeAlarm")},
			{name: "DescribeAlarms", handle: describeAlarms},
			{name: "DeleteAlarms", resources: alarms, handle: deleteAlarms},
			{name: "EnableAlarmActions", resources: alarms, handle: setAlarmActions(true)},
			{name: "DisableAlarmActions", resources: alarms, handle: setAlarmActions(false)},
			{name: "ListTagsForResource", resources: func(c *call) []string { return []string{c.in.str("ResourceARN")} }, handle: listAlarmTags},
		},
	}
}

// alarms are those of an account in a region, by name. One is replaced, never
// changed.
type alarms struct{ byName map[string]*alarm }

type alarm struct {
	kind, arn string
	enabled   bool
	settings  input // as it was put
	updated   time.Time
}

func newAlarms() *alarms { return &alarms{map[string]*alarm{}} }

func (s *alarms) clone() stater { return &alarms{maps.Clone(s.byName)} }

func (c *call) alarms() *alarms {
	return stateOf(c, stateKey{"cloudwatch", c.account.id, c.region}, newAlarms)
}

func putAlarm(kind string) func(*call) (wire.Object, error) {
	return func(c *call) (wire.Object, error) {
		name, s := c.in.str("AlarmName"), c.alarms()
		if a := s.byName[name]; a != nil && a.kind != kind {
			return nil, c.fail(wire.Invalid, "The alarm %s is of another type", name)
		}
		s.byName[name] = &alarm{kind: kind, arn: c.arn("alarm:" + name), enabled: c.in.flag("ActionsEnabled", true), settings: c.in, updated: c.time.UTC()}
		return nil, nil
	}
}

func (a *alarm) describe() wire.Object {
	out := wire.Object{
		"AlarmArn": a.arn, "ActionsEnabled": a.enabled, "StateValue": "INSUFFICIENT_DATA", "StateReason": "Unchecked: Initial alarm creation",
		"AlarmConfigurationUpdatedTimestamp": a.updated, "StateUpdatedTimestamp": a.updated,
	}
	for _, member := range []string{
		"AlarmName", "AlarmDescription", "OKActions", "AlarmActions", "InsufficientDataActions", "AlarmRule",
		"MetricName", "Namespace", "Statistic", "Period", "EvaluationPeriods", "Threshold", "ComparisonOperator",
	} {
		if a.settings.has(member) {
			out[member] = a.settings[member]
		}
	}
	return out
}

// describeAlarms shows metric alarms only, unless asked for others too.
func describeAlarms(c *call) (wire.Object, error) {
	s, names, kinds := c.alarms(), c.in.strs("AlarmNames"), c.in.strs("AlarmTypes")
	if len(kinds) == 0 {
		kinds = []string{"MetricAlarm"}
	}
	var fitting []*alarm
	for _, name := range slices.Sorted(maps.Keys(s.byName)) {
		a := s.byName[name]
		byName := len(names) == 0 || slices.Contains(names, name)
		if byName && strings.HasPrefix(name, c.in.str("AlarmNamePrefix")) && slices.Contains(kinds, a.kind) {
			fitting = append(fitting, a)
		}
	}
	page, next, err := paginate(c, fitting, c.in.str("NextToken"), c.in.number("MaxRecords", 50))
	if err != nil {
		return nil, wire.Errorf("InvalidNextToken", "Invalid next token")
	}
	metric, composite := wire.List{}, wire.List{}
	for _, a := range page {
		if a.kind == "MetricAlarm" {
			metric = append(metric, a.describe())
		} else {
			composite = append(composite, a.describe())
		}
	}
	out := wire.Object{"MetricAlarms": metric, "CompositeAlarms": composite}
	put(out, "NextToken", next)
	return out, nil
}

func deleteAlarms(c *call) (wire.Object, error) {
	for _, name := range c.in.strs("AlarmNames") {
		if c.alarms().byName[name] == nil {
			return nil, wire.Errorf("ResourceNotFound", "The alarm %s does not exist", name)
		}
	}
	for _, name := range c.in.strs("AlarmNames") {
		delete(c.alarms().byName, name)
	}
	return nil, nil
}

// setAlarmActions passes over alarms that are not there, as CloudWatch does.
func setAlarmActions(enabled bool) func(*call) (wire.Object, error) {
	return func(c *call) (wire.Object, error) {
		s := c.alarms()
		for _, name := range c.in.strs("AlarmNames") {
			if a := s.byName[name]; a != nil {
				changed := *a
				changed.enabled, changed.updated = enabled, c.time.UTC()
				s.byName[name] = &changed
			}
		}
		return nil, nil
	}
}

func listAlarmTags(c *call) (wire.Object, error) {
	for _, a := range c.alarms().byName {
		if a.arn == c.in.str("ResourceARN") {
			return wire.Object{"Tags": list(a.settings.objects("Tags"), func(t input) any { return wire.Object(t) })}, nil
		}
	}
	return nil, wire.Errorf("ResourceNotFoundException", "The resource %s does not exist", c.in.str("ResourceARN"))
}

package sandbox

import (
	"maps"
	"slices"
	"strings"

	"riposte.dev/sandbox/eventpattern"
	"riposte.dev/sandbox/wire"
)

// The states of a rule
// (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html).
const (
	ruleEnabled = "ENABLED"
	// ruleReadsAll also gets the records of calls that only read.
	ruleReadsAll = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
	ruleDisabled = "DISABLED"
)

func putRule(c *call) (wire.Object, error) {
	b, err := c.bus(c.in.str("EventBusName"))
	if err != nil {
		return nil, err
	}
	name := c.in.str("Name")
	old := b.rules[name]
	r := &eventRule{
		name: name, arn: c.arn(ruleResource(b.name, name)), bus: b.name, state: orElse(c.in.str("State"), ruleEnabled),
		text: c.in.str("EventPattern"), schedule: c.in.str("ScheduleExpression"), description: c.in.str("Description"),
		role: c.in.str("RoleArn"), createdBy: c.account.id,
	}
	switch {
	case r.text == "" && r.schedule == "":
		return nil, c.fail(wire.Invalid, "Parameter(s) EventPattern or ScheduleExpression must be specified.")
	case r.schedule != "":
		return nil, c.fail(wire.Invalid, "Parameter ScheduleExpression is not valid: the sandbox has no scheduled rules.")
	case old == nil && len(b.rules) >= maxEventRules:
		return nil, wire.Errorf("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
	}
	if r.pattern, err = eventpattern.Parse([]byte(r.text)); err != nil {
		return nil, wire.Errorf("InvalidEventPatternException", "Event pattern is not valid. Reason: %v", err)
	}
	if old != nil {
		r.targets = old.targets
	}
	b.rules[name] = r
	c.subject("AWS::Events::Rule", name)
	return wire.Object{"RuleArn": r.arn}, nil
}

// rule is the one that the input names by a member.
func (c *call) rule(member string) (*eventBus, *eventRule, error) {
	b, err := c.bus(c.in.str("EventBusName"))
	if err != nil {
		return nil, nil, err
	}
	name := c.in.str(member)
	r := b.rules[name]
	if r == nil {
		return nil, nil, wire.Errorf("ResourceNotFoundException", "Rule %s does not exist on EventBus %s.", name, b.name)
	}
	return b, r, nil
}

// deleteRule is content when there is none.
func deleteRule(c *call) (wire.Object, error) {
	b, err := c.bus(c.in.str("EventBusName"))
	if err != nil {
		return nil, err
	}
	r := b.rules[c.in.str("Name")]
	if r != nil && len(r.targets) > 0 {
		return nil, c.fail(wire.Invalid, "Rule can't be deleted since it has targets.")
	}
	delete(b.rules, c.in.str("Name"))
	return nil, nil
}

func enableRule(c *call) (wire.Object, error)  { return c.setRuleState(ruleEnabled) }
func disableRule(c *call) (wire.Object, error) { return c.setRuleState(ruleDisabled) }

func (c *call) setRuleState(state string) (wire.Object, error) {
	b, r, err := c.rule("Name")
	if err != nil {
		return nil, err
	}
	next := *r
	next.state = state
	b.rules[r.name] = &next
	return nil, nil
}

func (r *eventRule) object() wire.Object {
	out := wire.Object{"Name": r.name, "Arn": r.arn, "State": r.state, "EventBusName": r.bus}
	for name, value := range map[string]string{"EventPattern": r.text, "Description": r.description, "RoleArn": r.role} {
		put(out, name, value)
	}
	return out
}

func describeRule(c *call) (wire.Object, error) {
	_, r, err := c.rule("Name")
	if err != nil {
		return nil, err
	}
	out := r.object()
	out["CreatedBy"] = r.createdBy
	return out, nil
}

func listRules(c *call) (wire.Object, error) {
	b, err := c.bus(c.in.str("EventBusName"))
	if err != nil {
		return nil, err
	}
	return listEvents(c, "Rules", "NamePrefix", slices.Sorted(maps.Keys(b.rules)), func(name string) any { return b.rules[name].object() })
}

// eventMembers are what TestEventPattern wants of an event.
var eventMembers = []string{"id", "account", "source", "time", "region", "resources", "detail-type"}

func testEventPattern(c *call) (wire.Object, error) {
	p, err := eventpattern.Parse([]byte(c.in.str("EventPattern")))
	if err != nil {
		return nil, wire.Errorf("InvalidEventPatternException", "Event pattern is not valid. Reason: %v", err)
	}
	event, err := eventpattern.Decode([]byte(c.in.str("Event")))
	if err != nil {
		return nil, c.fail(wire.Invalid, "Parameter Event is not valid. Reason: %v", err)
	}
	missing := slices.DeleteFunc(slices.Clone(eventMembers), func(name string) bool { return event[name] != nil })
	if len(missing) > 0 {
		return nil, c.fail(wire.Invalid, "Parameter Event is not valid. Reason: it lacks %s.", strings.Join(missing, ", "))
	}
	return wire.Object{"Result": p.Match(event)}, nil
}

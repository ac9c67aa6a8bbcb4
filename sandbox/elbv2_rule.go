package sandbox

import (
	"cmp"
	"slices"
	"strconv"

	"riposte.dev/sandbox/wire"
)

// ruleOperations are those on the rules of listeners.
func ruleOperations() []operation {
	ofInput := func(c *call) []string { return []string{c.in.str("RuleArn")} }
	return []operation{
		{name: "CreateRule", resources: func(c *call) []string { return []string{c.in.str("ListenerArn")} }, handle: createBalancerRule},
		{name: "DescribeRules", handle: describeBalancerRules},
		{name: "ModifyRule", resources: ofInput, handle: modifyBalancerRule},
		{name: "DeleteRule", resources: ofInput, handle: deleteBalancerRule},
	}
}

// existingRule is a rule with its listener; a listener's default is one.
func (c *call) existingRule(arn string) (*balancerListener, *balancerRule, error) {
	for _, l := range c.targetGroups().listeners {
		if l.byDefault.arn == arn {
			return l, &l.byDefault, nil
		}
		if r := firstWhere(l.rules, func(r *balancerRule) bool { return r.arn == arn }); r != nil {
			return l, r, nil
		}
	}
	return nil, nil, wire.Errorf("RuleNotFoundException", "One or more rules not found")
}

func createBalancerRule(c *call) (wire.Object, error) {
	l, err := c.existingListener(c.in.str("ListenerArn"))
	if err != nil {
		return nil, err
	}
	r := &balancerRule{arn: c.below(l.arn, "listener", "listener-rule"), priority: c.in.number("Priority", 0), conditions: c.in["Conditions"], tags: c.inputTags()}
	switch {
	case r.priority < 1 || r.priority > 50000:
		return nil, c.fail(wire.Invalid, "Rule priority must be between 1 and 50000")
	case len(c.in.objects("Conditions")) == 0:
		return nil, c.fail(wire.Invalid, "A rule must have at least one condition")
	case firstWhere(l.rules, func(o *balancerRule) bool { return o.priority == r.priority }) != nil:
		return nil, wire.Errorf("PriorityInUseException", "Priority '%d' is currently in use", r.priority)
	}
	if r.actions, err = c.balancerActions("Actions", l); err != nil {
		return nil, err
	}
	changed := *l
	changed.rules = append(slices.Clone(l.rules), r)
	slices.SortFunc(changed.rules, func(a, b *balancerRule) int { return cmp.Compare(a.priority, b.priority) })
	c.targetGroups().replace(l, &changed)
	return wire.Object{"Rules": wire.List{r.object()}}, nil
}

func (r *balancerRule) object() wire.Object {
	out := wire.Object{"RuleArn": r.arn, "Priority": "default", "IsDefault": r.priority == 0, "Conditions": wire.List{}, "Actions": r.actions}
	if r.priority != 0 {
		out["Priority"], out["Conditions"] = strconv.Itoa(r.priority), r.conditions
	}
	return out
}

func describeBalancerRules(c *call) (wire.Object, error) {
	of, arns := c.in.str("ListenerArn"), c.in.strs("RuleArns")
	var found []*balancerRule
	switch {
	case (of == "") == (len(arns) == 0):
		return nil, c.fail(wire.Invalid, "You must specify either listener rule ARNs or a listener ARN")
	case of != "":
		l, err := c.existingListener(of)
		if err != nil {
			return nil, err
		}
		found = append(slices.Clone(l.rules), &l.byDefault)
	}
	for _, arn := range arns {
		_, r, err := c.existingRule(arn)
		if err != nil {
			return nil, err
		}
		found = append(found, r)
	}
	page, next, err := paginate(c, found, c.in.str("Marker"), c.in.number("PageSize", 400))
	if err != nil {
		return nil, c.fail(wire.Invalid, "The marker is not valid")
	}
	out := wire.Object{"Rules": list(page, func(r *balancerRule) any { return r.object() })}
	put(out, "NextMarker", next)
	return out, nil
}

// rule is one that the input names and that is not a listener's default.
func (c *call) ownRule(doing string) (*balancerListener, *balancerRule, error) {
	l, r, err := c.existingRule(c.in.str("RuleArn"))
	if err == nil && r.priority == 0 {
		return nil, nil, wire.Errorf("OperationNotPermittedException", "Default rule '%s' cannot be %s", r.arn, doing)
	}
	return l, r, err
}

func modifyBalancerRule(c *call) (wire.Object, error) {
	l, r, err := c.ownRule("modified")
	if err != nil {
		return nil, err
	}
	changed := *r
	if c.in.has("Conditions") {
		changed.conditions = c.in["Conditions"]
	}
	if c.in.has("Actions") {
		if changed.actions, err = c.balancerActions("Actions", l); err != nil {
			return nil, err
		}
	}
	with := *l
	with.rules = slices.Clone(l.rules)
	with.rules[slices.Index(with.rules, r)] = &changed
	c.targetGroups().replace(l, &with)
	return wire.Object{"Rules": wire.List{changed.object()}}, nil
}

func deleteBalancerRule(c *call) (wire.Object, error) {
	l, r, err := c.ownRule("deleted")
	if err != nil {
		return nil, err
	}
	changed := *l
	changed.rules = without(l.rules, r)
	c.targetGroups().replace(l, &changed)
	return wire.Object{}, nil
}

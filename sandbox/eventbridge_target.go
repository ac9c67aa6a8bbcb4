package sandbox

import (
	"maps"
	"slices"
	"strings"

	"riposte.dev/sandbox/wire"
)

// putTargets adds targets to a rule, or replaces those with the same id. A bad
// one refuses all of them.
func putTargets(c *call) (wire.Object, error) {
	b, r, err := c.rule("Rule")
	if err != nil {
		return nil, err
	}
	next := *r
	next.targets = slices.Clone(r.targets)
	for _, t := range c.in.objects("Targets") {
		if problem := c.unfitTarget(t); problem != "" {
			return nil, c.fail(wire.Invalid, "Parameter %s is not valid. Reason: %s", t.str("Id"), problem)
		}
		if i := slices.IndexFunc(next.targets, func(o input) bool { return o.str("Id") == t.str("Id") }); i >= 0 {
			next.targets[i] = t
			continue
		}
		next.targets = append(next.targets, t)
	}
	if len(next.targets) > maxTargets {
		return nil, wire.Errorf("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
	}
	b.rules[r.name] = &next
	return wire.Object{"FailedEntryCount": int64(0), "FailedEntries": wire.List{}}, nil
}

// unfitTarget says what is wrong with a target, "" when nothing is.
func (c *call) unfitTarget(t input) string {
	p := strings.SplitN(t.str("Arn"), ":", 6)
	if len(p) < 6 || p[0] != "arn" || p[2] == "" {
		return "Provided Arn is not in correct format."
	}
	isBus := p[2] == "events" && strings.HasPrefix(p[5], "event-bus/")
	switch {
	case p[3] != c.region && !isBus:
		return "Provided Arn is not in the rule's region."
	case p[2] == "events" && !isBus && c.sb.destinationAt(t.str("Arn")) == nil:
		return "API destination " + t.str("Arn") + " does not exist."
	case (p[2] == "kinesis" || p[2] == "firehose" || p[2] == "states" || p[2] == "events" && !isBus) && t.str("RoleArn") == "":
		return "RoleArn is required for target " + t.str("Arn") + "."
	}
	shapes := 0
	for _, name := range []string{"Input", "InputPath", "InputTransformer"} {
		if t.has(name) {
			shapes++
		}
	}
	if shapes > 1 {
		return "Only one of Input, InputPath, or InputTransformer must be provided."
	}
	if _, err := parseReshape(t); err != nil {
		return err.Error()
	}
	if dead := t.object("DeadLetterConfig").str("Arn"); dead != "" && !strings.HasPrefix(dead, "arn:aws:sqs:"+c.region+":") {
		return "DeadLetterConfig must name a queue of the rule's region."
	}
	return ""
}

func removeTargets(c *call) (wire.Object, error) {
	b, r, err := c.rule("Rule")
	if err != nil {
		return nil, err
	}
	next, failed := *r, wire.List{}
	next.targets = slices.Clone(r.targets)
	for _, id := range c.in.strs("Ids") {
		left := slices.DeleteFunc(slices.Clone(next.targets), func(t input) bool { return t.str("Id") == id })
		if len(left) == len(next.targets) {
			failed = append(failed, wire.Object{
				"TargetId": id, "ErrorCode": "ResourceNotFoundException", "ErrorMessage": "Rule " + r.name + " does not have a target with the id " + id + ".",
			})
		}
		next.targets = left
	}
	b.rules[r.name] = &next
	return wire.Object{"FailedEntryCount": int64(len(failed)), "FailedEntries": failed}, nil
}

func listTargetsByRule(c *call) (wire.Object, error) {
	_, r, err := c.rule("Rule")
	if err != nil {
		return nil, err
	}
	byID := map[string]input{}
	for _, t := range r.targets {
		byID[t.str("Id")] = t
	}
	return listEvents(c, "Targets", "", slices.Sorted(maps.Keys(byID)), func(id string) any { return wire.Object(byID[id]) })
}

func listRuleNamesByTarget(c *call) (wire.Object, error) {
	b, err := c.bus(c.in.str("EventBusName"))
	if err != nil {
		return nil, err
	}
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(b.rules)), func(name string) bool {
		return !slices.ContainsFunc(b.rules[name].targets, func(t input) bool { return t.str("Arn") == c.in.str("TargetArn") })
	})
	return listEvents(c, "RuleNames", "", names, func(name string) any { return name })
}

package sandbox

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

// Quotas of https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html.
const (
	maxBuses       = 100
	maxEventRules  = 300 // on a bus
	maxBusPolicy   = 10240
	maxTargets     = 5 // of a rule
	maxEventsLists = 100
)

var (
	busName     = form(`^[.\-_A-Za-z0-9]{1,256}$`)
	accountName = regexp.MustCompile(`^\d{12}$`)
)

func createEventBus(c *call) (wire.Object, error) {
	name := c.in.str("Name")
	all := c.buses().byName
	switch {
	case !busName().MatchString(name):
		return nil, c.fail(wire.Invalid, "Event bus name starting with 'aws.' or with / is for partner event sources, which the sandbox doesn't have.")
	case all[name] != nil:
		return nil, wire.Errorf("ResourceAlreadyExistsException", "Event bus %s already exists.", name)
	case len(all) >= maxBuses:
		return nil, wire.Errorf("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
	}
	b := newEventBus(c.arn("event-bus/"+name), name)
	for _, tag := range c.in.objects("Tags") {
		b.tags[tag.str("Key")] = tag.str("Value")
	}
	all[name] = b
	return wire.Object{"EventBusArn": b.arn}, nil
}

// deleteEventBus is content when there is none. It takes the rules with it.
func deleteEventBus(c *call) (wire.Object, error) {
	name := c.in.str("Name")
	if name == defaultBus {
		return nil, c.fail(wire.Invalid, "Cannot delete event bus default.")
	}
	delete(c.buses().byName, name)
	return nil, nil
}

func describeEventBus(c *call) (wire.Object, error) {
	b, err := c.bus(c.in.str("Name"))
	if err != nil {
		return nil, err
	}
	return b.object(), nil
}

func (b *eventBus) object() wire.Object {
	out := wire.Object{"Name": b.name, "Arn": b.arn}
	put(out, "Policy", b.policyText())
	return out
}

func listEventBuses(c *call) (wire.Object, error) {
	all := c.buses().byName
	return listEvents(c, "EventBuses", "NamePrefix", slices.Sorted(maps.Keys(all)), func(name string) any { return all[name].object() })
}

// listEvents is a page of an EventBridge list, by name.
func listEvents(c *call, member, prefix string, names []string, each func(string) any) (wire.Object, error) {
	names = slices.DeleteFunc(names, func(n string) bool { return !strings.HasPrefix(n, c.in.str(prefix)) })
	page, next, err := paginate(c, names, c.in.str("NextToken"), c.in.number("Limit", maxEventsLists))
	if err != nil {
		return nil, c.fail(wire.Invalid, "Parameter NextToken is not valid.")
	}
	out := wire.Object{member: list(page, each)}
	put(out, "NextToken", next)
	return out, nil
}

// putPermission adds a statement to the policy of a bus, or replaces the
// policy.
func putPermission(c *call) (wire.Object, error) {
	b, err := c.bus(c.in.str("EventBusName"))
	if err != nil {
		return nil, err
	}
	next := *b
	if text := c.in.str("Policy"); text != "" {
		if c.in.has("StatementId") || c.in.has("Principal") || c.in.has("Action") {
			return nil, c.fail(wire.Invalid, "Policy can't be combined with StatementId, Action, Principal or Condition.")
		}
		next.statements, err = statementsOf(text)
	} else {
		next.statements, err = c.withStatement(b)
	}
	if err != nil {
		return nil, c.fail(wire.Invalid, "Parameter Policy is not valid. Reason: %v", err)
	}
	if _, err := policy.Parse([]byte(next.policyText())); err != nil {
		return nil, c.fail(wire.Invalid, "Parameter Policy is not valid. Reason: %v", err)
	}
	if len(next.policyText()) > maxBusPolicy {
		return nil, wire.Errorf("PolicyLengthExceededException", "The policy of the event bus is longer than %d characters.", maxBusPolicy)
	}
	b.statements = next.statements
	return nil, nil
}

// statementsOf takes a policy apart.
func statementsOf(text string) ([]json.RawMessage, error) {
	var doc struct{ Statement json.RawMessage }
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return nil, err
	}
	var out []json.RawMessage
	if json.Unmarshal(doc.Statement, &out) == nil {
		return out, nil
	}
	return []json.RawMessage{doc.Statement}, nil
}

// withStatement is the policy of a bus with the statement of the input instead
// of the one with the same id.
func (c *call) withStatement(b *eventBus) ([]json.RawMessage, error) {
	id, action, who := c.in.str("StatementId"), c.in.str("Action"), c.in.str("Principal")
	if id == "" || action == "" || who == "" {
		return nil, c.fail(wire.Invalid, "StatementId, Action and Principal are required without a Policy.")
	}
	statement := map[string]any{"Sid": id, "Effect": "Allow", "Action": action, "Resource": b.arn, "Principal": who}
	if accountName.MatchString(who) {
		statement["Principal"] = map[string]string{"AWS": "arn:aws:iam::" + who + ":root"}
	}
	if cond := c.in.object("Condition"); cond != nil {
		statement["Condition"] = map[string]any{cond.str("Type"): map[string]string{cond.str("Key"): cond.str("Value")}}
	}
	text, err := json.Marshal(statement)
	if err != nil {
		return nil, err
	}
	return append(b.without(id), text), nil
}

// without are the statements but those with an id.
func (b *eventBus) without(id string) []json.RawMessage {
	return slices.DeleteFunc(slices.Clone(b.statements), func(s json.RawMessage) bool {
		var named struct{ Sid string }
		return json.Unmarshal(s, &named) == nil && named.Sid == id
	})
}

func removePermission(c *call) (wire.Object, error) {
	b, err := c.bus(c.in.str("EventBusName"))
	if err != nil {
		return nil, err
	}
	if c.in.flag("RemoveAllPermissions", false) {
		b.statements = nil
		return nil, nil
	}
	left := b.without(c.in.str("StatementId"))
	if len(left) == len(b.statements) {
		return nil, wire.Errorf("ResourceNotFoundException", "Statement with the provided id does not exist.")
	}
	b.statements = left
	return nil, nil
}

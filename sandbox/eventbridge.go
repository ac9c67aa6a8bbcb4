package sandbox

import (
	"strings"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

// eventsService answers for event buses, their rules and targets, connections
// and API destinations
// (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html).
// Actions and resources are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html.
// How events travel is in eventbridge_route.go.
func eventsService() *service {
	on := func(resources func(*call) []string, name string, handle func(*call) (wire.Object, error)) operation {
		return operation{name: name, resources: resources, handle: handle}
	}
	named := func(kind string) func(*call) []string {
		return func(c *call) []string { return []string{c.arn(kind + "/" + c.in.str("Name"))} }
	}
	bus, connection, destination := named("event-bus"), named("connection"), named("api-destination")
	return &service{
		name: "events", prefix: "events",
		operations: []operation{
			{name: "PutEvents", resources: entryBuses, resourcePolicy: busPolicy, handle: putEvents, data: true, writes: true},
			on(bus, "CreateEventBus", createEventBus),
			on(bus, "DeleteEventBus", deleteEventBus),
			on(bus, "DescribeEventBus", describeEventBus),
			{name: "ListEventBuses", handle: listEventBuses},
			on(busOfInput, "PutPermission", putPermission),
			on(busOfInput, "RemovePermission", removePermission),
			on(ruleOfInput, "PutRule", putRule),
			on(ruleOfInput, "DeleteRule", deleteRule),
			on(ruleOfInput, "DescribeRule", describeRule),
			on(ruleOfInput, "EnableRule", enableRule),
			on(ruleOfInput, "DisableRule", disableRule),
			{name: "ListRules", handle: listRules},
			{name: "TestEventPattern", handle: testEventPattern},
			on(ruleOfInput, "PutTargets", putTargets),
			on(ruleOfInput, "RemoveTargets", removeTargets),
			on(ruleOfInput, "ListTargetsByRule", listTargetsByRule),
			{name: "ListRuleNamesByTarget", handle: listRuleNamesByTarget},
			on(connection, "CreateConnection", createConnection),
			on(connection, "DescribeConnection", describeConnection),
			on(connection, "DeleteConnection", deleteConnection),
			{name: "ListConnections", handle: listConnections},
			on(destination, "CreateApiDestination", createDestination),
			on(destination, "DescribeApiDestination", describeDestination),
			on(destination, "DeleteApiDestination", deleteDestination),
			{name: "ListApiDestinations", handle: listDestinations},
		},
	}
}

func (c *call) buses() *eventBuses {
	return stateOf(c, stateKey{"events", c.account.id, c.region}, func() *eventBuses { return newEventBuses(c.account.id, c.region) })
}

// bus is the event bus with a name or an ARN, of the caller's account and region.
func (c *call) bus(nameOrARN string) (*eventBus, error) {
	name := orElse(nameOrARN, defaultBus)
	if isARN(name) && strings.HasPrefix(name, c.arn("event-bus/")) {
		name = strings.TrimPrefix(name, c.arn("event-bus/"))
	}
	if b := c.buses().byName[name]; b != nil {
		return b, nil
	}
	return nil, wire.Errorf("ResourceNotFoundException", "Event bus %s does not exist.", name)
}

// busARN is the ARN of a bus by name, or the ARN itself.
func (c *call) busARN(name string) string {
	if isARN(name) {
		return name
	}
	return c.arn("event-bus/" + orElse(name, defaultBus))
}

func busOfInput(c *call) []string { return []string{c.busARN(c.in.str("EventBusName"))} }

// ruleOfInput is the ARN of the rule that the input names.
func ruleOfInput(c *call) []string {
	bus := c.in.str("EventBusName")
	if isARN(bus) {
		_, bus, _ = strings.Cut(bus, ":event-bus/")
	}
	return []string{c.arn(ruleResource(orElse(bus, defaultBus), orElse(c.in.str("Name"), c.in.str("Rule"))))}
}

// entryBuses are the buses that entries of PutEvents go to.
func entryBuses(c *call) []string {
	var out []string
	for _, e := range c.in.objects("Entries") {
		out = append(out, c.busARN(e.str("EventBusName")))
	}
	return out
}

// busPolicy is the policy of the bus that entries go to; of another account's
// when one of them does.
func busPolicy(c *call) (*policy.Document, string) {
	var doc *policy.Document
	owner := c.account.id
	for _, arn := range entryBuses(c) {
		if account := accountOf(arn); account != c.account.id {
			owner = account
		}
		if b := c.sb.busAt(arn); b != nil {
			doc = b.document()
		}
	}
	return doc, owner
}

// accountOf is the account in an ARN.
func accountOf(arn string) string {
	return strings.SplitN(arn+":::::", ":", 6)[4]
}

package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"riposte.dev/sandbox/eventpattern"
	"riposte.dev/sandbox/policy"
)

const defaultBus = "default"

// eventBuses are an account's event buses, connections and API destinations in
// a region. The default bus is always there.
type eventBuses struct {
	byName       map[string]*eventBus
	connections  map[string]*connection
	destinations map[string]*apiDestination
}

type eventBus struct {
	name, arn  string
	statements []json.RawMessage // of its policy
	tags       map[string]string
	rules      map[string]*eventRule
}

type eventRule struct {
	name, arn, bus, state       string
	text, schedule, description string
	role, createdBy             string
	pattern                     *eventpattern.Pattern // nil for schedules
	targets                     []input               // as PutTargets has them; never changed in place
}

type connection struct {
	name, arn, description, kind string
	created                      time.Time
	parameters                   input // secrets and all
	secretARN                    string
}

type apiDestination struct {
	name, arn, description string
	connection             string // ARN
	endpoint, method       string
	rate                   int // invocations a second
	created                time.Time
}

func newEventBuses(account, region string) *eventBuses {
	return &eventBuses{
		byName:      map[string]*eventBus{defaultBus: newEventBus(arn("events", region, account, "event-bus/"+defaultBus), defaultBus)},
		connections: map[string]*connection{}, destinations: map[string]*apiDestination{},
	}
}

func newEventBus(arn, name string) *eventBus {
	return &eventBus{arn: arn, name: name, tags: map[string]string{}, rules: map[string]*eventRule{}}
}

func (s *eventBuses) clone() stater {
	out := &eventBuses{byName: map[string]*eventBus{}, connections: maps.Clone(s.connections), destinations: maps.Clone(s.destinations)}
	for name, b := range s.byName {
		c := *b
		c.tags, c.rules = maps.Clone(b.tags), map[string]*eventRule{}
		for k, r := range b.rules {
			rule := *r
			c.rules[k] = &rule
		}
		out.byName[name] = &c
	}
	return out
}

// eventsOf is the present state of an account in a region.
func (s *Sandbox) eventsOf(account, region string) *eventBuses {
	return liveState(s, stateKey{"events", account, region}, func() *eventBuses { return newEventBuses(account, region) })
}

// busAt is the present bus with an ARN, nil without.
func (s *Sandbox) busAt(arn string) *eventBus {
	p := strings.SplitN(arn, ":", 6)
	if len(p) < 6 || p[2] != "events" || s.accounts[p[4]] == nil {
		return nil
	}
	return s.eventsOf(p[4], p[3]).byName[strings.TrimPrefix(p[5], "event-bus/")]
}

// policyText is the policy of a bus, "" without statements.
func (b *eventBus) policyText() string {
	if len(b.statements) == 0 {
		return ""
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": b.statements})
	if err != nil {
		panic(fmt.Sprintf("statements have a JSON form: %v", err))
	}
	return string(text)
}

// document is the policy of a bus; PutPermission saw to it that it parses.
func (b *eventBus) document() *policy.Document {
	doc, err := policy.Parse([]byte(b.policyText()))
	if err != nil {
		return nil
	}
	return doc
}

// ruleResource is the last part of a rule's ARN: rules of other buses than the
// default one carry its name.
func ruleResource(bus, rule string) string {
	if bus == defaultBus {
		return "rule/" + rule
	}
	return "rule/" + bus + "/" + rule
}

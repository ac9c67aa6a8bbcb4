package sandbox

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"riposte.dev/sandbox/eventpattern"
	"riposte.dev/sandbox/policy"
)

// arrived is an event on a bus.
type arrived struct {
	text     []byte
	decoded  map[string]any // nil until a rule looks at it
	ingested time.Time
	readOnly bool // the record of a call that only reads
	hops     int  // from bus to bus
}

// toRules gives an event to the targets of every rule of a bus that wants it.
// The lock is held.
func (s *Sandbox) toRules(b *eventBus, e *arrived) {
	for _, name := range slices.Sorted(maps.Keys(b.rules)) {
		r := b.rules[name]
		if r.state == ruleDisabled || e.readOnly && r.state != ruleReadsAll || len(r.targets) == 0 {
			continue
		}
		if e.decoded == nil {
			decoded, err := eventpattern.Decode(e.text)
			if err != nil {
				s.opts.Logger.Error("event is no JSON object", "bus", b.arn, "err", err)
				return
			}
			e.decoded = decoded
		}
		if !r.pattern.Match(e.decoded) {
			continue
		}
		for _, t := range r.targets {
			s.toTarget(e, r, t)
		}
	}
}

// toTarget queues an event for a target, as often and as late as Options.Delivery
// says. An API destination has a queue of its own, so that a slow one delays
// nobody else.
func (s *Sandbox) toTarget(e *arrived, r *eventRule, t input) {
	shape, err := parseReshape(t)
	if err != nil {
		s.opts.Logger.Error("target doesn't parse", "rule", r.arn, "target", t.str("Id"), "err", err)
		return
	}
	payload := shape.apply(e, r)
	to := t.str("Arn")
	key := partitionKey(e, t)
	lane, send := insideLane, func(context.Context) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.deliverToTarget(e, r, t, payload, key)
	}
	if strings.Contains(to, ":api-destination/") {
		lane = to
		send = func(ctx context.Context) error { return s.callDestination(ctx, r, t, payload) }
	}
	j := job{send: send, retries: 185, age: maxAge, lost: func(why error, retries int, exhausted string) {
		s.toDeadLetters(e, r, t, asUndelivered(why), retries, exhausted)
	}}
	if policy := t.object("RetryPolicy"); policy != nil {
		j.retries = policy.number("MaximumRetryAttempts", j.retries)
		j.age = time.Duration(policy.number("MaximumEventAgeInSeconds", int(maxAge/time.Second))) * time.Second
	}
	for _, delay := range s.delays(s.copies()) {
		s.lane(lane).enqueue(j, delay)
	}
}

// partitionKey is what a stream's record is grouped by: a value of the event
// when the target names one, else its id.
func partitionKey(e *arrived, t input) string {
	path := orElse(t.object("KinesisParameters").str("PartitionKeyPath"), "$.id")
	v, _ := at(e.decoded, path)
	if text, ok := v.(string); ok {
		return text
	}
	return string(compactJSON(v))
}

// deliverToTarget delivers to a target inside the sandbox. The lock is held.
func (s *Sandbox) deliverToTarget(e *arrived, r *eventRule, t input, payload []byte, key string) error {
	from := sender{service: "events.amazonaws.com", source: r.arn, account: accountOf(r.arn), role: t.str("RoleArn")}
	to := t.str("Arn")
	if strings.Contains(to, ":event-bus/") {
		return s.toBus(e, from, to)
	}
	return s.hand(delivery{from: from, arn: to, payload: payload, partitionKey: key})
}

// toBus hands an event on to another bus, once: to one of the same account and
// region as it is, else by a role or by the policy of that bus.
func (s *Sandbox) toBus(e *arrived, from sender, to string) error {
	b := s.busAt(to)
	rule, bus := strings.SplitN(from.source, ":", 6), strings.SplitN(to, ":", 6)
	same := rule[3] == bus[3] && rule[4] == bus[4]
	switch {
	case b == nil:
		return refused("NO_RESOURCE", "event bus %s does not exist", to)
	case e.hops > 0:
		return refused("THIRD_ACCOUNT_HOP_DETECTED", "the event came from another event bus already")
	case from.role != "":
		if err := s.permits(from, "events:PutEvents", to, b.document()); err != nil {
			return err
		}
	case !same && !s.busTakesFrom(b, from.account):
		return refused("NO_PERMISSIONS", "account %s is not authorized to perform: events:PutEvents on resource: %s", from.account, to)
	}
	next := *e
	next.hops++
	s.toRules(b, &next)
	return nil
}

// busTakesFrom says whether the policy of a bus lets another account in.
func (s *Sandbox) busTakesFrom(b *eventBus, account string) bool {
	doc := b.document()
	return doc != nil && policy.Evaluate([]*policy.Document{doc}, &policy.Request{
		Action: "events:PutEvents", Resource: b.arn, AccountID: account, PrincipalARN: arn("iam", "", account, "root"),
		Context: s.inOrganization(account, policy.Context{"aws:sourceaccount": {account}}),
	}) == policy.Allowed
}

// toDeadLetters keeps an event that a target didn't get, when the target has a
// queue for that
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html).
func (s *Sandbox) toDeadLetters(e *arrived, r *eventRule, t input, why *undelivered, retries int, exhausted string) {
	queue := t.object("DeadLetterConfig").str("Arn")
	if queue == "" {
		return
	}
	text := func(v string) messageAttribute { return messageAttribute{kind: "String", text: v} }
	attributes := map[string]messageAttribute{
		"RULE_ARN": text(r.arn), "TARGET_ARN": text(t.str("Arn")), "ERROR_CODE": text(why.code), "ERROR_MESSAGE": text(why.message),
	}
	if exhausted != "" {
		attributes["EXHAUSTED_RETRY_CONDITION"] = text(exhausted)
		attributes["RETRY_ATTEMPTS"] = messageAttribute{kind: "Number", text: strconv.Itoa(retries)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	from := sender{service: "events.amazonaws.com", source: r.arn, account: accountOf(r.arn)}
	if err := s.sendToQueue(delivery{from: from, arn: queue, payload: e.text}, attributes); err != nil {
		s.opts.Logger.Warn("event lost: the dead-letter queue doesn't take it", "rule", r.arn, "queue", queue, "err", err)
	}
}

// lanes are queues to the targets of rules, by name, each with a goroutine.
type lanes struct {
	byName map[string]*target
	closed bool
}

// insideLane is the lane to everything in the sandbox. API destinations have lanes
// named by their ARN.
const insideLane = "targets of rules"

// lane is the queue with a name. The lock is held.
func (s *Sandbox) lane(name string) *target {
	t := s.lanes.byName[name]
	if t == nil {
		t = s.newTarget(name, nil, nil)
		if s.lanes.byName == nil {
			s.lanes.byName = map[string]*target{}
		}
		s.lanes.byName[name] = t
		if s.lanes.closed {
			close(t.done) // nothing runs any more
		} else {
			go t.run()
		}
	}
	return t
}

// closeLanes delivers what waits: first inside, which may send more outside.
func (s *Sandbox) closeLanes(ctx context.Context) []error {
	s.mu.Lock()
	first := s.lane(insideLane)
	s.mu.Unlock()
	errs := []error{first.close(ctx)}
	s.mu.Lock()
	s.lanes.closed = true
	all := slices.Collect(maps.Values(s.lanes.byName))
	s.mu.Unlock()
	for _, t := range all {
		errs = append(errs, t.close(ctx))
	}
	return errs
}

package sandbox

import (
	"maps"
	"slices"
	"time"

	"riposte.dev/sandbox/policy"
)

// queues are the queues of an account in a region.
type queues struct {
	byName  map[string]*queue
	deleted map[string]time.Time // when, by name
}

type queue struct {
	account, region, name string
	created, modified     time.Time
	attributes            map[string]string // those that were set
	tags                  map[string]string
	purged                time.Time
	messages              []*message
	// changed is closed and replaced when a message may have become available.
	changed chan struct{}
}

type message struct {
	id, body, sender string
	attributes       map[string]messageAttribute
	sent             time.Time
	visible          time.Time // from when it can be received
	first            time.Time // received
	received         int
	receipt          string // of the latest receive; "" before the first
}

// messageAttribute is an attribute that the sender gave to a message.
type messageAttribute struct {
	kind   string // DataType: String, Number, Binary, or "String.custom"
	text   string
	binary []byte
}

func newQueues() *queues {
	return &queues{byName: map[string]*queue{}, deleted: map[string]time.Time{}}
}

func (s *queues) clone() stater {
	out := &queues{byName: map[string]*queue{}, deleted: maps.Clone(s.deleted)}
	for name, q := range s.byName {
		c := *q
		c.attributes, c.tags, c.messages = maps.Clone(q.attributes), maps.Clone(q.tags), nil
		for _, m := range q.messages {
			mc := *m // a message's attributes never change
			c.messages = append(c.messages, &mc)
		}
		out.byName[name] = &c
	}
	return out
}

func (c *call) queuesOf(account string) *queues {
	return stateOf(c, stateKey{"sqs", account, c.region}, newQueues)
}

func (q *queue) arn() string { return arn("sqs", q.region, q.account, q.name) }

// document is the queue's policy; SetQueueAttributes saw to it that it parses.
func (q *queue) document() *policy.Document {
	text := q.attributes["Policy"]
	if text == "" {
		return nil
	}
	doc, err := policy.Parse([]byte(text))
	if err != nil {
		return nil
	}
	return doc
}

// add puts a message into the queue and wakes who waits for one.
func (q *queue) add(m *message, delay time.Duration) {
	m.visible = m.sent.Add(delay)
	q.messages = append(q.messages, m)
	q.wake()
}

func (q *queue) wake() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// expire drops the messages whose retention has passed.
func (q *queue) expire(now time.Time) {
	keep := q.seconds("MessageRetentionPeriod")
	q.messages = slices.DeleteFunc(q.messages, func(m *message) bool { return now.Sub(m.sent) >= keep })
}

// counts are how many messages can be received, are in flight, are delayed.
func (q *queue) counts(now time.Time) (available, inFlight, delayed int) {
	q.expire(now)
	for _, m := range q.messages {
		switch {
		case !m.visible.After(now):
			available++
		case m.received > 0:
			inFlight++
		default:
			delayed++
		}
	}
	return available, inFlight, delayed
}

// take hides up to n available messages for a time and returns them, or says
// when the next one may be available (zero: none is there).
func (q *queue) take(n int, hide time.Duration, now time.Time, receipt func(*message) string) (taken []*message, next time.Time) {
	q.expire(now)
	for _, m := range q.messages {
		if m.visible.After(now) {
			if next.IsZero() || m.visible.Before(next) {
				next = m.visible
			}
			continue
		}
		if len(taken) == n {
			break
		}
		if m.received == 0 {
			m.first = now
		}
		m.received++
		m.visible, m.receipt = now.Add(hide), receipt(m)
		taken = append(taken, m)
	}
	return taken, next
}

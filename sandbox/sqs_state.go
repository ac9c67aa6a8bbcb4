package sandbox

import (
	"maps"
	"strings"
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
	messages              *messages
	policy                parsedPolicy
	// changed is closed and replaced when a message may have become available.
	changed chan struct{}
}

// parsedPolicy is a policy's document, kept for as long as its text is the same.
type parsedPolicy struct {
	text string
	doc  *policy.Document
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
		c.attributes, c.tags, c.messages = maps.Clone(q.attributes), maps.Clone(q.tags), q.messages.clone()
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
	if q.policy.text != text {
		doc, err := policy.Parse([]byte(text))
		if err != nil {
			return nil
		}
		q.policy = parsedPolicy{text, doc}
	}
	return q.policy.doc
}

// queueAt is the present queue with an ARN, nil without.
func (s *Sandbox) queueAt(arn string) *queue {
	p := strings.Split(arn, ":")
	if len(p) != 6 || p[2] != "sqs" || s.accounts[p[4]] == nil {
		return nil
	}
	return liveState(s, stateKey{"sqs", p[4], p[3]}, newQueues).byName[p[5]]
}

// add puts a message into the queue and wakes who waits for one.
func (q *queue) add(m *message, delay time.Duration) {
	m.visible = m.sent.Add(delay)
	q.messages.add(m)
	q.wake()
}

func (q *queue) wake() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// expire drops the messages whose retention has passed.
func (q *queue) expire(now time.Time) {
	q.messages.removeSentUntil(now.Add(-q.seconds("MessageRetentionPeriod")))
}

// counts are how many messages can be received, are in flight, are delayed.
func (q *queue) counts(now time.Time) (available, inFlight, delayed int) {
	q.expire(now)
	for _, m := range q.messages.byID {
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
// when the next one may be available (zero: none is there). Messages that were
// received too often go to dead, a queue, instead; nil keeps them.
func (q *queue) take(n int, hide time.Duration, now time.Time, receipt func(*message) string, dead *queue) (taken []*message, next time.Time) {
	q.expire(now)
	most := int(q.redrive().MaxReceiveCount)
	for len(taken) < n {
		m := q.messages.first()
		if m == nil || m.visible.After(now) {
			break
		}
		if dead != nil && m.received >= most {
			q.messages.remove(m)
			m.receipt, m.source, m.visible = "", q.arn(), now
			dead.messages.add(m)
			dead.wake()
			continue
		}
		if m.received == 0 {
			m.first = now
		}
		m.received++
		m.receipt = receipt(m)
		// Out of the way, so that none is taken twice even when hide is zero.
		q.messages.hide(m, now.Add(time.Hour))
		taken = append(taken, m)
	}
	for _, m := range taken {
		q.messages.hide(m, now.Add(hide))
	}
	if m := q.messages.first(); m != nil {
		next = m.visible
	}
	return taken, next
}

package sandbox

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// redrivePolicy says when a message goes to the dead-letter queue
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html).
type redrivePolicy struct {
	Target          string   `json:"deadLetterTargetArn"`
	MaxReceiveCount flexible `json:"maxReceiveCount"`
}

// flexible is a number that may be written as a string.
type flexible int

// UnmarshalJSON takes 3 and "3".
func (f *flexible) UnmarshalJSON(text []byte) error {
	n, err := strconv.Atoi(strings.Trim(string(text), `"`))
	if err != nil {
		return fmt.Errorf("maxReceiveCount: %w", err)
	}
	*f = flexible(n)
	return nil
}

// redrive is the policy of a queue; its Target is "" when it has none.
func (q *queue) redrive() redrivePolicy {
	var p redrivePolicy
	if text := q.attributes["RedrivePolicy"]; text == "" || json.Unmarshal([]byte(text), &p) != nil {
		return redrivePolicy{}
	}
	return p
}

// checkRedrive refuses a policy that can't be followed.
func (c *call) checkRedrive(text string) error {
	if text == "" {
		return nil
	}
	bad := func(reason string) error {
		return invalidValue("Value %s for parameter RedrivePolicy is invalid. Reason: %s", text, reason)
	}
	var p redrivePolicy
	if err := json.Unmarshal([]byte(text), &p); err != nil || p.Target == "" {
		return bad("Redrive policy is not a valid JSON map.")
	}
	if p.MaxReceiveCount < 1 || p.MaxReceiveCount > 1000 {
		return bad("Invalid value for maxReceiveCount: " + strconv.Itoa(int(p.MaxReceiveCount)) + ", valid values are from 1 to 1000 both inclusive.")
	}
	if !strings.HasPrefix(p.Target, arn("sqs", c.region, c.account.id, "")) || c.sb.queueAt(p.Target) == nil {
		return bad("Dead letter target does not exist.")
	}
	return nil
}

// deadLetters is where a queue's messages go after too many receives; nil when
// they stay.
func (c *call) deadLetters(q *queue) *queue {
	if target := q.redrive().Target; target != "" {
		return c.sb.queueAt(target)
	}
	return nil
}

// sendToQueue delivers as a service does. The lock is held. Its error is an
// *undelivered.
func (s *Sandbox) sendToQueue(d delivery, attributes map[string]messageAttribute) error {
	q := s.queueAt(d.arn)
	if q == nil {
		return refused("NO_RESOURCE", "queue %s does not exist", d.arn)
	}
	if err := s.permits(d.from, "sqs:SendMessage", d.arn, q.document()); err != nil {
		return err
	}
	body := string(d.payload)
	switch most, err := strconv.Atoi(q.attribute("MaximumMessageSize")); {
	case err != nil, len(body) > most:
		return refused("INVALID_PARAMETER", "the message is longer than %d bytes", most)
	case body == "", !validText(body):
		return refused("INVALID_PARAMETER", "the message is empty, or has characters that SQS doesn't take")
	}
	q.add(&message{
		id: s.newUUID(), body: body, sender: "AIDA" + strings.Repeat("X", 17), attributes: attributes, sent: s.opts.Clock.Now(),
	}, q.seconds("DelaySeconds"))
	return nil
}

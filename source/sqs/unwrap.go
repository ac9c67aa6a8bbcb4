package sqs

import (
	"bytes"
	"regexp"

	"github.com/go-json-experiment/json"

	"riposte.dev/fault"
)

// maxBody bounds a body: SQS takes messages of up to 1 MiB
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html).
const maxBody = 1 << 20

// topicARN keeps what a message says of itself from becoming something else in a hint.
var topicARN = regexp.MustCompile(`^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]{1,260}$`)

// Unwrap returns what SNS was given, where body is the envelope in which SNS delivers without raw message delivery
// (https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html), and body itself otherwise.
//
// Errors: fault.Invalid for what SNS says about the subscription itself, with the next step as hint; fault.TooLarge for
// over 1 MiB.
func Unwrap(body []byte) ([]byte, error) {
	if len(body) > maxBody {
		return nil, fault.New(fault.TooLarge, "the message has %d bytes, at most %d are read", len(body), maxBody)
	}
	e, ok := parseEnvelope(body)
	if !ok {
		return body, nil
	}
	switch e.Type {
	case "Notification":
		return []byte(*e.Message), nil
	case "SubscriptionConfirmation":
		return nil, fault.New(fault.Invalid, "the topic %s asks to confirm a subscription, and delivers nothing before", e.TopicARN).
			WithHint("if it is yours: `aws sns confirm-subscription --topic-arn %s --token TOKEN` with the Token in this message", e.TopicARN)
	case "UnsubscribeConfirmation":
		return nil, fault.New(fault.Invalid, "the topic %s has ended its subscription", e.TopicARN).
			WithHint("subscribe the queue again, or take it out of the configuration")
	}
	return body, nil
}

// envelope is what SNS puts around a message.
type envelope struct {
	Type     string  `json:"Type"`
	TopicARN string  `json:"TopicArn"`
	Message  *string `json:"Message"`
}

// parseEnvelope reads a body; ok is false for anything else, also what only speaks of a topic.
func parseEnvelope(body []byte) (e envelope, ok bool) {
	if !bytes.Contains(body, []byte(`"TopicArn"`)) || json.Unmarshal(body, &e) != nil {
		return e, false
	}
	return e, topicARN.MatchString(e.TopicARN) && e.Message != nil
}

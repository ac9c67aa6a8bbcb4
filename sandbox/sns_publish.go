package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

// maxMessage is the longest message, attributes included, in bytes.
const maxMessage = 256 << 10

// notification is the JSON that subscribers get
// (https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html).
// Its signature is not one that AWS's certificate would verify.
type notification struct {
	Type             string
	MessageID        string `json:"MessageId"`
	Token            string `json:",omitempty"`
	TopicARN         string `json:"TopicArn"`
	Subject          string `json:",omitempty"`
	Message          string
	SubscribeURL     string `json:",omitempty"`
	Timestamp        string
	SignatureVersion string
	Signature        string
	SigningCertURL   string
	UnsubscribeURL   string                           `json:",omitempty"`
	Attributes       map[string]notificationAttribute `json:"MessageAttributes,omitempty"`
}

type notificationAttribute struct{ Type, Value string }

func publish(c *call) (wire.Object, error) {
	if c.in.has("PhoneNumber") {
		return nil, c.fail(wire.Invalid, "Invalid parameter: PhoneNumber Reason: the sandbox sends no text messages")
	}
	t, err := c.topic()
	if err != nil {
		return nil, err
	}
	message, subject := c.in.str("Message"), c.in.str("Subject")
	attributes, size, err := messageAttributes(c.in.object("MessageAttributes"))
	switch {
	case err != nil:
		return nil, wire.Errorf("InvalidParameterValueException", "%v", err)
	case message == "":
		return nil, c.fail(wire.Invalid, "Invalid parameter: Empty message")
	case len(message)+size > maxMessage:
		return nil, c.fail(wire.Invalid, "Invalid parameter: Message too long")
	case c.in.has("Subject") && !validSubject(subject):
		return nil, c.fail(wire.Invalid, "Invalid parameter: Subject")
	}
	byProtocol, err := c.messageStructure(message)
	if err != nil {
		return nil, err
	}
	n := c.sb.newNotification("Notification", t, c.time)
	n.Subject = subject
	if err := c.sb.fanOut(t, n, byProtocol, attributes, c.baseURL()); err != nil {
		return nil, err
	}
	return wire.Object{"MessageId": n.MessageID}, nil
}

// takeNotification publishes what a service brings to a topic. The lock is held.
// Its error is an *undelivered.
func (s *Sandbox) takeNotification(d delivery) error {
	t := s.topicAt(d.arn)
	if t == nil {
		return refused("NO_RESOURCE", "topic %s does not exist", d.arn)
	}
	if err := s.permits(d.from, "sns:Publish", d.arn, t.document()); err != nil {
		return err
	}
	if len(d.payload) == 0 || len(d.payload) > maxMessage {
		return refused("INVALID_PARAMETER", "the message is empty or longer than %d bytes", maxMessage)
	}
	base := orElse(strings.TrimSuffix(s.opts.PublicURL, "/"), "https://sns."+t.region+".amazonaws.com")
	n := s.newNotification("Notification", t, s.opts.Clock.Now())
	n.Subject = d.subject
	return s.fanOut(t, n, map[string]string{"default": string(d.payload)}, nil, base)
}

// fanOut tells the subscribers of a topic who want the message. base is where
// links lead.
func (s *Sandbox) fanOut(t *topic, n notification, byProtocol map[string]string, attributes map[string]messageAttribute, base string) error {
	if len(attributes) > 0 {
		n.Attributes = map[string]notificationAttribute{}
	}
	for name, a := range attributes {
		value := a.text
		if len(a.binary) > 0 {
			value = base64.StdEncoding.EncodeToString(a.binary)
		}
		n.Attributes[name] = notificationAttribute{Type: a.kind, Value: value}
	}
	for _, sub := range t.subscriptions {
		own := n
		own.Message = orElse(byProtocol[sub.protocol], byProtocol["default"])
		if !sub.confirmed || !sub.wants(own.Message, attributes) {
			continue
		}
		own.UnsubscribeURL = base + "/?Action=Unsubscribe&SubscriptionArn=" + url.QueryEscape(sub.arn)
		if err := s.notify(t, sub, own, attributes); err != nil {
			return err
		}
	}
	return nil
}

// validSubject is the rule of https://docs.aws.amazon.com/sns/latest/api/API_Publish.html.
func validSubject(s string) bool {
	if s == "" || len(s) > 100 || s[0] == ' ' {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r > 0x7e })
}

// messageStructure is the message for each protocol; "default" is the one for
// those that aren't named.
func (c *call) messageStructure(message string) (map[string]string, error) {
	switch c.in.str("MessageStructure") {
	case "":
		return map[string]string{"default": message}, nil
	case "json":
	default:
		return nil, c.fail(wire.Invalid, "Invalid parameter: MessageStructure")
	}
	var parsed map[string]any
	if err := json.Unmarshal([]byte(message), &parsed); err != nil {
		return nil, c.fail(wire.Invalid, "Invalid parameter: Message Structure - JSON message body failed to parse")
	}
	out := map[string]string{}
	for k, v := range parsed {
		if text, ok := v.(string); ok {
			out[k] = text
		}
	}
	if out["default"] == "" {
		return nil, c.fail(wire.Invalid, "Invalid parameter: Message Structure - No default entry in JSON message body")
	}
	return out, nil
}

func (s *Sandbox) newNotification(kind string, t *topic, at time.Time) notification {
	return notification{
		Type: kind, MessageID: s.newUUID(), TopicARN: t.arn, Timestamp: at.UTC().Format("2006-01-02T15:04:05.000Z"),
		SignatureVersion: "1", Signature: base64.StdEncoding.EncodeToString(s.randomBytes(256)),
		SigningCertURL: "https://sns." + t.region + ".amazonaws.com/SimpleNotificationService-" + strings.Repeat("0", 32) + ".pem",
	}
}

// askToConfirm sends the token to the endpoint.
func (c *call) askToConfirm(t *topic, s *subscription) error {
	n := c.sb.newNotification("SubscriptionConfirmation", t, c.time)
	n.Token = s.token
	n.SubscribeURL = c.baseURL() + "/?Action=ConfirmSubscription&TopicArn=" + url.QueryEscape(t.arn) + "&Token=" + s.token
	n.Message = "You have chosen to subscribe to the topic " + t.arn + ".\nTo confirm the subscription, visit the SubscribeURL included in this message."
	return c.sb.notify(t, s, n, nil)
}

// notify hands a notification to one subscriber: to a queue at once, else to
// the outbox.
func (s *Sandbox) notify(t *topic, sub *subscription, n notification, attributes map[string]messageAttribute) error {
	text, err := json.MarshalIndent(n, "", "  ")
	if err != nil {
		return fmt.Errorf("encode a notification: %w", err)
	}
	raw := sub.raw && n.Type == "Notification"
	if raw {
		text = []byte(n.Message)
	} else {
		attributes = nil // they are in the JSON
	}
	p := posting{Endpoint: sub.endpoint, Type: n.Type, MessageID: n.MessageID, TopicARN: t.arn, Body: string(text), Raw: raw}
	if n.Type == "Notification" {
		p.SubscriptionARN = sub.arn
	}
	switch sub.protocol {
	case "sqs":
		from := sender{service: "sns.amazonaws.com", source: t.arn, account: t.account}
		if err := s.sendToQueue(delivery{from: from, arn: sub.endpoint, payload: text}, attributes); err != nil {
			// As on AWS, the message is lost in the end.
			s.opts.Logger.Warn("message not delivered", "topic", t.arn, "queue", sub.endpoint, "err", err)
		}
		return nil
	case "email":
		p.Mail, p.Subject, p.Body = true, mailSubject(n), mailBody(n)
	case "email-json":
		p.Mail, p.Subject = true, mailSubject(n)
	}
	p.From = t.attributes["DisplayName"]
	return s.dispatch(p)
}

package sandbox

import (
	"encoding/hex"
	"maps"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

// tokenAge is how long a subscription can be confirmed.
const tokenAge = 48 * time.Hour

const pendingConfirmation = "pending confirmation"

// subscribe adds an endpoint. A queue of the topic's own account is there at
// once; everybody else is asked to confirm, again at every call.
func subscribe(c *call) (wire.Object, error) {
	t, err := c.topic()
	if err != nil {
		return nil, err
	}
	protocol, endpoint := c.in.str("Protocol"), c.in.str("Endpoint")
	if err := c.checkEndpoint(protocol, endpoint); err != nil {
		return nil, err
	}
	s := firstWhere(t.subscriptions, func(s *subscription) bool { return s.protocol == protocol && s.endpoint == endpoint })
	fresh := s == nil
	if fresh {
		s = &subscription{
			arn: t.arn + ":" + c.sb.newUUID(), owner: c.caller.account, protocol: protocol, endpoint: endpoint,
			confirmed: protocol == "sqs" && strings.Split(endpoint, ":")[4] == t.account,
			token:     hex.EncodeToString(c.sb.randomBytes(64)),
		}
	}
	attributes := c.in.object("Attributes")
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if err := c.setSubscriptionAttribute(s, name, attributes.str(name)); err != nil {
			return nil, err
		}
	}
	if fresh {
		t.subscriptions = append(t.subscriptions, s)
	}
	c.subject("AWS::SNS::Topic", t.arn)
	if s.confirmed {
		return wire.Object{"SubscriptionArn": s.arn}, nil
	}
	s.asked = c.time
	if err := c.askToConfirm(t, s); err != nil {
		return nil, err
	}
	if c.in.flag("ReturnSubscriptionArn", false) {
		return wire.Object{"SubscriptionArn": s.arn}, nil
	}
	return wire.Object{"SubscriptionArn": pendingConfirmation}, nil
}

func (c *call) checkEndpoint(protocol, endpoint string) error {
	switch protocol {
	case "email", "email-json":
		a, err := mail.ParseAddress(endpoint)
		if err != nil || a.Address != endpoint {
			return c.fail(wire.Invalid, "Invalid parameter: Email address")
		}
	case "http", "https":
		u, err := url.Parse(endpoint)
		if err != nil || u.Scheme != protocol || u.Host == "" {
			return c.fail(wire.Invalid, "Invalid parameter: Endpoint must match the specified protocol")
		}
	case "sqs":
		p := strings.Split(endpoint, ":")
		if len(p) != 6 || p[0] != "arn" || p[2] != "sqs" {
			return c.fail(wire.Invalid, "Invalid parameter: SQS endpoint ARN")
		}
	default:
		return c.fail(wire.Invalid, "Invalid parameter: Does not support this protocol string: %s", protocol)
	}
	return nil
}

// confirmSubscription takes the token that only the endpoint has been told.
func confirmSubscription(c *call) (wire.Object, error) {
	t, err := c.topic()
	if err != nil {
		return nil, err
	}
	if err := c.permitted(t); err != nil {
		return nil, err
	}
	s := firstWhere(t.subscriptions, func(s *subscription) bool { return s.token == c.in.str("Token") })
	if s == nil {
		return nil, c.fail(wire.Invalid, "Invalid parameter: Token")
	}
	if !s.confirmed && c.time.Sub(s.asked) > tokenAge {
		return nil, c.fail(wire.Invalid, "Invalid parameter: Token Reason: the token has expired; subscribe again")
	}
	s.confirmed = true
	s.signedOnly = s.signedOnly || c.caller != nil && c.in.str("AuthenticateOnUnsubscribe") == "true"
	return c.answerPage("Subscription confirmed!", "You have subscribed "+s.endpoint+" to the topic:", t.name, s.arn,
		wire.Object{"SubscriptionArn": s.arn})
}

func unsubscribe(c *call) (wire.Object, error) {
	t, s, err := c.subscription()
	if err != nil {
		return nil, err
	}
	if err := c.permitted(t); err != nil {
		return nil, err
	}
	if c.caller == nil && s.signedOnly {
		return nil, c.fail(wire.Denied, "The subscription takes signed requests to unsubscribe only")
	}
	t.subscriptions = without(t.subscriptions, s)
	t.removed++
	return c.answerPage("Subscription removed!", "The subscription of "+s.endpoint+" was removed from the topic:", t.name, s.arn, nil)
}

// subscription is the one that the input names.
func (c *call) subscription() (*topic, *subscription, error) {
	text := c.in.str("SubscriptionArn")
	if strings.Count(text, ":") != 6 {
		return nil, nil, c.fail(wire.Invalid, "Invalid parameter: SubscriptionArn Reason: %.256q is not the ARN of a subscription", text)
	}
	t, err := c.topic()
	if err != nil {
		return nil, nil, err
	}
	s := firstWhere(t.subscriptions, func(s *subscription) bool { return s.arn == text })
	if s == nil {
		return nil, nil, wire.Errorf("NotFoundException", "Subscription does not exist")
	}
	return t, s, nil
}

func listSubscriptions(c *call) (wire.Object, error) {
	var all []*subscription
	own := c.ownTopics().byName
	for _, name := range slices.Sorted(maps.Keys(own)) {
		all = append(all, own[name].subscriptions...)
	}
	return c.subscriptionPage(all)
}

func listSubscriptionsByTopic(c *call) (wire.Object, error) {
	t, err := c.topic()
	if err != nil {
		return nil, err
	}
	return c.subscriptionPage(t.subscriptions)
}

func (c *call) subscriptionPage(all []*subscription) (wire.Object, error) {
	page, next, err := paginate(c, all, c.in.str("NextToken"), snsPage)
	if err != nil {
		return nil, c.fail(wire.Invalid, "Invalid parameter: NextToken")
	}
	out := wire.Object{"Subscriptions": list(page, func(s *subscription) any {
		shown := s.arn
		if !s.confirmed {
			shown = "PendingConfirmation"
		}
		return wire.Object{
			"SubscriptionArn": shown, "Owner": s.owner, "Protocol": s.protocol, "Endpoint": s.endpoint,
			"TopicArn": s.arn[:strings.LastIndex(s.arn, ":")],
		}
	})}
	put(out, "NextToken", next)
	return out, nil
}

func getSubscriptionAttributes(c *call) (wire.Object, error) {
	t, s, err := c.subscription()
	if err != nil {
		return nil, err
	}
	out := wire.Object{
		"SubscriptionArn": s.arn, "TopicArn": t.arn, "Owner": s.owner, "Protocol": s.protocol, "Endpoint": s.endpoint,
		"PendingConfirmation": boolText(!s.confirmed), "RawMessageDelivery": boolText(s.raw),
		"ConfirmationWasAuthenticated": boolText(s.signedOnly || s.protocol == "sqs"),
	}
	if s.filterText != "" {
		out["FilterPolicy"], out["FilterPolicyScope"] = s.filterText, orElse(s.filterScope, filterAttributes)
	}
	return wire.Object{"Attributes": out}, nil
}

func setSubscriptionAttributes(c *call) (wire.Object, error) {
	_, s, err := c.subscription()
	if err != nil {
		return nil, err
	}
	return nil, c.setSubscriptionAttribute(s, c.in.str("AttributeName"), c.in.str("AttributeValue"))
}

func (c *call) setSubscriptionAttribute(s *subscription, name, value string) error {
	switch name {
	case "FilterPolicy":
		return c.setFilter(s, value)
	case "FilterPolicyScope":
		return c.setFilterScope(s, value)
	case "RawMessageDelivery":
	default:
		return c.fail(wire.Invalid, "Invalid parameter: AttributeName Reason: the sandbox knows FilterPolicy, FilterPolicyScope and RawMessageDelivery only")
	}
	if value != "true" && value != "false" || strings.HasPrefix(s.protocol, "email") {
		return c.fail(wire.Invalid, "Invalid parameter: Attributes Reason: RawMessageDelivery: Invalid value [%s].", value)
	}
	s.raw = value == "true"
	return nil
}

package sandbox

import (
	"strings"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

// snsService answers for topics, subscriptions and what is published
// (https://docs.aws.amazon.com/sns/latest/api/API_Operations.html). Actions are
// those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html.
func snsService() *service {
	of := func(name string, handle func(*call) (wire.Object, error)) operation {
		return operation{name: name, resources: topicOfInput, resourcePolicy: topicPolicy, conditions: snsConditions, handle: handle}
	}
	publish := of("Publish", publish)
	publish.data = true
	return &service{
		name: "sns", prefix: "sns",
		operations: []operation{
			{name: "CreateTopic", resources: newTopic, handle: createTopic},
			{name: "ListTopics", handle: listTopics},
			{name: "ListSubscriptions", handle: listSubscriptions},
			of("DeleteTopic", deleteTopic),
			of("GetTopicAttributes", getTopicAttributes),
			of("SetTopicAttributes", setTopicAttributes),
			{name: "ListTagsForResource", resources: func(c *call) []string { return []string{c.in.str("ResourceArn")} }, handle: listTopicTags},
			of("Subscribe", subscribe),
			of("ListSubscriptionsByTopic", listSubscriptionsByTopic),
			of("GetSubscriptionAttributes", getSubscriptionAttributes),
			of("SetSubscriptionAttributes", setSubscriptionAttributes),
			publish,
			// Links in mails ask for these two, unsigned.
			{name: "ConfirmSubscription", anonymous: true, free: true, handle: confirmSubscription},
			{name: "Unsubscribe", anonymous: true, free: true, handle: unsubscribe},
		},
		setup: func(s *Sandbox) {
			s.topics = func(arn string) (*policy.Document, bool) {
				t := s.topicAt(arn)
				if t == nil {
					return nil, false
				}
				return t.document(), true
			}
			s.receiver("sns", s.takeNotification)
		},
	}
}

// topicParts are region, account and name of a topic's ARN, or of the topic in
// a subscription's ARN.
func topicParts(arn string) (region, account, name string, ok bool) {
	p := strings.Split(arn, ":")
	if len(p) < 6 || len(p) > 7 || p[0] != "arn" || p[1] != "aws" || p[2] != "sns" {
		return "", "", "", false
	}
	return p[3], p[4], p[5], true
}

// topicAt is the present topic with an ARN, nil without.
func (s *Sandbox) topicAt(arn string) *topic {
	region, account, name, ok := topicParts(arn)
	if !ok || s.accounts[account] == nil {
		return nil
	}
	return liveState(s, stateKey{"sns", account, region}, newTopics).byName[name]
}

// inputARN is the ARN that a call is about.
func (c *call) inputARN() string {
	for _, name := range []string{"TopicArn", "TargetArn", "SubscriptionArn"} {
		if text := c.in.str(name); text != "" {
			return text
		}
	}
	return ""
}

func newTopic(c *call) []string { return []string{c.arn(c.in.str("Name"))} }

func topicOfInput(c *call) []string {
	region, account, name, ok := topicParts(c.inputARN())
	if !ok {
		return nil
	}
	return []string{arn("sns", region, account, name)}
}

func topicPolicy(c *call) (*policy.Document, string) {
	_, account, _, _ := topicParts(c.inputARN())
	t, err := c.topic()
	if err != nil {
		return nil, account
	}
	return t.document(), account
}

// snsConditions are the keys of SNS's default policy and of limits on
// subscribers.
func snsConditions(c *call) policy.Context {
	out := policy.Context{}
	if c.caller != nil {
		out["aws:sourceowner"] = []string{c.caller.account}
	}
	if c.in.has("Protocol") {
		out["sns:protocol"], out["sns:endpoint"] = []string{c.in.str("Protocol")}, []string{c.in.str("Endpoint")}
	}
	return out
}

// topic is the one that the input is about.
func (c *call) topic() (*topic, error) {
	text := c.inputARN()
	region, account, name, ok := topicParts(text)
	if !ok {
		return nil, c.fail(wire.Invalid, "Invalid parameter: TopicArn Reason: %.256q is not the ARN of a topic", text)
	}
	if c.signature != nil && region != c.region || c.sb.accounts[account] == nil {
		return nil, c.fail(wire.Invalid, "Invalid parameter: TopicArn")
	}
	t := stateOf(c, stateKey{"sns", account, region}, newTopics).byName[name]
	if t == nil {
		return nil, wire.Errorf("NotFoundException", "Topic does not exist")
	}
	return t, nil
}

// permitted checks a call that is free for those who don't sign.
func (c *call) permitted(t *topic) error {
	if c.caller == nil {
		return nil
	}
	conditions := c.globalConditions()
	for k, v := range snsConditions(c) {
		conditions[k] = v
	}
	req := c.policyRequest(c.op.action, t.arn, conditions)
	if d, reason := c.decide(req, t.document(), t.account); d != policy.Allowed {
		return c.denied(req, reason)
	}
	return nil
}

package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"riposte.dev/sandbox/eventpattern"
	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

// topics are the topics of an account in a region.
type topics struct{ byName map[string]*topic }

type topic struct {
	account, region, name, arn string
	attributes                 map[string]string // those that were set
	tags                       map[string]string
	subscriptions              []*subscription
	removed                    int
}

type subscription struct {
	arn, owner, protocol, endpoint string
	confirmed                      bool
	token                          string // that confirms it
	asked                          time.Time
	raw                            bool                  // SQS and HTTP get the bare message
	signedOnly                     bool                  // unsubscribing takes a signature
	filter                         *eventpattern.Pattern // nil: it wants all
	filterText                     string
	filterScope                    string // "" means filterAttributes
}

func newTopics() *topics { return &topics{byName: map[string]*topic{}} }

func (s *topics) clone() stater {
	out := newTopics()
	for name, t := range s.byName {
		c := *t
		c.attributes, c.tags, c.subscriptions = maps.Clone(t.attributes), maps.Clone(t.tags), nil
		for _, sub := range t.subscriptions {
			sc := *sub
			c.subscriptions = append(c.subscriptions, &sc)
		}
		out.byName[name] = &c
	}
	return out
}

func (c *call) ownTopics() *topics {
	return stateOf(c, stateKey{"sns", c.account.id, c.region}, newTopics)
}

// defaultPolicy lets the topic's owner do everything with it.
func (t *topic) defaultPolicy() string {
	actions := []string{
		"SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission", "SNS:RemovePermission", "SNS:DeleteTopic",
		"SNS:Subscribe", "SNS:ListSubscriptionsByTopic", "SNS:Publish",
	}
	text, err := json.Marshal(map[string]any{"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": []any{map[string]any{
		"Sid": "__default_statement_ID", "Effect": "Allow", "Principal": map[string]string{"AWS": "*"}, "Action": actions, "Resource": t.arn,
		"Condition": map[string]any{"StringEquals": map[string]string{"AWS:SourceOwner": t.account}},
	}}})
	if err != nil {
		panic(fmt.Sprintf("strings have a JSON form: %v", err))
	}
	return string(text)
}

func (t *topic) policyText() string { return orElse(t.attributes["Policy"], t.defaultPolicy()) }

// document is the topic's policy; SetTopicAttributes saw to it that it parses.
func (t *topic) document() *policy.Document {
	doc, err := policy.Parse([]byte(t.policyText()))
	if err != nil {
		return nil
	}
	return doc
}

var topicName = form(`^[A-Za-z0-9_-]{1,256}$`)

func createTopic(c *call) (wire.Object, error) {
	name := c.in.str("Name")
	if strings.HasSuffix(name, ".fifo") {
		return nil, c.fail(wire.Invalid, "Invalid parameter: Topic Name Reason: the sandbox has no FIFO topics; use a standard one")
	}
	if !topicName().MatchString(name) {
		return nil, c.fail(wire.Invalid, "Invalid parameter: Topic Name")
	}
	attributes := map[string]string{}
	for k := range c.in.object("Attributes") {
		attributes[k] = c.in.object("Attributes").str(k)
		if err := c.checkTopicAttribute(k, attributes[k]); err != nil {
			return nil, err
		}
	}
	out := wire.Object{"TopicArn": c.arn(name)}
	all := c.ownTopics().byName
	if t := all[name]; t != nil {
		for k, v := range attributes {
			if t.attributes[k] != v {
				return nil, c.fail(wire.Invalid, "Invalid parameter: Attributes Reason: Topic already exists with different attributes")
			}
		}
		return out, nil
	}
	tags := map[string]string{}
	for _, tag := range c.in.objects("Tags") {
		tags[tag.str("Key")] = tag.str("Value")
	}
	if len(tags) > maxTags {
		return nil, wire.Errorf("TagLimitExceededException", "Could not complete request: tag quota of per resource exceeded")
	}
	all[name] = &topic{account: c.account.id, region: c.region, name: name, arn: c.arn(name), attributes: attributes, tags: tags}
	c.subject("AWS::SNS::Topic", c.arn(name))
	return out, nil
}

// deleteTopic is content when there is none.
func deleteTopic(c *call) (wire.Object, error) {
	t, err := c.topic()
	if err != nil {
		if _, _, _, ok := topicParts(c.inputARN()); ok {
			return nil, nil
		}
		return nil, err
	}
	delete(stateOf(c, stateKey{"sns", t.account, t.region}, newTopics).byName, t.name)
	return nil, nil
}

// snsPage is the page size of SNS's lists.
const snsPage = 100

func listTopics(c *call) (wire.Object, error) {
	page, next, err := paginate(c, slices.Sorted(maps.Keys(c.ownTopics().byName)), c.in.str("NextToken"), snsPage)
	if err != nil {
		return nil, c.fail(wire.Invalid, "Invalid parameter: NextToken")
	}
	out := wire.Object{"Topics": list(page, func(name string) any { return wire.Object{"TopicArn": c.arn(name)} })}
	put(out, "NextToken", next)
	return out, nil
}

func (c *call) checkTopicAttribute(name, value string) error {
	switch name {
	case "DisplayName":
		if len(value) > 100 || strings.ContainsAny(value, "\r\n") {
			return c.fail(wire.Invalid, "Invalid parameter: DisplayName")
		}
	case "Policy":
		if _, err := policy.Parse([]byte(value)); err != nil {
			return c.fail(wire.Invalid, "Invalid parameter: Policy Error: %v", err)
		}
	case "KmsMasterKeyId", "SignatureVersion":
	default:
		return c.fail(wire.Invalid, "Invalid parameter: AttributeName")
	}
	return nil
}

func setTopicAttributes(c *call) (wire.Object, error) {
	t, err := c.topic()
	if err != nil {
		return nil, err
	}
	name, value := c.in.str("AttributeName"), c.in.str("AttributeValue")
	if err := c.checkTopicAttribute(name, value); err != nil {
		return nil, err
	}
	t.attributes[name] = value
	return nil, nil
}

func getTopicAttributes(c *call) (wire.Object, error) {
	t, err := c.topic()
	if err != nil {
		return nil, err
	}
	confirmed := 0
	for _, s := range t.subscriptions {
		if s.confirmed {
			confirmed++
		}
	}
	out := wire.Object{
		"TopicArn": t.arn, "Owner": t.account, "Policy": t.policyText(), "DisplayName": t.attributes["DisplayName"],
		"SubscriptionsConfirmed": strconv.Itoa(confirmed), "SubscriptionsPending": strconv.Itoa(len(t.subscriptions) - confirmed),
		"SubscriptionsDeleted": strconv.Itoa(t.removed),
	}
	for k, v := range t.attributes {
		out[k] = v
	}
	return wire.Object{"Attributes": out}, nil
}

// listTopicTags names the topic in ResourceArn.
func listTopicTags(c *call) (wire.Object, error) {
	t := c.sb.topicAt(c.in.str("ResourceArn"))
	if t == nil {
		return nil, wire.Errorf("ResourceNotFound", "Resource does not exist")
	}
	return wire.Object{"Tags": tagList(t.tags)}, nil
}

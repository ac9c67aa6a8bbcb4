package sandbox

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

var queueName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// reuseAfter is how long a deleted queue's name is taken, and how often a queue
// can be purged.
const reuseAfter = time.Minute

func createQueue(c *call) (wire.Object, error) {
	name := c.in.str("QueueName")
	if strings.HasSuffix(name, ".fifo") {
		return nil, wire.Errorf("UnsupportedOperation", "The sandbox has no FIFO queues: use a standard one")
	}
	if !queueName.MatchString(name) {
		return nil, invalidValue("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	attributes, err := queueAttributes(c.in.object("Attributes"))
	if err != nil {
		return nil, err
	}
	if err := c.checkRedrive(attributes["RedrivePolicy"]); err != nil {
		return nil, err
	}
	all := c.queuesOf(c.account.id)
	address := queueAddress{c.account.id, name}
	out := wire.Object{"QueueUrl": c.queueURL(address)}
	if q := all.byName[name]; q != nil {
		for _, k := range slices.Sorted(maps.Keys(attributes)) {
			if q.attribute(k) != attributes[k] {
				return nil, wire.Errorf("QueueNameExists", "A queue already exists with the same name and a different value for attribute %s", k)
			}
		}
		return out, nil
	}
	if at, ok := all.deleted[name]; ok && c.time.Sub(at) < reuseAfter {
		return nil, wire.Errorf("QueueDeletedRecently", "You must wait 60 seconds after deleting a queue before you can create another with the same name.")
	}
	tags := map[string]string{}
	for k, v := range c.in.object("tags") {
		tags[k], _ = v.(string)
	}
	now := c.time.UTC()
	all.byName[name] = &queue{
		account: c.account.id, region: c.region, name: name, created: now, modified: now, attributes: attributes, tags: tags,
		messages: newMessages(), changed: make(chan struct{}),
	}
	c.subject("AWS::SQS::Queue", name)
	return out, nil
}

func getQueueURL(c *call) (wire.Object, error) {
	if _, err := c.queue(); err != nil {
		return nil, err
	}
	a, _ := c.queueAddress()
	return wire.Object{"QueueUrl": c.queueURL(a)}, nil
}

func listQueues(c *call) (wire.Object, error) {
	var urls []string
	for _, name := range slices.Sorted(maps.Keys(c.queuesOf(c.account.id).byName)) {
		if strings.HasPrefix(name, c.in.str("QueueNamePrefix")) {
			urls = append(urls, c.queueURL(queueAddress{c.account.id, name}))
		}
	}
	size := c.in.number("MaxResults", 1000)
	if size < 1 || size > 1000 {
		return nil, invalidValue("Value %d for parameter MaxResults is invalid. Reason: Must be between 1 and 1000.", size)
	}
	page, next, err := paginate(c, urls, c.in.str("NextToken"), size)
	if err != nil {
		return nil, invalidValue("Invalid NextToken: %v", err)
	}
	out := wire.Object{}
	if len(page) > 0 {
		out["QueueUrls"] = strList(page)
	}
	put(out, "NextToken", next)
	return out, nil
}

func deleteQueue(c *call) (wire.Object, error) {
	q, err := c.queue()
	if err != nil {
		return nil, err
	}
	all := c.queuesOf(q.account)
	delete(all.byName, q.name)
	all.deleted[q.name] = c.time
	q.wake()
	return nil, nil
}

func purgeQueue(c *call) (wire.Object, error) {
	q, err := c.queue()
	if err != nil {
		return nil, err
	}
	if !q.purged.IsZero() && c.time.Sub(q.purged) < reuseAfter {
		return nil, wire.Errorf("PurgeQueueInProgress", "Only one PurgeQueue operation on %s is allowed every 60 seconds.", q.name)
	}
	q.messages, q.purged = newMessages(), c.time
	return nil, nil
}

// numericAttribute is the range and the default of an attribute.
type numericAttribute struct{ min, max, absent int }

var numericAttributes = map[string]numericAttribute{
	"DelaySeconds": {0, 900, 0}, "MaximumMessageSize": {1024, 1 << 20, 1 << 20},
	"MessageRetentionPeriod": {60, 1209600, 345600}, "ReceiveMessageWaitTimeSeconds": {0, 20, 0}, "VisibilityTimeout": {0, 43200, 30},
}

// otherAttributes can be set and are no numbers.
var otherAttributes = []string{"Policy", "RedrivePolicy", "RedriveAllowPolicy", "SqsManagedSseEnabled"}

// queueAttributes checks the attributes that somebody sets.
func queueAttributes(in input) (map[string]string, error) {
	out := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(in)) {
		value := in.str(name)
		rule, numeric := numericAttributes[name]
		n, err := strconv.Atoi(value)
		switch {
		case numeric && (err != nil || n < rule.min || n > rule.max):
			return nil, wire.Errorf("InvalidAttributeValue", "Invalid value for the parameter %s.", name)
		case name == "Policy" && value != "":
			if _, err := policy.Parse([]byte(value)); err != nil {
				return nil, wire.Errorf("InvalidAttributeValue", "Invalid value for the parameter Policy. Reason: %v", err)
			}
		case !numeric && !slices.Contains(otherAttributes, name):
			return nil, wire.Errorf("InvalidAttributeName", "The sandbox doesn't know the attribute %s", name)
		}
		out[name] = value
	}
	return out, nil
}

// attribute is the value of an attribute, set or not.
func (q *queue) attribute(name string) string {
	if v, ok := q.attributes[name]; ok {
		return v
	}
	if rule, ok := numericAttributes[name]; ok {
		return strconv.Itoa(rule.absent)
	}
	if name == "SqsManagedSseEnabled" {
		return "true"
	}
	return ""
}

// seconds is the value of a numeric attribute as a duration.
func (q *queue) seconds(name string) time.Duration {
	n, err := strconv.Atoi(q.attribute(name))
	if err != nil {
		n = numericAttributes[name].absent
	}
	return time.Duration(n) * time.Second
}

func setQueueAttributes(c *call) (wire.Object, error) {
	q, err := c.queue()
	if err != nil {
		return nil, err
	}
	attributes, err := queueAttributes(c.in.object("Attributes"))
	if err != nil {
		return nil, err
	}
	if err := c.checkRedrive(attributes["RedrivePolicy"]); err != nil {
		return nil, err
	}
	maps.Copy(q.attributes, attributes)
	q.modified = c.time.UTC()
	return nil, nil
}

func getQueueAttributes(c *call) (wire.Object, error) {
	q, err := c.queue()
	if err != nil {
		return nil, err
	}
	available, inFlight, delayed := q.counts(c.time)
	all := map[string]string{
		"QueueArn": q.arn(), "ApproximateNumberOfMessages": strconv.Itoa(available),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(inFlight), "ApproximateNumberOfMessagesDelayed": strconv.Itoa(delayed),
		"CreatedTimestamp": strconv.FormatInt(q.created.Unix(), 10), "LastModifiedTimestamp": strconv.FormatInt(q.modified.Unix(), 10),
	}
	for _, name := range otherAttributes {
		all[name] = q.attribute(name)
	}
	for name := range numericAttributes {
		all[name] = q.attribute(name)
	}
	wanted := c.in.strs("AttributeNames")
	out := wire.Object{}
	for name, value := range all {
		if value != "" && (slices.Contains(wanted, name) || slices.Contains(wanted, "All")) {
			out[name] = value
		}
	}
	if len(out) == 0 {
		return nil, nil
	}
	return wire.Object{"Attributes": out}, nil
}

func tagQueue(c *call) (wire.Object, error) {
	q, err := c.queue()
	if err != nil {
		return nil, err
	}
	tags := maps.Clone(q.tags)
	for k, v := range c.in.object("Tags") {
		tags[k], _ = v.(string)
	}
	if len(tags) > maxTags {
		return nil, invalidValue("Too many tags added for queue %s.", q.name)
	}
	q.tags = tags
	return nil, nil
}

func untagQueue(c *call) (wire.Object, error) {
	q, err := c.queue()
	if err != nil {
		return nil, err
	}
	for _, k := range c.in.strs("TagKeys") {
		delete(q.tags, k)
	}
	return nil, nil
}

func listQueueTags(c *call) (wire.Object, error) {
	q, err := c.queue()
	if err != nil || len(q.tags) == 0 {
		return nil, err
	}
	tags := wire.Object{}
	for k, v := range q.tags {
		tags[k] = v
	}
	return wire.Object{"Tags": tags}, nil
}

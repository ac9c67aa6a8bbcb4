package sandbox

import (
	"net/http"
	"slices"
	"strings"

	"riposte.dev/sandbox/wire"
)

// notifications are what a bucket tells of its objects, and to whom
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html).
type notifications struct {
	config    wire.Object // as it was put, with an id each
	listeners []listener
	events    bool // all go to EventBridge too
}

// listener is a queue, a topic or a function.
type listener struct {
	id, arn, prefix, suffix string
	events                  []string // "s3:ObjectCreated:*"
}

// notificationKinds are the members of the configuration that list listeners,
// and the member of each that names it.
var notificationKinds = []struct{ list, arn, service string }{
	{"TopicConfigurations", "TopicArn", "sns"},
	{"QueueConfigurations", "QueueArn", "sqs"},
	{"LambdaFunctionConfigurations", "LambdaFunctionArn", "lambda"},
}

func getBucketNotification(c *call) (wire.Object, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	return b.notify.config, nil
}

// putBucketNotification replaces the configuration, once each listener can be
// told.
func putBucketNotification(c *call) (wire.Object, error) {
	b, err := c.bucket()
	if err != nil {
		return nil, err
	}
	n, err := c.readNotifications()
	if err != nil {
		return nil, err
	}
	if !c.in.flag("SkipDestinationValidation", false) {
		if err := c.tryListeners(b, n.listeners); err != nil {
			return nil, err
		}
	}
	b.notify = n
	return nil, nil
}

func (c *call) readNotifications() (notifications, error) {
	in := c.in.object("NotificationConfiguration")
	n := notifications{config: wire.Object{}, events: in.has("EventBridgeConfiguration")}
	if n.events {
		n.config["EventBridgeConfiguration"] = wire.Object{}
	}
	for _, kind := range notificationKinds {
		var entries wire.List
		for _, e := range in.objects(kind.list) {
			l := listener{id: e.str("Id"), arn: e.str(kind.arn), events: e.strs("Events")}
			if l.id == "" {
				l.id = c.sb.newUUID()
				e["Id"] = l.id
			}
			for _, rule := range e.object("Filter").object("Key").objects("FilterRules") {
				switch lower(rule.str("Name")) {
				case "prefix":
					l.prefix = rule.str("Value")
				case "suffix":
					l.suffix = rule.str("Value")
				}
			}
			if !strings.HasPrefix(l.arn, "arn:aws:"+kind.service+":") {
				return n, s3Error("InvalidArgument", http.StatusBadRequest, "The ARN could not be parsed", map[string]string{"ArgumentName": kind.arn, "ArgumentValue": l.arn})
			}
			n.listeners, entries = append(n.listeners, l), append(entries, wire.Object(e))
		}
		if entries != nil {
			n.config[kind.list] = entries
		}
	}
	return n, unambiguous(n.listeners)
}

// unambiguous refuses two listeners for the same change of the same object.
func unambiguous(all []listener) error {
	for i, a := range all {
		for _, b := range all[i+1:] {
			if a.id == b.id {
				return s3Error("InvalidArgument", http.StatusBadRequest, "Same ID used for multiple configurations. IDs must be unique", nil)
			}
			if a.overlaps(b) {
				return s3Error("InvalidArgument", http.StatusBadRequest, "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type.", nil)
			}
		}
	}
	return nil
}

func (l listener) overlaps(o listener) bool {
	prefixes := strings.HasPrefix(l.prefix, o.prefix) || strings.HasPrefix(o.prefix, l.prefix)
	suffixes := strings.HasSuffix(l.suffix, o.suffix) || strings.HasSuffix(o.suffix, l.suffix)
	return prefixes && suffixes && slices.ContainsFunc(l.events, func(e string) bool {
		return slices.ContainsFunc(o.events, func(f string) bool { return covers(e, f) || covers(f, e) })
	})
}

// covers says whether an event type is another, or the group of it.
func covers(wide, event string) bool {
	group, isGroup := strings.CutSuffix(wide, "*")
	return wide == event || isGroup && strings.HasPrefix(event, group)
}

// wants says whether a listener is told of an event ("s3:ObjectCreated:Put").
func (l listener) wants(event, key string) bool {
	return strings.HasPrefix(key, l.prefix) && strings.HasSuffix(key, l.suffix) && len(key) >= max(len(l.prefix), len(l.suffix)) &&
		slices.ContainsFunc(l.events, func(e string) bool { return covers(e, event) })
}

// tryListeners sends queues and topics the test event, as S3 does before it
// takes a configuration. Functions are not called, but must let it.
func (c *call) tryListeners(b *bucket, all []listener) error {
	for _, l := range all {
		p := strings.SplitN(l.arn, ":", 6)
		if len(p) == 6 && p[3] != b.region {
			return s3Error("InvalidArgument", http.StatusBadRequest, "The notification destination service region is not valid for the bucket location constraint", map[string]string{"ArgumentName": l.arn, "ArgumentValue": "null"})
		}
		var err error
		if strings.HasPrefix(l.arn, "arn:aws:lambda:") {
			err = c.sb.mayInvoke(b.sender(), l.arn)
		} else {
			err = c.sb.tellListener(b, l, c.testEvent(b))
		}
		if err != nil {
			return s3Error("InvalidArgument", http.StatusBadRequest, "Unable to validate the following destination configurations", map[string]string{
				"ArgumentName1": l.arn + ", null", "ArgumentValue1": "Not authorized to invoke or publish, or the destination does not exist: " + asUndelivered(err).message,
			})
		}
	}
	return nil
}

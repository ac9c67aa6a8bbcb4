// Package sns publishes notifications to an Amazon SNS topic, from which they reach whoever subscribed: mail, text
// messages, queues, functions, web hooks.
//
// Start at [New]; [Channel.Send] is one call of Publish. Subscribers for text messages get the short form, all others the
// plain text; the message attributes severity, rule, execution and id are there for filter policies and for telling a
// second copy from a second message.
package sns

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"riposte.dev/fault"
	"riposte.dev/notify"
)

// Config names a topic and how to reach its account.
type Config struct {
	Name     string // of the channel
	TopicARN string // standard or FIFO
	// AWS gives the configuration for calls to an account and region. It is called for each message, so it should keep
	// what is expensive. Its errors carry fault codes.
	AWS func(ctx context.Context, account, region string) (aws.Config, error)
}

// Channel publishes to one topic.
type Channel struct {
	cfg   Config
	topic arn.ARN
	fifo  bool
}

var _ notify.Channel = (*Channel)(nil)

// topicName is a topic's name (https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html); the ARN of a
// subscription, which is often taken for the topic's, has a part more.
var topicName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}(\.fifo)?$`)

// New checks the configuration; it calls nothing. Its error has code fault.Invalid.
func New(cfg Config) (*Channel, error) {
	topic, err := arn.Parse(cfg.TopicARN)
	if err != nil || topic.Service != "sns" || topic.Region == "" || len(topic.AccountID) != 12 || !topicName.MatchString(topic.Resource) {
		return nil, fault.New(fault.Invalid, "channel %q: %q is not the ARN of an SNS topic", cfg.Name, cfg.TopicARN).
			WithHint("`aws sns list-topics` shows ARNs such as arn:aws:sns:us-east-1:111122223333:security")
	}
	if cfg.AWS == nil || cfg.Name == "" {
		return nil, fault.New(fault.Invalid, "channel for %s: a name and an AWS configuration are required", cfg.TopicARN)
	}
	return &Channel{cfg: cfg, topic: topic, fifo: strings.HasSuffix(topic.Resource, ".fifo")}, nil
}

// Name returns the channel's name.
func (c *Channel) Name() string { return c.cfg.Name }

// Send publishes d. It returns when SNS has stored the message, which it then delivers itself.
//
// Errors by code: fault.Throttled, fault.Unavailable and fault.Timeout are retryable; a message that was published
// without our learning of it is published again with the same id, which a FIFO topic drops within five minutes. For good:
// fault.NotFound for a topic that doesn't exist, fault.Denied where policies forbid it, fault.Unauthenticated for
// credentials that AWS doesn't accept, fault.Invalid for a message that it doesn't, and those of Config.AWS.
func (c *Channel) Send(ctx context.Context, d notify.Delivery) error {
	cfg, err := c.cfg.AWS(ctx, c.topic.AccountID, c.topic.Region)
	if err != nil {
		return fmt.Errorf("reach %s: %w", c.cfg.TopicARN, err)
	}
	cfg.Region = c.topic.Region
	in, err := c.input(d)
	if err != nil {
		return err
	}
	if _, err := sns.NewFromConfig(cfg).Publish(ctx, in); err != nil {
		return c.failed(ctx, err)
	}
	return nil
}

// input is the call that publishes d.
func (c *Channel) input(d notify.Delivery) (*sns.PublishInput, error) {
	m := d.Message
	in := &sns.PublishInput{
		TopicArn:          aws.String(c.cfg.TopicARN),
		Subject:           aws.String(subject("[" + m.Severity + "] " + m.Subject)),
		MessageStructure:  aws.String("json"),
		MessageAttributes: map[string]types.MessageAttributeValue{},
	}
	size := 0
	for name, value := range map[string]string{"severity": m.Severity, "rule": m.Rule, "execution": m.Execution, "id": m.ID} {
		value = attribute(value)
		if value == "" { // SNS refuses empty values
			continue
		}
		in.MessageAttributes[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(value)}
		size += len(name) + len("String") + len(value)
	}
	if c.fifo {
		in.MessageDeduplicationId = aws.String(token(d.ID))
		in.MessageGroupId = aws.String(token("rule " + m.Rule)) // what one rule has to say stays in order
	}
	message, err := structure(d.Body, maxMessage-size)
	if err != nil {
		return nil, err
	}
	in.Message = aws.String(message)
	return in, nil
}

// subject makes s what SNS takes: fewer than 100 characters of ASCII that begin with a letter, a digit or punctuation
// (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html).
func subject(s string) string {
	const most = 99
	s = notify.ASCII(s)
	if len(s) > most {
		s = strings.TrimSpace(s[:most-3]) + "..."
	}
	return s
}

// attribute bounds a value and takes out the control characters, which SNS refuses.
func attribute(s string) string {
	const most = 1024
	s = strings.ToValidUTF8(s[:min(len(s), most)], "")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\uFFFE' || r == '\uFFFF' {
			return -1
		}
		return r
	}, s)
}

// token makes an id of what may be too long or have characters that SNS does not take in one (128 letters, digits and
// punctuation marks).
func token(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"riposte.dev/target"
)

// idAttribute carries the delivery's id in a message's attributes, so that a receiver can tell a second copy.
const idAttribute = "riposte-delivery"

// topics publishes to SNS topics. A FIFO topic drops a second copy within five minutes, and keeps a rule's messages in order.
type topics struct{ sender }

var _ target.Sender = (*topics)(nil)

// Send publishes the input.
func (s *topics) Send(ctx context.Context, r target.Request) error {
	cfg, _, err := s.reach(ctx, &r.Target)
	if err != nil {
		return err
	}
	in := &sns.PublishInput{
		TopicArn: aws.String(r.Target.ARN), Message: aws.String(string(r.Input)),
		MessageAttributes: map[string]types.MessageAttributeValue{idAttribute: {DataType: aws.String("String"), StringValue: aws.String(r.ID)}},
	}
	if strings.HasSuffix(r.Target.ARN, ".fifo") {
		in.MessageDeduplicationId, in.MessageGroupId = aws.String(r.ID), aws.String(r.Rule)
	}
	if _, err := sns.NewFromConfig(cfg).Publish(ctx, in); err != nil {
		return s.failed(ctx, &r.Target, "publish", err)
	}
	return nil
}

// phones sends text messages.
type phones struct{ sender }

var _ target.Sender = (*phones)(nil)

// Send sends the input to the phone; SNS splits it into parts of 140 bytes. A quoted text comes without its quotes.
func (s *phones) Send(ctx context.Context, r target.Request) error {
	cfg, _, err := s.reach(ctx, &r.Target)
	if err != nil {
		return err
	}
	if _, err := sns.NewFromConfig(cfg).Publish(ctx, &sns.PublishInput{
		PhoneNumber: aws.String(r.Target.PhoneNumber), Message: aws.String(plain(r.Input)),
	}); err != nil {
		return s.failed(ctx, &r.Target, "send the text message", err)
	}
	return nil
}

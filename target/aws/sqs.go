package aws

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"riposte.dev/fault"
	"riposte.dev/target"
)

// queues sends to SQS queues. A FIFO queue drops a second copy within five minutes.
type queues struct{ sender }

var (
	_ target.Sender      = (*queues)(nil)
	_ target.DeadLetters = (*queues)(nil)
)

// DeadLetters sends to dead-letter queues.
func DeadLetters(access AWS) target.DeadLetters {
	return &queues{sender{access: newAccess(access), kind: "sqs", action: "sqs:SendMessage"}}
}

// Send sends the input as a message's body.
func (s *queues) Send(ctx context.Context, r target.Request) error {
	in := &sqs.SendMessageInput{
		MessageBody:       aws.String(string(r.Input)),
		MessageAttributes: map[string]types.MessageAttributeValue{idAttribute: text(r.ID)},
	}
	if p := r.Target.SQSParameters; p != nil {
		group, err := target.Value(p.MessageGroupID, r.Event)
		if err != nil {
			return err
		}
		in.MessageGroupId = aws.String(group)
	}
	if strings.HasSuffix(r.Target.ARN, ".fifo") {
		in.MessageDeduplicationId = aws.String(r.ID)
	}
	return s.send(ctx, &r.Target, in)
}

// Bury sends a dead letter. Attributes are cut to 1,024 bytes, as they may quote an event.
func (s *queues) Bury(ctx context.Context, queueARN string, l target.Letter) error {
	in := &sqs.SendMessageInput{MessageBody: aws.String(string(l.Event)), MessageAttributes: map[string]types.MessageAttributeValue{}}
	for _, name := range slices.Sorted(maps.Keys(l.Attributes)) {
		if value := clean(l.Attributes[name]); value != "" {
			in.MessageAttributes[name] = text(value)
		}
	}
	return s.send(ctx, &target.Config{ID: "dead-letter queue", ARN: queueARN}, in)
}

func (s *queues) send(ctx context.Context, c *target.Config, in *sqs.SendMessageInput) error {
	cfg, to, err := s.reach(ctx, c)
	if err != nil {
		return err
	}
	client := sqs.NewFromConfig(cfg)
	if in.QueueUrl, err = queueURL(ctx, client, cfg, to); err != nil {
		return s.failed(ctx, c, "find the queue", err)
	}
	if _, err := client.SendMessage(ctx, in); err != nil {
		return s.failed(ctx, c, "send", err)
	}
	return nil
}

// queueURL makes a queue's URL of its ARN (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html),
// so that no second call and no second permission is needed.
func queueURL(ctx context.Context, client *sqs.Client, cfg aws.Config, to arn.ARN) (*string, error) {
	endpoint, err := sqs.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, sqs.EndpointParameters{
		Region: aws.String(to.Region), Endpoint: client.Options().BaseEndpoint,
	})
	if err != nil {
		return nil, fault.New(fault.Invalid, "region %s: %w", cfg.Region, err)
	}
	return aws.String(strings.TrimSuffix(endpoint.URI.String(), "/") + "/" + to.AccountID + "/" + to.Resource), nil
}

func text(value string) types.MessageAttributeValue {
	return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(value)}
}

package sqs

import (
	"context"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// measureEvery is how often the queue is asked for its depth and settings.
const measureEvery = time.Minute

// measureTimeout bounds it, so that a queue that doesn't answer is soon noticed by a receive.
const measureTimeout = 5 * time.Second

func (s *Source) keepMeasuring(ctx context.Context, client *sqs.Client) {
	for sleep(ctx, measureEvery) == nil {
		s.measure(ctx, client)
	}
}

// measure asks for the queue's depth and its visibility timeout. Whoever may not ask for them does without: the default
// timeout is sent with each receive then.
func (s *Source) measure(ctx context.Context, client *sqs.Client) {
	states := map[string]types.QueueAttributeName{
		"visible":   types.QueueAttributeNameApproximateNumberOfMessages,
		"in_flight": types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		"delayed":   types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
	}
	names := []types.QueueAttributeName{types.QueueAttributeNameVisibilityTimeout}
	for _, name := range states {
		names = append(names, name)
	}
	ctx, cancel := context.WithTimeout(ctx, measureTimeout)
	defer cancel()
	out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: aws.String(s.opts.QueueURL), AttributeNames: names})
	if err != nil {
		if err = s.failed(ctx, err, "GetQueueAttributes"); ctx.Err() == nil {
			s.opts.Logger.Debug("queue does not tell its depth", "source", s.opts.Name, "error", err)
		}
		return
	}
	for state, name := range states {
		if n, err := strconv.ParseFloat(out.Attributes[string(name)], 64); err == nil {
			s.opts.Metrics.depth.WithLabelValues(s.opts.Name, state).Set(n)
		}
	}
	if n, err := strconv.Atoi(out.Attributes[string(types.QueueAttributeNameVisibilityTimeout)]); err == nil {
		visibility := time.Duration(n) * time.Second
		if visibility < minVisibility {
			visibility = defaultVisibility
		}
		s.visibility.Store(int64(min(visibility, maxVisibility)))
	}
}

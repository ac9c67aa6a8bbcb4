package sqs

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// connections are as many as receivers and batches use at a time; the SDK would close all but ten when they are idle.
const connections = 64

func moreConnections(t *http.Transport) { t.MaxIdleConnsPerHost = connections }

// receive takes up to n messages, waiting for the first.
func (s *Source) receive(ctx context.Context, client *sqs.Client, n int, wait time.Duration) ([]*held, error) {
	began, visibility := time.Now(), time.Duration(s.visibility.Load())
	out, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: aws.String(s.opts.QueueURL), MaxNumberOfMessages: int32(n), WaitTimeSeconds: int32(wait / time.Second),
		VisibilityTimeout: seconds(visibility),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{
			types.MessageSystemAttributeNameApproximateReceiveCount, types.MessageSystemAttributeNameSentTimestamp,
		},
	})
	if err != nil {
		return nil, s.failed(ctx, err, "ReceiveMessage")
	}
	s.opts.Metrics.receives.WithLabelValues(s.opts.Name).Inc()
	messages, lag := make([]*held, min(len(out.Messages), n)), time.Duration(0)
	for i, m := range out.Messages[:len(messages)] {
		h := &held{receipt: aws.ToString(m.ReceiptHandle), until: began.Add(visibility), Message: Message{
			ID: aws.ToString(m.MessageId), Queue: s.opts.Name, Body: []byte(aws.ToString(m.Body)), Receives: 1,
		}}
		if sent, err := strconv.ParseInt(m.Attributes["SentTimestamp"], 10, 64); err == nil {
			h.Sent = time.UnixMilli(sent)
			lag = max(lag, s.opts.Now().Sub(h.Sent))
		}
		if count, err := strconv.Atoi(m.Attributes["ApproximateReceiveCount"]); err == nil {
			h.Receives = max(count, 1)
		}
		messages[i] = h
	}
	s.opts.Metrics.lag.WithLabelValues(s.opts.Name).Set(lag.Seconds())
	return messages, nil
}

// entryError is SQS's refusal of one entry that will not be taken another time either: the message is not ours any more.
type entryError struct{ code, message string }

func (e *entryError) Error() string { return e.code + ": " + e.message }

// deleteBatch deletes up to ten messages.
func (s *Source) deleteBatch(ctx context.Context, client *sqs.Client, entries []*entry) error {
	in := &sqs.DeleteMessageBatchInput{QueueUrl: aws.String(s.opts.QueueURL)}
	for i, e := range entries {
		in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(e.message.receipt),
		})
	}
	out, err := client.DeleteMessageBatch(ctx, in)
	if err != nil {
		return s.failed(ctx, err, "DeleteMessageBatch")
	}
	s.settle(entries, out.Failed, "DeleteMessageBatch")
	return nil
}

// changeBatch hides up to ten messages for a time.
func (s *Source) changeBatch(ctx context.Context, client *sqs.Client, entries []*entry) error {
	in := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: aws.String(s.opts.QueueURL)}
	for i, e := range entries {
		in.Entries = append(in.Entries, types.ChangeMessageVisibilityBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(e.message.receipt), VisibilityTimeout: seconds(e.hide),
		})
	}
	out, err := client.ChangeMessageVisibilityBatch(ctx, in)
	if err != nil {
		return s.failed(ctx, err, "ChangeMessageVisibilityBatch")
	}
	s.settle(entries, out.Failed, "ChangeMessageVisibilityBatch")
	return nil
}

// settle tells the entries of a batch that failed so.
func (s *Source) settle(entries []*entry, failed []types.BatchResultErrorEntry, operation string) {
	for _, f := range failed {
		i, err := strconv.Atoi(aws.ToString(f.Id))
		if err != nil || i < 0 || i >= len(entries) {
			continue
		}
		own := &entryError{aws.ToString(f.Code), aws.ToString(f.Message)}
		entries[i].err = own
		if !f.SenderFault {
			entries[i].err = fault.New(fault.Unavailable, "%s: %s", own.code, own.message)
		}
		s.opts.Metrics.failed(s.opts.Name, operation, entries[i].err)
	}
}

// failed counts a call that failed and says what to do about it.
func (s *Source) failed(ctx context.Context, err error, operation string) error {
	var gone *types.QueueDoesNotExist
	if errors.As(err, &gone) {
		err = fault.New(fault.NotFound, "the queue %s does not exist in %s", s.at.queue, s.at.region).
			WithHint("create it, or correct its URL; riposte goes on by itself when it is there")
	} else {
		err = awscall.Fault(err, "sqs:"+strings.TrimSuffix(operation, "Batch"), "%s", operation)
	}
	if ctx.Err() == nil {
		s.opts.Metrics.failed(s.opts.Name, operation, err)
	}
	return err
}

// problem is an error as state for people.
func (s *Source) problem(err error) string { return fmt.Sprintf("queue %s: %v", s.opts.Name, err) }

// seconds rounds up to what SQS counts in, up to the twelve hours that it knows.
func seconds(d time.Duration) int32 {
	return int32(min(math.Ceil(max(d, 0).Seconds()), 43200))
}

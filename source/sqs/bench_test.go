package sqs_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"riposte.dev/event"
	"riposte.dev/source/sqs"
)

// envelope is an event as EventBridge puts it into a queue, of about 1.3 KB.
func envelope(id int) string {
	return fmt.Sprintf(`{"version":"0","id":"e-%d","detail-type":"AWS API Call via CloudTrail","source":"aws.ec2","account":"111122223333",`+
		`"time":"2026-03-01T00:00:00Z","region":"us-east-1","resources":[],"detail":{"eventVersion":"1.08","eventID":"e-%d",`+
		`"userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLE:alice","arn":"arn:aws:sts::111122223333:assumed-role/dev/alice","accountId":"111122223333"},`+
		`"eventTime":"2026-03-01T00:00:00Z","eventSource":"ec2.amazonaws.com","eventName":"AuthorizeSecurityGroupIngress","awsRegion":"us-east-1",`+
		`"sourceIPAddress":"198.51.100.7","userAgent":"aws-cli/2.15.0 %s","requestParameters":{"groupId":"sg-0123456789abcdef0"},`+
		`"responseElements":{"_return":true},"requestID":"r-%d","eventType":"AwsApiCall","recipientAccountId":"111122223333"}}`,
		id, id, strings.Repeat("x", 500), id)
}

// committer stores what comes together in one step that takes a while, as a disk does.
type committer struct {
	takes time.Duration
	mu    sync.Mutex
	next  chan struct{}
}

func (c *committer) accept(ctx context.Context, _ []*event.Envelope) error {
	if c.takes == 0 {
		return nil
	}
	c.mu.Lock()
	done := c.next
	if done == nil {
		done = make(chan struct{})
		c.next = done
		time.AfterFunc(c.takes, func() {
			c.mu.Lock()
			c.next = nil
			c.mu.Unlock()
			close(done)
		})
	}
	c.mu.Unlock()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *committer) handle(ctx context.Context, m sqs.Message) error {
	body, err := sqs.Unwrap(m.Body)
	if err != nil {
		return err
	}
	e, err := event.Parse(body)
	if err != nil {
		return err
	}
	return c.accept(ctx, []*event.Envelope{e})
}

// BenchmarkEvents reports events a second from a full queue of the sandbox, which shares the machine, until they are
// handled; deletes go on beside it.
func BenchmarkEvents(b *testing.B) {
	for _, takes := range []time.Duration{0, 5 * time.Millisecond} {
		b.Run(fmt.Sprintf("accept=%v", takes), func(b *testing.B) {
			w, l := newWorld(b, map[string]string{"VisibilityTimeout": "120"}), newLog()
			n := max(b.N, 10)
			for i := 0; i < n; i += 10 {
				var entries []types.SendMessageBatchRequestEntry
				for j := i; j < i+10; j++ {
					entries = append(entries, types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(j)), MessageBody: aws.String(envelope(j))})
				}
				if _, err := w.client.SendMessageBatch(b.Context(), &awssqs.SendMessageBatchInput{QueueUrl: &w.url, Entries: entries}); err != nil {
					b.Fatal(err)
				}
			}
			n = (n + 9) / 10 * 10
			o, c := w.options(l), &committer{takes: takes}
			var handled atomic.Int64
			all := make(chan struct{})
			o.Handle = func(ctx context.Context, m sqs.Message) error {
				err := c.handle(ctx, m)
				if err == nil && handled.Add(1) == int64(n) {
					close(all)
				}
				return err
			}
			b.ResetTimer()
			stop := start(b, o)
			<-all
			stop() // deletes included
			b.StopTimer()
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkIdleDelay reports how long a lone message takes from its sending to its handler.
func BenchmarkIdleDelay(b *testing.B) {
	w, l := newWorld(b, nil), newLog()
	o, c := w.options(l), &committer{}
	came := make(chan time.Time, 1)
	o.Handle = func(ctx context.Context, m sqs.Message) error {
		err := c.handle(ctx, m)
		came <- time.Now()
		return err
	}
	start(b, o)
	var delays []time.Duration
	for i := range b.N {
		sent := time.Now()
		if _, err := w.client.SendMessage(b.Context(), &awssqs.SendMessageInput{QueueUrl: &w.url, MessageBody: aws.String(envelope(i))}); err != nil {
			b.Fatal(err)
		}
		delays = append(delays, (<-came).Sub(sent))
		time.Sleep(20 * time.Millisecond) // idle again
	}
	slices.Sort(delays)
	b.ReportMetric(float64(delays[len(delays)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(delays[len(delays)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(0, "ns/op")
}

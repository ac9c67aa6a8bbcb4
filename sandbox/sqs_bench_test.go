package sandbox_test

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"riposte.dev/sandbox"
)

// BenchmarkConsumers takes messages of 1.5 KB by several pollers over HTTP:
// ReceiveMessage and DeleteMessageBatch, ten at a time. An iteration is one
// message.
func BenchmarkConsumers(b *testing.B) {
	const pollers = 8
	w := newWorld(b, sandbox.Options{})
	config := w.config(w.root, "us-east-1")
	config.HTTPClient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: pollers}}
	client := sqs.NewFromConfig(config)
	url := makeQueue(b, client, "bench", nil)
	body := strings.Repeat("x", 1500)
	for sent := 0; sent < b.N; sent += 10 {
		entries := make([]types.SendMessageBatchRequestEntry, min(10, b.N-sent))
		for i := range entries {
			entries[i] = types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: &body}
		}
		if _, err := client.SendMessageBatch(b.Context(), &sqs.SendMessageBatchInput{QueueUrl: url, Entries: entries}); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	var taken atomic.Int64
	var wg sync.WaitGroup
	for range pollers {
		wg.Go(func() {
			for taken.Load() < int64(b.N) {
				n, err := takeBatch(b, client, url)
				if err != nil {
					b.Error(err)
					return
				}
				taken.Add(int64(n))
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

// takeBatch receives up to ten messages and deletes them.
func takeBatch(b *testing.B, client *sqs.Client, url *string) (int, error) {
	got, err := client.ReceiveMessage(b.Context(), &sqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 10})
	if err != nil || len(got.Messages) == 0 {
		return 0, err
	}
	entries := make([]types.DeleteMessageBatchRequestEntry, len(got.Messages))
	for i, m := range got.Messages {
		entries[i] = types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle}
	}
	_, err = client.DeleteMessageBatch(b.Context(), &sqs.DeleteMessageBatchInput{QueueUrl: url, Entries: entries})
	return len(got.Messages), err
}

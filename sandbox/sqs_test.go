package sandbox_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"riposte.dev/sandbox"
)

func (w *world) sqs(keys sandbox.Keys, region string) *sqs.Client {
	return sqs.NewFromConfig(w.config(keys, region))
}

func makeQueue(t testing.TB, client *sqs.Client, name string, attributes map[string]string) *string {
	t.Helper()
	out, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	return out.QueueUrl
}

func send(t *testing.T, client *sqs.Client, queue *string, body string) {
	t.Helper()
	if _, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: queue, MessageBody: &body}); err != nil {
		t.Fatal(err)
	}
}

// receive returns what is there now, up to ten messages.
func receive(t *testing.T, client *sqs.Client, queue *string) []types.Message {
	t.Helper()
	out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: queue, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Messages
}

func TestQueueLife(t *testing.T) {
	clock := newClock()
	w, ctx := newWorld(t, sandbox.Options{Clock: clock}), t.Context()
	client := w.sqs(w.root, "eu-west-1")
	url := makeQueue(t, client, "jobs", map[string]string{"VisibilityTimeout": "60"})
	if want := w.url + "/" + testAccount + "/jobs"; *url != want {
		t.Errorf("URL is %s, want %s", *url, want)
	}
	if again := makeQueue(t, client, "jobs", map[string]string{"VisibilityTimeout": "60"}); *again != *url {
		t.Errorf("created again, the URL is %s", *again)
	}
	_, err := client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("jobs"), Attributes: map[string]string{"VisibilityTimeout": "61"}})
	wantCode(t, err, "QueueAlreadyExists")
	_, err = client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("a b")})
	wantCode(t, err, "InvalidParameterValue")
	_, err = client.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{"DelaySeconds": "901"}})
	wantCode(t, err, "InvalidAttributeValue")
	_, err = w.sqs(w.root, "us-east-1").GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("jobs")})
	wantCode(t, err, "AWS.SimpleQueueService.NonExistentQueue")

	if _, err := client.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{"DelaySeconds": "5"}}); err != nil {
		t.Fatal(err)
	}
	send(t, client, url, "later")
	got, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"QueueArn": "arn:aws:sqs:eu-west-1:111122223333:jobs", "VisibilityTimeout": "60", "DelaySeconds": "5",
		"ApproximateNumberOfMessagesDelayed": "1", "ApproximateNumberOfMessages": "0", "MessageRetentionPeriod": "345600",
	} {
		if got.Attributes[name] != want {
			t.Errorf("%s is %q, want %q", name, got.Attributes[name], want)
		}
	}
	if _, err := client.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: url}); err != nil {
		t.Fatal(err)
	}
	_, err = client.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: url})
	wantCode(t, err, "AWS.SimpleQueueService.PurgeQueueInProgress")
	clock.advance(10 * time.Second)
	if left := receive(t, client, url); len(left) != 0 {
		t.Errorf("after the purge there is %v", left)
	}
	if _, err := client.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: url}); err != nil {
		t.Fatal(err)
	}
	_, err = client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("jobs")})
	wantCode(t, err, "AWS.SimpleQueueService.QueueDeletedRecently")
	clock.advance(time.Minute)
	makeQueue(t, client, "jobs", nil)
}

func TestMessages(t *testing.T) {
	clock := newClock()
	w, ctx := newWorld(t, sandbox.Options{Clock: clock}), t.Context()
	client := w.sqs(w.root, "us-east-1")
	url := makeQueue(t, client, "jobs", nil)
	// The SDK checks the checksums of body and attributes.
	_, err := client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("körper"), MessageAttributes: map[string]types.MessageAttributeValue{
		"count": {DataType: aws.String("Number"), StringValue: aws.String("3")},
		"raw":   {DataType: aws.String("Binary.x"), BinaryValue: []byte{1, 2}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	first := receive(t, client, url)
	if len(first) != 1 || *first[0].Body != "körper" || string(first[0].MessageAttributes["raw"].BinaryValue) != "\x01\x02" {
		t.Fatalf("received %+v", first)
	}
	if n := first[0].Attributes["ApproximateReceiveCount"]; n != "1" {
		t.Errorf("it was received %s times, want 1", n)
	}
	if again := receive(t, client, url); len(again) != 0 {
		t.Errorf("while hidden, %v was received", again)
	}
	clock.advance(30 * time.Second)
	second := receive(t, client, url)
	if len(second) != 1 || second[0].Attributes["ApproximateReceiveCount"] != "2" {
		t.Fatalf("after the visibility timeout, received %+v", second)
	}
	if second[0].Attributes["SentTimestamp"] != first[0].Attributes["SentTimestamp"] {
		t.Error("the time of sending changed")
	}
	remove := func(handle *string) {
		t.Helper()
		if _, err := client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: handle}); err != nil {
			t.Fatal(err)
		}
	}
	hide := func(handle *string, seconds int32) error {
		_, err := client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: handle, VisibilityTimeout: seconds})
		return err
	}
	remove(first[0].ReceiptHandle) // an old handle has no effect
	if err := hide(second[0].ReceiptHandle, 0); err != nil {
		t.Fatal(err)
	}
	wantCode(t, hide(second[0].ReceiptHandle, 0), "AWS.SimpleQueueService.MessageNotInflight")
	wantCode(t, hide(aws.String("no handle"), 0), "ReceiptHandleIsInvalid")
	third := receive(t, client, url)
	if len(third) != 1 {
		t.Fatalf("made visible, received %+v", third)
	}
	remove(third[0].ReceiptHandle)
	clock.advance(time.Minute)
	if left := receive(t, client, url); len(left) != 0 {
		t.Errorf("deleted, it was received again: %+v", left)
	}

	brief := makeQueue(t, client, "brief", map[string]string{"MessageRetentionPeriod": "60"})
	send(t, client, brief, "forgotten")
	clock.advance(time.Minute)
	if left := receive(t, client, brief); len(left) != 0 {
		t.Errorf("after its retention it was received: %+v", left)
	}
}

func TestMessagesAreRefused(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	client := w.sqs(w.root, "us-east-1")
	url := makeQueue(t, client, "jobs", map[string]string{"MaximumMessageSize": "1024"})
	for _, tc := range []struct {
		name string
		in   sqs.SendMessageInput
		code string
	}{
		{"too long", sqs.SendMessageInput{MessageBody: aws.String(strings.Repeat("x", 1025))}, "InvalidParameterValue"},
		{"a control character", sqs.SendMessageInput{MessageBody: aws.String("\x01")}, "InvalidMessageContents"},
		{"no text", sqs.SendMessageInput{MessageBody: aws.String("")}, "MissingParameter"},
		{"a long delay", sqs.SendMessageInput{MessageBody: aws.String("x"), DelaySeconds: 901}, "InvalidParameterValue"},
		{"no number", sqs.SendMessageInput{MessageBody: aws.String("x"), MessageAttributes: map[string]types.MessageAttributeValue{
			"n": {DataType: aws.String("Number"), StringValue: aws.String("three")},
		}}, "InvalidParameterValue"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.in.QueueUrl = url
			_, err := client.SendMessage(t.Context(), &tc.in)
			wantCode(t, err, tc.code)
		})
	}
}

func TestBatches(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := w.sqs(w.root, "us-east-1")
	url := makeQueue(t, client, "jobs", nil)
	var entries []types.SendMessageBatchRequestEntry
	for i := range 11 {
		entries = append(entries, types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: aws.String("x")})
	}
	entries[3].DelaySeconds = 1000
	batch := func(entries []types.SendMessageBatchRequestEntry) (*sqs.SendMessageBatchOutput, error) {
		return client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: url, Entries: entries})
	}
	_, err := batch(entries)
	wantCode(t, err, "AWS.SimpleQueueService.TooManyEntriesInBatchRequest")
	_, err = batch(append(entries[:1:1], entries[0]))
	wantCode(t, err, "AWS.SimpleQueueService.BatchEntryIdsNotDistinct")
	out, err := batch(entries[:10])
	if err != nil || len(out.Successful) != 9 || len(out.Failed) != 1 || *out.Failed[0].Id != "3" {
		t.Fatalf("batch: %+v, %v; want all but 3", out, err)
	}
	var gone []types.DeleteMessageBatchRequestEntry
	for i, m := range receive(t, client, url) {
		gone = append(gone, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle})
	}
	removed, err := client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: url, Entries: gone})
	if err != nil || len(removed.Successful) != 9 {
		t.Errorf("deleted %+v, %v; want 9", removed, err)
	}
}

package sandbox_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"riposte.dev/sandbox"
)

func TestLongPolling(t *testing.T) {
	clock := newClock()
	w := newWorld(t, sandbox.Options{Clock: clock})
	client := w.sqs(w.root, "us-east-1")
	url := makeQueue(t, client, "jobs", nil)
	poll := func() <-chan []types.Message {
		got := make(chan []types.Message, 1)
		go func() {
			out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 20})
			if err != nil {
				t.Error(err)
				got <- nil
				return
			}
			got <- out.Messages
		}()
		if d := clock.awaited(t); d > 20*time.Second {
			t.Errorf("it waits for %v, want 20s at most", d)
		}
		return got
	}
	got := poll()
	send(t, client, url, "at last")
	if m := <-got; len(m) != 1 || *m[0].Body != "at last" {
		t.Errorf("waiting, it received %+v", m)
	}
	got = poll()
	clock.advance(20 * time.Second)
	if m := <-got; len(m) != 0 {
		t.Errorf("after twenty seconds it received %+v, want nothing", m)
	}
	got = poll() // the message comes back ten seconds later
	clock.advance(10 * time.Second)
	if m := <-got; len(m) != 1 {
		t.Errorf("it missed the message that became visible, got %+v", m)
	}
}

func TestQueuePolicies(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	other, err := w.CreateAccount(otherAccount, "other")
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := other.CreateUser("stranger", sandbox.AdministratorAccess)
	if err != nil {
		t.Fatal(err)
	}
	url := makeQueue(t, w.sqs(w.root, "us-east-1"), "jobs", nil)
	in := &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("hello")}
	_, err = w.sqs(stranger, "us-east-1").SendMessage(ctx, in)
	wantCode(t, err, "AccessDeniedException")
	_, err = w.sqs(w.root, "us-east-1").SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{
		"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"sqs:SendMessage","Resource":"*"}]}`,
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.sqs(stranger, "us-east-1").SendMessage(ctx, in); err != nil {
		t.Errorf("with a policy that allows it: %v", err)
	}
	_, err = w.sqs(stranger, "us-east-1").ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url})
	wantCode(t, err, "AccessDeniedException")
}

// Debian's CLI is old enough to speak SQS's Query protocol.
func TestSQSCLI(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	url := w.cli("us-east-1", "sqs", "create-queue", "--queue-name", "old", "--attributes", "DelaySeconds=0", "--tags", "a=b", "--query", "QueueUrl", "--output", "text")
	w.cli("us-east-1", "sqs", "send-message", "--queue-url", url, "--message-body", "<hi>", "--message-attributes", `{"k":{"DataType":"String","StringValue":"v"}}`)
	var got struct {
		Messages []struct {
			Body, MD5OfMessageAttributes, ReceiptHandle string
			Attributes                                  map[string]string
		}
	}
	text := w.cli("us-east-1", "sqs", "receive-message", "--queue-url", url, "--attribute-names", "SentTimestamp", "--message-attribute-names", "All")
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	m := got.Messages[0]
	if m.Body != "<hi>" || m.MD5OfMessageAttributes == "" || len(m.Attributes) != 1 {
		t.Errorf("received %s", text)
	}
	w.cli("us-east-1", "sqs", "delete-message", "--queue-url", url, "--receipt-handle", m.ReceiptHandle)
	if tags := w.cli("us-east-1", "sqs", "list-queue-tags", "--queue-url", url, "--query", "Tags.a", "--output", "text"); tags != "b" {
		t.Errorf("tag is %q", tags)
	}
	out, err := w.tryCLI("us-east-1", "sqs", "get-queue-url", "--queue-name", "none")
	if err == nil || !strings.Contains(out, "(AWS.SimpleQueueService.NonExistentQueue)") {
		t.Errorf("the CLI says of a queue that isn't there: %s", out)
	}
	if all := w.cli("us-east-1", "sqs", "list-queues", "--query", "QueueUrls[0]", "--output", "text"); all != url {
		t.Errorf("queues are %q, want %q", all, url)
	}
}

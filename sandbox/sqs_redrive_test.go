package sandbox_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"riposte.dev/sandbox"
)

func TestRedrive(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := w.sqs(w.root, "us-east-1")
	dead := makeQueue(t, client, "dead", nil)
	deadARN := "arn:aws:sqs:us-east-1:" + testAccount + ":dead"
	jobs := makeQueue(t, client, "jobs", map[string]string{
		"VisibilityTimeout": "0", "RedrivePolicy": `{"deadLetterTargetArn":"` + deadARN + `","maxReceiveCount":"2"}`,
	})
	send(t, client, jobs, "poison")
	counts := func(url *string) string {
		out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameApproximateNumberOfMessages}})
		if err != nil {
			t.Fatal(err)
		}
		return out.Attributes["ApproximateNumberOfMessages"]
	}
	id := ""
	for i := range 2 {
		got := receive(t, client, jobs)
		if len(got) != 1 {
			t.Fatalf("receive %d got %+v", i+1, got)
		}
		id = *got[0].MessageId
	}
	if got := receive(t, client, jobs); len(got) != 0 {
		t.Errorf("the third receive got %+v", got)
	}
	if a, b := counts(jobs), counts(dead); a != "0" || b != "1" {
		t.Errorf("the queues have %s and %s messages", a, b)
	}
	out, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: dead, MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"}})
	if err != nil || len(out.Messages) != 1 || *out.Messages[0].MessageId != id ||
		out.Messages[0].Attributes["DeadLetterQueueSourceArn"] != "arn:aws:sqs:us-east-1:"+testAccount+":jobs" || out.Messages[0].Attributes["ApproximateReceiveCount"] != "3" {
		t.Errorf("the dead-letter queue has %+v, %v", out, err)
	}
}

func TestRedriveRefuses(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	client := w.sqs(w.root, "us-east-1")
	url := makeQueue(t, client, "jobs", nil)
	own := "arn:aws:sqs:us-east-1:" + testAccount + ":jobs"
	for name, policy := range map[string]string{
		"no JSON":     "x",
		"no target":   `{"maxReceiveCount":2}`,
		"gone target": `{"deadLetterTargetArn":"` + own + `2","maxReceiveCount":2}`,
		"no count":    `{"deadLetterTargetArn":"` + own + `"}`,
		"high count":  `{"deadLetterTargetArn":"` + own + `","maxReceiveCount":1001}`,
	} {
		_, err := client.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{"RedrivePolicy": policy}})
		if err == nil {
			t.Errorf("%s is taken", name)
			continue
		}
		wantCode(t, err, "InvalidParameterValue")
	}
}

package sandbox_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"riposte.dev/sandbox"
)

func TestNotificationsToEventBridge(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	client := w.s3(w.root, "us-east-1")
	makeBucket(t, client, "notifying")
	if err := w.notify("notifying", &s3types.NotificationConfiguration{EventBridgeConfiguration: &s3types.EventBridgeConfiguration{}}); err != nil {
		t.Fatal(err)
	}
	back, err := client.GetBucketNotificationConfiguration(t.Context(), &s3.GetBucketNotificationConfigurationInput{Bucket: aws.String("notifying")})
	if err != nil || back.EventBridgeConfiguration == nil {
		t.Errorf("the configuration is %+v, %v", back, err)
	}
	putText(t, client, "notifying", "a b", "hello")
	if _, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("notifying"), Key: aws.String("a b")}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range w.delivered(4)[2:] {
		detail, _ := e["detail"].(map[string]any)
		object, _ := detail["object"].(map[string]any)
		got = append(got, fmt.Sprint(e["source"], " ", e["detail-type"], " ", e["resources"], " ", detail["reason"], " ", object["key"], " ", object["size"], " ", detail["requester"], " ", detail["deletion-type"]))
	}
	want := []string{
		"aws.s3 Object Created [arn:aws:s3:::notifying] PutObject a b 5 111122223333 <nil>",
		"aws.s3 Object Deleted [arn:aws:s3:::notifying] DeleteObject a b <nil> 111122223333 Permanently Deleted",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("events are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestNotificationsToFunction(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client, functions := w.s3(w.root, "us-east-1"), w.lambda(w.root)
	makeBucket(t, client, "notifying")
	w.makeFunction("files")
	arn := "arn:aws:lambda:us-east-1:" + testAccount + ":function:files"
	config := &s3types.NotificationConfiguration{LambdaFunctionConfigurations: []s3types.LambdaFunctionConfiguration{
		{LambdaFunctionArn: &arn, Events: []s3types.Event{"s3:ObjectCreated:*"}},
	}}
	wantCode(t, w.notify("notifying", config), "InvalidArgument")
	_, err := functions.AddPermission(ctx, &lambda.AddPermissionInput{
		FunctionName: aws.String("files"), StatementId: aws.String("s3"), Action: aws.String("lambda:InvokeFunction"),
		Principal: aws.String("s3.amazonaws.com"), SourceArn: aws.String("arn:aws:s3:::notifying"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.notify("notifying", config); err != nil {
		t.Fatal(err)
	}
	putText(t, client, "notifying", "key", "text")
	var n s3Notice
	if calls := w.Invocations(arn); len(calls) != 1 || json.Unmarshal(calls[0].Payload, &n) != nil || n.Records[0].S3.Object.Key != "key" {
		t.Errorf("the function was called with %+v", calls)
	}
}

// CloudTrail's files are announced twice: by S3 through a topic, and by the
// trail's own topic.
func TestLogFileNotifications(t *testing.T) {
	w := newFilesWorld(t, sandbox.Options{})
	topics := sns.NewFromConfig(w.config(w.root, "us-east-1"))
	topic := func(name, service string) (arn, queue string) {
		t.Helper()
		arn = "arn:aws:sns:us-east-1:" + testAccount + ":" + name
		if _, err := topics.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: &name, Attributes: map[string]string{"Policy": openTo(service, "sns:Publish", arn)}}); err != nil {
			t.Fatal(err)
		}
		url, queueARN := w.openQueue(name, "sns.amazonaws.com")
		if _, err := topics.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: &arn, Protocol: aws.String("sqs"), Endpoint: &queueARN}); err != nil {
			t.Fatal(err)
		}
		return arn, url
	}
	byS3, s3Queue := topic("by-s3", "s3.amazonaws.com")
	byTrail, trailQueue := topic("by-trail", "cloudtrail.amazonaws.com")
	err := w.notify(trailBucket, &s3types.NotificationConfiguration{TopicConfigurations: []s3types.TopicConfiguration{
		{TopicArn: &byS3, Events: []s3types.Event{"s3:ObjectCreated:Put"}, Filter: keyFilter("AWSLogs/", ".json.gz")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	w.received(s3Queue) // the test event
	arn := w.makeTrail("main", func(in *cloudtrail.CreateTrailInput) { in.SnsTopicName = &byTrail })
	if err := w.DeliverLogFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	key := w.objects("AWSLogs/")[0]
	message := func(queue, subject string) string {
		t.Helper()
		got := w.received(queue)
		var n struct{ Type, Subject, Message string }
		if len(got) != 1 || json.Unmarshal([]byte(got[0]), &n) != nil || n.Type != "Notification" || n.Subject != subject {
			t.Fatalf("the queue has %v", got)
		}
		return n.Message
	}
	if got, want := message(trailQueue, ""), `{"s3Bucket":"`+trailBucket+`","s3ObjectKey":["`+key+`"]}`; got != want {
		t.Errorf("the trail says %s, want %s", got, want)
	}
	var n s3Notice
	if err := json.Unmarshal([]byte(message(s3Queue, "Amazon S3 Notification")), &n); err != nil || n.Records[0].S3.Object.Key != key {
		t.Errorf("S3 says %+v, %v", n, err)
	}
	status := func() *cloudtrail.GetTrailStatusOutput {
		t.Helper()
		out, err := w.trailClient(w.root, "us-east-1").GetTrailStatus(t.Context(), &cloudtrail.GetTrailStatusInput{Name: &arn})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if s := status(); s.LatestNotificationTime == nil || s.LatestNotificationError != nil {
		t.Errorf("the status is %+v", s)
	}
	if _, err := topics.DeleteTopic(t.Context(), &sns.DeleteTopicInput{TopicArn: &byTrail}); err != nil {
		t.Fatal(err)
	}
	if err := w.DeliverLogFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := status(); aws.ToString(s.LatestNotificationError) != "NotFound" {
		t.Errorf("without the topic the error is %q", aws.ToString(s.LatestNotificationError))
	}
}

package sandbox_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"riposte.dev/sandbox"
)

// openTo lets a service do one thing with one resource.
func openTo(service, action, resource string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":%q},"Action":%q,"Resource":%q}]}`, service, action, resource)
}

// openQueue makes a queue that a service may send to, and returns its URL and ARN.
func (w *world) openQueue(name, service string) (url, arn string) {
	w.t.Helper()
	arn = "arn:aws:sqs:us-east-1:" + testAccount + ":" + name
	out, err := sqs.NewFromConfig(w.config(w.root, "us-east-1")).CreateQueue(w.t.Context(), &sqs.CreateQueueInput{
		QueueName: &name, Attributes: map[string]string{"Policy": openTo(service, "sqs:SendMessage", arn)},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return *out.QueueUrl, arn
}

// received takes what a queue has.
func (w *world) received(url string) []string {
	w.t.Helper()
	client := sqs.NewFromConfig(w.config(w.root, "us-east-1"))
	out, err := client.ReceiveMessage(w.t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
	if err != nil {
		w.t.Fatal(err)
	}
	var bodies []string
	for _, m := range out.Messages {
		bodies = append(bodies, *m.Body)
		if _, err := client.DeleteMessage(w.t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle}); err != nil {
			w.t.Fatal(err)
		}
	}
	return bodies
}

func (w *world) notify(bucket string, config *s3types.NotificationConfiguration) error {
	_, err := w.s3(w.root, "us-east-1").PutBucketNotificationConfiguration(w.t.Context(), &s3.PutBucketNotificationConfigurationInput{
		Bucket: &bucket, NotificationConfiguration: config,
	})
	return err
}

func keyFilter(prefix, suffix string) *s3types.NotificationConfigurationFilter {
	return &s3types.NotificationConfigurationFilter{Key: &s3types.S3KeyFilter{FilterRules: []s3types.FilterRule{
		{Name: "prefix", Value: &prefix}, {Name: "suffix", Value: &suffix},
	}}}
}

func toQueue(arn string, filter *s3types.NotificationConfigurationFilter, events ...s3types.Event) s3types.QueueConfiguration {
	return s3types.QueueConfiguration{Id: aws.String("files"), QueueArn: &arn, Events: events, Filter: filter}
}

// s3Notice is a notification as receivers read it.
type s3Notice struct {
	Records []struct {
		EventVersion, EventSource, AWSRegion, EventTime, EventName string
		UserIdentity                                               struct{ PrincipalID string }
		RequestParameters                                          struct{ SourceIPAddress string }
		S3                                                         struct {
			ConfigurationID string
			Bucket          struct {
				Name, ARN     string
				OwnerIdentity struct{ PrincipalID string }
			}
			Object struct {
				Key, ETag, Sequencer string
				Size                 *int
			}
		}
	}
}

func TestNotificationsToQueue(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	client := w.s3(w.root, "us-east-1")
	makeBucket(t, client, "notifying")
	url, arn := w.openQueue("files", "s3.amazonaws.com")
	err := w.notify("notifying", &s3types.NotificationConfiguration{QueueConfigurations: []s3types.QueueConfiguration{
		toQueue(arn, keyFilter("logs/", ".json"), "s3:ObjectCreated:*", "s3:ObjectRemoved:Delete"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	var test struct{ Service, Event, Time, Bucket, RequestID, HostID string }
	if got := w.received(url); len(got) != 1 || json.Unmarshal([]byte(got[0]), &test) != nil || test.Event != "s3:TestEvent" || test.Bucket != "notifying" {
		t.Errorf("the test event is %v", got)
	}
	back, err := client.GetBucketNotificationConfiguration(t.Context(), &s3.GetBucketNotificationConfigurationInput{Bucket: aws.String("notifying")})
	if err != nil || len(back.QueueConfigurations) != 1 || *back.QueueConfigurations[0].Id != "files" || len(back.QueueConfigurations[0].Filter.Key.FilterRules) != 2 || back.EventBridgeConfiguration != nil {
		t.Errorf("the configuration is %+v, %v", back, err)
	}
	putText(t, client, "notifying", "other/a.json", "of another folder")
	putText(t, client, "notifying", "logs/a.txt", "of another kind")
	putText(t, client, "notifying", "logs/a b+ü.json", "hello")
	for range 2 { // the second has nothing to delete
		if _, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("notifying"), Key: aws.String("logs/a b+ü.json")}); err != nil {
			t.Fatal(err)
		}
	}
	got := w.received(url)
	if len(got) != 2 {
		t.Fatalf("%d notifications, want one of the put and one of the delete: %v", len(got), got)
	}
	var put, deleted s3Notice
	for i, n := range []*s3Notice{&put, &deleted} {
		if err := json.Unmarshal([]byte(got[i]), n); err != nil || len(n.Records) != 1 {
			t.Fatalf("%v: %s", err, got[i])
		}
	}
	p, d := put.Records[0], deleted.Records[0]
	if p.EventVersion != "2.1" || p.EventSource != "aws:s3" || p.AWSRegion != "us-east-1" || p.EventName != "ObjectCreated:Put" || p.S3.ConfigurationID != "files" {
		t.Errorf("the notification is %s", got[0])
	}
	if p.S3.Bucket.Name != "notifying" || p.S3.Bucket.ARN != "arn:aws:s3:::notifying" || p.S3.Bucket.OwnerIdentity.PrincipalID != p.UserIdentity.PrincipalID {
		t.Errorf("bucket and owner are %+v of %+v", p.S3.Bucket, p.UserIdentity)
	}
	if o := p.S3.Object; o.Key != "logs/a+b%2B%C3%BC.json" || o.ETag != "5d41402abc4b2a76b9719d911017c592" || *o.Size != 5 {
		t.Errorf("the object is %+v", o)
	}
	if o := d.S3.Object; d.EventName != "ObjectRemoved:Delete" || o.Size != nil || o.ETag != "" || o.Sequencer <= p.S3.Object.Sequencer {
		t.Errorf("the delete is %s", got[1])
	}
}

func TestNotificationsAreValidated(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	makeBucket(t, w.s3(w.root, "us-east-1"), "notifying")
	_, arn := w.openQueue("files", "s3.amazonaws.com")
	_, closed := w.openQueue("closed", "sns.amazonaws.com")
	two := func(a, b s3types.QueueConfiguration) []s3types.QueueConfiguration {
		a.Id, b.Id = aws.String("a"), aws.String("b")
		return []s3types.QueueConfiguration{a, b}
	}
	for _, tc := range []struct {
		name    string
		queues  []s3types.QueueConfiguration
		refusal string
	}{
		{"a queue whose policy refuses", []s3types.QueueConfiguration{toQueue(closed, nil, "s3:ObjectCreated:*")}, "Unable to validate the following destination configurations"},
		{"a queue that isn't there", []s3types.QueueConfiguration{toQueue(arn+"2", nil, "s3:ObjectCreated:*")}, "Unable to validate the following destination configurations"},
		{"a queue of another region", []s3types.QueueConfiguration{toQueue(strings.Replace(arn, "us-east-1", "eu-west-1", 1), nil, "s3:ObjectCreated:*")}, "region is not valid"},
		{"a topic for a queue", []s3types.QueueConfiguration{toQueue("arn:aws:sns:us-east-1:111122223333:t", nil, "s3:ObjectCreated:*")}, "ARN could not be parsed"},
		{"the same events twice", two(toQueue(arn, nil, "s3:ObjectCreated:*"), toQueue(arn, nil, "s3:ObjectCreated:Put")), "ambiguously defined"},
		{"a folder in a folder", two(toQueue(arn, keyFilter("a/", ""), "s3:ObjectCreated:Put"), toQueue(arn, keyFilter("a/b/", ""), "s3:ObjectCreated:Put")), "ambiguously defined"},
		{"different folders", two(toQueue(arn, keyFilter("a/", ""), "s3:ObjectCreated:Put"), toQueue(arn, keyFilter("b/", ""), "s3:ObjectCreated:Put")), ""},
		{"different kinds", two(toQueue(arn, keyFilter("a/", ".gz"), "s3:ObjectCreated:Put"), toQueue(arn, keyFilter("a/", ".txt"), "s3:ObjectCreated:Put")), ""},
		{"different events", two(toQueue(arn, nil, "s3:ObjectCreated:Put"), toQueue(arn, nil, "s3:ObjectRemoved:*")), ""},
		{"nothing", nil, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := w.notify("notifying", &s3types.NotificationConfiguration{QueueConfigurations: tc.queues})
			if tc.refusal == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantCode(t, err, "InvalidArgument")
			if !strings.Contains(err.Error(), tc.refusal) {
				t.Errorf("the refusal is %v, want %s", err, tc.refusal)
			}
		})
	}
	_, err := w.s3(w.root, "us-east-1").PutBucketNotificationConfiguration(t.Context(), &s3.PutBucketNotificationConfigurationInput{
		Bucket: aws.String("notifying"), SkipDestinationValidation: aws.Bool(true),
		NotificationConfiguration: &s3types.NotificationConfiguration{QueueConfigurations: []s3types.QueueConfiguration{toQueue(closed, nil, "s3:ObjectCreated:*")}},
	})
	if err != nil {
		t.Errorf("without validation: %v", err)
	}
}

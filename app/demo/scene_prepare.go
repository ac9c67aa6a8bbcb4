package demo

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

const bucket = "shop-trail-logs"

// prepare creates what the walkthrough creates: bucket, trail, topic with a mail and a queue subscriber.
func prepare(ctx context.Context, w *world) error {
	if err := w.makeBucket(ctx); err != nil {
		return err
	}
	trails := w.trails("admin", region, staffIP)
	if _, err := trails.CreateTrail(ctx, &cloudtrail.CreateTrailInput{Name: aws.String(trail), S3BucketName: aws.String(bucket)}); err != nil {
		return err
	}
	if err := w.makeTopic(ctx); err != nil {
		return err
	}
	if _, err := trails.StartLogging(ctx, &cloudtrail.StartLoggingInput{Name: aws.String(trail)}); err != nil {
		return err
	}
	on, err := w.logging(ctx, trail, region)
	if err != nil {
		return err
	}
	if !on {
		return fmt.Errorf("the trail does not log after StartLogging")
	}
	w.checked("bucket, trail %q (logging), topic with a mail and a queue subscriber", trail)
	return nil
}

func (w *world) makeBucket(ctx context.Context) error {
	buckets := s3.NewFromConfig(w.as(w.keys["admin"], region, staffIP), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := buckets.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucket),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region}}); err != nil {
		return err
	}
	_, err := buckets.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String(bucket), Policy: aws.String(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:GetBucketAcl","Resource":"arn:aws:s3:::` + bucket + `"},
		{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::` + bucket + `/*"}]}`)})
	return err
}

var confirmation = regexp.MustCompile(`https?://\S*Action=ConfirmSubscription\S*`)

// makeTopic creates the topic and sees that a mail subscriber gets nothing until the link is opened.
func (w *world) makeTopic(ctx context.Context) error {
	admin := w.as(w.keys["admin"], region, staffIP)
	topics, queues := sns.NewFromConfig(admin), sqs.NewFromConfig(admin)
	topic, err := topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("security-alerts")})
	if err != nil {
		return err
	}
	if aws.ToString(topic.TopicArn) != w.topic {
		return fmt.Errorf("the topic is %s, not %s", aws.ToString(topic.TopicArn), w.topic)
	}
	queueARN := "arn:aws:sqs:" + region + ":" + account + ":alerts"
	queue, err := queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("alerts"), Attributes: map[string]string{
		"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + queueARN +
			`","Condition":{"ArnEquals":{"aws:SourceArn":"` + w.topic + `"}}}]}`}})
	if err != nil {
		return err
	}
	w.queue = aws.ToString(queue.QueueUrl)
	for protocol, endpoint := range map[string]string{"email": "oncall@example.com", "sqs": queueARN} {
		if _, err := topics.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String(protocol), Endpoint: aws.String(endpoint)}); err != nil {
			return err
		}
	}
	if _, err := topics.Publish(ctx, &sns.PublishInput{TopicArn: topic.TopicArn, Message: aws.String("before the confirmation")}); err != nil {
		return err
	}
	if err := w.received(ctx, "before the confirmation"); err != nil {
		return err
	}
	invitation, err := w.mailTo(ctx, "oncall@example.com", "", "confirm")
	if err != nil {
		return err
	}
	for _, m := range w.mail.Messages() {
		if strings.Contains(m.Text, "before the confirmation") {
			return fmt.Errorf("a subscriber who has not confirmed got a message")
		}
	}
	w.checked("the mail subscriber has got only %q", invitation.Subject)
	link := confirmation.FindString(invitation.Text)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the confirmation link answers %s", resp.Status)
	}
	w.checked("the link in it is opened; from now on the subscriber is told")
	return nil
}

// received waits until the queue holds a message with the text, and takes it.
func (w *world) received(ctx context.Context, text string) error {
	queues := sqs.NewFromConfig(w.as(w.keys["admin"], region, staffIP))
	return wait(ctx, "a message in the queue", func() (bool, error) {
		out, err := queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &w.queue, MaxNumberOfMessages: 10, WaitTimeSeconds: 1})
		if err != nil {
			return false, err
		}
		found := false
		for _, m := range out.Messages {
			found = found || strings.Contains(aws.ToString(m.Body), text)
			if _, err := queues.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &w.queue, ReceiptHandle: m.ReceiptHandle}); err != nil {
				return false, err
			}
		}
		return found, nil
	})
}

// topicTold checks that the topic's subscribers got the message of an execution.
func (w *world) topicTold(ctx context.Context, execution string) error {
	if err := w.received(ctx, execution); err != nil {
		return err
	}
	if _, err := w.mailTo(ctx, "oncall@example.com", "", execution); err != nil {
		return err
	}
	w.checked("the topic told the queue and the mail subscriber")
	return nil
}

package app

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	hosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// The places in AWS where events come from and go to.

// arn names a resource of riposte's own account.
func arn(service, resource string) string {
	return "arn:aws:" + service + ":" + region + ":" + ownID + ":" + resource
}

// allow is a policy that lets services do something with a resource.
func allow(action, resource string, services ...string) string {
	names, err := json.Marshal(services)
	if err != nil {
		panic(err) // of strings
	}
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":%s},"Action":%q,"Resource":%q}]}`, names, action, resource)
}

// queue makes a queue that services may send to and returns its URL.
func (w *world) queue(t *testing.T, name string, services ...string) string {
	t.Helper()
	in := &sqs.CreateQueueInput{QueueName: &name}
	if len(services) > 0 {
		in.Attributes = map[string]string{"Policy": allow("sqs:SendMessage", arn("sqs", name), services...)}
	}
	out, err := sqs.NewFromConfig(w.admin).CreateQueue(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return *out.QueueUrl
}

// topic makes a topic that a queue is subscribed to. Buckets may publish there.
func (w *world) topic(t *testing.T, name, queue string) {
	t.Helper()
	client := sns.NewFromConfig(w.admin)
	topic, err := client.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: &name, Attributes: map[string]string{"Policy": allow("sns:Publish", arn("sns", name), "s3.amazonaws.com")}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("sqs"), Endpoint: aws.String(arn("sqs", queue))}); err != nil {
		t.Fatal(err)
	}
}

// forward makes a rule of EventBridge that sends events to a queue.
func (w *world) forward(t *testing.T, name, pattern, queue string) {
	t.Helper()
	w.rule(t, name, pattern, ebtypes.Target{Id: aws.String("queue"), Arn: aws.String(arn("sqs", queue))})
}

func (w *world) rule(t *testing.T, name, pattern string, target ebtypes.Target) {
	t.Helper()
	client := eventbridge.NewFromConfig(w.admin)
	if _, err := client.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: &name, EventPattern: &pattern}); err != nil {
		t.Fatal(err)
	}
	out, err := client.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: &name, Targets: []ebtypes.Target{target}})
	if err != nil || out.FailedEntryCount > 0 {
		t.Fatalf("%+v, %v", out, err)
	}
}

func (w *world) s3() *s3.Client {
	return s3.NewFromConfig(w.admin, func(o *s3.Options) { o.UsePathStyle = true })
}

// bucket makes a bucket that gives notice of its files.
func (w *world) bucket(t *testing.T, name string, notices *s3types.NotificationConfiguration) {
	t.Helper()
	if _, err := w.s3().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name,
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.s3().PutBucketNotificationConfiguration(t.Context(), &s3.PutBucketNotificationConfigurationInput{Bucket: &name, NotificationConfiguration: notices}); err != nil {
		t.Fatal(err)
	}
}

var created = []s3types.Event{"s3:ObjectCreated:*"}

func toQueue(name string) *s3types.NotificationConfiguration {
	return &s3types.NotificationConfiguration{QueueConfigurations: []s3types.QueueConfiguration{{QueueArn: aws.String(arn("sqs", name)), Events: created}}}
}

func toTopic(name string) *s3types.NotificationConfiguration {
	return &s3types.NotificationConfiguration{TopicConfigurations: []s3types.TopicConfiguration{{TopicArn: aws.String(arn("sns", name)), Events: created}}}
}

func toBus() *s3types.NotificationConfiguration {
	return &s3types.NotificationConfiguration{EventBridgeConfiguration: &s3types.EventBridgeConfiguration{}}
}

// logFile puts a file with one record as CloudTrail does.
func (w *world) logFile(t *testing.T, bucket, record string) {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := fmt.Fprintf(z, `{"Records":[%s]}`, record); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	key := "AWSLogs/" + ownID + "/CloudTrail/" + region + "/2026/03/01/" + ownID + "_CloudTrail_" + region + "_20260301T0000Z_0123456789abcdef.json.gz"
	if _, err := w.s3().PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(b.Bytes())}); err != nil {
		t.Fatal(err)
	}
}

// group makes a log group with a stream.
func (w *world) group(t *testing.T, name string) {
	t.Helper()
	client := cloudwatchlogs.NewFromConfig(w.admin)
	if _, err := client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &name, LogStreamName: &name}); err != nil {
		t.Fatal(err)
	}
}

func (w *world) line(t *testing.T, group, text string) {
	t.Helper()
	if _, err := cloudwatchlogs.NewFromConfig(w.admin).PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{
		LogGroupName: &group, LogStreamName: &group, LogEvents: []logtypes.InputLogEvent{{Timestamp: aws.Int64(time.Now().UnixMilli()), Message: &text}},
	}); err != nil {
		t.Fatal(err)
	}
}

// subscribe sends all lines of a log group to a stream.
func (w *world) subscribe(t *testing.T, group, destination string) {
	t.Helper()
	if _, err := cloudwatchlogs.NewFromConfig(w.admin).PutSubscriptionFilter(t.Context(), &cloudwatchlogs.PutSubscriptionFilterInput{
		LogGroupName: &group, FilterName: aws.String("all"), FilterPattern: aws.String(""), DestinationArn: &destination,
		RoleArn: w.serviceRole(t, "logs-"+group, "logs."+region+".amazonaws.com"),
	}); err != nil {
		t.Fatal(err)
	}
}

// stream makes a Kinesis stream and returns its ARN.
func (w *world) stream(t *testing.T, name string) string {
	t.Helper()
	client := kinesis.NewFromConfig(w.admin)
	if _, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: &name, ShardCount: aws.Int32(2)}); err != nil {
		t.Fatal(err)
	}
	if err := kinesis.NewStreamExistsWaiter(client).Wait(t.Context(), &kinesis.DescribeStreamInput{StreamName: &name}, patience); err != nil {
		t.Fatal(err)
	}
	return arn("kinesis", "stream/"+name)
}

// stopTrail makes a trail and stops it.
func (w *world) stopTrail(t *testing.T, region, name string) {
	t.Helper()
	cfg := w.admin.Copy()
	cfg.Region = region
	makeTrails(t, cfg, "logs-of-"+name, name)
	if _, err := cloudtrail.NewFromConfig(cfg).StopLogging(t.Context(), &cloudtrail.StopLoggingInput{Name: &name}); err != nil {
		t.Fatal(err)
	}
}

// makeTrails makes a bucket and trails that may write to it. They do not log yet.
func makeTrails(t *testing.T, cfg aws.Config, bucket string, names ...string) {
	t.Helper()
	buckets := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle, o.Region = true, "us-east-1" })
	if _, err := buckets.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},
		"Action":["s3:GetBucketAcl","s3:PutObject"],"Resource":["arn:aws:s3:::%[1]s","arn:aws:s3:::%[1]s/*"]}]}`, bucket)
	if _, err := buckets.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: &policy}); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if _, err := cloudtrail.NewFromConfig(cfg).CreateTrail(t.Context(), &cloudtrail.CreateTrailInput{Name: &name, S3BucketName: &bucket}); err != nil {
			t.Fatal(err)
		}
	}
}

// apiDestination sends what happens in CloudTrail to riposte. The connection sends the key as user name and password: AWS
// takes no colon in an API key.
func (w *world) apiDestination(t *testing.T, id, secret string) {
	t.Helper()
	client, name := eventbridge.NewFromConfig(w.admin), aws.String("riposte")
	connection, err := client.CreateConnection(t.Context(), &eventbridge.CreateConnectionInput{Name: name, AuthorizationType: ebtypes.ConnectionAuthorizationTypeBasic,
		AuthParameters: &ebtypes.CreateConnectionAuthRequestParameters{
			BasicAuthParameters: &ebtypes.CreateConnectionBasicAuthRequestParameters{Username: &id, Password: &secret},
		}})
	if err != nil {
		t.Fatal(err)
	}
	destination, err := client.CreateApiDestination(t.Context(), &eventbridge.CreateApiDestinationInput{
		Name: name, ConnectionArn: connection.ConnectionArn, InvocationEndpoint: aws.String(w.front.URL + "/events"), HttpMethod: ebtypes.ApiDestinationHttpMethodPost})
	if err != nil {
		t.Fatal(err)
	}
	w.rule(t, "riposte", `{"source":["aws.cloudtrail"]}`, ebtypes.Target{
		Id: name, Arn: destination.ApiDestinationArn, RoleArn: w.serviceRole(t, "invoke", "events.amazonaws.com"),
	})
}

// hose makes a delivery stream to riposte and returns its ARN.
func (w *world) hose(t *testing.T, key string) string {
	t.Helper()
	out, err := firehose.NewFromConfig(w.admin).CreateDeliveryStream(t.Context(), &firehose.CreateDeliveryStreamInput{
		DeliveryStreamName: aws.String("riposte"),
		HttpEndpointDestinationConfiguration: &hosetypes.HttpEndpointDestinationConfiguration{
			EndpointConfiguration: &hosetypes.HttpEndpointConfiguration{Url: aws.String(w.front.URL + "/firehose"), Name: aws.String("riposte"), AccessKey: &key},
			S3Configuration:       &hosetypes.S3DestinationConfiguration{RoleARN: w.serviceRole(t, "hose", "firehose.amazonaws.com"), BucketARN: aws.String("arn:aws:s3:::backup")},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return *out.DeliveryStreamARN
}

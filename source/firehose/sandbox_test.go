package firehose

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"

	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
	logs "riposte.dev/source/cloudwatchlogs"
)

const cloudTrail = `{"eventID":"e1","eventName":"StopLogging","eventSource":"cloudtrail.amazonaws.com","awsRegion":"eu-west-1",` +
	`"eventTime":"2026-03-01T03:00:00Z","recipientAccountId":"111122223333"}`

// decode is how the application reads messages of CloudWatch Logs.
func decode(data []byte) ([]*event.Envelope, []Bad, error) {
	m, err := logs.Decode(data)
	if err != nil {
		return nil, nil, err
	}
	events, unread := logs.Events(m)
	var bad []Bad
	for _, b := range unread {
		bad = append(bad, Bad(b))
	}
	return events, bad, nil
}

// A trail's log group is subscribed to Firehose, which delivers to the handler; the first request finds the bus full.
func TestFromLogGroupToEvent(t *testing.T) {
	i := &intake{}
	o := i.options()
	o.Decode = decode
	store, refused := o.Accept, false
	o.Accept = func(ctx context.Context, events []*event.Envelope) []error {
		if !refused {
			refused = true
			return []error{fault.New(fault.Unavailable, "the bus is full")}
		}
		return store(ctx, events)
	}
	answers := make(chan int, 100)
	handler := NewHandler(o)
	endpoint := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, r)
		w.WriteHeader(rec.Code)
		w.Write(rec.Body.Bytes())
		answers <- rec.Code
	}))
	defer endpoint.Close()

	box, err := sandbox.New(sandbox.Options{HTTPClient: endpoint.Client()})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box.Handler())
	defer func() {
		server.Close()
		if err := box.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	subscribe(t, box, server.URL, endpoint.URL)

	var got []int
	for !slices.Contains(got, http.StatusOK) || len(i.stored()) == 0 {
		if err := box.FlushFirehose(); err != nil {
			t.Fatal(err)
		}
		select {
		case status := <-answers:
			got = append(got, status)
		case <-time.After(20 * time.Second):
			t.Fatalf("answers %v, events %v", got, i.stored())
		}
	}
	if !slices.Contains(got, http.StatusServiceUnavailable) || fmt.Sprint(i.stored()) != "[e1]" {
		t.Errorf("answers %v, events %v", got, i.stored())
	}
	if len(i.buried) != 1 {
		t.Errorf("buried %v", i.buried)
	}
}

func (i *intake) stored() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.events)
}

// subscribe has a log group deliver to the endpoint by Firehose, and writes a record and a line that is none.
func subscribe(t *testing.T, box *sandbox.Sandbox, url, endpoint string) {
	t.Helper()
	account, err := box.CreateAccount("111122223333", "test")
	if err != nil {
		t.Fatal(err)
	}
	role := func(name, service string) *string {
		trust := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}}`
		arn, err := account.CreateRole(name, trust, sandbox.AdministratorAccess)
		if err != nil {
			t.Fatal(err)
		}
		return &arn
	}
	keys := account.CreateRootKey()
	cfg := aws.Config{Region: "eu-west-1", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider(keys.AccessKeyID, keys.SecretAccessKey, "")}
	stream, err := firehose.NewFromConfig(cfg).CreateDeliveryStream(t.Context(), &firehose.CreateDeliveryStreamInput{
		DeliveryStreamName: aws.String("h"),
		HttpEndpointDestinationConfiguration: &types.HttpEndpointDestinationConfiguration{
			EndpointConfiguration: &types.HttpEndpointConfiguration{Url: &endpoint, Name: aws.String("riposte"), AccessKey: aws.String("aws")},
			RequestConfiguration:  &types.HttpEndpointRequestConfiguration{ContentEncoding: types.ContentEncodingGzip},
			RetryOptions:          &types.HttpEndpointRetryOptions{DurationInSeconds: aws.Int32(300)},
			S3Configuration:       &types.S3DestinationConfiguration{RoleARN: role("hose", "firehose.amazonaws.com"), BucketARN: aws.String("arn:aws:s3:::backup")},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	client, name := cloudwatchlogs.NewFromConfig(cfg), aws.String("trail")
	if _, err := client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: name}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: name, LogStreamName: name}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutSubscriptionFilter(t.Context(), &cloudwatchlogs.PutSubscriptionFilterInput{
		LogGroupName: name, FilterName: name, FilterPattern: aws.String(""), DestinationArn: stream.DeliveryStreamARN,
		RoleArn: role("logs", "logs.eu-west-1.amazonaws.com"),
	}); err != nil {
		t.Fatal(err)
	}
	now := aws.Int64(time.Now().UnixMilli())
	if _, err := client.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: name, LogStreamName: name, LogEvents: []logtypes.InputLogEvent{
		{Timestamp: now, Message: aws.String(cloudTrail)}, {Timestamp: now, Message: aws.String("hello")},
	}}); err != nil {
		t.Fatal(err)
	}
}

package aws_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"riposte.dev/sandbox"
	"riposte.dev/target"
	targetaws "riposte.dev/target/aws"
)

const account, other, region = "111122223333", "444455556666", "eu-west-1"

const event = `{"version":"0","id":"6f87d04b-9f4e-4c8a-93d5-1b6c5a1f0a11","detail-type":"AWS API Call via CloudTrail","source":"aws.cloudtrail",` +
	`"account":"111122223333","time":"2026-03-01T03:04:05Z","region":"eu-west-1","resources":["arn:one"],"detail":{"eventName":"StopLogging"}}`

// world is a sandbox with two accounts.
type world struct {
	*sandbox.Sandbox
	url         string
	own, second *sandbox.Account
	root        aws.Config       // of the first
	foreign     aws.Config       // root of the second
	endpoint    *httptest.Server // that Firehose delivers to
	delivered   chan string      // what came there, a record each
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{delivered: make(chan string, 100)}
	w.endpoint = httptest.NewTLSServer(http.HandlerFunc(w.take))
	var err error
	if w.Sandbox, err = sandbox.New(sandbox.Options{HTTPClient: w.endpoint.Client()}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w.Handler())
	t.Cleanup(func() {
		server.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := w.Close(ctx); err != nil {
			t.Error(err)
		}
		w.endpoint.Close()
	})
	w.url = server.URL
	if w.own, err = w.CreateAccount(account, "own"); err != nil {
		t.Fatal(err)
	}
	if w.second, err = w.CreateAccount(other, "second"); err != nil {
		t.Fatal(err)
	}
	w.root, w.foreign = w.config(w.own.CreateRootKey()), w.config(w.second.CreateRootKey())
	return w
}

// take answers Firehose (https://docs.aws.amazon.com/firehose/latest/dev/httpdeliveryrequestresponse.html).
func (w *world) take(out http.ResponseWriter, r *http.Request) {
	var in struct {
		RequestID string `json:"requestId"`
		Records   []struct {
			Data []byte `json:"data"`
		} `json:"records"`
	}
	if json.NewDecoder(r.Body).Decode(&in) != nil {
		out.WriteHeader(http.StatusBadRequest)
		return
	}
	for _, record := range in.Records {
		w.delivered <- string(record.Data)
	}
	fmt.Fprintf(out, `{"requestId":%q,"timestamp":1}`, in.RequestID)
}

func (w *world) config(k sandbox.Keys) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: aws.String(w.url), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(k.AccessKeyID, k.SecretAccessKey, k.SessionToken),
	}
}

// user gives the configuration of a user with a policy, whatever the account.
func (w *world) user(t *testing.T, name, policy string) targetaws.AWS {
	t.Helper()
	keys, err := w.own.CreateUser(name, policy)
	if err != nil {
		t.Fatal(err)
	}
	return func(context.Context, string, string) (aws.Config, error) { return w.config(keys), nil }
}

// sender returns the sender of a kind.
func sender(t testing.TB, access targetaws.AWS, kind string) target.Sender {
	t.Helper()
	for _, s := range targetaws.Senders(access) {
		if s.Kind() == kind {
			return s
		}
	}
	t.Fatalf("there is no sender of kind %s", kind)
	return nil
}

func request(c target.Config, input string) target.Request {
	if c.ID == "" {
		c.ID = "forward"
	}
	if input == "" {
		input = event
	} else {
		c.Input = input
	}
	return target.Request{Input: []byte(input), Delivery: target.Delivery{
		ID: "0123456789abcdef0123456789abcdef", Rule: "logging-stopped", Target: c, Event: json.RawMessage(event),
	}}
}

func makeQueue(t testing.TB, cfg aws.Config, name string, attributes map[string]string) *string {
	t.Helper()
	out, err := sqs.NewFromConfig(cfg).CreateQueue(context.Background(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	return out.QueueUrl
}

// receive takes what is in a queue.
func receive(t *testing.T, cfg aws.Config, url *string) []sqstypes.Message {
	t.Helper()
	out, err := sqs.NewFromConfig(cfg).ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: url, MaxNumberOfMessages: 10, WaitTimeSeconds: 1, MessageAttributeNames: []string{"All"},
		MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{"All"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Messages
}

func makeTopic(t *testing.T, cfg aws.Config, name, queueARN string) {
	t.Helper()
	client := sns.NewFromConfig(cfg)
	out, err := client.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: &name})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Subscribe(t.Context(), &sns.SubscribeInput{
		TopicArn: out.TopicArn, Protocol: aws.String("sqs"), Endpoint: &queueARN, Attributes: map[string]string{"RawMessageDelivery": "true"},
	}); err != nil {
		t.Fatal(err)
	}
}

func arnOf(service, resource string) string {
	return "arn:aws:" + service + ":" + region + ":" + account + ":" + resource
}

package sns_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"riposte.dev/fault"
	"riposte.dev/notify"
	"riposte.dev/notify/smtp/smtptest"
	"riposte.dev/notify/sns"
	"riposte.dev/sandbox"
)

const account, region = "111122223333", "eu-west-1"

// world is a sandbox with a mail server, a topic, and a queue and a mailbox that subscribe to it.
type world struct {
	*sandbox.Sandbox
	url     string
	mails   *smtptest.Catcher
	account *sandbox.Account
	root    aws.Config
	topic   string
	queue   *string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{}
	var err error
	if w.mails, err = smtptest.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if w.Sandbox, err = sandbox.New(sandbox.Options{SMTP: w.mails.Addr()}); err != nil {
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
		if err := w.mails.Close(); err != nil {
			t.Error(err)
		}
	})
	w.url = server.URL
	if w.account, err = w.CreateAccount(account, "test"); err != nil {
		t.Fatal(err)
	}
	w.root = w.config(w.account.CreateRootKey())
	w.subscribe(t)
	return w
}

func (w *world) config(k sandbox.Keys) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: aws.String(w.url), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(k.AccessKeyID, k.SecretAccessKey, k.SessionToken),
	}
}

func (w *world) subscribe(t *testing.T) {
	t.Helper()
	topics, queues := awssns.NewFromConfig(w.root), sqs.NewFromConfig(w.root)
	topic, err := topics.CreateTopic(t.Context(), &awssns.CreateTopicInput{Name: aws.String("security")})
	if err != nil {
		t.Fatal(err)
	}
	w.topic = *topic.TopicArn
	const queueARN = "arn:aws:sqs:" + region + ":" + account + ":alerts"
	queue, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("alerts"), Attributes: map[string]string{
		"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},` +
			`"Action":"sqs:SendMessage","Resource":"` + queueARN + `"}]}`,
	}})
	if err != nil {
		t.Fatal(err)
	}
	w.queue = queue.QueueUrl
	for protocol, endpoint := range map[string]string{"sqs": queueARN, "email": "secops@example.com"} {
		if _, err := topics.Subscribe(t.Context(), &awssns.SubscribeInput{
			TopicArn: topic.TopicArn, Protocol: aws.String(protocol), Endpoint: aws.String(endpoint),
		}); err != nil {
			t.Fatal(err)
		}
	}
	asked := w.mail(t, "AWS Notification - Subscription Confirmation")
	link := regexp.MustCompile(`http://\S+`).FindString(asked.Text)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("the confirmation answers %s", answer.Status)
	}
}

func (w *world) mail(t *testing.T, subject string) smtptest.Mail {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	m, err := w.mails.Wait(ctx, func(m smtptest.Mail) bool { return m.Subject == subject })
	if err != nil {
		t.Fatalf("waiting for %q: %v", subject, err)
	}
	return m
}

// channel publishes to the world's topic as a user with these policies.
func (w *world) channel(t *testing.T, user string, policies ...string) *sns.Channel {
	t.Helper()
	keys, err := w.account.CreateUser(user, policies...)
	if err != nil {
		t.Fatal(err)
	}
	c, err := sns.New(sns.Config{
		Name: "sns-security", TopicARN: w.topic,
		AWS: func(context.Context, string, string) (aws.Config, error) { return w.config(keys), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func message(t *testing.T) notify.Delivery {
	t.Helper()
	m := notify.Message{
		ID: "exec-1/done", Time: time.Date(2026, 3, 1, 3, 4, 5, 0, time.UTC), Severity: "HIGH",
		Subject: "Trail main was stopped – by Jürgen", Summary: "riposte started it again.", Rule: "cloudtrail-logging-stopped",
	}
	body, err := notify.Render(m)
	if err != nil {
		t.Fatal(err)
	}
	return notify.Delivery{ID: "d1", Channel: "sns-security", Message: m, Body: body}
}

// The topic's own policy lets everybody of its account publish, so only a denial keeps somebody from it.
const (
	mayPublish = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sns:Publish","Resource":"*"}]}`
	mayNot     = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sns:Publish","Resource":"*"}]}`
)

func TestSubscribersGetTheMessage(t *testing.T) {
	w := newWorld(t)
	d := message(t)
	if err := w.channel(t, "riposte", mayPublish).Send(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	m := w.mail(t, "[HIGH] Trail main was stopped - by Jurgen")
	if !strings.HasPrefix(m.Text, d.Body.Text) {
		t.Errorf("mailed:\n%s", m.Text)
	}
	out, err := sqs.NewFromConfig(w.root).ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: w.queue, MaxNumberOfMessages: 10, MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{"All"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Messages) != 1 {
		t.Fatalf("%d messages are queued", len(out.Messages))
	}
	var got struct {
		Subject, Message  string
		MessageAttributes map[string]struct{ Type, Value string }
	}
	if err := json.Unmarshal([]byte(*out.Messages[0].Body), &got); err != nil {
		t.Fatal(err)
	}
	if got.Message != d.Body.Text || got.Subject != m.Subject {
		t.Errorf("queued %q: %q", got.Subject, got.Message)
	}
	for name, want := range map[string]string{"severity": "HIGH", "rule": d.Message.Rule, "id": d.Message.ID} {
		if a := got.MessageAttributes[name]; a.Type != "String" || a.Value != want {
			t.Errorf("attribute %s is %+v, want %q", name, a, want)
		}
	}
}

func TestTopicRefuses(t *testing.T) {
	w := newWorld(t)
	if err := w.channel(t, "nobody", mayNot).Send(t.Context(), message(t)); fault.CodeOf(err) != fault.Denied || !strings.Contains(fault.Hint(err), "sns:Publish") {
		t.Errorf("forbidden: %v", err)
	}
	c := w.channel(t, "riposte", mayPublish)
	w.AddFault(sandbox.Fault{
		Match: sandbox.Match{Service: "sns", Operation: "Publish"}, Times: 1,
		Error: &sandbox.FaultError{Code: "InternalError", Status: http.StatusInternalServerError},
	})
	if err := c.Send(t.Context(), message(t)); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("failing service: %v", err)
	}
	if err := c.Send(t.Context(), message(t)); err != nil {
		t.Errorf("once it is well again: %v", err)
	}
	if _, err := awssns.NewFromConfig(w.root).DeleteTopic(t.Context(), &awssns.DeleteTopicInput{TopicArn: &w.topic}); err != nil {
		t.Fatal(err)
	}
	if err := c.Send(t.Context(), message(t)); fault.CodeOf(err) != fault.NotFound || fault.Retryable(err) {
		t.Errorf("without the topic: %v", err)
	}
}

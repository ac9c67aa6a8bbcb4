package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"riposte.dev/notify/smtp/smtptest"
	"riposte.dev/sandbox"
)

func (w *world) sns(keys sandbox.Keys, region string) *sns.Client {
	return sns.NewFromConfig(w.config(keys, region))
}

func makeTopic(t *testing.T, client *sns.Client, name string) *string {
	t.Helper()
	out, err := client.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: &name})
	if err != nil {
		t.Fatal(err)
	}
	return out.TopicArn
}

func subscribe(t *testing.T, client *sns.Client, topic *string, protocol, endpoint string, attributes map[string]string) string {
	t.Helper()
	out, err := client.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic, Protocol: &protocol, Endpoint: &endpoint, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	return *out.SubscriptionArn
}

func publish(t *testing.T, client *sns.Client, in *sns.PublishInput) {
	t.Helper()
	if _, err := client.Publish(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

// open follows a link as a browser does.
func open(t *testing.T, link string) (status int, page string) {
	t.Helper()
	resp, err := http.Get(link) //nolint:gosec,noctx // a link of the sandbox, in a short test
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestTopicLife(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := w.sns(w.root, "eu-west-1")
	arn := makeTopic(t, client, "alarms")
	if want := "arn:aws:sns:eu-west-1:111122223333:alarms"; *arn != want {
		t.Fatalf("ARN is %s, want %s", *arn, want)
	}
	if again := makeTopic(t, client, "alarms"); *again != *arn {
		t.Errorf("created again it is %s", *again)
	}
	_, err := client.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("a b")})
	wantCode(t, err, "InvalidParameter")
	if _, err := client.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: arn, AttributeName: aws.String("DisplayName"), AttributeValue: aws.String("Alarms")}); err != nil {
		t.Fatal(err)
	}
	got, err := client.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: arn})
	if err != nil || got.Attributes["DisplayName"] != "Alarms" || got.Attributes["Owner"] != testAccount || !strings.Contains(got.Attributes["Policy"], "__default_policy_ID") {
		t.Errorf("attributes are %v, %v", got, err)
	}
	_, err = w.sns(w.root, "us-east-1").GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: arn})
	wantCode(t, err, "InvalidParameter")
	_, err = w.sns(w.user("nobody"), "eu-west-1").Publish(ctx, &sns.PublishInput{TopicArn: arn, Message: aws.String("x")})
	if err != nil {
		t.Errorf("the default policy lets everybody of the account publish: %v", err)
	}
	all, err := client.ListTopics(ctx, nil)
	if err != nil || len(all.Topics) != 1 || *all.Topics[0].TopicArn != *arn {
		t.Errorf("topics are %+v, %v", all, err)
	}
	for range 2 { // the second has nothing to do
		if _, err := client.DeleteTopic(ctx, &sns.DeleteTopicInput{TopicArn: arn}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = client.Publish(ctx, &sns.PublishInput{TopicArn: arn, Message: aws.String("x")})
	wantCode(t, err, "NotFound")
}

var link = regexp.MustCompile(`http://\S+`)

func TestMailIsConfirmedFirst(t *testing.T) {
	mails, err := smtptest.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mails.Close() })
	w, ctx := newWorld(t, sandbox.Options{SMTP: mails.Addr()}), t.Context()
	client := w.sns(w.root, "eu-central-1")
	topic := makeTopic(t, client, "alarms")
	mail := func(subject string) smtptest.Mail {
		t.Helper()
		m, err := mails.Wait(ctx, func(m smtptest.Mail) bool { return m.Subject == subject })
		if err != nil {
			t.Fatalf("mail %q: %v", subject, err)
		}
		return m
	}
	if arn := subscribe(t, client, topic, "email", "soc@example.com", nil); arn != "pending confirmation" {
		t.Errorf("the subscription is %s at once", arn)
	}
	publish(t, client, &sns.PublishInput{TopicArn: topic, Message: aws.String("too early"), Subject: aws.String("Early")})
	confirmation := mail("AWS Notification - Subscription Confirmation")
	if len(confirmation.To) != 1 || confirmation.To[0] != "soc@example.com" || confirmation.From != "no-reply@sns.amazonaws.com" {
		t.Errorf("it goes from %s to %v", confirmation.From, confirmation.To)
	}
	confirm := link.FindString(confirmation.Text)
	if u, err := url.Parse(confirm); err != nil || u.Query().Get("Action") != "ConfirmSubscription" || u.Query().Get("TopicArn") != *topic {
		t.Fatalf("the link is %q", confirm)
	}
	if status, _ := open(t, confirm+"0"); status != http.StatusBadRequest {
		t.Errorf("a wrong token has status %d, want 400", status)
	}
	status, page := open(t, confirm)
	if status != http.StatusOK || !strings.Contains(page, "<title>Subscription confirmed!</title>") || !strings.Contains(page, *topic+":") {
		t.Errorf("confirmed with status %d: %s", status, page)
	}
	if status, _ := open(t, confirm); status != http.StatusOK {
		t.Errorf("confirmed twice, the status is %d", status)
	}
	publish(t, client, &sns.PublishInput{TopicArn: topic, Message: aws.String("Port 22 is open\nto the world: ü"), Subject: aws.String("Alarm")})
	publish(t, client, &sns.PublishInput{TopicArn: topic, Message: aws.String("without a subject")})
	alarm := mail("Alarm")
	if !strings.HasPrefix(alarm.Text, "Port 22 is open\nto the world: ü\n\n--\n") || !strings.Contains(alarm.Text, "unsubscribe") {
		t.Errorf("the mail says %q", alarm.Text)
	}
	mail("AWS Notification Message")
	for _, m := range mails.Messages() {
		if m.Subject == "Early" {
			t.Error("a subscriber who hadn't confirmed got a mail")
		}
	}
	if status, page := open(t, link.FindString(alarm.Text)); status != http.StatusOK || !strings.Contains(page, "removed") {
		t.Errorf("unsubscribed with status %d: %s", status, page)
	}
	left, err := client.ListSubscriptionsByTopic(ctx, &sns.ListSubscriptionsByTopicInput{TopicArn: topic})
	if err != nil || len(left.Subscriptions) != 0 {
		t.Errorf("subscriptions left: %+v, %v", left, err)
	}
}

// queueFor is a queue with a policy that lets SNS send for that topic.
func (w *world) queueFor(t *testing.T, name, topic string) (url *string, arn string) {
	t.Helper()
	arn = "arn:aws:sqs:us-east-1:" + testAccount + ":" + name
	return makeQueue(t, w.sqs(w.root, "us-east-1"), name, map[string]string{"Policy": `{"Version":"2012-10-17","Statement":[{
		"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + arn + `",
		"Condition":{"ArnEquals":{"aws:SourceArn":"` + topic + `"}}}]}`}), arn
}

func TestQueuesGetNotifications(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	client, queues := w.sns(w.root, "us-east-1"), w.sqs(w.root, "us-east-1")
	topic := makeTopic(t, client, "alarms")
	full, fullARN := w.queueFor(t, "full", *topic)
	raw, rawARN := w.queueFor(t, "raw", *topic)
	closed, closedARN := w.queueFor(t, "closed", "arn:aws:sns:us-east-1:111122223333:another")
	if arn := subscribe(t, client, topic, "sqs", fullARN, nil); !strings.HasPrefix(arn, *topic+":") {
		t.Errorf("the subscription is %s, want one that is confirmed", arn)
	}
	subscribe(t, client, topic, "sqs", rawARN, map[string]string{"RawMessageDelivery": "true"})
	subscribe(t, client, topic, "sqs", closedARN, nil)
	publish(t, client, &sns.PublishInput{
		TopicArn: topic, Subject: aws.String("Alarm"), MessageStructure: aws.String("json"),
		Message:           aws.String(`{"default":"for all","sqs":"for queues"}`),
		MessageAttributes: map[string]types.MessageAttributeValue{"severity": {DataType: aws.String("String"), StringValue: aws.String("high")}},
	})
	got := receive(t, queues, full)
	if len(got) != 1 {
		t.Fatalf("the queue has %+v", got)
	}
	var n struct {
		Type, MessageId, TopicArn, Subject, Message, UnsubscribeURL string //nolint:revive // AWS's names
		MessageAttributes                                           map[string]struct{ Type, Value string }
	}
	if err := json.Unmarshal([]byte(*got[0].Body), &n); err != nil {
		t.Fatal(err)
	}
	if n.Type != "Notification" || n.TopicArn != *topic || n.Subject != "Alarm" || n.Message != "for queues" || n.MessageAttributes["severity"].Value != "high" || n.UnsubscribeURL == "" {
		t.Errorf("the notification is %s", *got[0].Body)
	}
	bare := receive(t, queues, raw)
	if len(bare) != 1 || *bare[0].Body != "for queues" || *bare[0].MessageAttributes["severity"].StringValue != "high" {
		t.Errorf("raw, it is %+v", bare)
	}
	if other := receive(t, queues, closed); len(other) != 0 {
		t.Errorf("a queue whose policy allows another topic got %+v", other)
	}
}

func TestHTTPSubscribers(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	client := w.sns(w.root, "us-east-1")
	topic := makeTopic(t, client, "alarms")
	type post struct {
		kind string
		body map[string]any
	}
	posts := make(chan post, 10)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		p := post{kind: r.Header.Get("X-Amz-Sns-Message-Type")}
		if err := json.NewDecoder(r.Body).Decode(&p.body); err != nil {
			t.Error(err)
		}
		posts <- p
	}))
	defer srv.Close()
	subscribe(t, client, topic, "http", srv.URL, nil)
	first := <-posts
	if first.kind != "SubscriptionConfirmation" || first.body["TopicArn"] != *topic {
		t.Fatalf("the first is %+v", first)
	}
	if _, err := client.ConfirmSubscription(t.Context(), &sns.ConfirmSubscriptionInput{TopicArn: topic, Token: aws.String(first.body["Token"].(string))}); err != nil {
		t.Fatal(err)
	}
	publish(t, client, &sns.PublishInput{TopicArn: topic, Message: aws.String("hello")})
	if p := <-posts; p.kind != "Notification" || p.body["Message"] != "hello" {
		t.Errorf("the notification is %+v", p)
	}
}

func TestPublishRefuses(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	client := w.sns(w.root, "us-east-1")
	topic := makeTopic(t, client, "alarms")
	for name, in := range map[string]*sns.PublishInput{
		"a long subject":           {Subject: aws.String(strings.Repeat("x", 101))},
		"a subject of two lines":   {Subject: aws.String("a\nb")},
		"a subject beyond ASCII":   {Subject: aws.String("ü")},
		"an empty message":         {Message: aws.String("")},
		"a long message":           {Message: aws.String(strings.Repeat("x", 256<<10+1))},
		"no default in structure":  {MessageStructure: aws.String("json"), Message: aws.String(`{"sqs":"x"}`)},
		"an unknown structure":     {MessageStructure: aws.String("xml")},
		"a topic that is no topic": {TopicArn: aws.String("alarms")},
	} {
		t.Run(name, func(t *testing.T) {
			if in.TopicArn == nil {
				in.TopicArn = topic
			}
			if in.Message == nil {
				in.Message = aws.String("x")
			}
			_, err := client.Publish(t.Context(), in)
			wantCode(t, err, "InvalidParameter")
		})
	}
	for protocol, endpoint := range map[string]string{"email": "no address", "sqs": "arn:aws:sns:x", "https": "http://example.com", "pigeon": "home"} {
		t.Run("subscriber by "+protocol, func(t *testing.T) {
			_, err := client.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String(protocol), Endpoint: aws.String(endpoint)})
			wantCode(t, err, "InvalidParameter")
		})
	}
}

func TestSNSCLI(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	arn := w.cli("us-east-1", "sns", "create-topic", "--name", "cli", "--query", "TopicArn", "--output", "text")
	url, queue := w.queueFor(t, "cli", arn)
	w.cli("us-east-1", "sns", "subscribe", "--topic-arn", arn, "--protocol", "sqs", "--notification-endpoint", queue)
	w.cli("us-east-1", "sns", "publish", "--topic-arn", arn, "--message", "from the CLI")
	out, err := w.sqs(w.root, "us-east-1").ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url})
	if err != nil || len(out.Messages) != 1 || !strings.Contains(*out.Messages[0].Body, "from the CLI") {
		t.Errorf("the queue has %+v, %v", out, err)
	}
	if n := w.cli("us-east-1", "sns", "list-subscriptions", "--query", "length(Subscriptions)", "--output", "text"); n != "1" {
		t.Errorf("%s subscriptions, want 1", n)
	}
}

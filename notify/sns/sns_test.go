package sns

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"riposte.dev/fault"
	"riposte.dev/notify"
)

const (
	topicARN = "arn:aws:sns:eu-west-1:111122223333:security"
	fifoARN  = topicARN + ".fifo"
)

// endpoint speaks the Query protocol of SNS: it keeps what is published, and answers with code instead where it is set.
type endpoint struct {
	*httptest.Server
	published []url.Values
	status    int
	code      string
}

func serve(t *testing.T) *endpoint {
	e := &endpoint{}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "text/xml")
		if e.status != 0 {
			w.WriteHeader(e.status)
			fmt.Fprintf(w, `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>%s</Code>`+
				`<Message>because of the test</Message></Error><RequestId>r</RequestId></ErrorResponse>`, e.code)
			return
		}
		e.published = append(e.published, r.PostForm)
		fmt.Fprint(w, `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>m</MessageId>`+
			`</PublishResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></PublishResponse>`)
	}))
	t.Cleanup(e.Close)
	return e
}

// config gives every account the endpoint at url, and notes what was asked for.
func config(url string, asked *string) func(context.Context, string, string) (aws.Config, error) {
	return func(_ context.Context, account, region string) (aws.Config, error) {
		if asked != nil {
			*asked = account + " " + region
		}
		return aws.Config{
			BaseEndpoint: aws.String(url), Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
			Retryer: func() aws.Retryer { return retry.AddWithMaxAttempts(retry.NewStandard(), 1) },
		}, nil
	}
}

func channel(t *testing.T, arn, url string) *Channel {
	t.Helper()
	c, err := New(Config{Name: "sns-security", TopicARN: arn, AWS: config(url, nil)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func delivery() notify.Delivery {
	return notify.Delivery{
		ID: "0123456789abcdef0123456789abcdef", Channel: "sns-security",
		Message: notify.Message{
			ID: "exec-1/done", Time: time.Date(2026, 3, 1, 3, 4, 5, 0, time.UTC), Severity: "HIGH",
			Subject: "Trail main was stopped – by Jürgen", Rule: "cloudtrail-logging-stopped", Execution: "exec-1",
		},
		Body: notify.Body{Text: "HIGH: Trail <main> was stopped – by Jürgen\n", Short: "HIGH: Trail main was stopped"},
	}
}

func TestSend(t *testing.T) {
	server := serve(t)
	var asked string
	c, err := New(Config{Name: "sns-security", TopicARN: topicARN, AWS: config(server.URL, &asked)})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Send(t.Context(), delivery()); err != nil {
		t.Fatal(err)
	}
	if asked != "111122223333 eu-west-1" {
		t.Errorf("asked for %s", asked)
	}
	if len(server.published) != 1 {
		t.Fatalf("published %d times", len(server.published))
	}
	form := server.published[0]
	for name, want := range map[string]string{
		"Action": "Publish", "TopicArn": topicARN, "Subject": "[HIGH] Trail main was stopped - by Jurgen", "MessageStructure": "json",
		"MessageGroupId": "", "MessageDeduplicationId": "",
	} {
		if got := form.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	var message map[string]string
	if err := json.Unmarshal([]byte(form.Get("Message")), &message); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"default": "HIGH: Trail <main> was stopped – by Jürgen\n", "sms": "HIGH: Trail main was stopped"}
	if diff := cmp.Diff(want, message); diff != "" {
		t.Error(diff)
	}
	attributes := map[string]string{}
	for i := 1; form.Has(fmt.Sprintf("MessageAttributes.entry.%d.Name", i)); i++ {
		entry := fmt.Sprintf("MessageAttributes.entry.%d.", i)
		attributes[form.Get(entry+"Name")] = form.Get(entry+"Value.DataType") + " " + form.Get(entry+"Value.StringValue")
	}
	if diff := cmp.Diff(map[string]string{
		"severity": "String HIGH", "rule": "String cloudtrail-logging-stopped", "execution": "String exec-1", "id": "String exec-1/done",
	}, attributes); diff != "" {
		t.Error(diff)
	}
}

func TestFIFOTopicsGetIDs(t *testing.T) {
	server := serve(t)
	c := channel(t, fifoARN, server.URL)
	other := delivery()
	other.ID = "another"
	for _, d := range []notify.Delivery{delivery(), delivery(), other} {
		if err := c.Send(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	id := func(i int) string { return server.published[i].Get("MessageDeduplicationId") }
	group := func(i int) string { return server.published[i].Get("MessageGroupId") }
	if id(0) == "" || id(0) != id(1) || id(0) == id(2) || len(id(0)) > 128 {
		t.Errorf("deduplication ids %q, %q, %q", id(0), id(1), id(2))
	}
	if group(0) == "" || group(0) != group(2) || len(group(0)) > 128 {
		t.Errorf("groups %q, %q", group(0), group(2))
	}
}

// What SNS would refuse is not sent to it, whatever the message has in it.
func TestInputKeepsTheRules(t *testing.T) {
	c := channel(t, topicARN, "http://127.0.0.1:1")
	d := delivery()
	d.Message.Subject = strings.Repeat("日本 \x1b\n", 100)
	d.Message.Rule, d.Message.Execution, d.Message.ID = "", "\x00\x01", strings.Repeat("ü", 2000)
	d.Body.Text = strings.Repeat("\"ü\\\n日", 100_000)
	in, err := c.input(d)
	if err != nil {
		t.Fatal(err)
	}
	if s := *in.Subject; len(s) >= 100 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Errorf("subject %q", s)
	}
	if got := slices.Sorted(maps.Keys(in.MessageAttributes)); !slices.Equal(got, []string{"id", "severity"}) {
		t.Errorf("attributes %v", got)
	}
	size := len(*in.Message)
	for name, value := range in.MessageAttributes {
		size += len(name) + len(*value.DataType) + len(*value.StringValue)
		if !utf8.ValidString(*value.StringValue) {
			t.Errorf("attribute %s is not UTF-8", name)
		}
	}
	if size > maxMessage || size < maxMessage-20 {
		t.Errorf("the message has %d bytes, of %d that it may have", size, maxMessage)
	}
	var message map[string]string
	if err := json.Unmarshal([]byte(*in.Message), &message); err != nil {
		t.Fatal(err)
	}
	if text := message["default"]; !strings.Contains(text, "The rest was cut") || strings.ContainsRune(text, utf8.RuneError) {
		t.Errorf("the text ends with %q", text[len(text)-200:])
	}
}

func TestErrors(t *testing.T) {
	tests := []struct {
		status    int
		code      string
		want      fault.Code
		retryable bool
	}{
		{404, "NotFound", fault.NotFound, false},
		{403, "AuthorizationError", fault.Denied, false},
		{403, "AccessDenied", fault.Denied, false},
		{400, "KMSAccessDenied", fault.Denied, false},
		{400, "KMSDisabled", fault.Denied, false},
		{400, "KMSThrottling", fault.Throttled, true},
		{400, "Throttling", fault.Throttled, true},
		{400, "ThrottlingException", fault.Throttled, true},
		{403, "InvalidClientTokenId", fault.Unauthenticated, false},
		{403, "SignatureDoesNotMatch", fault.Unauthenticated, false},
		{403, "ExpiredToken", fault.Unavailable, true},
		{400, "InvalidParameter", fault.Invalid, false},
		{400, "ValidationException", fault.Invalid, false},
		{500, "InternalError", fault.Unavailable, true},
		{503, "ServiceUnavailable", fault.Unavailable, true},
		{502, "<html>", fault.Unavailable, true},
	}
	server := serve(t)
	c := channel(t, topicARN, server.URL)
	for _, tt := range tests {
		t.Run(tt.code, func(t *testing.T) {
			server.status, server.code = tt.status, tt.code
			err := c.Send(t.Context(), delivery())
			if fault.CodeOf(err) != tt.want || fault.Retryable(err) != tt.retryable {
				t.Errorf("got %v with code %s, want %s", err, fault.CodeOf(err), tt.want)
			}
			if !strings.Contains(err.Error(), topicARN) {
				t.Errorf("%v does not name the topic", err)
			}
		})
	}
}

func TestOutOfReach(t *testing.T) {
	server := serve(t)
	c := channel(t, topicARN, server.URL)
	server.Close()
	if err := c.Send(t.Context(), delivery()); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("server down: %v", err)
	}
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	if err := c.Send(ctx, delivery()); fault.CodeOf(err) != fault.Timeout {
		t.Errorf("out of time: %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	if err := c.Send(ctx, delivery()); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("cancelled: %v", err)
	}
	denied := fault.New(fault.Denied, "account 111122223333 is not configured")
	c.cfg.AWS = func(context.Context, string, string) (aws.Config, error) { return aws.Config{}, denied }
	if err := c.Send(t.Context(), delivery()); !errors.Is(err, denied) || fault.CodeOf(err) != fault.Denied {
		t.Errorf("account out of reach: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	ok := config("", nil)
	for name, cfg := range map[string]Config{
		"no ARN":        {Name: "x", TopicARN: "security", AWS: ok},
		"a queue":       {Name: "x", TopicARN: "arn:aws:sqs:eu-west-1:111122223333:security", AWS: ok},
		"subscription":  {Name: "x", TopicARN: topicARN + ":0a1b2c3d-0000-0000-0000-000000000000", AWS: ok},
		"no account":    {Name: "x", TopicARN: "arn:aws:sns:eu-west-1::security", AWS: ok},
		"no region":     {Name: "x", TopicARN: "arn:aws:sns::111122223333:security", AWS: ok},
		"no name":       {TopicARN: topicARN, AWS: ok},
		"no AWS config": {Name: "x", TopicARN: topicARN},
	} {
		if _, err := New(cfg); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for _, arn := range []string{topicARN, fifoARN, "arn:aws-cn:sns:cn-north-1:111122223333:a_b-C1", "arn:aws-us-gov:sns:us-gov-west-1:111122223333:x"} {
		if _, err := New(Config{Name: "x", TopicARN: arn, AWS: ok}); err != nil {
			t.Error(err)
		}
	}
}

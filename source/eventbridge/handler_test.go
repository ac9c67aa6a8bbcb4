package eventbridge

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"riposte.dev/event"
	"riposte.dev/fault"
)

type intake struct {
	caller Caller
	accept Accept
	events []*event.Envelope
}

func (i *intake) server(t *testing.T) *httptest.Server {
	t.Helper()
	ids := 0
	h := NewHandler(Options{
		Accept: func(ctx context.Context, events []*event.Envelope) []error {
			if i.accept != nil {
				return i.accept(ctx, events)
			}
			i.events = append(i.events, events...)
			return make([]error, len(events))
		},
		Caller: func(*http.Request) Caller { return i.caller },
		NewID:  func() string { ids++; return fmt.Sprint("id-", ids) },
		Now:    func() time.Time { return time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC) },
	})
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{$}", h.ServeAPI)
	mux.HandleFunc("POST /events", h.ServeEvent)
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func client(s *httptest.Server) *eventbridge.Client {
	return eventbridge.New(eventbridge.Options{
		BaseEndpoint: aws.String(s.URL), Region: "eu-west-1", RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("K", "S", ""),
	})
}

func entry(source, detail string) types.PutEventsRequestEntry {
	return types.PutEventsRequestEntry{Source: aws.String(source), DetailType: aws.String("Test"), Detail: aws.String(detail)}
}

func TestPutEventsBySDK(t *testing.T) {
	i := &intake{caller: Caller{Account: "111122223333", Region: "eu-west-1"}}
	at := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	first := entry("app.orders", `{"n":1}`)
	first.Time, first.Resources = &at, []string{"arn:aws:s3:::b"}
	out, err := client(i.server(t)).PutEvents(context.Background(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		first, entry("app.orders", `{"n":`), entry("aws.ec2", `{}`), entry("", `{}`),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if out.FailedEntryCount != 3 || aws.ToString(out.Entries[0].EventId) != "id-1" {
		t.Errorf("answer = %+v", out)
	}
	for n, code := range []string{"", "MalformedDetail", "NotAuthorizedForSourceException", "InvalidArgument"} {
		if got := aws.ToString(out.Entries[n].ErrorCode); got != code {
			t.Errorf("entry %d: error code %q, want %q", n, got, code)
		}
	}
	if len(i.events) != 1 {
		t.Fatalf("%d events were accepted", len(i.events))
	}
	e := i.events[0]
	if e.Account != "111122223333" || e.Region != "eu-west-1" || !e.Time.Equal(at) || e.DetailType != "Test" || string(e.Detail) != `{"n":1}` || e.Resources[0] != "arn:aws:s3:::b" {
		t.Errorf("event = %s", e.JSON())
	}
}

func TestPutEventsLimits(t *testing.T) {
	i := &intake{}
	entries := make([]types.PutEventsRequestEntry, 11)
	for n := range entries {
		entries[n] = entry("app", `{}`)
	}
	if _, err := client(i.server(t)).PutEvents(context.Background(), &eventbridge.PutEventsInput{Entries: entries}); err == nil || !strings.Contains(err.Error(), "ValidationException") {
		t.Errorf("eleven entries: %v", err)
	}
}

func TestAKeyThatSpeaksForAWSRelaysRecordsAsTheyAre(t *testing.T) {
	i := &intake{caller: Caller{Account: "999999999999", Region: "us-east-1", SpeaksForAWS: true}}
	record := `{"eventName":"StopLogging","eventSource":"cloudtrail.amazonaws.com","eventID":"e","awsRegion":"eu-north-1","recipientAccountId":"111122223333"}`
	e := entry("aws.cloudtrail", record)
	e.DetailType = aws.String(event.APICall)
	if _, err := client(i.server(t)).PutEvents(context.Background(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{e}}); err != nil {
		t.Fatal(err)
	}
	if got := i.events[0]; got.Account != "111122223333" || got.Region != "eu-north-1" {
		t.Errorf("account %s, region %s", got.Account, got.Region)
	}
}

func TestStorageFailuresAreWorthARetry(t *testing.T) {
	i := &intake{accept: func(_ context.Context, events []*event.Envelope) []error {
		return []error{fault.New(fault.Unavailable, "the disk reserve is reached")}
	}}
	s := i.server(t)
	out, err := client(s).PutEvents(context.Background(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{entry("app", `{}`)}})
	if err != nil {
		t.Fatal(err)
	}
	if out.FailedEntryCount != 1 || aws.ToString(out.Entries[0].ErrorCode) != "ServiceUnavailable" {
		t.Errorf("answer = %+v", out)
	}
	resp, err := http.Post(s.URL+"/events", "application/json", strings.NewReader(bare("app")))
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("bare event: status %d", resp.StatusCode)
	}
}

func bare(source string) string {
	return `{"version":"0","id":"1","detail-type":"T","source":"` + source + `","account":"1","time":"2026-01-01T00:00:00Z","region":"r","resources":[],"detail":{}}`
}

func TestBareEvents(t *testing.T) {
	tests := []struct {
		name, body string
		aws        bool
		status     int
	}{
		{"own source", bare("app"), false, http.StatusOK},
		{"from AWS", bare("aws.ec2"), true, http.StatusOK},
		{"pretends to be AWS", bare("aws.ec2"), false, http.StatusForbidden},
		{"broken", bare("app")[:20], false, http.StatusBadRequest},
		{"duplicate key", strings.Replace(bare("app"), `"id":"1"`, `"id":"1","id":"2"`, 1), false, http.StatusBadRequest},
		{"event over 1 MiB", strings.Replace(bare("app"), `{}`, `{"a":"`+strings.Repeat("x", event.MaxBytes)+`"}`, 1), false, http.StatusRequestEntityTooLarge},
		{"body over the bound", strings.Repeat(" ", maxBody+1), false, http.StatusRequestEntityTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			i := &intake{caller: Caller{SpeaksForAWS: tt.aws}}
			resp, err := http.Post(i.server(t).URL+"/events", "application/json", strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != tt.status {
				t.Errorf("status %d, want %d", resp.StatusCode, tt.status)
			}
			if accepted := len(i.events) == 1; accepted != (tt.status == http.StatusOK) {
				t.Errorf("accepted: %v", accepted)
			}
		})
	}
}

func TestTestEventPatternBySDK(t *testing.T) {
	c := client((&intake{}).server(t))
	tests := []struct {
		pattern, event string
		matches        bool
		err            string
	}{
		{`{"source":["app"]}`, bare("app"), true, ""},
		{`{"source":["other"]}`, bare("app"), false, ""},
		{`{"source":"app"}`, bare("app"), false, "InvalidEventPatternException"},
		{`{"source":["app"]}`, `{"source":"app"}`, false, "ValidationException"},
	}
	for _, tt := range tests {
		out, err := c.TestEventPattern(context.Background(), &eventbridge.TestEventPatternInput{EventPattern: &tt.pattern, Event: &tt.event})
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: error %v, want %s", tt.pattern, err, tt.err)
			}
			continue
		}
		if err != nil || out.Result != tt.matches {
			t.Errorf("%s: %+v, %v", tt.pattern, out, err)
		}
	}
}

func TestUnknownOperation(t *testing.T) {
	if _, err := client((&intake{}).server(t)).ListRules(context.Background(), &eventbridge.ListRulesInput{}); err == nil || !strings.Contains(err.Error(), "PutEvents") {
		t.Errorf("error = %v", err)
	}
}

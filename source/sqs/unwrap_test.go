package sqs_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"riposte.dev/fault"
	"riposte.dev/source/sqs"
)

const topic = `"TopicArn":"arn:aws:sns:eu-west-1:111122223333:trail"`

func TestUnwrap(t *testing.T) {
	const event = `{"id":"1","source":"aws.ec2"}`
	inside, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ body, want, refused string }{
		"bare":                   {body: event, want: event},
		"not JSON":               {body: "hello", want: "hello"},
		"notification":           {body: `{"Type":"Notification","MessageId":"x",` + topic + `,"Message":` + string(inside) + `,"Timestamp":"2026-03-01T00:00:00Z"}`, want: event},
		"speaks of a topic":      {body: `{"detail":{"TopicArn":"x"}}`, want: `{"detail":{"TopicArn":"x"}}`},
		"an ARN that is none":    {body: `{"Type":"Notification","TopicArn":"$(rm)","Message":"x"}`, want: `{"Type":"Notification","TopicArn":"$(rm)","Message":"x"}`},
		"another type":           {body: `{"Type":"Other",` + topic + `,"Message":"x"}`, want: `{"Type":"Other",` + topic + `,"Message":"x"}`},
		"asks to confirm":        {body: `{"Type":"SubscriptionConfirmation",` + topic + `,"Message":"You have chosen…","Token":"t"}`, refused: "aws sns confirm-subscription"},
		"the subscription ended": {body: `{"Type":"UnsubscribeConfirmation",` + topic + `,"Message":"You have chosen…"}`, refused: "subscribe the queue again"},
		"over a mebibyte":        {body: strings.Repeat(" ", 1<<20+1), refused: "at most"},
	} {
		got, err := sqs.Unwrap([]byte(tt.body))
		if tt.refused != "" {
			if err == nil || fault.Retryable(err) || !strings.Contains(err.Error(), tt.refused) {
				t.Errorf("%s: error %v, want one with %q", name, err, tt.refused)
			}
		} else if err != nil || string(got) != tt.want {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

func FuzzUnwrap(f *testing.F) {
	f.Add([]byte(`{"Type":"Notification",` + topic + `,"Message":"{}"}`))
	f.Add([]byte(`{"Type":"SubscriptionConfirmation",` + topic + `,"Message":""}`))
	f.Add([]byte(`{"TopicArn":1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		inner, err := sqs.Unwrap(body)
		if (err == nil) == (inner == nil) && len(body) > 0 {
			t.Errorf("both or neither of a body and an error: %q, %v", inner, err)
		}
		if len(inner) > len(body) && bytes.IndexByte(body, '\\') < 0 && json.Valid(body) {
			t.Errorf("%d bytes became %d", len(body), len(inner))
		}
	})
}

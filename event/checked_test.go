package event

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"riposte.dev/fault"
)

// changed returns texts of records, some of which are odd, and of envelopes made of them.
func changed() (texts []string) {
	for _, change := range [][2]string{
		{``, ``},
		{`"2026-03-01T03:00:00Z"`, `"2026-03-01T05:00:00.5+02:00"`},
		{`"eventTime":"2026-03-01T03:00:00Z",`, ``},
		{`"eventID":"e-1"`, `"eventID":"\u0065\\\"-1é"`},
		{`"eventSource":"cloudtrail.`, `"eventSource":"cloud\\\u0022trail.`},
		{`"eventSource":"cloudtrail.`, `"eventSource":"cloud\u002ftrail.`},
		{`"recipientAccountId":"111122223333"`, `"recipientAccountId":""`},
		{`"recipientAccountId":"111122223333"`, `"recipientAccountId":null`},
		{`"eventVersion":"1.09"`, `"eventType":"AwsConsoleSignIn"`},
		{`"eventVersion":"1.09"`, `"resources":[null,{"ARN":"\u0061:b"},{"ARN":""},{"ARN":"arn:c"}]`},
		{`"eventVersion":"1.09"`, `"id":1,"source":{},"detail":"x","account":null`},
		{`"eventName":"StopLogging"`, `"eventName":1`},
		{`"eventVersion":"1.09"`, `"detail-type":"x"`},
		{`"eventVersion":"1.09"`, `"detail-type":1`},
	} {
		text := strings.Replace(stopLogging, change[0], change[1], 1)
		texts = append(texts, text)
		if e, err := FromCloudTrail([]byte(text)); err == nil {
			texts = append(texts, string(e.JSON()))
		}
	}
	e, _ := FromCloudTrail([]byte(stopLogging))
	for _, change := range [][2]string{
		{`"account":"111122223333"`, `"account":null`},
		{`"account":"111122223333"`, `"account":1`},
		{`"version":"0",`, ``},
		{`"resources":[`, `"resources":["arn:a","arn:b"`},
		{`"resources":[`, `"resources":[null`},
		{`"resources":[`, `"resources":[{}`},
		{`"resources":[`, `"resources":["arn:a",1`},
		{`"resources":[]`, `"resources":{}`},
		{`"time":"2026-03-01T03:00:00Z"`, `"time":"2026-03-01"`},
		{`"time":"2026-03-01T03:00:00Z"`, `"time":"2026-03-01T03:00:00\u005a"`},
		{`"time":"2026-03-01T03:00:00Z",`, ``},
		{`"source":"aws.cloudtrail"`, `"source":""`},
		{`"id":"e-1",`, ``},
		{`"detail":{`, `"detail":null,"more":{`},
		{`"detail":{`, `"more":{`},
		{`"detail-type":"AWS API Call via CloudTrail"`, `"detail-type":""`},
	} {
		texts = append(texts, strings.Replace(string(e.JSON()), change[0], change[1], 1))
	}
	return texts
}

// TestCheckedIsRead: a Reader says of events what Read says, one after another and in one text.
func TestCheckedIsRead(t *testing.T) {
	var r Reader
	var texts []byte
	sound, refused := 0, 0
	for _, text := range changed() {
		want, wantErr := Read([]byte(text))
		n, err := r.Read([]byte(text + `,{"a"`))
		if fault.Message(err) != fault.Message(wantErr) {
			t.Errorf("%s: %v, Read says %v", text, err, wantErr)
		}
		if wantErr != nil {
			refused++
			continue
		}
		if sound++; n != len(text) || !r.Time().Equal(want.Time) {
			t.Errorf("%s: %d bytes, at %s", text, n, r.Time())
		}
		var c Checked
		if texts, c = r.Append(texts); !bytes.Equal(c.JSON, want.JSON()) || !json.Valid(c.JSON) || !c.Time.Equal(want.Time) {
			t.Errorf("appended %s\nwant %s", c.JSON, want.JSON())
		}
		got, err := c.Envelope()
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Envelope{})); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", text, err, diff)
		}
		if got.Cause() != want.Cause() || !bytes.Equal(got.JSON(), want.JSON()) {
			t.Errorf("%s: another envelope: %s", text, got.JSON())
		}
	}
	if sound < 20 || refused < 10 {
		t.Errorf("%d sound and %d refused: the test lost its cases", sound, refused)
	}
}

func TestReadWantsTheWholeEvent(t *testing.T) {
	var r Reader
	for cut := range len(stopLogging) {
		if n, err := r.Read([]byte(stopLogging[:cut])); fault.CodeOf(err) != fault.Invalid || n != 0 {
			t.Fatalf("cut to %d bytes: %d, %v", cut, n, err)
		}
	}
	if err := r.ReadAll([]byte(stopLogging + "\n")); err != nil {
		t.Error(err)
	}
	if err := r.ReadAll([]byte(stopLogging + stopLogging)); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("two events: %v", err)
	}
	if n, err := r.Read([]byte(stopLogging + strings.Repeat(" ", MaxBytes))); n != len(stopLogging) || err != nil {
		t.Errorf("before much else: %d bytes, %v", n, err)
	}
	huge := strings.Replace(stopLogging, `"main"`, `"`+strings.Repeat("x", MaxBytes)+`"`, 1)
	if n, err := r.Read([]byte(huge)); n != 0 || err == nil {
		t.Errorf("a huge one: %d bytes, %v", n, err)
	}
	if err := r.ReadAll([]byte(huge)); fault.CodeOf(err) != fault.TooLarge {
		t.Errorf("a huge one: %v", err)
	}
}

func TestDotted(t *testing.T) {
	for text, want := range map[string]bool{
		`{"name":"main"}`:           false,
		`{"na.me":"main"}`:          true,
		`{"name":{"a.b":[]}}`:       true,
		`{"name":[{"a\u002eb":1}]}`: true,
		`{"name":"a.b"}`:            false,
	} {
		var r Reader
		for range 2 { // the second time from memory
			if err := r.ReadAll([]byte(strings.Replace(stopLogging, `{"name":"main"}`, text, 1))); err != nil || r.dotted != want {
				t.Errorf("%s: %t, %v", text, r.dotted, err)
			}
		}
		if _, c := r.Append(nil); c.Dotted != want {
			t.Errorf("%s: %t", text, c.Dotted)
		}
	}
}

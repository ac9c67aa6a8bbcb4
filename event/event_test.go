package event

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"riposte.dev/fault"
)

const stopLogging = `{"eventVersion":"1.09","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLE:alice",` +
	`"arn":"arn:aws:sts::111122223333:assumed-role/admin/alice","accountId":"111122223333",` +
	`"sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/admin","userName":"admin"}}},` +
	`"eventTime":"2026-03-01T03:00:00Z","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging",` +
	`"awsRegion":"eu-west-1","sourceIPAddress":"203.0.113.7","requestParameters":{"name":"main"},"requestID":"r-1",` +
	`"eventID":"e-1","eventType":"AwsApiCall","recipientAccountId":"111122223333"}`

func TestFromCloudTrail(t *testing.T) {
	e, err := FromCloudTrail([]byte(stopLogging))
	if err != nil {
		t.Fatal(err)
	}
	if e.Source != "aws.cloudtrail" || e.DetailType != APICall || e.Account != "111122223333" || e.Region != "eu-west-1" || e.ID != "e-1" {
		t.Errorf("envelope = %+v", e)
	}
	back, err := Parse(e.JSON())
	if err != nil {
		t.Fatalf("the envelope that we make is refused: %v", err)
	}
	if string(back.Detail) != stopLogging {
		t.Error("the record's bytes changed on the way")
	}
	if got, want := back.Cause(), Cause("cloudtrail|111122223333|e-1"); got != want {
		t.Errorf("cause = %q, want %q", got, want)
	}
}

func TestDetailTypeFollowsEventType(t *testing.T) {
	for eventType, want := range map[string]string{
		"AwsApiCall": APICall, "AwsServiceEvent": ServiceEvent, "AwsConsoleSignIn": ConsoleSignIn,
		"AwsConsoleAction": APICall, "AwsCloudTrailInsight": Insight,
	} {
		e, err := FromCloudTrail([]byte(strings.Replace(stopLogging, "AwsApiCall", eventType, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if e.DetailType != want {
			t.Errorf("%s: detail-type %q, want %q", eventType, e.DetailType, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	valid := `{"version":"0","id":"1","detail-type":"T","source":"s","account":"1","time":"2026-01-01T00:00:00Z","region":"r","resources":[],"detail":{}}`
	if _, err := Parse([]byte(valid)); err != nil {
		t.Fatalf("the valid event is refused: %v", err)
	}
	tests := []struct {
		name, event string
		code        fault.Code
	}{
		{"empty", "", fault.Invalid},
		{"broken", valid[:40], fault.Invalid},
		{"array", "[" + valid + "]", fault.Invalid},
		{"two objects", valid + valid, fault.Invalid},
		{"duplicate key", strings.Replace(valid, `"id":"1"`, `"id":"1","id":"2"`, 1), fault.Invalid},
		{"duplicate key inside", strings.Replace(valid, `"detail":{}`, `"detail":{"a":1,"a":2}`, 1), fault.Invalid},
		{"no id", strings.Replace(valid, `"id":"1",`, ``, 1), fault.Invalid},
		{"id in capitals", strings.Replace(valid, `"id":`, `"ID":`, 1), fault.Invalid},
		{"no source", strings.Replace(valid, `"source":"s",`, ``, 1), fault.Invalid},
		{"detail is text", strings.Replace(valid, `"detail":{}`, `"detail":"x"`, 1), fault.Invalid},
		{"bad time", strings.Replace(valid, "2026-01-01T00:00:00Z", "yesterday", 1), fault.Invalid},
		{"deep", strings.Replace(valid, `"detail":{}`, `"detail":{"a":`+strings.Repeat("[", 200)+strings.Repeat("]", 200)+`}`, 1), fault.TooLarge},
		{"large", strings.Replace(valid, `"detail":{}`, `"detail":{"a":"`+strings.Repeat("x", MaxBytes)+`"}`, 1), fault.TooLarge},
		{"invalid UTF-8", strings.Replace(valid, `"detail":{}`, "\"detail\":{\"a\":\"\xff\"}", 1), fault.Invalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Parse([]byte(tt.event)); fault.CodeOf(err) != tt.code {
				t.Errorf("error %v has code %q, want %q", err, fault.CodeOf(err), tt.code)
			}
		})
	}
}

func TestCause(t *testing.T) {
	envelope := func(detailType, detail string, resources ...string) *Envelope {
		source := "aws.s"
		if detailType == "T" {
			source = "s"
		}
		return &Envelope{ID: "x", Source: source, DetailType: detailType, Account: "1", Region: "r",
			Time: time.Unix(0, 0).UTC(), Resources: resources, Detail: json.RawMessage(detail)}
	}
	tests := []struct {
		name        string
		e           *Envelope
		cause, root Cause
	}{
		{"custom", envelope("T", `{}`), "event|s|x", "event|s|x"},
		{"config", envelope("Config Rules Compliance Change",
			`{"configRuleName":"n","resourceType":"T","resourceId":"i","newEvaluationResult":{"resultRecordedTime":"2026"}}`),
			"config|1|r|n|T|i|2026", "config|1|r|n|T|i|2026"},
		{"guardduty", envelope("GuardDuty Finding", `{"id":"g"}`), "guardduty|1|r|g", "guardduty|1|r|g"},
		{"alarm", envelope("CloudWatch Alarm State Change", `{"state":{"timestamp":"t"}}`, "arn:alarm"), "alarm|arn:alarm|t", "alarm|arn:alarm|t"},
		{"finding", envelope(FindingsImported,
			`{"findings":[{"ProductArn":"p","Id":"i","ProductFields":{"riposte/RootCause":"cloudtrail|1|e","riposte/Generation":"2"}}]}`),
			"finding|p|i|2", "cloudtrail|1|e"},
		{"call", envelope(APICall, `{"eventID":"e","eventName":"StopLogging","recipientAccountId":"1"}`), "cloudtrail|1|e", "cloudtrail|1|e"},
		{"a separator inside a part", envelope("GuardDuty Finding", `{"id":"a|b"}`), "guardduty|1|r|a||b", "guardduty|1|r|a||b"},
	}
	for _, tt := range tests[1:] { // the same from anybody uses up nobody else's cause
		e := *tt.e
		e.Source = "aws-like"
		tests = append(tests, struct {
			name        string
			e           *Envelope
			cause, root Cause
		}{"forged " + tt.name, &e, "event|aws-like|x", "event|aws-like|x"})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.e.Cause(); got != tt.cause {
				t.Errorf("Cause = %q, want %q", got, tt.cause)
			}
			if got := tt.e.RootCause(); got != tt.root {
				t.Errorf("RootCause = %q, want %q", got, tt.root)
			}
		})
	}
}

func TestIdentity(t *testing.T) {
	tests := []struct{ name, identity, principal, person string }{
		{"user", `{"type":"IAMUser","arn":"arn:aws:iam::1:user/bob","userName":"bob"}`, "arn:aws:iam::1:user/bob", "IAM user bob"},
		{"root", `{"type":"Root","arn":"arn:aws:iam::1:root","accountId":"1"}`, "arn:aws:iam::1:root", "the root user of account 1"},
		{"role session", `{"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/ops/alice@example.com","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::1:role/ops","userName":"ops"}}}`,
			"arn:aws:iam::1:role/ops", "alice@example.com (as role ops)"},
		{"source identity wins over the session's name", `{"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/ops/x","sessionContext":{"sourceIdentity":"alice","sessionIssuer":{"arn":"arn:aws:iam::1:role/ops","userName":"ops"}}}`,
			"arn:aws:iam::1:role/ops", "alice (as role ops)"},
		{"service", `{"type":"AWSService","invokedBy":"config.amazonaws.com"}`, "config.amazonaws.com", "the AWS service config.amazonaws.com"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var i Identity
			if err := json.Unmarshal([]byte(tt.identity), &i); err != nil {
				t.Fatal(err)
			}
			if got := i.Principal(); got != tt.principal {
				t.Errorf("Principal = %q, want %q", got, tt.principal)
			}
			if got := i.Person(); got != tt.person {
				t.Errorf("Person = %q, want %q", got, tt.person)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(stopLogging))
	f.Add([]byte(`{"id":"1","detail-type":"T","source":"s","detail":{}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if e, err := Parse(raw); err == nil {
			if !json.Valid(e.JSON()) {
				t.Fatal("an accepted event is not JSON")
			}
			e.Cause()
			e.RootCause()
		}
		if e, err := FromCloudTrail(raw); err == nil {
			if _, err := Parse(e.JSON()); err != nil && fault.CodeOf(err) != fault.TooLarge {
				t.Fatalf("a converted record is refused: %v", err)
			}
		}
	})
}

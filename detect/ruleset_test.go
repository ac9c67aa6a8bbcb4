package detect

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"riposte.dev/event"
	"riposte.dev/finding"
)

// record wraps a CloudTrail record given as JSON members.
func record(t testing.TB, members string) *event.Envelope {
	t.Helper()
	env, err := event.FromCloudTrail([]byte(`{"eventVersion":"1.08","eventTime":"2024-05-01T12:00:00Z","awsRegion":"eu-west-1",
"recipientAccountId":"111122223333","eventType":"AwsApiCall","requestID":"q1",` + members + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return env
}

func stopLogging(t testing.TB, id string) *event.Envelope {
	return record(t, `"eventID":"`+id+`","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging",
"sourceIPAddress":"203.0.113.7","requestParameters":{"name":"audit"},
"userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/mallory","accountId":"111122223333","userName":"mallory"}`)
}

func TestMatchFillsEverything(t *testing.T) {
	set := loadText(t, stopped, LoadOptions{})
	env := stopLogging(t, "c1")
	matches, failed, err := set.Match(context.Background(), env)
	if err != nil || len(failed) != 0 || len(matches) != 1 {
		t.Fatalf("matches %v, failed %v, %v", matches, failed, err)
	}
	m := matches[0]
	const trail = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit"
	if m.Title != "IAM user mallory stopped audit" || string(m.Input) != `{"region":"eu-west-1","trail":"audit"}` || m.Resources[0].ID != trail {
		t.Errorf("title %q, input %s, resources %+v", m.Title, m.Input, m.Resources)
	}
	f, err := finding.New(*m.Finding, time.Date(2024, 5, 1, 12, 0, 1, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	if f.ID != m.FindingID || f.AwsAccountID != "111122223333" || f.Region != "eu-west-1" || f.Severity.Label != finding.High {
		t.Errorf("finding %+v", f)
	}
	if arn, _ := f.Affected("AWS::CloudTrail::Trail"); arn != trail {
		t.Errorf("affected %q", arn)
	}
	call := f.Action.AwsAPICallAction
	if call.API != "StopLogging" || call.CallerType != "remoteip" || call.RemoteIPDetails.IPAddressV4 != "203.0.113.7" {
		t.Errorf("action %+v", call)
	}
	if f.ProductFields["riposte/Tags/CIS/1.3.0+"] != "4.5" || f.ProductFields["riposte/Tags/ATTACK"] != "T1562.008" {
		t.Errorf("fields %v", f.ProductFields)
	}
}

func TestMatchSortsTheWorstFirst(t *testing.T) {
	var rules []string
	for id, severity := range map[string]string{"b-low": "LOW", "a-low": "LOW", "z-critical": "CRITICAL", "info": "INFORMATIONAL"} {
		rules = append(rules, "id: "+id+"\ntitle: t\nstory: s.\nseverity: "+severity+"\nmatch: {pattern: {source: [aws.cloudtrail], detail-type: [{prefix: AWS}]}}\nnotify: x\n")
	}
	matches, _, err := loadText(t, strings.Join(rules, "---\n"), LoadOptions{}).Match(context.Background(), stopLogging(t, "c1"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range matches {
		got = append(got, m.Rule.ID)
	}
	if strings.Join(got, " ") != "z-critical a-low b-low info" {
		t.Errorf("order %v", got)
	}
}

func TestScopeByAccount(t *testing.T) {
	for scope, want := range map[string]int{
		`{accounts: ["*"]}`:                                                1,
		`{accounts: ["111122223333"]}`:                                     1,
		`{accounts: ["444455556666"]}`:                                     0,
		`{except: {accounts: ["111122223333"]}}`:                           0,
		`{accounts: "*", except: {accounts: "444455556666"}}`:              1,
		`{except: {tags: {sandbox: "true"}}}`:                              1, // tags are the engine's matter
		`{accounts: ["111122223333", "444455556666"]}`:                     1,
		`{accounts: "111122223333", except: {accounts: ["111122223333"]}}`: 0,
	} {
		text := strings.Replace(stopped, "severity: HIGH", "severity: HIGH\nscope: "+scope, 1)
		matches, _, err := loadText(t, text, LoadOptions{}).Match(context.Background(), stopLogging(t, "c1"))
		if err != nil || len(matches) != want {
			t.Errorf("scope %s: %d matches, %v; want %d", scope, len(matches), err, want)
		}
	}
}

func TestAlternativePatternsMatchOnce(t *testing.T) {
	text := strings.Replace(stopped, "match:\n  pattern: {source", "match:\n  patterns:\n    - {source: [aws.cloudtrail], detail-type: [{prefix: AWS}]}\n    - {source", 1)
	matches, _, err := loadText(t, text, LoadOptions{}).Match(context.Background(), stopLogging(t, "c1"))
	if err != nil || len(matches) != 1 {
		t.Fatalf("%d matches, %v", len(matches), err)
	}
}

func TestConditionErrorIsNoMatch(t *testing.T) {
	text := strings.Replace(stopped, `"!has(event.detail.errorCode)"`, `event.detail.errorCode == "x"`, 1)
	matches, failed, err := loadText(t, text, LoadOptions{}).Match(context.Background(), stopLogging(t, "c1"))
	if err != nil || len(matches) != 0 || len(failed) != 1 || failed[0].Stage != "when" || failed[0].Rule.ID != "trail-stopped" {
		t.Fatalf("matches %v, failed %v, %v", matches, failed, err)
	}
	if !strings.Contains(failed[0].Error(), "rules/r.yaml:2:1: rule trail-stopped, when: the condition cannot be evaluated: no such key: errorCode") {
		t.Errorf("error %v", failed[0])
	}
}

func TestMissingInputStartsNothing(t *testing.T) {
	set := loadText(t, stopped, LoadOptions{})
	env := record(t, `"eventID":"c1","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","userIdentity":{"type":"Root"}`)
	matches, failed, err := set.Match(context.Background(), env)
	if err != nil || len(matches) != 1 || matches[0].Input != nil || len(failed) != 1 || failed[0].Stage != "respond.input" {
		t.Fatalf("matches %+v, failed %v, %v", matches, failed, err)
	}
	if !strings.Contains(failed[0].Error(), "respond.input.trail: the event has no $.detail.requestParameters.name") {
		t.Errorf("error %v", failed[0])
	}
	if got := matches[0].Resources; len(got) != 1 || got[0].Type != "AwsAccount" || got[0].ID != "AWS::::Account:111122223333" {
		t.Errorf("without a name the finding is about %+v, want the account", got)
	}
}

func TestGroupedEventsShareAFinding(t *testing.T) {
	text := strings.Replace(stopped, "  resources:", "  group: ${detail.userIdentity.arn} ${detail.requestParameters.name}\n  resources:", 1)
	set := loadText(t, text, LoadOptions{})
	ids := map[string]bool{}
	for _, id := range []string{"c1", "c2"} {
		matches, _, err := set.Match(context.Background(), stopLogging(t, id))
		if err != nil || len(matches) != 1 {
			t.Fatal(matches, err)
		}
		ids[matches[0].FindingID] = true
	}
	if len(ids) != 1 {
		t.Errorf("two events of a group made %d findings", len(ids))
	}
	other := record(t, `"eventID":"c3","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","requestParameters":{"name":"audit"},"userIdentity":{"type":"Root"}`)
	matches, _, err := set.Match(context.Background(), other)
	if err != nil || ids[matches[0].FindingID] || matches[0].FindingID != finding.ID("trail-stopped", other.Cause()) {
		t.Errorf("an event without the group's fields has finding %s, %v", matches[0].FindingID, err)
	}
}

func TestMatchStopsWithItsCaller(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	matches, failed, err := loadText(t, stopped, LoadOptions{}).Match(ctx, stopLogging(t, "c1"))
	if !errors.Is(err, context.Canceled) || matches != nil || failed != nil {
		t.Errorf("matches %v, failed %v, error %v", matches, failed, err)
	}
}

func TestNoMatchCostsNoDecoding(t *testing.T) {
	set := loadText(t, stopped, LoadOptions{})
	env := record(t, `"eventID":"c1","eventSource":"ec2.amazonaws.com","eventName":"DescribeInstances","userIdentity":{"type":"Root"}`)
	env.JSON()
	allocs := testing.AllocsPerRun(100, func() {
		if matches, _, err := set.Match(context.Background(), env); err != nil || matches != nil {
			t.Fatal(matches, err)
		}
	})
	if allocs > 15 { // decoding takes over a hundred; the race detector makes pools forget
		t.Errorf("%.0f allocations for an event that no rule matches", allocs)
	}
}

func TestInputKeepsTypes(t *testing.T) {
	text := strings.Replace(stopped, "input: {trail: $.detail.requestParameters.name, region: $.region}",
		`input: {whole: $.detail.requestParameters, text: "trail ${detail.requestParameters.name}", all: true, ports: [22, $.detail.eventName], none: null, nested: {a: $.account}}`, 1)
	matches, failed, err := loadText(t, text, LoadOptions{}).Match(context.Background(), stopLogging(t, "c1"))
	if err != nil || len(failed) > 0 {
		t.Fatal(failed, err)
	}
	const want = `{"all":true,"nested":{"a":"111122223333"},"none":null,"ports":[22,"StopLogging"],"text":"trail audit","whole":{"name":"audit"}}`
	if got := canonical(matches[0].Input); got != want {
		t.Errorf("input %s\nwant  %s", got, want)
	}
}

// TestMatchCheckedIsMatch: an event that a Reader has checked is matched as its envelope is.
func TestMatchCheckedIsMatch(t *testing.T) {
	set := loadText(t, stopped+`---
id: dotted
title: t
story: s.
severity: LOW
match: {pattern: {detail: {requestParameters: {a: {b: [x]}}}}}
notify: [x]
---
id: undecided
title: t
story: s.
severity: LOW
match: {pattern: {detail: {eventName: [Odd]}}}
when: event.detail.no.such == 1
notify: [x]
`, LoadOptions{})
	var reader event.Reader
	for name, members := range map[string]string{
		"a rule holds":            `"eventName":"StopLogging","requestParameters":{"name":"audit"}`,
		"a condition does not":    `"eventName":"StopLogging","errorCode":"AccessDenied"`,
		"no pattern matches":      `"eventName":"StartLogging"`,
		"a path in two ways":      `"eventName":"A","requestParameters":{"a":{"c":1,"b":"y"},"a.b":"x"}`,
		"a path in the other way": `"eventName":"A","requestParameters":{"a.b":"y","a":{"b":"x"}}`,
		"a condition cannot say":  `"eventName":"Odd"`,
	} {
		env := record(t, `"eventID":"c1","eventSource":"cloudtrail.amazonaws.com",`+members)
		want, wantFailed, err := set.Match(t.Context(), env)
		if err != nil {
			t.Fatal(err)
		}
		if err := reader.ReadAll(env.Detail); err != nil {
			t.Fatal(err)
		}
		_, checked := reader.Append(nil)
		made, got, gotFailed, err := set.MatchChecked(t.Context(), checked)
		if err != nil || len(got) != len(want) || len(gotFailed) != len(wantFailed) {
			t.Errorf("%s: %d matches, %v, %v; Match has %d, %v", name, len(got), gotFailed, err, len(want), wantFailed)
			continue
		}
		for i, m := range want {
			if got[i].Rule != m.Rule || got[i].Title != m.Title || got[i].FindingID != m.FindingID || string(got[i].Input) != string(m.Input) {
				t.Errorf("%s: %+v, want %+v", name, got[i], m)
			}
		}
		if len(want) > 0 && made.ID != env.ID || name == "no pattern matches" && made != nil {
			t.Errorf("%s: envelope %+v", name, made)
		}
	}
}

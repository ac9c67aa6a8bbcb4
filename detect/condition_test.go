package detect

import (
	"context"
	"errors"
	"strings"
	"testing"

	"riposte.dev/conf"
)

func compileCondition(t *testing.T, text string) (*condition, conf.Problems) {
	t.Helper()
	c, err := newConditions()
	if err != nil {
		t.Fatal(err)
	}
	return c.compile(&conf.Node{Kind: conf.String, Text: text, Position: conf.Position{File: "r.yaml", Line: 7, Col: 7}})
}

func TestConditionHolds(t *testing.T) {
	s := sampleScope(t)
	for text, want := range map[string]bool{
		"!has(event.detail.errorCode)":                                           true,
		`event.detail.eventName == "StopLogging"`:                                true,
		`event.detail.requestParameters.port == 22`:                              true,
		`event.detail.requestParameters.port > 22`:                               false,
		`event.detail.eventName.lowerAscii().startsWith("stop")`:                 true,
		`"b" in event.detail.requestParameters.list`:                             true,
		`event["detail-type"].endsWith("via CloudTrail")`:                        true,
		`event.detail.requestParameters.flag`:                                    true,
		`listOf(event.detail.eventName).exists(n, n == "StopLogging")`:           true,
		`listOf(event.detail.requestParameters.list).size() == 2`:                true,
		`parseJSON('{"a":[1,{"b":true}]}').a[1].b`:                               true,
		`timestamp(event.time).getHours() == 12`:                                 true,
		`event.detail.userIdentity.type == "Root" || event.account == "x"`:       false,
		`has(event.detail.userIdentity.userName) && event.region == "eu-west-1"`: true,
	} {
		c, problems := compileCondition(t, text)
		if problems != nil {
			t.Errorf("%s: %v", text, problems)
			continue
		}
		if got, err := c.holds(context.Background(), s); err != nil || got != want {
			t.Errorf("%s = %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestConditionFailsClosed(t *testing.T) {
	s := sampleScope(t)
	for text, want := range map[string]string{
		`event.detail.errorCode == "AccessDenied"`:      "no such key",
		"event.detail.eventName":                        "not true or false",
		`parseJSON(event.detail.eventName).x`:           "parseJSON",
		`event.detail.requestParameters.list[7] == "a"`: "index out of bounds",
		`[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, [1,2,3,4,5,6,7,8,9,10].all(c, [1,2,3,4,5,6,7,8,9,10].all(d, a*b*c*d > 0))))`: "cost",
	} {
		c, problems := compileCondition(t, text)
		if problems != nil {
			t.Errorf("%s: %v", text, problems)
			continue
		}
		if got, err := c.holds(context.Background(), s); err == nil || got || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s = %v, %v; want an error with %q", text, got, err, want)
		}
	}
}

func TestConditionMistakesHaveAPlace(t *testing.T) {
	for text, want := range map[string]string{
		"!has(event.detail.errorCode":             "Syntax error",
		`evnt.detail.eventName == "x"`:            "undeclared reference to 'evnt'",
		"event.detail.eventName + 1 == 2 ? 1 : 2": "gives a int",
		`size("abc")`:            "gives a int",
		"true &&\n  nonsense(1)": "line 2 column 11",
	} {
		_, problems := compileCondition(t, text)
		if len(problems) != 1 || !strings.Contains(problems.Error(), want) || !strings.HasPrefix(problems.Error(), "r.yaml:7:7: ") {
			t.Errorf("%s: %v, want one problem with %q", text, problems, want)
		}
	}
}

func TestConditionStopsWithItsCaller(t *testing.T) {
	c, problems := compileCondition(t, "event.detail.requestParameters.list.all(x, x != '')")
	if problems != nil {
		t.Fatal(problems)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.holds(ctx, sampleScope(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the caller's", err)
	}
}

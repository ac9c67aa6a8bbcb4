package detect

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"riposte.dev/event"
)

type planner struct {
	calls []string
	err   error
}

func (p planner) Plan(context.Context, string, json.RawMessage, *event.Envelope) ([]string, error) {
	return p.calls, p.err
}

func TestRunnerFindsWhatDiffers(t *testing.T) {
	const record = "record: {eventSource: cloudtrail.amazonaws.com, eventName: StopLogging, userIdentity: {type: Root, accountId: \"111122223333\"}, requestParameters: {name: audit}}"
	for expect, want := range map[string]string{
		"{finding: HIGH, playbook: restart-trail, plan: [\"cloudtrail:StartLogging\"]}": "",
		"{input: {region: us-east-1, trail: audit}}":                                    "",
		"none":                                 "the rule matched: the root user of account 111122223333 stopped audit",
		"{finding: LOW}":                       "the finding's severity is HIGH, want LOW",
		"{playbook: other}":                    "the playbook is restart-trail, want other",
		"{title: somebody}":                    "the title is the root user of account 111122223333 stopped audit, want somebody",
		"{input: {trail: other}}":              `the playbook's input is {"region":"us-east-1","trail":"audit"}, want {"trail":"other"}`,
		"{plan: [\"cloudtrail:UpdateTrail\"]}": "the plan is [cloudtrail:StartLogging], want [cloudtrail:UpdateTrail]",
	} {
		text := stopped[:strings.Index(stopped, "tests:")] + "tests:\n  - name: x\n    " + record + "\n    expect: " + expect + "\n"
		report, err := Test(context.Background(), loadText(t, text, LoadOptions{}), TestOptions{Planner: planner{calls: []string{"cloudtrail:StartLogging"}}})
		if err != nil || report.Rules != 1 || report.Tests != 1 || len(report.Untested) != 1 {
			t.Fatalf("%s: report %+v, %v", expect, report, err)
		}
		if want == "" {
			if len(report.Failures) != 0 || report.Err() != nil {
				t.Errorf("%s: %v", expect, report.Failures)
			}
			continue
		}
		if len(report.Failures) != 1 || !strings.HasSuffix(report.Failures[0].String(), want) || !strings.HasPrefix(report.Failures[0].String(), "rules/r.yaml:17:5: trail-stopped, test \"x\": ") {
			t.Errorf("%s: %v, want %s", expect, report.Failures, want)
		}
		if err := report.Err(); err == nil || !strings.HasPrefix(err.Error(), "rules/r.yaml:17:5: rule trail-stopped") {
			t.Errorf("%s: error %v", expect, err)
		}
	}
}

func TestRunnerReportsRulesThatDoNotMatchOrFail(t *testing.T) {
	set := loadText(t, strings.Replace(stopped, "eventName: StopLogging, errorCode: AccessDenied", "eventName: StartLogging", 1), LoadOptions{})
	report, err := Test(context.Background(), set, TestOptions{})
	if err != nil || len(report.Failures) != 0 || len(report.Untested) != 0 || report.Tests != 2 {
		t.Fatalf("report %+v, %v", report, err)
	}
	set = loadText(t, strings.Replace(stopped, "eventName: [StopLogging]", "eventName: [DeleteTrail]", 1), LoadOptions{})
	if report, _ := Test(context.Background(), set, TestOptions{}); len(report.Failures) != 1 ||
		report.Failures[0].Problems[0] != `the rule did not match: detail.eventName is "StopLogging"; wanted "DeleteTrail"` {
		t.Errorf("report %+v", report)
	}
	set = loadText(t, strings.Replace(stopped, `"!has(event.detail.errorCode)"`, `event.account == "1"`, 1), LoadOptions{})
	if report, _ := Test(context.Background(), set, TestOptions{}); len(report.Failures) != 1 ||
		report.Failures[0].Problems[0] != `the rule did not match: its pattern matches, but not its condition: when: event.account == "1"` {
		t.Errorf("report %+v", report)
	}
	set = loadText(t, strings.Replace(stopped, "match:", "scope: {accounts: [\"999999999999\"]}\nmatch:", 1), LoadOptions{})
	if report, _ := Test(context.Background(), set, TestOptions{}); len(report.Failures) != 1 ||
		report.Failures[0].Problems[0] != "the rule did not match: its pattern matches, but account 111122223333 is not in its scope" {
		t.Errorf("report %+v", report)
	}
	set = loadText(t, strings.Replace(stopped, `"!has(event.detail.errorCode)"`, `event.detail.errorCode == "x"`, 1), LoadOptions{})
	if report, _ := Test(context.Background(), set, TestOptions{}); len(report.Failures) != 1 || !strings.Contains(report.Failures[0].Problems[0], "no such key") {
		t.Errorf("a condition that fails is no match, but no success either: %+v", report)
	}
}

func TestRunnerPlansOnlyWithAPlanner(t *testing.T) {
	text := strings.Replace(stopped, "expect: {finding: HIGH,", "expect: {plan: [\"a:B\"],", 1)
	report, err := Test(context.Background(), loadText(t, text, LoadOptions{}), TestOptions{})
	if err != nil || report.Unplanned != 1 || len(report.Failures) != 0 {
		t.Errorf("report %+v, %v", report, err)
	}
	report, err = Test(context.Background(), loadText(t, text, LoadOptions{}), TestOptions{Planner: planner{err: errors.New("no such trail")}})
	if err != nil || len(report.Failures) != 1 || !strings.Contains(report.Failures[0].Problems[0], "planning failed: no such trail") {
		t.Errorf("report %+v, %v", report, err)
	}
}

func TestRunnerOfNamedRules(t *testing.T) {
	set := loadText(t, stopped, LoadOptions{})
	if report, err := Test(context.Background(), set, TestOptions{Rules: []string{"trail-stopped"}}); err != nil || report.Rules != 1 {
		t.Errorf("report %+v, %v", report, err)
	}
	if _, err := Test(context.Background(), set, TestOptions{Rules: []string{"trail-stoped"}}); err == nil || !strings.Contains(err.Error(), `did you mean "trail-stopped"?`) {
		t.Errorf("error %v", err)
	}
}

func TestTestEventsAreCompleted(t *testing.T) {
	set := loadText(t, stopped, LoadOptions{})
	env := set.Rule("trail-stopped").Tests[0].Event
	if env.Account != "111122223333" || env.Region != "us-east-1" || env.DetailType != event.APICall || env.Source != "aws.cloudtrail" || env.Record().RequestID == "" {
		t.Errorf("event %s", env.JSON())
	}
}

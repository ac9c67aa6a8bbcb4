package finding_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"riposte.dev/conf"
	"riposte.dev/event"
	"riposte.dev/finding"
)

const trail = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"

func draft() finding.Draft {
	return finding.Draft{
		Rule: "cloudtrail-logging-stopped", Cause: "cloudtrail|111122223333|e-1", Account: "111122223333", Region: "eu-west-1",
		Types: []string{"TTPs/Defense Evasion/Stealth:IAMUser-CloudTrailLoggingDisabled"}, Severity: finding.High,
		Title:     "mallory stopped the trail main",
		Resources: []finding.Resource{{Type: "AwsCloudTrailTrail", ID: trail, Partition: "aws", Region: "eu-west-1"}},
		Affected:  map[string]string{"AWS::CloudTrail::Trail": trail},
		Fields:    map[string]string{"riposte/Principal": "mallory"},
		Observed:  noon,
	}
}

func TestNew(t *testing.T) {
	f, err := finding.New(draft(), noon)
	if err != nil {
		t.Fatal(err)
	}
	if f.ProductArn != "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default" {
		t.Errorf("product %s", f.ProductArn)
	}
	for field, want := range map[string]string{
		event.RootCauseField: "cloudtrail|111122223333|e-1",
		finding.RuleField:    "cloudtrail-logging-stopped",
		"riposte/Principal":  "mallory",
		"action/awsApiCallAction/affectedResources/AWS::CloudTrail::Trail": trail,
	} {
		if f.ProductFields[field] != want {
			t.Errorf("%s is %q, want %q", field, f.ProductFields[field], want)
		}
	}
	if f.Rule() != "cloudtrail-logging-stopped" || f.CreatedAt != "2026-03-22T12:00:00.000Z" || f.Description != f.Title {
		t.Errorf("finding %+v", f)
	}
}

func TestNewIsTheSameFindingForTheSameRuleAndCause(t *testing.T) {
	id := finding.ID("rule", "cause")
	if id != finding.ID("rule", "cause") || id == finding.ID("rule", "cause2") || id == finding.ID("rule2", "cause") {
		t.Errorf("id %s", id)
	}
	hash := func(rule string, cause event.Cause) string {
		return strings.TrimPrefix(finding.ID(rule, cause), rule+":")
	}
	if hash("a", "bc") == hash("ab", "c") {
		t.Error("rule and cause run into one another")
	}
}

func TestNewCutsTexts(t *testing.T) {
	d := draft()
	d.Title, d.Description, d.Remediation = strings.Repeat("語", 300), strings.Repeat("x", 2000), strings.Repeat("y", 513)
	f, err := finding.New(d, noon)
	if err != nil {
		t.Fatal(err)
	}
	for text, limit := range map[string]int{f.Title: 256, f.Description: 1024, f.Remediation.Recommendation.Text: 512} {
		if utf8.RuneCountInString(text) != limit || !strings.HasSuffix(text, "…") {
			t.Errorf("%d characters, want %d and …: %s", utf8.RuneCountInString(text), limit, text)
		}
	}
}

func TestNewRefusesAnIncompleteDraft(t *testing.T) {
	_, err := finding.New(finding.Draft{Rule: "r", Cause: "c", Account: "111122223333", Region: "eu-west-1", Title: "t", Severity: finding.Low}, noon)
	var problems conf.Problems
	if !errors.As(err, &problems) || len(problems) != 1 || problems[0].Path != "Resources" {
		t.Errorf("error %v", err)
	}
}

func TestAffected(t *testing.T) {
	for name, c := range map[string]struct{ change, want string }{
		"imported by Security Hub": {`"ProductFields": {"aws/guardduty/service/action/awsApiCallAction/affectedResources/AWS::CloudTrail::Trail": "a"}`, "a"},
		"without the prefix":       {`"ProductFields": {"action/awsApiCallAction/affectedResources/AWS::CloudTrail::Trail": "b"}`, "b"},
		"in the action":            {`"Action": {"AwsApiCallAction": {"AffectedResources": {"AWS::CloudTrail::Trail": "c"}}}`, "c"},
		"another type":             {`"ProductFields": {"action/awsApiCallAction/affectedResources/AWS::S3::Bucket": "d"}`, ""},
		"another kind of action":   {`"Action": {"ActionType": "PORT_PROBE"}`, ""},
		"nowhere":                  {``, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := variant(t, c.change).Affected("AWS::CloudTrail::Trail")
			if got != c.want || ok != (c.want != "") {
				t.Errorf("got %q %v, want %q", got, ok, c.want)
			}
		})
	}
}

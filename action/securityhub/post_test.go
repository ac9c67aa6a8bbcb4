package securityhub_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/securityhub"
	"riposte.dev/fault"
)

// stopped is a finding as riposte's hub publishes it.
const stopped = `{"finding":{"SchemaVersion":"2018-10-08","Id":"cloudtrail-logging-stopped/5f1c0d5c0c9b4c6f8d1e2f3a4b5c6d7e",
	"ProductArn":"arn:aws:securityhub:us-east-1:999988887777:product/999988887777/default","GeneratorId":"cloudtrail-logging-stopped","AwsAccountId":"999988887777","Region":"us-east-1",
	"Types":["TTPs/Defense Evasion"],"CreatedAt":"2026-03-01T12:00:00.000Z","UpdatedAt":"2026-03-01T12:00:00.000Z","Severity":{"Label":"HIGH"},
	"Title":"mallory stopped the trail audit","Description":"Logging was stopped.","ProductFields":{"riposte/Rule":"cloudtrail-logging-stopped"},
	"Resources":[{"Type":"AwsCloudTrailTrail","Id":"arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit"}],"Workflow":{"Status":"NEW"},"RecordState":"ACTIVE"}}`

func (c cloud) enable() {
	c.T.Helper()
	_, err := c.client.EnableSecurityHub(c.T.Context(), &sdk.EnableSecurityHubInput{EnableDefaultStandards: aws.Bool(false)})
	c.Must(err)
}

// findings are those that are active.
func (c cloud) findings() []types.AwsSecurityFinding {
	c.T.Helper()
	out, err := c.client.GetFindings(c.T.Context(), &sdk.GetFindingsInput{})
	c.Must(err)
	var active []types.AwsSecurityFinding
	for _, f := range out.Findings {
		if f.RecordState == types.RecordStateActive {
			active = append(active, f)
		}
	}
	return active
}

func TestPostFinding(t *testing.T) {
	actiontest.Run(t, func(t *testing.T) actiontest.World {
		c := newCloud(t)
		c.enable()
		return c.World(securityhub.NewPostFinding, stopped, "", func() string {
			var shown []string
			for _, f := range c.findings() {
				shown = append(shown, fmt.Sprint(*f.Id, *f.Title, f.ProductFields))
			}
			return strings.Join(shown, "\n")
		})
	})
}

// It becomes a finding of the account in which it is posted; posted again after an undo, it is active again.
func TestWhatIsPosted(t *testing.T) {
	c := newCloud(t)
	a := c.Action(securityhub.NewPostFinding)
	if _, err := a.Plan(t.Context(), actiontest.Request(stopped)); fault.CodeOf(err) != fault.NotFound || !strings.Contains(fault.Hint(err), "securityhub.enable") {
		t.Errorf("while Security Hub is off: %v", err)
	}
	c.enable()
	item := c.Item(a, actiontest.Request(stopped))
	c.Do(a, item)
	f := c.findings()[0]
	if *f.AwsAccountId != actiontest.Account || *f.ProductArn != "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default" || f.ProductFields["riposte/Rule"] != "cloudtrail-logging-stopped" {
		t.Errorf("%+v", f)
	}
	item.Status = action.Changed
	c.Do(a, c.Undo(a, item))
	if left := c.findings(); len(left) != 0 {
		t.Errorf("after the undo: %+v", left)
	}
	again := c.Item(a, actiontest.Request(stopped))
	c.Do(a, again)
	if left := c.findings(); len(left) != 1 {
		t.Errorf("posted again: %+v", left)
	}
	for params, code := range map[string]fault.Code{
		`{}`: fault.Invalid, `{"finding":{}}`: fault.Invalid, `{"finding":"x"}`: fault.Invalid,
		strings.Replace(stopped, "us-east-1:999988887777:product/999988887777/default", "us-east-1::product/aws/guardduty", 1): fault.Invalid,
	} {
		if _, err := a.Plan(t.Context(), actiontest.Request(params)); fault.CodeOf(err) != code || fault.Hint(err) == "" {
			t.Errorf("%.60s: %v, want %s", params, err, code)
		}
	}
}

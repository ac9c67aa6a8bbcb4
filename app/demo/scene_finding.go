package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"riposte.dev/action"
	"riposte.dev/finding"
)

const findingType = "TTPs/Defense Evasion/Stealth:IAMUser-CloudTrailLoggingDisabled"

// investigate sees the finding, its enrichment, and that the second workflow finds nothing left to do.
func investigate(ctx context.Context, w *world) error {
	var page finding.Page
	if err := wait(ctx, "the finding", func() (bool, error) {
		err := w.client.Call(ctx, http.MethodGet, "/api/v1/findings", url.Values{"type": {findingType}}, nil, &page)
		return len(page.Records) == 1, err
	}); err != nil {
		return err
	}
	f := page.Records[0].Finding
	raw, err := json.Marshal(f)
	if err != nil {
		return err
	}
	if err := finding.ValidateJSON(raw); err != nil {
		return fmt.Errorf("the finding is not ASFF: %w", err)
	}
	if len(f.ThreatIntelIndicators) == 0 {
		return fmt.Errorf("the finding does not say that %s is on a threat list", intruderIP)
	}
	var whole map[string]json.RawMessage
	if err := json.Unmarshal(raw, &whole); err != nil {
		return err
	}
	short := map[string]json.RawMessage{}
	for _, field := range []string{"Id", "Types", "Severity", "Title", "Description", "ThreatIntelIndicators", "ProductFields", "Resources"} {
		short[field] = whole[field]
	}
	shown, err := json.MarshalIndent(short, "", "  ")
	if err != nil {
		return err
	}
	w.shows("the finding in the hub (ASFF, shortened)", string(shown))
	w.checked("it is valid ASFF, names the threat list and says whether the network is new")
	arn := "arn:aws:cloudtrail:" + region + ":" + account + ":trail/" + trail
	if got, ok := f.Affected("AWS::CloudTrail::Trail"); !ok || got != arn {
		return fmt.Errorf("the finding names the trail %q", got)
	}
	s, err := w.execution(ctx, "cloudtrail-logging-disabled-finding")
	if err != nil {
		return err
	}
	if s.Items[action.Unneeded] != 1 || len(s.Items) != 1 {
		return fmt.Errorf("the second workflow did %v", s.Items)
	}
	w.checked("published as Security Hub Findings - Imported; execution %s found the trail logging: nothing was needed", s.ID)
	return w.guardDutyFinding(ctx, f, arn, s.ID)
}

// guardDutyFinding sends the finding as GuardDuty words it, whose ProductFields have a prefix.
func (w *world) guardDutyFinding(ctx context.Context, f finding.Finding, arn, seen string) error {
	f.ID = "arn:aws:guardduty:" + region + ":" + account + ":detector/d1/finding/g1"
	f.ProductArn = "arn:aws:securityhub:" + region + "::product/aws/guardduty"
	f.ProductFields = map[string]string{"aws/guardduty/service/action/awsApiCallAction/affectedResources/AWS::CloudTrail::Trail": arn}
	detail, err := json.Marshal(map[string]any{"findings": []finding.Finding{f}})
	if err != nil {
		return err
	}
	w.tenant.Emit(region, "aws.securityhub", "Security Hub Findings - Imported", []string{f.ID}, detail)
	s, err := w.execution(ctx, "cloudtrail-logging-disabled-finding", seen)
	if err != nil {
		return err
	}
	if s.Items[action.Unneeded] != 1 || !strings.Contains(strings.Join(s.Resources, " "), arn) {
		return fmt.Errorf("GuardDuty's finding led to %v on %v", s.Items, s.Resources)
	}
	w.checked("GuardDuty's own finding, whose field has the prefix aws/guardduty/service/, names the same trail")
	return nil
}

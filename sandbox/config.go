package sandbox

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"time"
)

// Compliance is a change that an AWS Config rule has found.
type Compliance struct {
	Account      string `json:"account"`
	Region       string `json:"region"`
	Rule         string `json:"rule"`         // "cloudtrail-enabled"
	ResourceType string `json:"resourceType"` // "AWS::::Account", "AWS::EC2::SecurityGroup"
	ResourceID   string `json:"resourceId"`
	Type         string `json:"complianceType"`    // COMPLIANT, NON_COMPLIANT, NOT_APPLICABLE
	OldType      string `json:"oldComplianceType"` // "" when there was no result before
	Annotation   string `json:"annotation,omitempty"`
}

// ChangeCompliance delivers a "Config Rules Compliance Change" in the shape of
// https://docs.aws.amazon.com/config/latest/developerguide/monitor-config-with-cloudwatchevents.html
// and returns the event's id.
func (s *Sandbox) ChangeCompliance(ch Compliance) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accounts[ch.Account] == nil {
		return "", fmt.Errorf("sandbox: no account %q: create it first", ch.Account)
	}
	if ch.Rule == "" || ch.ResourceID == "" || ch.ResourceType == "" || ch.Region == "" {
		return "", fmt.Errorf("sandbox: a compliance change needs region, rule, resourceType and resourceId")
	}
	now := s.opts.Clock.Now().UTC()
	// The same rule has the same ARN in every event.
	id := fnv.New32a()
	id.Write([]byte(ch.Account + ch.Region + ch.Rule))
	arnOf := arn("config", ch.Region, ch.Account, fmt.Sprintf("config-rule/config-rule-%06x", id.Sum32()&0xffffff))
	result := func(kind string, at time.Time) map[string]any {
		r := map[string]any{
			"evaluationResultIdentifier": map[string]any{
				"evaluationResultQualifier": map[string]string{
					"configRuleName": ch.Rule, "resourceType": ch.ResourceType, "resourceId": ch.ResourceID,
				},
				"orderingTimestamp": at.Format("2006-01-02T15:04:05.000Z"),
			},
			"complianceType":        kind,
			"resultRecordedTime":    at.Format("2006-01-02T15:04:05.000Z"),
			"configRuleInvokedTime": at.Add(-200 * time.Millisecond).Format("2006-01-02T15:04:05.000Z"),
		}
		if ch.Annotation != "" {
			r["annotation"] = ch.Annotation
		}
		return r
	}
	detail := map[string]any{
		"resourceId": ch.ResourceID, "awsRegion": ch.Region, "awsAccountId": ch.Account, "configRuleName": ch.Rule,
		"configRuleARN": arnOf, "recordVersion": "1.0", "resourceType": ch.ResourceType,
		"messageType": "ComplianceChangeNotification", "notificationCreationTime": now.Format("2006-01-02T15:04:05.000Z"),
		"newEvaluationResult": result(ch.Type, now),
	}
	if ch.OldType != "" {
		detail["oldEvaluationResult"] = result(ch.OldType, now.Add(-24*time.Hour))
	}
	text, err := json.Marshal(detail)
	if err != nil {
		return "", fmt.Errorf("sandbox: compliance change: %w", err)
	}
	return s.deliver(envelope{
		DetailType: "Config Rules Compliance Change", Source: "aws.config", Account: ch.Account, Region: ch.Region,
		Time: now.Format(time.RFC3339), Detail: text,
	}), nil
}

func (s *Sandbox) adminCompliance(w http.ResponseWriter, r *http.Request) {
	var ch Compliance
	err := readJSON(r, &ch)
	var id string
	if err == nil {
		id, err = s.ChangeCompliance(ch)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	writeJSON(w, http.StatusAccepted, map[string]string{"eventId": id})
}

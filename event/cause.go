package event

import (
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// Cause identifies what happened in the world, whichever way and however often AWS tells of it. One cause is answered
// once by one rule.
type Cause string

// RootCauseField is the key in a finding's ProductFields that carries the cause from which the finding was raised, so
// that an event about the finding leads back to it.
const RootCauseField = "riposte/RootCause"

// GenerationField is the key in a finding's ProductFields that counts how often the finding was reopened.
const GenerationField = "riposte/Generation"

// FindingsImported is the detail-type under which the hub publishes findings
// (https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-cwe-integration-types.html).
const FindingsImported = "Security Hub Findings - Imported"

// Cause returns the envelope's cause key: for a CloudTrail record account and eventID (the same record arrives by
// EventBridge in seconds and by S3 minutes later, from several trails); for a Config compliance change rule, resource and
// resultRecordedTime; for a finding product, id and generation; for GuardDuty the finding's id; for an alarm its
// ARN and state-change time; otherwise, and for every event that is not AWS's, source and id.
func (e *Envelope) Cause() Cause {
	if r := e.Record(); r != nil && r.EventID != "" {
		id := r.EventID
		return key("cloudtrail", r.Account(), id)
	}
	if !e.fromAWS() { // or its sender could use up the cause of AWS's event, which would then start nothing
		return key("event", e.Source, e.ID)
	}
	switch e.DetailType {
	case FindingsImported:
		if f := e.findings(); len(f) == 1 {
			return key("finding", f[0].ProductArn, f[0].ID, f[0].ProductFields[GenerationField])
		}
	case "Config Rules Compliance Change":
		var d struct {
			ConfigRuleName      string `json:"configRuleName"`
			ConfigRuleARN       string `json:"configRuleARN"`
			ResourceType        string `json:"resourceType"`
			ResourceID          string `json:"resourceId"`
			NewEvaluationResult struct {
				ResultRecordedTime string `json:"resultRecordedTime"`
			} `json:"newEvaluationResult"`
		}
		if json.Unmarshal(e.Detail, &d) == nil && d.ConfigRuleName != "" && d.NewEvaluationResult.ResultRecordedTime != "" {
			return key("config", e.Account, e.Region, d.ConfigRuleName, d.ResourceType, d.ResourceID, d.NewEvaluationResult.ResultRecordedTime)
		}
	case "GuardDuty Finding":
		var d struct {
			ID string `json:"id"`
		}
		if json.Unmarshal(e.Detail, &d) == nil && d.ID != "" {
			return key("guardduty", e.Account, e.Region, d.ID)
		}
	case "CloudWatch Alarm State Change":
		var d struct {
			State struct {
				Timestamp string `json:"timestamp"`
			} `json:"state"`
		}
		if json.Unmarshal(e.Detail, &d) == nil && len(e.Resources) > 0 && d.State.Timestamp != "" {
			return key("alarm", e.Resources[0], d.State.Timestamp)
		}
	}
	return key("event", e.Source, e.ID)
}

// RootCause follows a finding back to what it was raised for; for everything else it is Cause.
func (e *Envelope) RootCause() Cause {
	if e.fromAWS() && e.DetailType == FindingsImported {
		if f := e.findings(); len(f) == 1 && f[0].ProductFields[RootCauseField] != "" {
			return Cause(f[0].ProductFields[RootCauseField])
		}
	}
	return e.Cause()
}

// Age is how old the event is at now; negative where its clock runs ahead.
func (e *Envelope) Age(now time.Time) time.Duration { return now.Sub(e.Time) }

type findingKey struct {
	ProductArn    string
	ID            string `json:"Id"`
	ProductFields map[string]string
}

func (e *Envelope) findings() []findingKey {
	var d struct {
		Findings []findingKey `json:"findings"`
	}
	if json.Unmarshal(e.Detail, &d) != nil {
		return nil
	}
	return d.Findings
}

// key joins the parts with a separator that no part can forge: a '|' inside a part is doubled.
func key(kind string, parts ...string) Cause {
	var b strings.Builder
	b.WriteString(kind)
	for _, p := range parts {
		b.WriteByte('|')
		b.WriteString(strings.ReplaceAll(p, "|", "||"))
	}
	return Cause(b.String())
}

package finding

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"riposte.dev/event"
)

// Outcome says what an upsert did.
type Outcome string

// The outcomes.
const (
	Created   Outcome = "created"
	Updated   Outcome = "updated"
	Unchanged Outcome = "unchanged" // not newer than what is there
	Reopened  Outcome = "reopened"  // updated, and it needs to be looked at again
)

// merge returns what is kept when the provider's finding next arrives over old, which is nil for a new one. The rules are
// those of BatchImportFindings (https://docs.aws.amazon.com/securityhub/latest/userguide/finding-update-batchimportfindings.html).
// An update whose UpdatedAt is not after the stored one changes nothing: deliveries come twice and out of order.
func merge(old *Record, next Finding, now time.Time) (Record, Outcome) {
	next = complete(next)
	if old == nil {
		next.ProductFields = with(next.ProductFields, event.GenerationField, "")
		return Record{Finding: next, Version: 1, Imported: now}, Created
	}
	if !parseTime(next.UpdatedAt).After(parseTime(old.Finding.UpdatedAt)) {
		return *old, Unchanged
	}
	record := Record{Generation: old.Generation, Version: old.Version + 1, Imported: old.Imported}
	had := old.Finding
	reopened := reopens(had, next)
	keepCustomers(&next, had)
	keepOverruled(&next, had)
	next.CreatedAt = had.CreatedAt
	if next.FirstObservedAt == "" {
		next.FirstObservedAt = had.FirstObservedAt
	}
	if root := had.ProductFields[event.RootCauseField]; root != "" && next.ProductFields[event.RootCauseField] == "" {
		next.ProductFields = with(next.ProductFields, event.RootCauseField, root)
	}
	outcome := Updated
	switch {
	case reopened:
		outcome = Reopened
		record.Generation++
		next.Workflow = withStatus(next.Workflow, StatusNew)
	case passesControl(next) && status(had) != StatusSuppressed:
		next.Workflow = withStatus(next.Workflow, StatusResolved)
	}
	generation := ""
	if record.Generation > 0 {
		generation = strconv.Itoa(record.Generation)
	}
	next.ProductFields = with(next.ProductFields, event.GenerationField, generation)
	record.Finding = next
	return record, outcome
}

// reopens reports whether the issue is back: an archived finding is active again, or a check that had passed does not any
// more (https://docs.aws.amazon.com/securityhub/latest/userguide/findings-workflow-status.html). A suppressed finding
// stays suppressed.
func reopens(had, next Finding) bool {
	if status(had) == StatusSuppressed || next.RecordState != Active {
		return false
	}
	failing := next.Compliance != nil && next.Compliance.Status != "" && next.Compliance.Status != "PASSED"
	passed := had.Compliance != nil && had.Compliance.Status == "PASSED"
	return had.RecordState == Archived || passed && failing
}

// passesControl reports whether a Security Hub control passes, which resolves its finding.
func passesControl(f Finding) bool {
	return f.Compliance != nil && f.Compliance.Status == "PASSED" && strings.HasSuffix(f.ProductArn, ":product/aws/securityhub")
}

// keepCustomers puts back what only a customer may change once the finding exists.
func keepCustomers(next *Finding, had Finding) {
	next.Workflow, next.WorkflowState = had.Workflow, had.WorkflowState
	next.Note, next.UserDefinedFields, next.VerificationState = had.Note, had.UserDefinedFields, had.VerificationState
}

// keepOverruled puts back the top-level values that a customer has overruled: those that differ from the provider's own
// values, which are kept beside them in FindingProviderFields.
func keepOverruled(next *Finding, had Finding) {
	was := had.FindingProviderFields
	if !reflect.DeepEqual(had.Confidence, was.Confidence) {
		next.Confidence = had.Confidence
	}
	if !reflect.DeepEqual(had.Criticality, was.Criticality) {
		next.Criticality = had.Criticality
	}
	if !reflect.DeepEqual(had.RelatedFindings, was.RelatedFindings) {
		next.RelatedFindings = had.RelatedFindings
	}
	if !slices.Equal(had.Types, was.Types) {
		next.Types = had.Types
	}
	if was.Severity == nil || had.Severity.Label != was.Severity.Label {
		next.Severity = had.Severity
	}
}

// parseTime reads a timestamp of a validated finding.
func parseTime(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{} // older than every other
	}
	return t
}

func status(f Finding) WorkflowStatus {
	if f.Workflow == nil {
		return StatusNew
	}
	return f.Workflow.Status
}

func withStatus(w *Workflow, s WorkflowStatus) *Workflow {
	c := Workflow{Status: s}
	if w != nil {
		c.Rest = w.Rest
	}
	return &c
}

// with returns fields with key set to value, or without key where value is "". The map itself is not changed.
func with(fields map[string]string, key, value string) map[string]string {
	if fields[key] == value {
		if _, there := fields[key]; there == (value != "") {
			return fields
		}
	}
	c := make(map[string]string, len(fields)+1)
	for k, v := range fields {
		c[k] = v
	}
	if value == "" {
		delete(c, key)
	} else {
		c[key] = value
	}
	return c
}

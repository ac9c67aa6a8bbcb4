package web

import (
	"slices"
	"strings"

	"riposte.dev/fault"
	"riposte.dev/finding"
	"riposte.dev/playbook"
)

// Severities lists the labels of findings, the worst first.
func Severities() []finding.Label {
	return []finding.Label{finding.Critical, finding.High, finding.Medium, finding.Low, finding.Informational}
}

// WorkflowStatuses lists how far the investigation of a finding can be.
func WorkflowStatuses() []finding.WorkflowStatus {
	return []finding.WorkflowStatus{finding.StatusNew, finding.StatusNotified, finding.StatusResolved, finding.StatusSuppressed}
}

// RecordStates lists the provider's words on whether an issue still exists.
func RecordStates() []finding.RecordState {
	return []finding.RecordState{finding.Active, finding.Archived}
}

// VerificationStates lists the customer's words on whether a finding is right
// (https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchUpdateFindings.html).
func VerificationStates() []string {
	return []string{"UNKNOWN", "TRUE_POSITIVE", "FALSE_POSITIVE", "BENIGN_POSITIVE"}
}

// ExecutionStatuses lists what an execution can be.
func ExecutionStatuses() []playbook.Status {
	return []playbook.Status{playbook.Running, playbook.Succeeded, playbook.Failed, playbook.TimedOut, playbook.Aborted}
}

// oneOf refuses values that are not known.
func oneOf[T ~string](what string, values, known []T) error {
	for _, value := range values {
		if slices.Contains(known, value) {
			continue
		}
		names := make([]string, len(known))
		for i, k := range known {
			names[i] = string(k)
		}
		return fault.New(fault.Invalid, "there is no %s %q", what, string(value)).WithHint("use %s", strings.Join(names, ", "))
	}
	return nil
}

// optional is no value where it is empty.
func optional[T ~string](value T) []T {
	if value == "" {
		return nil
	}
	return []T{value}
}

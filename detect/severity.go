package detect

import (
	"slices"

	"riposte.dev/finding"
)

// Severities lists the labels that a rule may have, from harmless to worst.
func Severities() []finding.Label {
	return []finding.Label{finding.Informational, finding.Low, finding.Medium, finding.High, finding.Critical}
}

// Rank orders severities: 0 for INFORMATIONAL to 4 for CRITICAL, -1 for anything else.
func Rank(label finding.Label) int { return slices.Index(Severities(), label) }

package guard

import "strings"

// escalation ends the id under which the escalation of a rule is asked about, executed and audited. A rule's own id has no slash.
const escalation = "/escalate"

// EscalationOf returns the id under which a rule escalates. What names the rule (exceptions, pauses, scopes) covers its
// escalation as well; what names the escalation covers that alone.
func EscalationOf(rule string) string { return rule + escalation }

// RuleOf returns the rule behind the id of an escalation; any other id as it is.
func RuleOf(id string) string { return strings.TrimSuffix(id, escalation) }

// names reports whether a rule's id, "" for every rule, means what is asked about under another id.
func names(named, id string) bool {
	return named == "" || named == id || named == RuleOf(id)
}

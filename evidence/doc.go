// Package evidence writes what is known of one execution into one archive that can be handed on: the event, the finding, the
// plans with every resource before and after, the calls, who was asked and told, the journal, the audit records with their
// hashes, and a report to read. Start at [Write]. Secrets are taken out as they are from notifications; what the audit records
// say is left as it is, for their hashes.
package evidence

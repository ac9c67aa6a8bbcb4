// Package finding knows what has been found: the AWS Security Finding Format (ASFF) and the hub that keeps findings as
// AWS Security Hub does.
//
// Start at [Finding]. [Parse] reads one and loses nothing; [Validate] says everything that BatchImportFindings would
// refuse, with what to write instead; [New] builds riposte's own. [Hub] keeps findings: [Hub.Upsert] is idempotent and
// writes, in the same transaction, the `Security Hub Findings - Imported` event that [Hub.Relay] then publishes. Where
// they rest is a [Store]; package store has one on SQLite.
//
// The format is documented at https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format.html.
package finding

//go:generate go run ./gen -out schema/asff.json -details schema/details.json -extend Partition=aws-us-iso,aws-us-iso-b,AzureCloud

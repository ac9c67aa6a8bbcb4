// Package store keeps what rests: findings and their outbox, the execution index, exceptions, networks, access keys,
// deliveries and a few settings, on SQLite in WAL mode.
//
// Start at [Open]. Each concern is a handle of [Store] with its own file: [Findings] is a finding.Store, [Executions] a
// playbook.Index, [Exceptions] a guard.Exceptions, [Networks] serves detect. Writes of concurrent callers share one
// transaction and so one sync to disk (writer.go); a write that returned is on disk. Tables are made by the numbered files
// in migrations/sqlite. Secrets are encrypted with a key in a file beside the database (secret.go).
package store

// Package audit is the record of what riposte decided, did and was told to do: a chain in which every record carries the
// hash of the one before, so that whoever changes, removes, inserts or reorders one breaks it.
//
// Start at [Head.Next], which makes the next record of a chain, and at [Verify], which looks for the first one that does not
// fit. A record's form is canonical JSON (RFC 8785), one line; what is hashed is that line without its hash, so that sha256sum
// and jq do as well: docs/guide/trust.md shows how. Where the chain is kept, and what goes into it, is others' matter: store
// and playbook.
//
// The chain alone does not show that its end was cut off, or that all of it was made anew. For that its [Head] is kept
// elsewhere, see Check.Known.
package audit

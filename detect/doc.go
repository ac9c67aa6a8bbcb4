// Package detect decides what an event means: which rules hold for it, what finding it raises, what response it starts,
// and what else is known about where it came from.
//
// Start at [Load], which reads rules from files into a [RuleSet]; the format is in docs/reference/rules.md.
// [RuleSet.Match] is the pure part: event in, matches out. [Engine] is the flow around it: match, ask the guard, start
// the response first, then findings with enrichment, then notices. [Test] runs the tests that rules carry.
//
// Enrichment is a list of [Enricher]: [ThreatLists], [NewNetwork]. [Activity] remembers who did what in the last hours.
// The engine's partners are the interfaces in ports.go, declared here and implemented elsewhere.
//
// A rule's texts are [Template]s with ${path} placeholders; its condition is CEL over the variable event. Both are bounded
// in size, cost and time, and everything that fails closes: no response, a notice, a dead letter.
package detect

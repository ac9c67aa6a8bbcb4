// Package pattern is the event pattern language of Amazon EventBridge: it parses patterns, says what is wrong with
// them, and tells which of many patterns an event matches.
//
// Start at [Parse] for one pattern and at [Matcher] for many. The language is EventBridge's, as its open source engine
// (github.com/aws/event-ruler) implements it; docs/reference/patterns.md specifies every rule with its corners, and
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html is AWS's own description.
//
// How a match runs: flatten.go reads the event once and keeps the values of the fields that some pattern names, each
// with the array elements that it lies in. index.go names the few patterns whose required values are there. evaluate.go
// decides those as a plain and/or of conditions, and consistent.go is asked only when that said yes and the values lie
// in arrays: fields of one pattern must then come from the same element.
//
// How a pattern is compiled: tree.go reads the JSON text with positions, compile.go and expression.go turn it into
// statements in the order of the text, and resolve.go settles which of several statements about one field is in force.
package pattern

// Package eventpattern decides which events a rule of the sandbox wants. It
// reads the language of
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
// from AWS's documents, as plainly as it can: a tree that is walked for every
// event. SNS's filter policies are written in the same language.
//
// [Parse] reads a pattern, [Decode] an event, [Pattern.Match] decides. Operators
// are in leaf.go, the walk over objects and arrays is in pattern.go.
package eventpattern

// Package jsonata evaluates JSONata (https://docs.jsonata.org) as AWS Step Functions does: the language of the fields of a
// States Language definition with QueryLanguage JSONata.
//
// Start at [Compile], which gives a [Program] or an [Error] with the place of the mistake. [Program.Eval] evaluates it on JSON
// and gives JSON. The language is the reference implementation, the npm package jsonata, unchanged, in a JavaScript engine
// written in Go; AWS's own functions ($partition, $range, $hash, $random, $uuid, $parse) are added and $eval is taken away
// (https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#jsonata-functions-provided-by-sfn).
//
// An evaluation sees its bindings, a time and random numbers that the caller gives, and nothing else. It ends within a second,
// and is bounded in depth and memory: see [MaxTime].
//
// The script is no part of the repository. Where it is missing (see script/README.md), Compile says so.
package jsonata

// Package asl is Amazon States Language, pure: it parses and checks state machines and says what an execution does next.
// It does no I/O, keeps no time and knows nothing of AWS.
//
// Start at [Parse], which gives a [Machine] or every mistake of the definition with its place. An [Execution] is what its
// [Record] list says, and nothing else. [Machine.Advance] moves it as far as it goes without the outside world and returns
// the new records; [Machine.Next] says what the outside world is asked for then: run a task, or wait. Whatever an
// evaluation gave (a state's input, a task's arguments, the chosen state, a due time) is in the records, so replaying them
// evaluates nothing again: clock, randomness and UUIDs can't turn out differently.
//
// Records carry the path of the branch that they belong to; "" is the machine itself. Sources of the behaviour: the States
// Language specification (https://states-language.net) and, where AWS differs,
// https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html.
package asl

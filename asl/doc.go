// Package asl is Amazon States Language, pure: it parses and checks state machines and says what an execution does next.
// It does no I/O, keeps no time and knows nothing of AWS.
//
// Start at [Parse], which gives a [Machine] or every mistake of the definition with its place. An [Execution] is what its
// [Record] list says, and nothing else. [Machine.Advance] moves it as far as it goes without the outside world and returns
// the new records; [Machine.Changes] says what the outside world is asked for since then, and what it is not asked for any more:
// run a task, read or write the items of a Map. [Execution.Wake] is when Advance has something to do by itself, and
// [Machine.Next] lists everything that an execution waits for. Whatever an evaluation gave (a state's input, a task's arguments,
// the chosen state, a due time, a token) is in the records, so replaying them evaluates nothing again: clock, randomness and UUIDs
// can't turn out differently.
//
// A step costs the same however many branches there are. [Machine.History] tells the records as Step Functions does;
// [Machine.Simulate] runs an execution without the world.
//
// Records carry the path of the branch that they belong to; "" is the machine itself. Sources of the behaviour: the States
// Language specification (https://states-language.net) and, where AWS differs,
// https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html.
package asl

// Package target sends events on, as EventBridge's targets do: to a queue, a topic, a function, a stream, another bus, an
// HTTPS endpoint. A rule written for EventBridge keeps its targets.
//
// Start at [Config], a target as a rule file has it, and [Check], which finds every mistake in a rule's targets, in
// EventBridge's words where it has some. [NewInput] compiles what a target is sent (input, input path, input transformer);
// [Router] brings it there:
//
//	Router.Enqueue ─► queue ─► deliver ─► Input ─► Sender.Send      Router.Run
//	                    │ a slow target's  │ refused, or out of retries
//	                    └─► second queue   └─► DeadLetters: the target's queue, else the dead letters
//
// A delivery's id is a hash of rule, target and cause: the same cause is queued once, and the id travels as idempotency
// token where a service takes one ([Kind.Effect] says which). [Permissions] names the IAM actions that a target needs.
//
// Senders are in the packages below (aws, http). docs/reference/targets.md describes it for people.
package target

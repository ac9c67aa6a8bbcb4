// Package bus is riposte's event log, work queues, timers and execution journal on NATS JetStream.
//
// By default the NATS server runs inside this process, on files, without a listener, and syncs every write to disk
// before it is acknowledged. With [Options].URL the same code uses an external NATS cluster, where the promise is the
// quorum of three replicas instead.
//
// Start at [Open]. What to read next:
//
//   - [Bus.Publish] and [Bus.Consume]: events, several to a message, so that one sync serves all that arrive together.
//     [Bus.Replay] and [Bus.Follow] read the retained past and watch.
//   - [Bus.Enqueue] and [Bus.Work]: work items with retries.
//   - [Bus.Schedule] and [Bus.Timers]: durable timers.
//   - [Bus.Journal]: what executions did, with compare-and-set.
//   - [Bus.DeadLetter] and [Bus.DeadLetters]: what could not be handled, and why.
//
// # What is promised
//
// A call that returns nil has its data on disk (embedded) or at a quorum (external). Streams are bounded and refuse
// when they are full: an error of code [fault.Unavailable] that is worth retrying. Nothing that a durable consumer
// has not handled is ever dropped; what all consumers have handled is history, kept for [Limit].Retain and given up
// earlier only to make room. Delivery is at least once: handlers meet a thing again after a crash. Handlers that
// must act once build on the compare-and-set of [Journal.Append].
//
// Data that callers hand in is copied before a call returns; data that handlers receive is theirs to keep.
package bus

// Package sqs takes messages from an Amazon SQS queue and hands each to a handler. A message is deleted only when the
// handler has returned nil, or when the message can never be handled and was buried.
//
// Start at [New] and [Source.Run]. What to read next:
//
//   - [Handle]: what a handler's errors do. One that may pass gives the message back and slows the polling down; one with
//     a RetryAfter method speaks for its own message only; any other buries the message.
//   - [Unwrap]: takes a body out of the envelope that SNS puts around it.
//
// Messages come at least once and in no order, so handlers must bear a message twice. Any number of sources, in one process
// or several, may share a queue. Where the queue has a dead-letter queue of its own, SQS counts what is given back too: a
// maxReceiveCount of 100 or more keeps an outage from filling it.
package sqs

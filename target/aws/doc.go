// Package aws sends events to targets in AWS: SNS (topics and text messages), SQS, Lambda, Step Functions, event buses,
// Kinesis, Firehose, CloudWatch Logs, Systems Manager and ECS.
//
// Start at [Senders], one for each kind, which target.Router works with; [DeadLetters] is the way to dead-letter queues.
// Each sender is a file of its own and makes one call a delivery (CloudWatch Logs another where the stream is missing).
// Without a role_arn the call is made in the ARN's account as riposte has access to it; with one, riposte assumes that
// role itself. errors.go is the one table that tells which errors pass.
package aws

// Package cloudwatchlogs takes events out of CloudWatch Logs: the messages that a subscription sends through Kinesis or
// Firehose, and what FilterLogEvents finds in log groups.
//
// Start at [Decode] and [Events] for subscriptions, at [Poller] where there is none. A log event is a CloudTrail record
// (a trail that delivers to the log group) or an EventBridge envelope (a rule whose target is the log group). Whoever may
// write to such a log group speaks for AWS; its resource policy should let nobody else.
package cloudwatchlogs

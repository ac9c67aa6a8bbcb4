// Package s3 reads the CloudTrail log files that notices name: S3's own event notifications, S3's events by EventBridge,
// and what CloudTrail publishes to SNS when it delivers.
//
// Start at [New]. [Reader.Notice] recognises a notice in the body of a message, [Reader.Read] reads its files and returns
// nil when every record is on disk, was buried, or the file is none to read. How the messages arrive is not its concern.
//
// A bucket that can't be read costs only its own notices: after a few failures they are refused without a call until it is
// time to try again, with an error whose RetryAfter says when. Only configured buckets are read, and only where their
// owner is the one expected.
package s3

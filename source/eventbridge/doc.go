// Package eventbridge takes events in EventBridge's own wire protocol: PutEvents and TestEventPattern as the AWS SDK and
// CLI speak them (JSON 1.1, X-Amz-Target AWSEvents.*), and the bare event that an EventBridge API destination posts.
//
// Start at [Handler]. Who calls is decided before (package web verifies SigV4 and keys) and handed in as a [Caller]; an
// event is answered with success only when [Accept] has it on disk.
package eventbridge

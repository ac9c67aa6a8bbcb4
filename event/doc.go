// Package event knows the things that happen: the EventBridge envelope that everything on the bus is, the CloudTrail
// record inside it, who did it, and the cause key that decides whether two events are one cause.
//
// Start at [Envelope]; [Parse] is the way in for bytes from outside. [FromCloudTrail] turns a record of a CloudTrail log file
// into the envelope that EventBridge would have sent. [Envelope.Cause] is the deduplication key. Who looks through many
// events for few uses a [Reader], which checks and wraps them without making an Envelope of each.
package event

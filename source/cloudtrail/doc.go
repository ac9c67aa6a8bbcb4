// Package cloudtrail reads CloudTrail's event history by LookupEvents: nothing has to be deployed for it, no trail, no
// bucket, no queue.
//
// Start at [Reader], which pages through one account and region within AWS's rate; [Paces] shares that rate among all
// who read. [Poller] makes a source of it for accounts without any other. [Cache] keeps on disk what was read, so that a
// second look fetches only what is missing. [Regions] lists where to look.
//
// The event history holds management events, those that only read among them, of the last 90 days. It holds no data
// events, and an event shows up to 15 minutes late. Events of global services (IAM, STS, CloudFront, Route 53) are in
// us-east-1. See https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html.
package cloudtrail

// Package firehose takes what Amazon Data Firehose delivers to an HTTP endpoint
// (https://docs.aws.amazon.com/firehose/latest/dev/httpdeliveryrequestresponse.html).
//
// Start at [Handler]. What a record holds is not known here: [Decode] takes events out of it. Who calls is decided before,
// by the access key in the header X-Amz-Firehose-Access-Key; a request is answered with 200 only when all its events are on disk. Firehose sends a
// request that was answered otherwise again, whole, and in the end puts it into its backup bucket.
package firehose

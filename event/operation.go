package event

import (
	"regexp"
	"strings"
)

// dated ends the names of operations that AWS Lambda keeps apart by the version of its API:
// https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html
var dated = regexp.MustCompile(`20[0-9]{6}(v[0-9]+)?$`)

// Service returns the prefix of a service's IAM actions, by which riposte's journal knows it, from a record's event source:
// "cloudwatch" from "monitoring.amazonaws.com". The sources of services are in
// https://docs.aws.amazon.com/eventbridge/latest/ref/events.html, the prefixes in the Service Authorization Reference.
func Service(eventSource string) string {
	name, _, _ := strings.Cut(eventSource, ".")
	if name == "monitoring" {
		return "cloudwatch"
	}
	return name
}

// Operation returns the API operation behind a record: the name by which SDKs, and so riposte's journal, know what CloudTrail
// names otherwise. service is as [Service] returns it. Amazon S3 names events by what they are about:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html
func Operation(service, eventName string) string {
	switch service {
	case "lambda":
		return dated.ReplaceAllString(eventName, "")
	case "s3":
		verb, block := strings.CutSuffix(eventName, "BucketPublicAccessBlock")
		if !block {
			verb, block = strings.CutSuffix(eventName, "AccountPublicAccessBlock")
		}
		if block {
			return verb + "PublicAccessBlock"
		}
		switch eventName {
		case "PutBucketLifecycle", "GetBucketLifecycle", "PutBucketNotification", "GetBucketNotification":
			return eventName + "Configuration"
		case "PutBucketObjectLockConfiguration", "GetBucketObjectLockConfiguration":
			return strings.Replace(eventName, "Bucket", "", 1)
		}
	}
	return eventName
}

package sandbox

import (
	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

// checkBucket does what CloudTrail does before it takes a bucket: it reads the
// bucket's ACL and writes below AWSLogs, as the service
// (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html).
func (c *call) checkBucket(t *trail) error {
	if c.sb.buckets == nil {
		return nil
	}
	doc, exists := c.sb.buckets(t.bucket)
	if !exists {
		return wire.Errorf("S3BucketDoesNotExistException", "S3 bucket %s does not exist!", t.bucket)
	}
	base := "arn:aws:s3:::" + t.bucket
	folder := base + "/AWSLogs/"
	if t.prefix != "" {
		folder = base + "/" + t.prefix + "/AWSLogs/"
	}
	allowed := trailMay(t, doc, "s3:GetBucketAcl", base) && trailMay(t, doc, "s3:PutObject", folder+t.account+"/CloudTrail")
	if t.org {
		allowed = allowed && trailMay(t, doc, "s3:PutObject", folder+c.sb.org.id+"/"+t.account+"/CloudTrail")
	}
	if !allowed {
		return wire.Errorf("InsufficientS3BucketPolicyException", "Incorrect S3 bucket policy is detected for bucket: %s", t.bucket)
	}
	return nil
}

// checkTopic does the same for the topic that is told of deliveries.
func (c *call) checkTopic(t *trail) error {
	if c.sb.topics == nil || t.topicARN == "" {
		return nil
	}
	doc, exists := c.sb.topics(t.topicARN)
	if !exists || !trailMay(t, doc, "sns:Publish", t.topicARN) {
		return wire.Errorf("InsufficientSnsTopicPolicyException", "SNS Topic does not exist or the topic policy is incorrect!")
	}
	return nil
}

// trailMay says whether a resource's policy lets CloudTrail act for a trail.
func trailMay(t *trail, doc *policy.Document, action, resource string) bool {
	if doc == nil {
		return false
	}
	return policy.Evaluate([]*policy.Document{doc}, &policy.Request{
		Action: action, Resource: resource, Service: "cloudtrail.amazonaws.com",
		Context: policy.Context{
			"s3:x-amz-acl": {"bucket-owner-full-control"}, "aws:sourcearn": {t.arn}, "aws:sourceaccount": {t.account},
			"aws:securetransport": {"true"},
		},
	}) == policy.Allowed
}

package sandbox

import "riposte.dev/sandbox/policy"

// cloudtrailService answers for trails and their records
// (https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Operations.html).
func cloudtrailService() *service {
	return &service{
		name: "cloudtrail", prefix: "cloudtrail",
		operations: []operation{
			{name: "CreateTrail", resources: trailByName, also: tagsOnCreate, handle: createTrail},
			{name: "UpdateTrail", resources: trailByName, handle: updateTrail},
			{name: "DeleteTrail", resources: trailByName, handle: deleteTrail},
			{name: "DescribeTrails", handle: describeTrails},
			{name: "GetTrail", resources: trailByName, handle: getTrail},
			{name: "GetTrailStatus", resources: trailByName, handle: getTrailStatus},
			{name: "ListTrails", handle: listTrails},
			{name: "StartLogging", resources: trailByName, handle: startLogging},
			{name: "StopLogging", resources: trailByName, handle: stopLogging},
			{name: "PutEventSelectors", resources: trailOfSelectors, handle: putEventSelectors},
			{name: "GetEventSelectors", resources: trailOfSelectors, handle: getEventSelectors},
			{name: "AddTags", resources: trailByResourceID, handle: addTrailTags},
			{name: "RemoveTags", resources: trailByResourceID, handle: removeTrailTags},
			{name: "ListTags", resources: trailsByResourceIDs, handle: listTrailTags},
			{name: "LookupEvents", handle: lookupEvents},
			{name: "ListPublicKeys", handle: listPublicKeys},
		},
	}
}

// trailARN is what a name or an ARN in an input stands for.
func (c *call) trailARN(nameOrARN string) string {
	if isARN(nameOrARN) {
		return nameOrARN
	}
	return c.arn("trail/" + nameOrARN)
}

func trailByName(c *call) []string       { return []string{c.trailARN(c.in.str("Name"))} }
func trailOfSelectors(c *call) []string  { return []string{c.trailARN(c.in.str("TrailName"))} }
func trailByResourceID(c *call) []string { return []string{c.in.str("ResourceId")} }

func trailsByResourceIDs(c *call) []string { return c.in.strs("ResourceIdList") }

// tagsOnCreate is the permission that CreateTrail needs to tag what it makes.
func tagsOnCreate(c *call) []need {
	if len(c.in.objects("TagsList")) == 0 {
		return nil
	}
	return []need{{"cloudtrail:AddTags", c.trailARN(c.in.str("Name"))}}
}

// bucketLookup is what CloudTrail asks of S3: whether a bucket exists, and its
// policy (nil without one).
type bucketLookup func(name string) (doc *policy.Document, exists bool)

// topicLookup is what CloudTrail asks of SNS, by the topic's ARN.
type topicLookup func(arn string) (doc *policy.Document, exists bool)

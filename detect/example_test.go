package detect_test

import (
	"context"
	"fmt"
	"testing/fstest"

	"riposte.dev/detect"
	"riposte.dev/event"
)

const rule = `
id: bucket-deleted
title: ${who} deleted the bucket ${detail.requestParameters.bucketName}
story: A bucket was deleted. Nobody should do that here.
severity: MEDIUM
match:
  pattern: {source: [aws.s3], detail-type: [AWS API Call via CloudTrail], detail: {eventName: [DeleteBucket]}}
when: "!has(event.detail.errorCode)"
notify: [secops]
`

// Load rules from a folder and ask what an event means.
func ExampleRuleSet_Match() {
	folder := fstest.MapFS{"s3.yaml": {Data: []byte(rule)}}
	rules, err := detect.Load([]detect.Source{{Name: "my-rules", FS: folder}}, detect.LoadOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	env, err := event.FromCloudTrail([]byte(`{
		"eventID": "b7ad9f4e", "eventTime": "2024-05-01T12:00:00Z", "eventSource": "s3.amazonaws.com",
		"eventName": "DeleteBucket", "awsRegion": "eu-west-1", "recipientAccountId": "111122223333",
		"userIdentity": {"type": "IAMUser", "userName": "dana"}, "requestParameters": {"bucketName": "holiday-photos"}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	matches, _, err := rules.Match(context.Background(), env)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range matches {
		fmt.Println(m.Rule.Severity, m.Rule.ID, "—", m.Title)
	}
	// Output: MEDIUM bucket-deleted — IAM user dana deleted the bucket holiday-photos
}

// A mistake is reported at its place, with what to write instead.
func ExampleLoad_mistake() {
	folder := fstest.MapFS{"s3.yaml": {Data: []byte("id: r\ntitle: t\nstory: s.\nseverity: MEDIUN\nmatch: {pattern: {source: [aws.s3], detail-type: [x]}}\nnotify: [secops]\n")}}
	_, err := detect.Load([]detect.Source{{Name: "my-rules", FS: folder}}, detect.LoadOptions{})
	fmt.Println(err)
	// Output: my-rules/s3.yaml:4:11: unknown severity "MEDIUN" — did you mean "MEDIUM"?
}

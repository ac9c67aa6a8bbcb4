package event_test

import (
	"fmt"

	"riposte.dev/event"
)

func ExampleFromCloudTrail() {
	e, err := event.FromCloudTrail([]byte(`{"eventID":"4f1c","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging",` +
		`"eventType":"AwsApiCall","eventTime":"2026-03-01T03:00:00Z","recipientAccountId":"111122223333"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e.Source, "|", e.DetailType, "|", e.Cause())
	// Output: aws.cloudtrail | AWS API Call via CloudTrail | cloudtrail|111122223333|4f1c
}

package cloudwatchlogs_test

import (
	"fmt"

	"riposte.dev/source/cloudwatchlogs"
)

// What a subscription sends through Kinesis or Firehose becomes events; what is none keeps a key and a reason.
func ExampleDecode() {
	m, err := cloudwatchlogs.Decode([]byte(`{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"trail","logStream":"s","logEvents":[
		{"id":"1","timestamp":1772334000000,"message":"{\"eventID\":\"e\",\"eventName\":\"StopLogging\",\"eventSource\":\"cloudtrail.amazonaws.com\"}"},
		{"id":"2","timestamp":1772334000000,"message":"hello"}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	events, bad := cloudwatchlogs.Events(m)
	fmt.Println(events[0].Source, events[0].DetailType)
	fmt.Println(bad[0].Key)
	// Output:
	// aws.cloudtrail AWS API Call via CloudTrail
	// trail/s/2
}

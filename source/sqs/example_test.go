package sqs_test

import (
	"fmt"

	"riposte.dev/source/sqs"
)

func ExampleUnwrap() {
	body := `{"Type":"Notification","TopicArn":"arn:aws:sns:eu-west-1:111122223333:trail","Message":"{\"source\":\"aws.ec2\"}"}`
	inner, err := sqs.Unwrap([]byte(body))
	fmt.Println(string(inner), err)
	// Output: {"source":"aws.ec2"} <nil>
}

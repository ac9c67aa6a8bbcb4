package digest_test

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/source/digest"
)

// What is wrong is in the report; an error says that nothing could be looked at.
func ExampleVerify() {
	report, err := digest.Verify(context.Background(), digest.Options{
		Trail: "main", Config: func(region string) aws.Config { return aws.Config{Region: region} },
		From: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range report.Wrong {
		fmt.Println(p.Kind, p.Key, p.Meaning)
	}
	// Output: "main" is no ARN of a trail — write it as in arn:aws:cloudtrail:us-east-1:111122223333:trail/main; `aws cloudtrail list-trails` shows it
}

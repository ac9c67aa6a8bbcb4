package s3_test

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/event"
	"riposte.dev/source/s3"
)

func ExampleReader_Notice() {
	r, err := s3.New(s3.Options{
		Buckets: []s3.Bucket{{Name: "org-trail", Owner: "111122223333", Region: "eu-west-1"}},
		AWS:     func(context.Context, string, string) (aws.Config, error) { return aws.Config{}, nil },
		Accept:  func(_ context.Context, events []*event.Envelope) []error { return make([]error, len(events)) },
		Bury:    func(context.Context, string, string, []byte) error { return nil },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	n, ok, err := r.Notice([]byte(`{"s3Bucket":"org-trail","s3ObjectKey":["AWSLogs/111122223333/CloudTrail/a.json.gz"]}`))
	fmt.Println(n.Objects, ok, err)
	// Output: [s3://org-trail/AWSLogs/111122223333/CloudTrail/a.json.gz] true <nil>
}

package aws_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"riposte.dev/target"
)

// BenchmarkSend is one SendMessage after the other to the sandbox, over HTTP, with the real SDK.
func BenchmarkSend(b *testing.B) {
	w := newWorld(b)
	makeQueue(b, w.root, "q", nil)
	w.root.HTTPClient = awshttp.NewBuildableClient() // shared, so that connections are
	s := sender(b, func(context.Context, string, string) (aws.Config, error) { return w.root, nil }, "sqs")
	r := request(target.Config{ARN: arnOf("sqs", "q")}, "")
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if err := s.Send(b.Context(), r); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
}

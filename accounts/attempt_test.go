package accounts

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"
)

func TestAnAttemptThatHangsIsMadeAgain(t *testing.T) {
	var asked atomic.Int32
	hang := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			<-hang
			return
		}
		w.Header().Set("X-Amzn-Requestid", "r-2")
		_, _ = w.Write([]byte(`<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`))
	}))
	defer server.Close()
	defer close(hang)
	var told []string
	// Only the first attempt is bounded, so that a slow machine cannot end the second.
	bound := func(string, string) time.Duration {
		if asked.Load() == 0 {
			return 100 * time.Millisecond
		}
		return 0
	}
	m := &attempts{bound: bound, onRequest: func(service, operation, id string) { told = append(told, service+":"+operation+" "+id) }}
	client := sts.NewFromConfig(aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		APIOptions: []func(*middleware.Stack) error{func(s *middleware.Stack) error { return s.Deserialize.Add(m, middleware.Before) }},
	})
	out, err := client.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil || aws.ToString(out.Account) != "111122223333" {
		t.Fatalf("%v, %v", out, err)
	}
	if len(told) != 2 || told[0] != "sts:GetCallerIdentity " || told[1] != "sts:GetCallerIdentity r-2" {
		t.Errorf("told of %q", told)
	}
}

func TestAttemptBound(t *testing.T) {
	for call, want := range map[[2]string]time.Duration{
		{"cloudtrail", "StartLogging"}: callTimeout,
		{"sqs", "ReceiveMessage"}:      pollTimeout, // long polling lasts for up to 20 s
		{"sqs", "DeleteMessageBatch"}:  callTimeout,
		{"s3", "GetObject"}:            0, // a stream
		{"s3", "HeadBucket"}:           callTimeout,
		{"lambda", "Invoke"}:           invokeTimeout, // until the function has ended
		{"lambda", "GetFunction"}:      callTimeout,
	} {
		if got := attemptBound(call[0], call[1]); got != want {
			t.Errorf("%v: %s, want %s", call, got, want)
		}
	}
}

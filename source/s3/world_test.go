package s3_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"riposte.dev/event"
	"riposte.dev/sandbox"
	"riposte.dev/source/s3"
)

const (
	account  = "111122223333"
	patience = 20 * time.Second
)

// world is a sandbox over HTTP with buckets.
type world struct {
	*sandbox.Sandbox
	cfg    aws.Config
	client *awss3.Client
	// front, where it is set, may answer a request instead of the sandbox; false lets it through.
	front func(w http.ResponseWriter, r *http.Request, next http.Handler) bool
}

func newWorld(t testing.TB, buckets ...string) *world {
	t.Helper()
	box, err := sandbox.New(sandbox.Options{JournalSize: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{Sandbox: box}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.front == nil || !w.front(rw, r, box.Handler()) {
			box.Handler().ServeHTTP(rw, r)
		}
	}))
	t.Cleanup(func() {
		server.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := box.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	a, err := box.CreateAccount(account, "test")
	if err != nil {
		t.Fatal(err)
	}
	keys := a.CreateRootKey()
	w.cfg = aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL),
		Credentials: credentials.NewStaticCredentialsProvider(keys.AccessKeyID, keys.SecretAccessKey, ""),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return time.Millisecond, nil })
			})
		},
	}
	w.client = awss3.NewFromConfig(w.cfg, func(o *awss3.Options) { o.UsePathStyle = true })
	for _, name := range buckets {
		if _, err := w.client.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: &name}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// key is that of a log file.
func key(name string) string {
	return "AWSLogs/" + account + "/CloudTrail/us-east-1/2026/03/01/" + account + "_CloudTrail_us-east-1_20260301T0000Z_" + name + ".json.gz"
}

func (w *world) put(t testing.TB, bucket, key string, body []byte) {
	t.Helper()
	if _, err := w.client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)}); err != nil {
		t.Fatal(err)
	}
}

func zip(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// record is a CloudTrail record with that id.
func record(id string) string {
	return `{"eventVersion":"1.08","eventID":"` + id + `","eventName":"RunInstances","eventSource":"ec2.amazonaws.com","eventType":"AwsApiCall",` +
		`"eventTime":"2026-03-01T00:00:00Z","awsRegion":"us-east-1","recipientAccountId":"` + account + `"}`
}

// logFile has n records <name>-0 to <name>-n-1.
func logFile(t testing.TB, name string, n int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"Records":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(record(fmt.Sprintf("%s-%d", name, i)))
	}
	b.WriteString(`]}`)
	return zip(t, b.String())
}

// log is what was accepted, buried and reported.
type log struct {
	mu       sync.Mutex
	accepted map[string]int
	buried   map[string]string // reasons by key
	reports  map[string][]string
}

func newLog() *log {
	return &log{accepted: map[string]int{}, buried: map[string]string{}, reports: map[string][]string{}}
}

func (l *log) accept(_ context.Context, events []*event.Envelope) []error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range events {
		l.accepted[e.ID]++
	}
	return make([]error, len(events))
}

func (l *log) bury(_ context.Context, key, reason string, _ []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buried[key] = reason
	return nil
}

func (l *log) report(bucket, problem string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reports[bucket] = append(l.reports[bucket], problem)
}

func (l *log) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.accepted)
}

// state is what was reported last of a bucket.
func (l *log) state(bucket string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.reports[bucket]); n > 0 {
		return l.reports[bucket][n-1]
	}
	return ""
}

// options are those of tests: short pauses.
func (w *world) options(l *log, buckets ...string) s3.Options {
	o := s3.Options{
		AWS:    func(context.Context, string, string) (aws.Config, error) { return w.cfg, nil },
		Accept: l.accept, Bury: l.bury, Report: l.report,
		Backoff: func(int) time.Duration { return time.Minute },
		Again:   func(int) time.Duration { return time.Millisecond },
	}
	for _, name := range buckets {
		o.Buckets = append(o.Buckets, s3.Bucket{Name: name, Owner: account, Region: "us-east-1"})
	}
	return o
}

func reader(t testing.TB, o s3.Options) *s3.Reader {
	t.Helper()
	r, err := s3.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func notice(bucket string, keys ...string) s3.Notice {
	var n s3.Notice
	for _, k := range keys {
		n.Objects = append(n.Objects, s3.Object{Bucket: bucket, Key: k})
	}
	return n
}

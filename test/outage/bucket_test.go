package outage

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// bucketPause is the longest that riposte leaves a bucket alone after its first failures.
const bucketPause = time.Minute

func (w *world) s3() *s3.Client {
	return s3.NewFromConfig(w.admin, func(o *s3.Options) { o.UsePathStyle = true })
}

// bucket makes one that gives notice of its files to a queue. CloudTrail may write to it.
func (q *queue) bucket(t *testing.T, name string) {
	t.Helper()
	client := q.s3()
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name,
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region}}); err != nil {
		t.Fatal(err)
	}
	q.letTrailsWrite(t, name)
	if _, err := client.PutBucketNotificationConfiguration(t.Context(), &s3.PutBucketNotificationConfigurationInput{
		Bucket: &name, NotificationConfiguration: &s3types.NotificationConfiguration{
			QueueConfigurations: []s3types.QueueConfiguration{{QueueArn: &q.arn, Events: []s3types.Event{"s3:ObjectCreated:*"}}},
		},
	}); err != nil {
		t.Fatal(err)
	}
}

func (w *world) letTrailsWrite(t *testing.T, bucket string) {
	t.Helper()
	w.setPolicy(t, bucket, `{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":["s3:GetBucketAcl","s3:PutObject"],
		"Resource":["arn:aws:s3:::`+bucket+`","arn:aws:s3:::`+bucket+`/*"]}`)
}

func (w *world) setPolicy(t *testing.T, bucket, statement string) {
	t.Helper()
	if _, err := w.s3().PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{
		Bucket: &bucket, Policy: aws.String(`{"Version":"2012-10-17","Statement":[` + statement + `]}`),
	}); err != nil {
		t.Fatal(err)
	}
}

// logKey is the key of a log file.
func logKey(name string) string {
	return "AWSLogs/" + account + "/CloudTrail/" + region + "/2026/03/01/" + account + "_CloudTrail_" + region + "_20260301T0000Z_" + name + ".json.gz"
}

func (w *world) put(t *testing.T, bucket, name string, body []byte) {
	t.Helper()
	if _, err := w.s3().PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: aws.String(logKey(name)), Body: bytes.NewReader(body)}); err != nil {
		t.Fatal(err)
	}
}

// record is one of a launch.
func record(id string) string {
	return `{"eventVersion":"1.08","eventID":"` + id + `","eventName":"RunInstances","eventSource":"ec2.amazonaws.com","eventType":"AwsApiCall",` +
		`"eventTime":"2026-03-01T00:00:00Z","awsRegion":"` + region + `","sourceIPAddress":"192.0.2.7","recipientAccountId":"` + account + `"}`
}

// records makes n records and their ids.
func records(name string, n int) (texts, ids []string) {
	for i := range n {
		id := fmt.Sprintf("%s-%d", name, i)
		texts, ids = append(texts, record(id)), append(ids, id)
	}
	return texts, ids
}

// logFile packs records as CloudTrail does.
func logFile(t *testing.T, records []string) []byte {
	t.Helper()
	return packed(t, `{"Records":[`+strings.Join(records, ",")+`]}`)
}

func packed(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// putRecords puts a file with n good records and returns their ids.
func (w *world) putRecords(t *testing.T, bucket, name string, n int) []string {
	t.Helper()
	texts, ids := records(name, n)
	w.put(t, bucket, name, logFile(t, texts))
	return ids
}

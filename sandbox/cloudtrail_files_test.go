package sandbox_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"riposte.dev/sandbox"
)

// newFilesWorld has the bucket of the trails in S3, with CloudTrail's policy.
func newFilesWorld(t testing.TB, opts sandbox.Options) *world {
	t.Helper()
	w := newWorld(t, opts)
	client := w.s3(w.root, "us-east-1")
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(trailBucket)}); err != nil {
		t.Fatal(err)
	}
	w.setPolicy(strings.ReplaceAll(strings.ReplaceAll(bucketPolicy, "BUCKET/AWSLogs/*", "BUCKET/*"), "BUCKET", trailBucket))
	return w
}

func (w *world) setPolicy(policy string) {
	w.t.Helper()
	_, err := w.s3(w.root, "us-east-1").PutBucketPolicy(w.t.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String(trailBucket), Policy: &policy})
	if err != nil {
		w.t.Fatal(err)
	}
}

// objects are the keys in the bucket of the trails, in order.
func (w *world) objects(prefix string) []string {
	w.t.Helper()
	var out []string
	pages := s3.NewListObjectsV2Paginator(w.s3(w.root, "us-east-1"), &s3.ListObjectsV2Input{Bucket: aws.String(trailBucket), Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		for _, o := range page.Contents {
			out = append(out, *o.Key)
		}
	}
	return out
}

// text is what an object of the bucket of the trails holds, unpacked.
func (w *world) text(key string) []byte {
	w.t.Helper()
	out, err := w.s3(w.root, "us-east-1").GetObject(w.t.Context(), &s3.GetObjectInput{Bucket: aws.String(trailBucket), Key: &key})
	if err != nil {
		w.t.Fatal(err)
	}
	defer out.Body.Close()
	z, err := gzip.NewReader(out.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}

// logged are the records in the log files under a prefix.
func (w *world) logged(prefix string) []map[string]any {
	w.t.Helper()
	if err := w.DeliverLogFiles(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	var out []map[string]any
	for _, key := range w.objects(prefix) {
		var file struct{ Records []map[string]any }
		if err := json.Unmarshal(w.text(key), &file); err != nil {
			w.t.Fatalf("%s: %v", key, err)
		}
		out = append(out, file.Records...)
	}
	return out
}

func names(records []map[string]any) string {
	var out []string
	for _, r := range records {
		out = append(out, fmt.Sprint(r["eventName"]))
	}
	return strings.Join(out, " ")
}

var logFileName = regexp.MustCompile(`^audit/AWSLogs/111122223333/CloudTrail/us-east-1/\d{4}/\d\d/\d\d/111122223333_CloudTrail_us-east-1_\d{8}T\d{4}Z_[A-Za-z0-9]{16}\.json\.gz$`)

func TestLogFile(t *testing.T) {
	w := newFilesWorld(t, sandbox.Options{})
	arn := w.makeTrail("main", func(in *cloudtrail.CreateTrailInput) { in.S3KeyPrefix = aws.String("audit") })
	other := w.makeTrail("other", func(in *cloudtrail.CreateTrailInput) { in.S3KeyPrefix = aws.String("copy") })
	client := w.trailClient(w.root, "us-east-1")
	if _, err := client.StopLogging(t.Context(), &cloudtrail.StopLoggingInput{Name: &arn}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.StopLogging(t.Context(), &cloudtrail.StopLoggingInput{Name: &other}); err != nil {
		t.Fatal(err)
	}
	putText(t, w.s3(w.root, "us-east-1"), trailBucket, "elsewhere", "a data event leaves no record")
	records := w.logged("audit/")
	if got, want := names(records), "StartLogging CreateTrail StartLogging StopLogging"; got != want {
		t.Errorf("the trail logged %s, want %s", got, want)
	}
	if got, want := names(w.logged("copy/")), "StartLogging StopLogging StopLogging"; got != want {
		t.Errorf("the other trail logged %s, want %s", got, want)
	}
	keys := w.objects("audit/")
	if len(keys) != 1 || !logFileName.MatchString(keys[0]) {
		t.Errorf("log files are %v", keys)
	}
	// The same record comes by event and by file.
	var byEvent []string
	for _, e := range w.delivered(6) {
		if detail, ok := e["detail"].(map[string]any); ok {
			byEvent = append(byEvent, fmt.Sprint(detail["eventID"]))
		}
	}
	for _, r := range records {
		if !slices.Contains(byEvent, fmt.Sprint(r["eventID"])) {
			t.Errorf("%s %s is not among the events", r["eventName"], r["eventID"])
		}
	}
	status, err := client.GetTrailStatus(t.Context(), &cloudtrail.GetTrailStatusInput{Name: &arn})
	if err != nil || status.LatestDeliveryTime == nil || aws.ToString(status.LatestDeliveryAttemptSucceeded) == "" || status.LatestDeliveryError != nil {
		t.Errorf("the status is %+v, %v", status, err)
	}
	if again := w.logged("audit/"); len(again) != len(records) {
		t.Errorf("another delivery made %d records of %d", len(again), len(records))
	}
}

func TestOrganizationTrailFiles(t *testing.T) {
	w := newFilesWorld(t, sandbox.Options{})
	member, err := w.CreateAccount(otherAccount, "member")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.account.CreateOrganization(member); err != nil {
		t.Fatal(err)
	}
	w.makeTrail("org", func(in *cloudtrail.CreateTrailInput) { in.IsOrganizationTrail = aws.Bool(true); multiRegion(in) })
	w.makeTrail("own", multiRegion)
	if _, err := sts.NewFromConfig(w.config(member.CreateRootKey(), "eu-west-1")).GetCallerIdentity(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	w.logged("")
	inOrg := regexp.MustCompile(`^AWSLogs/o-[a-z0-9]{10}/444455556666/CloudTrail/eu-west-1/.*/444455556666_CloudTrail_eu-west-1_`)
	found := 0
	for _, key := range w.objects("") {
		if strings.Contains(key, otherAccount) {
			found++
			if !inOrg.MatchString(key) {
				t.Errorf("the member's file is %s", key)
			}
		}
	}
	if found != 1 {
		t.Errorf("the member has %d files, want that of the organisation's trail", found)
	}
}

func TestRefusedLogFiles(t *testing.T) {
	w, ctx := newFilesWorld(t, sandbox.Options{}), t.Context()
	arn := w.makeTrail("main")
	client := w.trailClient(w.root, "us-east-1")
	refusal := func() string {
		t.Helper()
		if err := w.DeliverLogFiles(ctx); err != nil {
			t.Fatal(err)
		}
		status, err := client.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: &arn})
		if err != nil {
			t.Fatal(err)
		}
		if status.LatestDeliveryError != nil && aws.ToString(status.LatestDeliveryAttemptTime) == "" {
			t.Error("the status has an error and no attempt")
		}
		return aws.ToString(status.LatestDeliveryError)
	}
	bucket := aws.String(trailBucket)
	if _, err := w.s3(w.root, "us-east-1").DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	if got := refusal(); got != "AccessDenied" {
		t.Errorf("without a policy the error is %q", got)
	}
	if _, err := w.s3(w.root, "us-east-1").DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	if got := refusal(); got != "NoSuchBucket" {
		t.Errorf("without a bucket the error is %q", got)
	}
	makeBucket(t, w.s3(w.root, "us-east-1"), trailBucket)
	w.setPolicy(strings.ReplaceAll(bucketPolicy, "BUCKET", trailBucket))
	if got := refusal(); got != "" {
		t.Errorf("with a bucket the error is %q", got)
	}
	if got := names(w.logged("AWSLogs/")); !strings.Contains(got, "StartLogging DeleteBucketPolicy GetTrailStatus DeleteBucket") {
		t.Errorf("what waited is lost: %s", got)
	}
}

func TestLogFilesOnTime(t *testing.T) {
	clock := newClock()
	w := newFilesWorld(t, sandbox.Options{Clock: clock, LogFiles: sandbox.LogFiles{Interval: time.Minute, Digests: 5 * time.Minute}})
	clock.awaited(t)
	clock.awaited(t)
	w.makeTrail("main", func(in *cloudtrail.CreateTrailInput) { in.EnableLogFileValidation = aws.Bool(true) })
	clock.advance(time.Minute)
	clock.awaited(t) // the delivery is done
	if n := len(w.objects("AWSLogs/111122223333/CloudTrail/")); n != 1 {
		t.Errorf("%d log files after a minute, want 1", n)
	}
	clock.advance(4 * time.Minute)
	clock.awaited(t)
	clock.awaited(t)
	if n := len(w.objects("AWSLogs/111122223333/CloudTrail-Digest/")); n != 1 {
		t.Errorf("%d digests after five minutes, want 1", n)
	}
}

// A file that is full goes out by itself.
func TestFullLogFile(t *testing.T) {
	w := newFilesWorld(t, sandbox.Options{})
	w.makeTrail("main")
	w.Flood(w.account, 10_000)
	keys := w.objects("AWSLogs/")
	if len(keys) != 1 {
		t.Fatalf("log files are %v, want one", keys)
	}
	if n := bytes.Count(w.text(keys[0]), []byte(`"eventID"`)); n != 10_000 {
		t.Errorf("the file has %d records, want 10000", n)
	}
}

// Records that no bucket takes are kept up to a bound, the latest of them.
func TestWaitingRecordsAreBounded(t *testing.T) {
	w := newFilesWorld(t, sandbox.Options{})
	w.makeTrail("main")
	if err := w.DeliverLogFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	policy := strings.ReplaceAll(bucketPolicy, "BUCKET", trailBucket)
	w.setPolicy(strings.ReplaceAll(policy, "s3:PutObject", "s3:PutObjectTagging"))
	w.GatherMany(w.account, 105_000)
	w.setPolicy(policy)
	if n := len(w.logged("AWSLogs/")); n < 90_000 || n > 100_000 {
		t.Errorf("%d records waited, want at most 100000", n)
	}
}

// Of records that one trail logs and delivers in files of at most 10,000.
func BenchmarkLogFiles(b *testing.B) {
	w := newFilesWorld(b, sandbox.Options{OnEvent: func([]byte) {}})
	w.makeTrail("main")
	b.ResetTimer()
	w.Flood(w.account, b.N)
	if err := w.DeliverLogFiles(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

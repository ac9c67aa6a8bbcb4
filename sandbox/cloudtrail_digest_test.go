package sandbox_test

import (
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"riposte.dev/sandbox"
)

func validated(in *cloudtrail.CreateTrailInput) { in.EnableLogFileValidation = aws.Bool(true) }

// hour delivers a log file and then a digest.
func (w *world) hour() {
	w.t.Helper()
	if err := w.DeliverLogFiles(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	if err := w.DeliverDigests(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

type digestText struct {
	Start             string  `json:"digestStartTime"`
	End               string  `json:"digestEndTime"`
	Object            string  `json:"digestS3Object"`
	Fingerprint       string  `json:"digestPublicKeyFingerprint"`
	Newest            *string `json:"newestEventTime"`
	PreviousObject    *string `json:"previousDigestS3Object"`
	PreviousSignature *string `json:"previousDigestSignature"`
	LogFiles          []struct{ S3Object, HashValue string }
}

func (w *world) digests() []digestText {
	w.t.Helper()
	var out []digestText
	for _, key := range w.objects("AWSLogs/111122223333/CloudTrail-Digest/us-east-1/") {
		var d digestText
		if err := json.Unmarshal(w.text(key), &d); err != nil {
			w.t.Fatal(err)
		}
		out = append(out, d)
	}
	return out
}

var digestName = regexp.MustCompile(`/\d{4}/\d\d/\d\d/111122223333_CloudTrail-Digest_us-east-1_main_us-east-1_\d{8}T\d{6}Z\.json\.gz$`)

func TestDigestChain(t *testing.T) {
	w, ctx := newFilesWorld(t, sandbox.Options{}), t.Context()
	arn := w.makeTrail("main", validated)
	client := w.trailClient(w.root, "us-east-1")
	w.hour()
	w.hour()
	if _, err := client.StopLogging(ctx, &cloudtrail.StopLoggingInput{Name: &arn}); err != nil {
		t.Fatal(err)
	}
	w.hour() // the last of the chain
	w.hour() // nothing more
	if n := len(w.digests()); n != 3 {
		t.Fatalf("%d digests after the trail stopped, want 3", n)
	}
	if _, err := client.StartLogging(ctx, &cloudtrail.StartLoggingInput{Name: &arn}); err != nil {
		t.Fatal(err)
	}
	w.hour()
	all := w.digests()
	for i, want := range []struct {
		follows bool
		files   int
	}{{false, 1}, {true, 0}, {true, 1}, {false, 1}} {
		d := all[i]
		if !digestName.MatchString(d.Object) || len(d.LogFiles) != want.files || (d.Newest != nil) != (want.files > 0) {
			t.Errorf("digest %d is %+v", i, d)
		}
		if !want.follows {
			if d.PreviousObject != nil || d.PreviousSignature != nil {
				t.Errorf("digest %d begins a chain, and follows %s", i, *d.PreviousObject)
			}
			continue
		}
		if d.PreviousObject == nil || *d.PreviousObject != all[i-1].Object || d.Start != all[i-1].End {
			t.Errorf("digest %d doesn't follow the one before: %+v", i, d)
		}
	}
	// A trail that stops and starts within the hour ends its chain, too.
	if _, err := client.StopLogging(ctx, &cloudtrail.StopLoggingInput{Name: &arn}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.StartLogging(ctx, &cloudtrail.StartLoggingInput{Name: &arn}); err != nil {
		t.Fatal(err)
	}
	w.hour()
	if again := w.digests(); len(again) != 6 || again[4].PreviousObject == nil || again[5].PreviousObject != nil {
		t.Errorf("after the trail stopped and started digests are %+v", again)
	}
	status, err := client.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: &arn})
	if err != nil || status.LatestDigestDeliveryTime == nil {
		t.Errorf("the status is %+v, %v", status, err)
	}
	keys, err := client.ListPublicKeys(ctx, nil)
	if err != nil || len(keys.PublicKeyList) != 1 {
		t.Fatalf("the keys are %+v, %v", keys, err)
	}
	key := keys.PublicKeyList[0]
	sum := md5.Sum(key.Value)
	if hex.EncodeToString(sum[:]) != *key.Fingerprint || *key.Fingerprint != all[0].Fingerprint {
		t.Errorf("the fingerprint is %s, the digest says %s", *key.Fingerprint, all[0].Fingerprint)
	}
	if public, err := x509.ParsePKCS1PublicKey(key.Value); err != nil || public.N.BitLen() != 2048 {
		t.Errorf("the key doesn't parse: %v", err)
	}
	old, err := client.ListPublicKeys(ctx, &cloudtrail.ListPublicKeysInput{StartTime: aws.Time(time.Now().AddDate(-1, 0, 0)), EndTime: aws.Time(time.Now().AddDate(0, -6, 0))})
	if err != nil || len(old.PublicKeyList) != 0 {
		t.Errorf("the keys of last year are %+v, %v", old, err)
	}
}

// Regions have keys of their own, and a new one after thirty days.
func TestSigningKeys(t *testing.T) {
	w, now := newWorld(t, sandbox.Options{}), time.Now()
	key := func(region string, at time.Time) string {
		t.Helper()
		k, err := w.SigningKey(region, at)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	first := key("us-east-1", now)
	if key("us-east-1", now.AddDate(0, 0, 20)) != first {
		t.Error("the key changed within thirty days")
	}
	if key("eu-west-1", now) == first {
		t.Error("two regions share a key")
	}
	if key("us-east-1", now.AddDate(0, 0, 31)) == first || key("us-east-1", now) != first {
		t.Error("the key doesn't change after thirty days, or the old one is lost")
	}
}

func TestDigestsBeginAndEndWithValidation(t *testing.T) {
	w, ctx := newFilesWorld(t, sandbox.Options{}), t.Context()
	arn := w.makeTrail("main")
	w.hour()
	client := w.trailClient(w.root, "us-east-1")
	validate := func(on bool) {
		t.Helper()
		if _, err := client.UpdateTrail(ctx, &cloudtrail.UpdateTrailInput{Name: &arn, EnableLogFileValidation: &on}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(w.digests()); n != 0 {
		t.Errorf("%d digests of a trail that isn't validated", n)
	}
	validate(true)
	w.hour()
	validate(false)
	if n := len(w.digests()); n != 2 {
		t.Errorf("%d digests, want one of the hour and the last one", n)
	}
	w.hour() // nothing more
	validate(true)
	w.hour()
	if _, err := client.DeleteTrail(ctx, &cloudtrail.DeleteTrailInput{Name: &arn}); err != nil {
		t.Fatal(err)
	}
	all := w.digests()
	if len(all) != 4 || all[2].PreviousObject != nil || all[3].PreviousObject == nil || len(all[3].LogFiles) != 0 {
		t.Errorf("after the trail was deleted digests are %+v", all)
	}
}

// The CLI validates what it finds, and notices what was done to it.
func TestValidateLogs(t *testing.T) {
	w := newFilesWorld(t, sandbox.Options{})
	began := time.Now().UTC().Format(time.RFC3339)
	arn := w.makeTrail("main", validated)
	w.hour()
	w.user("somebody")
	w.trailCalls(arn)
	w.hour()
	w.trailCalls(arn)
	w.hour()
	tunnel := w.tunnel()
	validate := func() (string, bool) {
		t.Helper()
		return tunnel.cli(w, "cloudtrail", "validate-logs", "--trail-arn", arn, "--start-time", began, "--verbose")
	}
	out, ok := validate()
	if !ok || !strings.Contains(out, "3/3 digest files valid") || !strings.Contains(out, "3/3 log files valid") {
		t.Fatalf("an untouched trail: %v\n%s", ok, out)
	}
	files := w.objects("AWSLogs/111122223333/CloudTrail/")
	digests := w.objects("AWSLogs/111122223333/CloudTrail-Digest/")
	client, bucket := w.s3(w.root, "us-east-1"), aws.String(trailBucket)
	change := func(key string) {
		t.Helper()
		head, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: bucket, Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		if _, err := z.Write(bytes.Replace(w.text(key), []byte("111122223333"), []byte("111122223334"), 1)); err != nil || z.Close() != nil {
			t.Fatal(err)
		}
		if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: bytes.NewReader(packed.Bytes()), Metadata: head.Metadata}); err != nil {
			t.Fatal(err)
		}
	}
	remove := func(key string) {
		t.Helper()
		if _, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: bucket, Key: &key}); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		name string
		do   func()
		says []string
	}{
		{"a changed log file", func() { change(files[0]) }, []string{files[0] + "\tINVALID: hash value doesn't match", "2/3 log files valid, 1/3 log files INVALID"}},
		{"a deleted log file", func() { remove(files[1]) }, []string{files[1] + "\tINVALID: not found", "1/3 log files valid, 2/3 log files INVALID"}},
		{"a deleted digest", func() { remove(digests[1]) }, []string{digests[1] + "\tINVALID: not found"}},
		{"a changed digest", func() { change(digests[2]) }, []string{digests[2] + "\tINVALID: signature verification failed"}},
	} {
		tc.do()
		out, ok := validate()
		for _, want := range tc.says {
			if ok || !strings.Contains(out, want) {
				t.Errorf("%s: the CLI doesn't say %q:\n%s", tc.name, want, out)
			}
		}
	}
}

// TestStatusIsOfOneRegion: a trail of all regions has had deliveries only where something happened.
func TestStatusIsOfOneRegion(t *testing.T) {
	w := newFilesWorld(t, sandbox.Options{})
	arn := w.makeTrail("main", validated, multiRegion)
	w.hour()
	for region, delivered := range map[string]bool{"us-east-1": true, "eu-west-1": false} {
		status, err := w.trailClient(w.root, region).GetTrailStatus(t.Context(), &cloudtrail.GetTrailStatusInput{Name: &arn})
		if err != nil || (status.LatestDeliveryTime != nil) != delivered || (status.LatestDigestDeliveryTime != nil) != delivered {
			t.Errorf("the status in %s is %+v, %v", region, status, err)
		}
	}
}

// trailCalls makes a record.
func (w *world) trailCalls(arn string) {
	w.t.Helper()
	if _, err := w.trailClient(w.root, "us-east-1").GetTrail(w.t.Context(), &cloudtrail.GetTrailInput{Name: &arn}); err != nil {
		w.t.Fatal(err)
	}
}

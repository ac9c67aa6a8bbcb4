package digest_test

import (
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"riposte.dev/sandbox"
	"riposte.dev/source/digest"
)

const (
	account = "111122223333"
	bucket  = "trail-logs"
	region  = "eu-west-1"
	arn     = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main"
)

// signingKey is one for all tests: making one takes long.
var signingKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// world is an account with a trail and a bucket, in which the test plays CloudTrail: it signs and delivers.
type world struct {
	t         *testing.T
	box       *sandbox.Sandbox
	url       string
	admin     sandbox.Keys
	key       *rsa.PrivateKey
	s3        *s3.Client
	start     time.Time // of the first digest
	delivered time.Time // what GetTrailStatus says of the region's latest digest; zero: nothing
	denied    bool      // GetTrailStatus

	previous map[string]string // key of the latest digest, by region
	signed   map[string]string // signature by key
}

func newWorld(t *testing.T) *world {
	t.Helper()
	box, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, box: box, start: time.Now().UTC().Truncate(time.Hour).Add(-6 * time.Hour), previous: map[string]string{}, signed: map[string]string{}}
	if w.key, err = signingKey(); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(srv.Close)
	w.url = srv.URL
	a, err := box.CreateAccount(account, "shop")
	if err != nil {
		t.Fatal(err)
	}
	if w.admin, err = a.CreateUser("admin", sandbox.AdministratorAccess); err != nil {
		t.Fatal(err)
	}
	w.s3 = s3.NewFromConfig(w.config("us-east-1"), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := w.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		t.Fatal(err)
	}
	_, err = w.s3.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String(bucket), Policy: aws.String(fmt.Sprintf(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":["s3:GetBucketAcl","s3:PutObject"],"Resource":["arn:aws:s3:::%[1]s","arn:aws:s3:::%[1]s/*"]}]}`, bucket))})
	if err != nil {
		t.Fatal(err)
	}
	_, err = cloudtrail.NewFromConfig(w.config("us-east-1")).CreateTrail(t.Context(), &cloudtrail.CreateTrailInput{
		Name: aws.String("main"), S3BucketName: aws.String(bucket), IsMultiRegionTrail: aws.Bool(true), EnableLogFileValidation: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// serve answers for the keys and the status of the test's own CloudTrail; the look-alike answers for the rest.
func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	var answer any
	switch operation[strings.LastIndexByte(operation, '.')+1:] {
	case "ListPublicKeys":
		answer = map[string]any{"PublicKeyList": []map[string]any{{"Fingerprint": fingerprint(w.key), "Value": x509.MarshalPKCS1PublicKey(&w.key.PublicKey)}}}
	case "GetTrailStatus":
		if w.denied {
			rw.Header().Set("X-Amzn-ErrorType", "AccessDeniedException")
			rw.WriteHeader(http.StatusBadRequest)
			return
		}
		status := map[string]any{"IsLogging": true}
		if !w.delivered.IsZero() && strings.Contains(r.Header.Get("Authorization"), "/"+region+"/") {
			status["LatestDigestDeliveryTime"] = w.delivered.Unix()
		}
		answer = status
	default:
		w.box.Handler().ServeHTTP(rw, r)
		return
	}
	rw.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if err := json.NewEncoder(rw).Encode(answer); err != nil {
		w.t.Error(err)
	}
}

func (w *world) config(region string) aws.Config {
	return aws.Config{Region: region, BaseEndpoint: &w.url, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(w.admin.AccessKeyID, w.admin.SecretAccessKey, "")}
}

func fingerprint(key *rsa.PrivateKey) string {
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	return hex.EncodeToString(sum[:16])
}

func pack(text []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(text) // a buffer takes everything
	z.Close()
	return b.Bytes()
}

func (w *world) put(key string, packed []byte, metadata map[string]string) {
	w.t.Helper()
	_, err := w.s3.PutObject(w.t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: bytes.NewReader(packed), Metadata: metadata})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) get(key string) []byte {
	w.t.Helper()
	out, err := w.s3.GetObject(w.t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: &key})
	if err != nil {
		w.t.Fatal(err)
	}
	defer out.Body.Close()
	packed, err := io.ReadAll(out.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return packed
}

func (w *world) unpacked(key string) []byte {
	w.t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(w.get(key)))
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}

func (w *world) remove(key string) {
	w.t.Helper()
	if _, err := w.s3.DeleteObject(w.t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(bucket), Key: &key}); err != nil {
		w.t.Fatal(err)
	}
}

// logFile delivers a log file and returns its key and what a digest says of it.
func (w *world) logFile(region string, at time.Time, name string) (string, map[string]string) {
	w.t.Helper()
	text := []byte(fmt.Sprintf(`{"Records":[{"eventID":%q}]}`, name))
	key := fmt.Sprintf("AWSLogs/%s/CloudTrail/%s/%s/%s_CloudTrail_%s_%s_%s.json.gz", account, region, at.Format("2006/01/02"), account, region, at.Format("20060102T1504Z"), name)
	w.put(key, pack(text), nil)
	sum := sha256.Sum256(text)
	return key, map[string]string{"s3Bucket": bucket, "s3Object": key, "hashValue": hex.EncodeToString(sum[:]), "hashAlgorithm": "SHA-256"}
}

func digestKey(region string, end time.Time) string {
	return fmt.Sprintf("AWSLogs/%s/CloudTrail-Digest/%s/%s/%s_CloudTrail-Digest_%s_main_us-east-1_%s.json.gz", account, region, end.Format("2006/01/02"), account, region, end.Format("20060102T150405Z"))
}

// digest delivers the digest of the hour-th hour, with one log file, bound to the one before. change alters what it says
// before it is signed.
func (w *world) digest(region string, hour int, change ...func(map[string]any)) (key, fileKey string) {
	w.t.Helper()
	start := w.start.Add(time.Duration(hour) * time.Hour)
	end := start.Add(time.Hour)
	fileKey, file := w.logFile(region, start.Add(20*time.Minute), fmt.Sprintf("file%d", hour))
	key = digestKey(region, end)
	says := map[string]any{
		"awsAccountId": account, "digestStartTime": start.Format(time.RFC3339), "digestEndTime": end.Format(time.RFC3339),
		"digestS3Bucket": bucket, "digestS3Object": key, "digestPublicKeyFingerprint": fingerprint(w.key), "digestSignatureAlgorithm": "SHA256withRSA",
		"previousDigestS3Bucket": nil, "previousDigestS3Object": nil, "previousDigestSignature": nil, "logFiles": []any{file},
	}
	if previous := w.previous[region]; previous != "" {
		says["previousDigestS3Bucket"], says["previousDigestS3Object"], says["previousDigestSignature"] = bucket, previous, w.signed[previous]
	}
	for _, f := range change {
		f(says)
	}
	w.sign(key, says)
	w.previous[region] = key
	return key, fileKey
}

// sign delivers a digest, as AWS's document says that CloudTrail signs it.
func (w *world) sign(key string, says map[string]any) {
	w.t.Helper()
	text, err := json.Marshal(says)
	if err != nil {
		w.t.Fatal(err)
	}
	previous, _ := says["previousDigestSignature"].(string)
	if previous == "" {
		previous = "null"
	}
	hash := sha256.Sum256(text)
	sum := sha256.Sum256([]byte(fmt.Sprintf("%s\n%s/%s\n%s\n%s", says["digestEndTime"], says["digestS3Bucket"], says["digestS3Object"], hex.EncodeToString(hash[:]), previous)))
	signature, err := rsa.SignPKCS1v15(nil, w.key, crypto.SHA256, sum[:])
	if err != nil {
		w.t.Fatal(err)
	}
	w.signed[key] = hex.EncodeToString(signature)
	w.put(key, pack(text), map[string]string{"signature": w.signed[key], "signature-algorithm": "SHA256withRSA"})
}

// verify verifies the first hours of the world.
func (w *world) verify(change ...func(*digest.Options)) *digest.Report {
	w.t.Helper()
	o := digest.Options{Trail: arn, Config: w.config, From: w.start.Add(-time.Minute), To: w.start.Add(5 * time.Hour), PathStyle: true}
	for _, f := range change {
		f(&o)
	}
	report, err := digest.Verify(w.t.Context(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	return report
}

package digest_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"riposte.dev/sandbox"
	"riposte.dev/source/digest"
)

// What the AWS look-alike signs and delivers, by its own reading of AWS's documents, verifies; and no more once it is
// touched.
func TestVerifyWhatCloudTrailDelivers(t *testing.T) {
	ctx := t.Context()
	box, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(box.Handler())
	t.Cleanup(srv.Close)
	a, err := box.CreateAccount(account, "shop")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := a.CreateUser("admin", sandbox.AdministratorAccess)
	if err != nil {
		t.Fatal(err)
	}
	config := func(region string) aws.Config {
		return aws.Config{Region: region, BaseEndpoint: &srv.URL, Credentials: credentials.NewStaticCredentialsProvider(keys.AccessKeyID, keys.SecretAccessKey, "")}
	}
	objects := s3.NewFromConfig(config("us-east-1"), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := objects.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		t.Fatal(err)
	}
	_, err = objects.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String(bucket), Policy: aws.String(strings.ReplaceAll(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":["s3:GetBucketAcl","s3:PutObject"],"Resource":["arn:aws:s3:::NAME","arn:aws:s3:::NAME/*"]}]}`, "NAME", bucket))})
	if err != nil {
		t.Fatal(err)
	}
	trails := cloudtrail.NewFromConfig(config("us-east-1"))
	_, err = trails.CreateTrail(ctx, &cloudtrail.CreateTrailInput{Name: aws.String("main"), S3BucketName: aws.String(bucket), S3KeyPrefix: aws.String("logs"),
		IsMultiRegionTrail: aws.Bool(true), EnableLogFileValidation: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trails.StartLogging(ctx, &cloudtrail.StartLoggingInput{Name: aws.String("main")}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		for _, region := range []string{"us-east-1", "eu-west-1"} {
			if _, err := cloudtrail.NewFromConfig(config(region)).ListTrails(ctx, &cloudtrail.ListTrailsInput{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := box.DeliverLogFiles(ctx); err != nil {
			t.Fatal(err)
		}
		if err := box.DeliverDigests(ctx); err != nil {
			t.Fatal(err)
		}
	}
	verify := func() *digest.Report {
		t.Helper()
		report, err := digest.Verify(ctx, digest.Options{Trail: arn, Config: config, From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Minute), PathStyle: true})
		if err != nil {
			t.Fatal(err)
		}
		return report
	}
	report := verify()
	if !report.OK() || report.Digests.Valid != 6 || report.Files.Valid != 6 || !slices.Contains(report.Regions, "eu-west-1") || !slices.Contains(report.Regions, "us-east-1") {
		t.Fatalf("report is %+v", report)
	}
	list, err := objects.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String(bucket), Prefix: aws.String("logs/AWSLogs/" + account + "/CloudTrail/eu-west-1/")})
	if err != nil || len(list.Contents) != 3 {
		t.Fatalf("%d log files in eu-west-1, %v", len(list.Contents), err)
	}
	if _, err := objects.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: list.Contents[1].Key, Body: strings.NewReader("{}")}); err != nil {
		t.Fatal(err)
	}
	if report = verify(); kinds(report.Wrong) != "file-altered" || report.Wrong[0].Key != bucket+"/"+*list.Contents[1].Key {
		t.Errorf("report is %+v", report)
	}
}

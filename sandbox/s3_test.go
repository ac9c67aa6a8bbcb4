package sandbox_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"riposte.dev/sandbox"
)

func (w *world) s3(keys sandbox.Keys, region string) *s3.Client {
	return s3.NewFromConfig(w.config(keys, region), func(o *s3.Options) { o.UsePathStyle = true })
}

// cli runs Debian's aws against the sandbox as root, and returns what it prints.
func (w *world) cli(region string, args ...string) string {
	w.t.Helper()
	out, err := w.tryCLI(region, args...)
	if err != nil {
		w.t.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(out)
}

func (w *world) tryCLI(region string, args ...string) (string, error) {
	env := []string{"AWS_ACCESS_KEY_ID=" + w.root.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + w.root.SecretAccessKey}
	return runAWS(w.t, env, append(args, "--endpoint-url", w.url, "--region", region)...)
}

func makeBucket(t *testing.T, client *s3.Client, name string) {
	t.Helper()
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatal(err)
	}
}

func putText(t *testing.T, client *s3.Client, bucket, key, text string) {
	t.Helper()
	_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(text)})
	if err != nil {
		t.Fatal(err)
	}
}

func TestBucketLife(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client, bucket := w.s3(w.root, "eu-west-1"), aws.String("logs.example")
	_, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket})
	wantCode(t, err, "IllegalLocationConstraintException")
	in := &s3.CreateBucketInput{Bucket: bucket, CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"}}
	if _, err := client.CreateBucket(ctx, in); err != nil {
		t.Fatal(err)
	}
	_, err = client.CreateBucket(ctx, in)
	wantCode(t, err, "BucketAlreadyOwnedByYou")
	_, err = client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("192.168.0.1"), CreateBucketConfiguration: in.CreateBucketConfiguration})
	wantCode(t, err, "InvalidBucketName")

	head, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: bucket})
	if err != nil || aws.ToString(head.BucketRegion) != "eu-west-1" {
		t.Errorf("the bucket's head is %+v, %v", head, err)
	}
	where, err := client.GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: bucket})
	if err != nil || where.LocationConstraint != "eu-west-1" {
		t.Errorf("location is %+v, %v", where, err)
	}
	acl, err := client.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: bucket})
	if err != nil || len(acl.Grants) != 1 || acl.Grants[0].Permission != "FULL_CONTROL" || *acl.Grants[0].Grantee.ID != *acl.Owner.ID {
		t.Errorf("the ACL is %+v, %v", acl, err)
	}
	all, err := client.ListBuckets(ctx, nil)
	if err != nil || len(all.Buckets) != 1 || *all.Buckets[0].Name != *bucket {
		t.Errorf("buckets are %+v, %v", all, err)
	}
	_, err = w.s3(w.root, "us-west-2").GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: bucket})
	wantCode(t, err, "PermanentRedirect")

	putText(t, client, *bucket, "a", "text")
	_, err = client.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: bucket})
	wantCode(t, err, "BucketNotEmpty")
	if _, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: aws.String("a")}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	_, err = client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: bucket})
	wantCode(t, err, "NotFound")
}

func TestBucketNamesAreEverybodys(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	makeBucket(t, w.s3(w.root, "us-east-1"), "taken")
	other, err := w.CreateAccount(otherAccount, "other")
	if err != nil {
		t.Fatal(err)
	}
	client := w.s3(other.CreateRootKey(), "us-east-1")
	_, err = client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("taken")})
	wantCode(t, err, "BucketAlreadyExists")
	_, err = client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("taken")})
	wantCode(t, err, "AccessDenied")
}

func TestObjects(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	for style, client := range map[string]*s3.Client{
		"path": w.s3(w.root, "us-east-1"),
		// *.localhost is loopback, whatever the resolver says (RFC 6761).
		"host": s3.NewFromConfig(w.config(w.root, "us-east-1"), func(o *s3.Options) {
			o.BaseEndpoint = aws.String(strings.Replace(w.url, "127.0.0.1", "localhost", 1))
			o.HTTPClient = &http.Client{Transport: loopback(w.url)}
		}),
	} {
		t.Run(style, func(t *testing.T) {
			bucket := style + "-objects"
			makeBucket(t, client, bucket)
			_, err := client.PutObject(ctx, &s3.PutObjectInput{
				Bucket: &bucket, Key: aws.String("dir/a b+ü"), Body: strings.NewReader("hello"),
				ContentType: aws.String("text/plain"), Metadata: map[string]string{"owner": "me"},
			})
			if err != nil {
				t.Fatal(err)
			}
			out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("dir/a b+ü")})
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(out.Body)
			if err != nil || string(body) != "hello" {
				t.Errorf("body is %q, %v", body, err)
			}
			if *out.ContentType != "text/plain" || out.Metadata["owner"] != "me" || *out.ETag != `"5d41402abc4b2a76b9719d911017c592"` {
				t.Errorf("headers are %+v", out)
			}
			_, err = client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("other")})
			wantCode(t, err, "NoSuchKey")
		})
	}
}

func TestListObjects(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client, bucket := w.s3(w.root, "us-east-1"), "listed"
	makeBucket(t, client, bucket)
	for _, key := range []string{"a", "b/1", "b/2", "b/c/3", "b0", "c/4", "ü"} {
		putText(t, client, bucket, key, key)
	}
	for _, tc := range []struct {
		name string
		in   s3.ListObjectsV2Input
		want string
	}{
		{"all", s3.ListObjectsV2Input{}, "a b/1 b/2 b/c/3 b0 c/4 ü"},
		{"a prefix", s3.ListObjectsV2Input{Prefix: aws.String("b/")}, "b/1 b/2 b/c/3"},
		{"folders", s3.ListObjectsV2Input{Delimiter: aws.String("/")}, "a b0 ü | b/ c/"},
		{"a folder", s3.ListObjectsV2Input{Prefix: aws.String("b/"), Delimiter: aws.String("/")}, "b/1 b/2 | b/c/"},
		{"from the middle", s3.ListObjectsV2Input{StartAfter: aws.String("b/1")}, "b/2 b/c/3 b0 c/4 ü"},
		{"from within a folder", s3.ListObjectsV2Input{StartAfter: aws.String("b/1"), Delimiter: aws.String("/")}, "b0 ü | b/ c/"},
	} {
		for _, size := range []int32{1, 2, 1000} {
			t.Run(tc.name, func(t *testing.T) {
				in := tc.in
				in.Bucket, in.MaxKeys = &bucket, &size
				var keys, folders []string
				for pages := s3.NewListObjectsV2Paginator(client, &in); pages.HasMorePages(); {
					page, err := pages.NextPage(ctx)
					if err != nil {
						t.Fatal(err)
					}
					for _, o := range page.Contents {
						keys = append(keys, *o.Key)
					}
					for _, p := range page.CommonPrefixes {
						folders = append(folders, *p.Prefix)
					}
				}
				got := strings.Join(keys, " ")
				if len(folders) > 0 {
					got += " | " + strings.Join(folders, " ")
				}
				if got != tc.want {
					t.Errorf("in pages of %d the list is %q, want %q", size, got, tc.want)
				}
			})
		}
	}
}

func TestListObjectsByMarker(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client, bucket := w.s3(w.root, "us-east-1"), aws.String("listed")
	makeBucket(t, client, *bucket)
	for _, key := range []string{"a", "b/1", "b/2", "c"} {
		putText(t, client, *bucket, key, key)
	}
	first, err := client.ListObjects(ctx, &s3.ListObjectsInput{Bucket: bucket, Delimiter: aws.String("/"), MaxKeys: aws.Int32(2)})
	if err != nil || !*first.IsTruncated || aws.ToString(first.NextMarker) != "b/" || len(first.Contents) != 1 || len(first.CommonPrefixes) != 1 {
		t.Fatalf("the first page is %+v, %v", first, err)
	}
	rest, err := client.ListObjects(ctx, &s3.ListObjectsInput{Bucket: bucket, Delimiter: aws.String("/"), Marker: first.NextMarker})
	if err != nil || *rest.IsTruncated || len(rest.Contents) != 1 || *rest.Contents[0].Key != "c" || len(rest.CommonPrefixes) != 0 {
		t.Errorf("the second page is %+v, %v", rest, err)
	}
}

// S3 by the CLI, which writes and reads in other ways than the SDK does.
func TestS3CLI(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.cli("eu-central-1", "s3", "mb", "s3://cli-bucket")
	file := filepath.Join(t.TempDir(), "file")
	want := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	if err := os.WriteFile(file, want, 0o600); err != nil {
		t.Fatal(err)
	}
	w.cli("eu-central-1", "s3", "cp", file, "s3://cli-bucket/dir/file")
	if out := w.cli("eu-central-1", "s3", "ls", "s3://cli-bucket/dir/"); !strings.HasSuffix(out, " 1048576 file") {
		t.Errorf("the listing is %q", out)
	}
	w.cli("eu-central-1", "s3", "cp", "s3://cli-bucket/dir/file", file+".back")
	got, err := os.ReadFile(file + ".back")
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes came back (%v), want the %d that were sent", len(got), err, len(want))
	}
	out, err := w.tryCLI("eu-central-1", "s3api", "get-bucket-policy", "--bucket", "cli-bucket")
	if err == nil || !strings.Contains(out, "An error occurred (NoSuchBucketPolicy) when calling the GetBucketPolicy operation: The bucket policy does not exist") {
		t.Errorf("without a policy the CLI says %q", out)
	}
	w.cli("eu-central-1", "s3", "rb", "s3://cli-bucket", "--force")
	if ops := w.operations("s3"); !slices.Contains(ops, "DeleteBucket") {
		t.Errorf("calls are %v", ops)
	}
}

// operations are the names of the calls of a service, in order.
func (w *world) operations(service string) []string {
	var out []string
	for _, c := range w.Calls(sandbox.Match{Service: service}) {
		out = append(out, c.Operation)
	}
	return out
}

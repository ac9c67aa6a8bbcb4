package sandbox_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"riposte.dev/sandbox"
)

func TestGetRange(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	client := w.s3(w.root, "us-east-1")
	makeBucket(t, client, "ranges")
	putText(t, client, "ranges", "digits", "0123456789")
	putText(t, client, "ranges", "empty", "")
	for _, tc := range []struct{ key, asked, text, content, code string }{
		{"digits", "bytes=2-4", "234", "bytes 2-4/10", ""},
		{"digits", "bytes=7-", "789", "bytes 7-9/10", ""},
		{"digits", "bytes=-2", "89", "bytes 8-9/10", ""},
		{"digits", "bytes=-20", "0123456789", "bytes 0-9/10", ""},
		{"digits", "bytes=8-100", "89", "bytes 8-9/10", ""},
		{"digits", "bytes=4-2", "0123456789", "", ""},
		{"digits", "lines=1-2", "0123456789", "", ""},
		{"digits", "bytes=a-b", "0123456789", "", ""},
		{"digits", "bytes=10-", "", "", "InvalidRange"},
		{"digits", "bytes=-0", "", "", "InvalidRange"},
		{"empty", "bytes=0-", "", "", "InvalidRange"},
	} {
		t.Run(tc.key+" "+tc.asked, func(t *testing.T) {
			out, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("ranges"), Key: &tc.key, Range: &tc.asked})
			if tc.code != "" {
				wantCode(t, err, tc.code)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer out.Body.Close()
			want := http.StatusOK
			if tc.content != "" {
				want = http.StatusPartialContent
			}
			if raw, ok := middleware.GetRawResponse(out.ResultMetadata).(*smithyhttp.Response); !ok || raw.StatusCode != want {
				t.Errorf("the status is %+v, want %d", raw, want)
			}
			text, err := io.ReadAll(out.Body)
			if err != nil || string(text) != tc.text || aws.ToString(out.ContentRange) != tc.content || *out.ContentLength != int64(len(tc.text)) {
				t.Errorf("got %q, %q of %d bytes, %v; want %q, %q", text, aws.ToString(out.ContentRange), *out.ContentLength, err, tc.text, tc.content)
			}
		})
	}
}

// FuzzRange asks for any range: what comes is within the object, and no more
// than was asked for.
func FuzzRange(f *testing.F) {
	for _, header := range []string{"bytes=2-4", "bytes=-2", "bytes=7-", "bytes=99999999999999999999-", "bytes=1-2,4-5", "", "bytes=--"} {
		f.Add(header, 10)
	}
	f.Fuzz(func(t *testing.T, header string, size int) {
		if size < 0 {
			return
		}
		first, last, ok := sandbox.ByteRange(header, size)
		if ok && first <= last && (first < 0 || last >= size) {
			t.Errorf("%q of %d bytes is %d to %d", header, size, first, last)
		}
	})
}

func TestExpectedBucketOwner(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client, bucket, key := w.s3(w.root, "us-east-1"), aws.String("owned"), aws.String("key")
	makeBucket(t, client, *bucket)
	putText(t, client, *bucket, *key, "text")
	for name, do := range map[string]func(owner *string) error{
		"GetObject": func(o *string) error {
			_, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key, ExpectedBucketOwner: o})
			return err
		},
		"PutObject": func(o *string) error {
			_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader(""), ExpectedBucketOwner: o})
			return err
		},
		"ListObjectsV2": func(o *string) error {
			_, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket, ExpectedBucketOwner: o})
			return err
		},
		"GetBucketAcl": func(o *string) error {
			_, err := client.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: bucket, ExpectedBucketOwner: o})
			return err
		},
		"GetPublicAccessBlock": func(o *string) error {
			_, err := client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: bucket, ExpectedBucketOwner: o})
			return err
		},
		"PutBucketNotificationConfiguration": func(o *string) error {
			_, err := client.PutBucketNotificationConfiguration(ctx, &s3.PutBucketNotificationConfigurationInput{
				Bucket: bucket, ExpectedBucketOwner: o, NotificationConfiguration: &s3types.NotificationConfiguration{},
			})
			return err
		},
		"DeleteObject": func(o *string) error {
			_, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: aws.String("other"), ExpectedBucketOwner: o})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := do(aws.String(testAccount)); err != nil {
				t.Errorf("with the owner: %v", err)
			}
			wantCode(t, do(aws.String(otherAccount)), "AccessDenied")
		})
	}
}

func TestSlowDown(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	client := w.s3(w.root, "us-east-1")
	makeBucket(t, client, "slow")
	putText(t, client, "slow", "key", "text")
	w.AddFault(sandbox.Fault{Match: sandbox.Match{Service: "s3", Operation: "GetObject"}, Times: 1, Error: &sandbox.FaultError{Code: "SlowDown"}})
	get := func() error {
		_, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("slow"), Key: aws.String("key")})
		return err
	}
	err := get()
	wantCode(t, err, "SlowDown")
	var answer *awshttp.ResponseError
	if !errors.As(err, &answer) || answer.HTTPStatusCode() != http.StatusServiceUnavailable {
		t.Errorf("the status is that of %v, want 503", err)
	}
	if err := get(); err != nil {
		t.Errorf("after the fault: %v", err)
	}
}

// What an object was put with comes back, and how it travelled doesn't.
func TestContentEncoding(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	client, bucket, key := w.s3(w.root, "us-east-1"), aws.String("encoded"), aws.String("key")
	makeBucket(t, client, *bucket)
	for sent, encoding := range map[string]string{"gzip": "gzip", "": "", "aws-chunked": "", "gzip,aws-chunked": "gzip"} {
		in := &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader("text")}
		if sent != "" {
			in.ContentEncoding = &sent
		}
		if _, err := client.PutObject(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		out, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: bucket, Key: key})
		if err != nil || aws.ToString(out.ContentEncoding) != encoding {
			t.Errorf("the encoding is %q, %v; want %q", aws.ToString(out.ContentEncoding), err, encoding)
		}
	}
}

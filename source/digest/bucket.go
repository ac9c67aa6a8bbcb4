package digest

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"riposte.dev/action/awscall"
)

// folders lists the names of the folders right under a prefix.
func (v *verifier) folders(ctx context.Context, prefix string) ([]string, error) {
	pages := s3.NewListObjectsV2Paginator(v.bucket, &s3.ListObjectsV2Input{
		Bucket: &v.Bucket, Prefix: &prefix, Delimiter: aws.String("/"), ExpectedBucketOwner: v.owner(),
	})
	var names []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, awscall.Fault(err, "s3:ListBucket", "list %s/%s", v.Bucket, prefix)
		}
		for _, p := range page.CommonPrefixes {
			names = append(names, strings.TrimSuffix(strings.TrimPrefix(aws.ToString(p.Prefix), prefix), "/"))
		}
	}
	return names, nil
}

// list calls fn with the keys under a folder of days, from the day of from to that of to.
func (v *verifier) list(ctx context.Context, folder, from, to string, fn func(key string)) error {
	pages := s3.NewListObjectsV2Paginator(v.bucket, &s3.ListObjectsV2Input{
		Bucket: &v.Bucket, Prefix: &folder, StartAfter: aws.String(folder + from), ExpectedBucketOwner: v.owner(),
	})
	last := folder + to + "/\xff"
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return awscall.Fault(err, "s3:ListBucket", "list %s/%s", v.Bucket, folder)
		}
		for _, object := range page.Contents {
			key := aws.ToString(object.Key)
			if key > last {
				return nil
			}
			fn(key)
		}
	}
	return nil
}

// open begins to read an object; missing reports that there is none.
func (v *verifier) open(ctx context.Context, bucket, key string) (out *s3.GetObjectOutput, missing bool, err error) {
	out, err = v.bucket.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key, ExpectedBucketOwner: v.owner()})
	var gone *types.NoSuchKey
	if errors.As(err, &gone) {
		return nil, true, nil
	}
	return out, false, awscall.Fault(err, "s3:GetObject", "read %s/%s", bucket, key)
}

// fragile notes the error of the network, so that it isn't taken for one of the file.
type fragile struct {
	io.Reader
	n   int64
	err error
}

func (f *fragile) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	f.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

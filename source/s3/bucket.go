package s3

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// stall is how long a file's bytes may fail to come.
const stall = 30 * time.Second

// bucket is a configured bucket with what is known of it.
type bucket struct {
	Bucket
	breaker breaker
	aws     AWS

	mu      sync.Mutex
	client  *s3.Client
	problem string // as reported
}

// open returns the client, made at first use.
func (b *bucket) open(ctx context.Context) (*s3.Client, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.client != nil {
		return b.client, nil
	}
	cfg, err := b.aws(ctx, b.Account, b.Region)
	if err != nil {
		return nil, err
	}
	cfg = cfg.Copy()
	if b.Region != "" {
		cfg.Region = b.Region
	}
	if c, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok {
		cfg.HTTPClient = c.WithTimeout(0).WithReadTimeout(stall) // a bound on the whole would cut off large files
	}
	b.client = s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle = cfg.BaseEndpoint != nil // emulators have no names for buckets
		o.DisableLogOutputChecksumValidationSkipped = true
	})
	return b.client, nil
}

// fault says what went wrong with a file, and what to do.
func (b *bucket) fault(err error, o Object) error {
	err = awscall.Fault(err, "s3:GetObject", "read %s", o)
	var api smithy.APIError
	if !errors.As(err, &api) {
		return err
	}
	code, text := api.ErrorCode(), strings.ToLower(api.ErrorMessage())
	with := func(c fault.Code, hint string, args ...any) error {
		said := fmt.Sprintf("read from bucket %s: %s: %s", b.Name, code, strings.TrimSpace(api.ErrorMessage()))
		return (&fault.Error{Code: c, Message: said, Err: err}).WithHint(hint, args...)
	}
	switch {
	case strings.HasPrefix(code, "KMS.") || strings.Contains(text, "kms"):
		return with(fault.Denied, "allow kms:Decrypt on the key of the bucket to the role that riposte uses, in its policy and in the key's")
	case code == "InvalidObjectState": // 403, but of this file
		return with(fault.Invalid, "the file is archived: restore it, then run `riposte scan` over it")
	case code == "NoSuchBucket":
		return with(fault.NotFound, "create the bucket, or take it out of the configuration")
	case code == "PermanentRedirect", code == "AuthorizationHeaderMalformed", code == "IllegalLocationConstraintException":
		return with(fault.Invalid, "set the bucket's region, which `aws s3api get-bucket-location --bucket %s` prints", b.Name)
	case fault.CodeOf(err) == fault.Denied:
		return with(fault.Denied, "allow s3:GetObject on arn:aws:s3:::%s/%s* (and s3:ListBucket, or a missing file looks the same), and check that %s owns the bucket", b.Name, b.Prefix, b.Owner)
	}
	return err
}

// get asks for a file.
func (b *bucket) get(ctx context.Context, o Object) (*s3.GetObjectOutput, error) {
	client, err := b.open(ctx)
	if err != nil {
		return nil, b.fault(err, o)
	}
	out, err := client.GetObject(ctx, &s3.GetObjectInput{
		Bucket: aws.String(b.Name), Key: aws.String(o.Key), ExpectedBucketOwner: aws.String(b.Owner),
	})
	if err != nil {
		return nil, b.fault(err, o)
	}
	return out, nil
}

// say reports a change of the bucket's state.
func (b *bucket) say(report func(bucket, problem string), problem string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.problem != problem {
		b.problem = problem
		report(b.Name, problem)
	}
}

// Package bucket keeps heads of the audit chain in an S3 bucket with Object Lock, where nobody can change or remove them until
// their time is over, in mode COMPLIANCE not even the account's root user
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html).
package bucket

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"riposte.dev/action/awscall"
	"riposte.dev/audit"
	"riposte.dev/fault"
)

// Config says where heads are kept.
type Config struct {
	Name    string // of the bucket, made with Object Lock
	Owner   string // 12 digits: the account that the bucket must belong to
	Account string // 12 digits: with whose role it is written; "" for riposte's own
	Region  string // of the bucket
	Prefix  string // of the objects' keys
	Mode    string // GOVERNANCE or COMPLIANCE
	Retain  time.Duration
	Version string // of riposte, for whoever reads the object
	AWS     func(ctx context.Context, account, region string) (aws.Config, error)
}

// Bucket keeps heads. It is safe for concurrent use.
type Bucket struct{ cfg Config }

// New returns a bucket; it calls nothing.
func New(c Config) *Bucket { return &Bucket{c} }

// anchor is an object's text.
type anchor struct {
	audit.Head
	Time    time.Time `json:"time"`
	Riposte string    `json:"riposte"` // version
}

// Keep writes a head and returns where, as s3://BUCKET/KEY. Errors are those of awscall.Fault; any may be tried again, and a
// head that was kept twice does no harm.
func (b *Bucket) Keep(ctx context.Context, head audit.Head, at time.Time) (string, error) {
	c := b.cfg
	at = at.UTC().Truncate(time.Second)
	body, err := json.Marshal(anchor{head, at, c.Version})
	if err != nil {
		return "", fmt.Errorf("write an anchor: %w", err)
	}
	put := b.put(fmt.Sprintf("%sriposte-audit-%s-%d.json", c.Prefix, at.Format("20060102T150405Z"), head.Seq), body, at)
	where := "s3://" + c.Name + "/" + *put.Key
	client, err := b.client(ctx)
	if err != nil {
		return "", fmt.Errorf("keep the head in %s: %w", where, err)
	}
	if _, err := client.PutObject(ctx, put); err != nil {
		return "", awscall.Fault(err, permissions, "keep the head in %s", where)
	}
	return where, nil
}

// permissions are what it takes to keep a head.
const permissions = "s3:PutObject and s3:PutObjectRetention"

// Probe looks whether a head could be kept, and keeps nothing: it sends a checksum that is another text's, for which S3 refuses
// what it would keep otherwise (BadDigest, https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html). It returns
// nil where that is the only reason; else errors as Keep does.
func (b *Bucket) Probe(ctx context.Context, at time.Time) error {
	put := b.put(b.cfg.Prefix+"riposte-audit-probe.json", []byte("{}"), at)
	put.ContentMD5 = aws.String("1B2M2Y8AsgTpgAmY7PhCfg==") // of the empty text
	client, err := b.client(ctx)
	if err != nil {
		return err
	}
	_, err = client.PutObject(ctx, put)
	var api smithy.APIError
	switch {
	case err == nil:
		return fault.New(fault.Internal, "S3 kept s3://%s/%s although its checksum is wrong", b.cfg.Name, *put.Key)
	case errors.As(err, &api) && api.ErrorCode() == "BadDigest":
		return nil
	}
	return awscall.Fault(err, permissions, "write to s3://%s/%s", b.cfg.Name, b.cfg.Prefix)
}

func (b *Bucket) put(key string, body []byte, at time.Time) *s3.PutObjectInput {
	c := b.cfg
	return &s3.PutObjectInput{
		Bucket: &c.Name, Key: &key, Body: bytes.NewReader(body), ContentType: aws.String("application/json"), ExpectedBucketOwner: &c.Owner,
		ObjectLockMode: types.ObjectLockMode(c.Mode), ObjectLockRetainUntilDate: aws.Time(at.Add(c.Retain)), ChecksumAlgorithm: types.ChecksumAlgorithmSha256,
	}
}

func (b *Bucket) client(ctx context.Context) (*s3.Client, error) {
	cfg, err := b.cfg.AWS(ctx, b.cfg.Account, b.cfg.Region)
	if err != nil {
		return nil, err
	}
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = o.BaseEndpoint != nil }), nil
}

// Package bucket keeps heads of the audit chain in an S3 bucket with Object Lock, where nobody can change or remove them until
// their time is over, in mode COMPLIANCE not even the account's root user
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html).
package bucket

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"riposte.dev/action/awscall"
	"riposte.dev/audit"
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
	key := fmt.Sprintf("%sriposte-audit-%s-%d.json", c.Prefix, at.Format("20060102T150405Z"), head.Seq)
	where := "s3://" + c.Name + "/" + key
	cfg, err := c.AWS(ctx, c.Account, c.Region)
	if err != nil {
		return "", fmt.Errorf("keep the head in %s: %w", where, err)
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = o.BaseEndpoint != nil })
	_, err = client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &c.Name, Key: &key, Body: bytes.NewReader(body), ContentType: aws.String("application/json"), ExpectedBucketOwner: &c.Owner,
		ObjectLockMode: types.ObjectLockMode(c.Mode), ObjectLockRetainUntilDate: aws.Time(at.Add(c.Retain)), ChecksumAlgorithm: types.ChecksumAlgorithmSha256,
	})
	if err != nil {
		return "", awscall.Fault(err, "s3:PutObject and s3:PutObjectRetention", "keep the head in %s", where)
	}
	return where, nil
}

package s3_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"riposte.dev/action/actiontest"
)

const (
	account = actiontest.Account
	region  = actiontest.Region
	bucket  = "shared-files"
	other   = "eu-central-1"
)

// Statements of the bucket's policy.
const (
	everybody = `{ "Sid": "PublicRead", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shared-files/*" }`
	partner   = `{"Sid":"Partner","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::shared-files","arn:aws:s3:::shared-files/*"]}`
	plainHTTP = `{"Sid":"TLS","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::shared-files/*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`
)

// policy writes a policy as people do: with space between the statements.
func policy(statements ...string) string {
	return "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    " + strings.Join(statements, ",\n    ") + "\n  ]\n}\n"
}

// cloud is a sandbox with a bucket that may be public.
type cloud struct {
	*actiontest.Cloud
	client *sdk.Client
}

func newCloud(t *testing.T, region string) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(account, region), func(o *sdk.Options) { o.UsePathStyle = true })
	_, err := c.client.CreateBucket(t.Context(), &sdk.CreateBucketInput{
		Bucket: aws.String(bucket), CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(region)},
	})
	c.Must(err)
	_, err = c.client.DeletePublicAccessBlock(t.Context(), &sdk.DeletePublicAccessBlockInput{Bucket: aws.String(bucket)})
	c.Must(err)
	_, err = c.client.PutBucketTagging(t.Context(), &sdk.PutBucketTaggingInput{
		Bucket: aws.String(bucket), Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("team"), Value: aws.String("web")}}},
	})
	c.Must(err)
	return c
}

func (c cloud) put(text string) {
	c.T.Helper()
	_, err := c.client.PutBucketPolicy(c.T.Context(), &sdk.PutBucketPolicyInput{Bucket: aws.String(bucket), Policy: &text})
	c.Must(err)
}

// policy returns the bucket's policy, "" where it has none.
func (c cloud) policy() string {
	c.T.Helper()
	out, err := c.client.GetBucketPolicy(c.T.Context(), &sdk.GetBucketPolicyInput{Bucket: aws.String(bucket)})
	if is(err, "NoSuchBucketPolicy") {
		return ""
	}
	c.Must(err)
	return *out.Policy
}

func (c cloud) block(block types.PublicAccessBlockConfiguration) {
	c.T.Helper()
	_, err := c.client.PutPublicAccessBlock(c.T.Context(), &sdk.PutPublicAccessBlockInput{
		Bucket: aws.String(bucket), PublicAccessBlockConfiguration: &block,
	})
	c.Must(err)
}

// blocked returns the bucket's settings as text.
func (c cloud) blocked() string {
	c.T.Helper()
	out, err := c.client.GetPublicAccessBlock(c.T.Context(), &sdk.GetPublicAccessBlockInput{Bucket: aws.String(bucket)})
	if is(err, "NoSuchPublicAccessBlockConfiguration") {
		return "none"
	}
	c.Must(err)
	raw, err := json.Marshal(out.PublicAccessBlockConfiguration)
	c.Must(err)
	return string(raw)
}

func is(err error, code string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == code
}

func (c cloud) deleteBucket() {
	c.T.Helper()
	_, err := c.client.DeleteBucket(c.T.Context(), &sdk.DeleteBucketInput{Bucket: aws.String(bucket)})
	c.Must(err)
}

const named, missing = `{"bucket":"` + bucket + `"}`, `{"bucket":"no-such-bucket"}`

var ofBucket = actiontest.Request(named)

// backTo asks to put the policy back to a text.
func backTo(text string) string {
	return fmt.Sprintf(`{"bucket":%q,"policy":%q}`, bucket, text)
}

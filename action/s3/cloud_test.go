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

	"riposte.dev/action"
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
	t      *testing.T
	client *sdk.Client
}

func newCloud(t *testing.T, region string) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t), t: t}
	c.client = sdk.NewFromConfig(c.Admin(account, region), func(o *sdk.Options) { o.UsePathStyle = true })
	_, err := c.client.CreateBucket(t.Context(), &sdk.CreateBucketInput{
		Bucket: aws.String(bucket), CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(region)},
	})
	c.must(err)
	_, err = c.client.DeletePublicAccessBlock(t.Context(), &sdk.DeletePublicAccessBlockInput{Bucket: aws.String(bucket)})
	c.must(err)
	_, err = c.client.PutBucketTagging(t.Context(), &sdk.PutBucketTaggingInput{
		Bucket: aws.String(bucket), Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("team"), Value: aws.String("web")}}},
	})
	c.must(err)
	return c
}

func (c cloud) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c cloud) put(text string) {
	c.t.Helper()
	_, err := c.client.PutBucketPolicy(c.t.Context(), &sdk.PutBucketPolicyInput{Bucket: aws.String(bucket), Policy: &text})
	c.must(err)
}

// policy returns the bucket's policy, "" where it has none.
func (c cloud) policy() string {
	c.t.Helper()
	out, err := c.client.GetBucketPolicy(c.t.Context(), &sdk.GetBucketPolicyInput{Bucket: aws.String(bucket)})
	if is(err, "NoSuchBucketPolicy") {
		return ""
	}
	c.must(err)
	return *out.Policy
}

func (c cloud) block(block types.PublicAccessBlockConfiguration) {
	c.t.Helper()
	_, err := c.client.PutPublicAccessBlock(c.t.Context(), &sdk.PutPublicAccessBlockInput{
		Bucket: aws.String(bucket), PublicAccessBlockConfiguration: &block,
	})
	c.must(err)
}

// blocked returns the bucket's settings as text.
func (c cloud) blocked() string {
	c.t.Helper()
	out, err := c.client.GetPublicAccessBlock(c.t.Context(), &sdk.GetPublicAccessBlockInput{Bucket: aws.String(bucket)})
	if is(err, "NoSuchPublicAccessBlockConfiguration") {
		return "none"
	}
	c.must(err)
	raw, err := json.Marshal(out.PublicAccessBlockConfiguration)
	c.must(err)
	return string(raw)
}

func is(err error, code string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == code
}

func (c cloud) deleteBucket() {
	c.t.Helper()
	_, err := c.client.DeleteBucket(c.t.Context(), &sdk.DeleteBucketInput{Bucket: aws.String(bucket)})
	c.must(err)
}

func request(params string) action.Request {
	return action.Request{Account: account, Region: region, Params: json.RawMessage(params)}
}

var (
	ofBucket = request(`{"bucket":"` + bucket + `"}`)
	missing  = json.RawMessage(`{"bucket":"no-such-bucket"}`)
)

// backTo asks to put the policy back to a text.
func backTo(text string) action.Request {
	return request(fmt.Sprintf(`{"bucket":%q,"policy":%q}`, bucket, text))
}

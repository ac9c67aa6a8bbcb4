package sandbox_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"riposte.dev/sandbox"
)

// loopback connects to the sandbox whatever host a request names.
func loopback(url string) http.RoundTripper {
	return &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, strings.TrimPrefix(url, "http://"))
	}}
}

const publicRead = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::shared/*"}]}`

func TestBucketPolicies(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client, bucket := w.s3(w.root, "us-east-1"), aws.String("shared")
	makeBucket(t, client, *bucket)
	putText(t, client, *bucket, "key", "text")
	setPolicy := func(text string) error {
		_, err := client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: bucket, Policy: &text})
		return err
	}
	read := func(keys sandbox.Keys) error {
		_, err := w.s3(keys, "us-east-1").GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("key")})
		return err
	}
	anonymously := func() int {
		t.Helper()
		resp, err := http.Get(w.url + "/shared/key") //nolint:noctx // a short test
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode
	}
	bob := w.user("bob")
	wantCode(t, read(bob), "AccessDenied")
	for name, bad := range map[string]string{
		"no JSON":                  "x",
		"another bucket's":         strings.ReplaceAll(publicRead, "shared", "other"),
		"no principal":             strings.ReplaceAll(publicRead, `"Principal":"*",`, ""),
		"another service's action": strings.ReplaceAll(publicRead, "s3:GetObject", "sqs:SendMessage"),
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, setPolicy(bad), "MalformedPolicy") })
	}
	if err := setPolicy(strings.ReplaceAll(publicRead, `"*"`, `{"AWS":"arn:aws:iam::111122223333:user/bob"}`)); err != nil {
		t.Fatal(err)
	}
	if err := read(bob); err != nil {
		t.Errorf("whom the policy names can't read: %v", err)
	}
	if code := anonymously(); code != http.StatusForbidden {
		t.Errorf("anonymous status is %d, want 403", code)
	}

	wantCode(t, setPolicy(publicRead), "AccessDenied") // new buckets block public policies
	if _, err := client.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	_, err := client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: bucket})
	wantCode(t, err, "NoSuchPublicAccessBlockConfiguration")
	if err := setPolicy(publicRead); err != nil {
		t.Fatal(err)
	}
	if code := anonymously(); code != http.StatusOK {
		t.Errorf("anonymous status is %d with a public policy, want 200", code)
	}
	_, err = client.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{
		Bucket: bucket, PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{RestrictPublicBuckets: aws.Bool(true)},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: bucket})
	if err != nil || !*got.PublicAccessBlockConfiguration.RestrictPublicBuckets || *got.PublicAccessBlockConfiguration.BlockPublicPolicy {
		t.Errorf("the block is %+v, %v", got.PublicAccessBlockConfiguration, err)
	}
	if code := anonymously(); code != http.StatusForbidden {
		t.Errorf("anonymous status is %d with a restricted public policy, want 403", code)
	}
	if _, err := client.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	_, err = client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: bucket})
	wantCode(t, err, "NoSuchBucketPolicy")
}

func TestS3Records(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	client := w.s3(w.root, "us-east-1")
	makeBucket(t, client, "recorded")
	putText(t, client, "recorded", "key", "data events aren't recorded")
	_, err := client.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{
		Bucket: aws.String("recorded"), Policy: aws.String(strings.ReplaceAll(publicRead, "shared", "recorded")),
	})
	wantCode(t, err, "AccessDenied")
	events := w.delivered(2)
	wantRecord(t, events[0], "CreateBucket", "", `{"Host":"recorded.s3.us-east-1.amazonaws.com","bucketName":"recorded"}`, "null")
	wantRecord(t, events[1], "PutBucketPolicy", "AccessDenied", `{"Host":"recorded.s3.us-east-1.amazonaws.com","bucketName":"recorded","policy":"",
		"bucketPolicy":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::recorded/*"}]}}`, "null")
}

func TestBucketTags(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client, bucket := w.s3(w.root, "us-east-1"), aws.String("tagged")
	makeBucket(t, client, *bucket)
	set := func(key string) error {
		_, err := client.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: bucket, Tagging: &types.Tagging{TagSet: []types.Tag{{Key: &key, Value: aws.String("me")}}}})
		return err
	}
	get := func() ([]types.Tag, error) {
		out, err := client.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: bucket})
		if err != nil {
			return nil, err
		}
		return out.TagSet, nil
	}
	_, err := get()
	wantCode(t, err, "NoSuchTagSet")
	wantCode(t, set("aws:owner"), "InvalidTag")
	if err := set("owner"); err != nil {
		t.Fatal(err)
	}
	if tags, err := get(); err != nil || len(tags) != 1 || *tags[0].Key != "owner" || *tags[0].Value != "me" {
		t.Errorf("tags are %+v, %v", tags, err)
	}
	if _, err := client.DeleteBucketTagging(ctx, &s3.DeleteBucketTaggingInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	_, err = get()
	wantCode(t, err, "NoSuchTagSet")
}

// What S3 calls public
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status).
func TestPolicyStatus(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client, bucket := w.s3(w.root, "us-east-1"), aws.String("shared")
	makeBucket(t, client, *bucket)
	if _, err := client.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	under := func(condition string) string {
		return strings.Replace(publicRead, `"Resource"`, `"Condition":{`+condition+`},"Resource"`, 1)
	}
	as := func(principal string) string { return strings.Replace(publicRead, `"Principal":"*"`, principal, 1) }
	for _, tc := range []struct {
		name, policy string
		public       bool
	}{
		{"everybody", publicRead, true},
		{"everybody, as AWS", as(`"Principal":{"AWS":["arn:aws:iam::111122223333:root","*"]}`), true},
		{"everybody but one", as(`"NotPrincipal":{"AWS":"arn:aws:iam::111122223333:root"}`), true},
		{"one account", as(`"Principal":{"AWS":"444455556666"}`), false},
		{"denied", strings.Replace(publicRead, "Allow", "Deny", 1), false},
		{"an organisation", under(`"StringEquals":{"aws:PrincipalOrgID":"o-abcdefghij"}`), false},
		{"a source with a wildcard", under(`"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:*:topic"}`), true},
		{"a policy variable", under(`"StringEquals":{"aws:SourceVpc":"${aws:PrincipalTag/vpc}"}`), true},
		{"not a VPC", under(`"StringNotEquals":{"aws:SourceVpc":"vpc-91237329"}`), true},
		{"a VPC, if there is one", under(`"StringEqualsIfExists":{"aws:SourceVpc":"vpc-91237329"}`), true},
		{"another key", under(`"Bool":{"aws:SecureTransport":"true"}`), true},
		{"a network", under(`"IpAddress":{"aws:SourceIp":["203.0.113.0/24","198.51.100.7"]}`), false},
		{"a broad network", under(`"IpAddress":{"aws:SourceIp":["203.0.113.0/24","128.0.0.0/2"]}`), true},
		{"a private network", under(`"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}`), false},
		{"a broad network of IPv6", under(`"IpAddress":{"aws:SourceIp":"2001::/16"}`), true},
		{"access points of an account", under(`"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:123456789012:accesspoint/*"}`), false},
		{"access points of any account", under(`"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:*:accesspoint/a"}`), true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: bucket, Policy: &tc.policy}); err != nil {
				t.Fatal(err)
			}
			got, err := client.GetBucketPolicyStatus(ctx, &s3.GetBucketPolicyStatusInput{Bucket: bucket})
			if err != nil || *got.PolicyStatus.IsPublic != tc.public {
				t.Errorf("the status is %+v, %v", got, err)
			}
		})
	}
}

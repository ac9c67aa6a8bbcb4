package sandbox_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"riposte.dev/sandbox"
)

// s3control is a client of S3's accounts: it puts the account before the host's
// name, which no resolver knows.
func (w *world) s3control(keys sandbox.Keys, region string) *s3control.Client {
	return s3control.NewFromConfig(w.config(keys, region), func(o *s3control.Options) {
		o.HTTPClient = &http.Client{Transport: loopback(w.url)}
	})
}

func TestAccountBlock(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client, bucket := w.s3(w.root, "us-east-1"), aws.String("shared")
	makeBucket(t, client, *bucket)
	if _, err := client.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	setPolicy := func() error {
		_, err := client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: bucket, Policy: aws.String(publicRead)})
		return err
	}
	if err := setPolicy(); err != nil {
		t.Fatal(err)
	}
	putText(t, client, *bucket, "key", "text")
	anonymously := func() int {
		t.Helper()
		resp, err := http.Get(w.url + "/shared/key") //nolint:noctx // a short test
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode
	}
	control, account := w.s3control(w.root, "eu-west-1"), aws.String(testAccount)
	get := func() (*types.PublicAccessBlockConfiguration, error) {
		out, err := control.GetPublicAccessBlock(ctx, &s3control.GetPublicAccessBlockInput{AccountId: account})
		if err != nil {
			return nil, err
		}
		return out.PublicAccessBlockConfiguration, nil
	}
	_, err := get()
	wantCode(t, err, "NoSuchPublicAccessBlockConfiguration")
	_, err = control.PutPublicAccessBlock(ctx, &s3control.PutPublicAccessBlockInput{
		AccountId:                      account,
		PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{BlockPublicPolicy: aws.Bool(true)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := get(); err != nil || !*got.BlockPublicPolicy || *got.RestrictPublicBuckets {
		t.Errorf("the account's block is %+v, %v", got, err)
	}
	wantCode(t, setPolicy(), "AccessDenied")
	if code := anonymously(); code != http.StatusOK {
		t.Errorf("anonymous status is %d, want 200: the policy stays in force", code)
	}
	_, err = control.PutPublicAccessBlock(ctx, &s3control.PutPublicAccessBlockInput{
		AccountId:                      account,
		PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{RestrictPublicBuckets: aws.Bool(true)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if code := anonymously(); code != http.StatusForbidden {
		t.Errorf("anonymous status is %d with a restricted account, want 403", code)
	}
	if _, err := control.DeletePublicAccessBlock(ctx, &s3control.DeletePublicAccessBlockInput{AccountId: account}); err != nil {
		t.Fatal(err)
	}
	if err := setPolicy(); err != nil {
		t.Errorf("without a block: %v", err)
	}
}

func TestAccountBlockPermissions(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	_, err := w.s3control(w.root, "us-east-1").GetPublicAccessBlock(ctx, &s3control.GetPublicAccessBlockInput{AccountId: aws.String(otherAccount)})
	wantCode(t, err, "AccessDenied")
	reader := w.s3control(w.user("reader", allow("s3:GetAccountPublicAccessBlock", "*")), "us-east-1")
	_, err = reader.GetPublicAccessBlock(ctx, &s3control.GetPublicAccessBlockInput{AccountId: aws.String(testAccount)})
	wantCode(t, err, "NoSuchPublicAccessBlockConfiguration")
	_, err = reader.DeletePublicAccessBlock(ctx, &s3control.DeletePublicAccessBlockInput{AccountId: aws.String(testAccount)})
	wantCode(t, err, "AccessDenied")
}

// The CLI asks the sandbox as its proxy, so that it may put the account before
// the host's name.
func TestAccountBlockCLI(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	run := func(args ...string) (string, error) {
		env := []string{
			"AWS_ACCESS_KEY_ID=" + w.root.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + w.root.SecretAccessKey, "HTTP_PROXY=" + w.url, "http_proxy=" + w.url,
		}
		return runAWS(t, env, append(append([]string{"s3control"}, args...), "--account-id", testAccount,
			"--endpoint-url", "http://s3-control.eu-west-1.amazonaws.com", "--region", "eu-west-1", "--output", "json")...)
	}
	if out, err := run("get-public-access-block"); err == nil || !strings.Contains(out, "(NoSuchPublicAccessBlockConfiguration) when calling the GetPublicAccessBlock operation: The public access block configuration was not found") {
		t.Errorf("without a block the CLI says %q, %v", out, err)
	}
	if out, err := run("put-public-access-block", "--public-access-block-configuration", "BlockPublicAcls=true,RestrictPublicBuckets=true"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, err := run("get-public-access-block")
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got := strings.Join(strings.Fields(out), ""); got != `{"PublicAccessBlockConfiguration":{"BlockPublicAcls":true,"IgnorePublicAcls":false,"BlockPublicPolicy":false,"RestrictPublicBuckets":true}}` {
		t.Errorf("the block is %s", got)
	}
}

func TestAccountBlockRecord(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	_, err := w.s3control(w.root, "eu-west-1").PutPublicAccessBlock(t.Context(), &s3control.PutPublicAccessBlockInput{
		AccountId: aws.String(testAccount), PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{BlockPublicAcls: aws.Bool(true)},
	})
	if err != nil {
		t.Fatal(err)
	}
	event := w.delivered(1)[0]
	wantRecord(t, event, "PutAccountPublicAccessBlock", "", `{"Host":"111122223333.s3-control.eu-west-1.amazonaws.com","publicAccessBlock":"",
		"PublicAccessBlockConfiguration":{"xmlns":"http://awss3control.amazonaws.com/doc/2018-08-20/","BlockPublicAcls":true}}`, "null")
	if event["source"] != "aws.s3" || event["region"] != "eu-west-1" || detail(event)["eventSource"] != "s3.amazonaws.com" {
		t.Errorf("the event is %v", event)
	}
}

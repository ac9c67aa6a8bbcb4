package sandbox_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"riposte.dev/sandbox"
)

func TestLifecycleCLI(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.cli("us-east-1", "s3api", "create-bucket", "--bucket", "logs")
	w.cli("us-east-1", "s3api", "put-bucket-lifecycle-configuration", "--bucket", "logs", "--lifecycle-configuration",
		`{"Rules":[{"ID":"old","Status":"Enabled","Filter":{"Prefix":"AWSLogs/"},"Expiration":{"Days":7}}]}`)
	if got := w.cli("us-east-1", "s3api", "get-bucket-lifecycle-configuration", "--bucket", "logs", "--query", "Rules[].[ID,Status,Filter.Prefix,Expiration.Days]", "--output", "text"); got != "old\tEnabled\tAWSLogs/\t7" {
		t.Errorf("the rules are %s", got)
	}
	detail := w.delivered(2)[1]["detail"].(map[string]any)
	if _, body := detail["requestParameters"].(map[string]any)["LifecycleConfiguration"]; detail["eventName"] != "PutBucketLifecycle" || !body {
		t.Errorf("the record is %v", detail)
	}
}

func TestLifecycleRules(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := s3.NewFromConfig(w.config(w.root, "us-east-1"), func(o *s3.Options) { o.UsePathStyle = true })
	makeBucket(t, client, "logs")
	get := func() (*s3.GetBucketLifecycleConfigurationOutput, error) {
		return client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: aws.String("logs")})
	}
	put := func(rules ...types.LifecycleRule) error {
		_, err := client.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{
			Bucket: aws.String("logs"), LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: rules},
		})
		return err
	}
	rule := func(change func(*types.LifecycleRule)) types.LifecycleRule {
		r := types.LifecycleRule{
			ID: aws.String("r"), Status: types.ExpirationStatusEnabled, Filter: &types.LifecycleRuleFilter{Prefix: aws.String("")},
			Expiration: &types.LifecycleExpiration{Days: aws.Int32(1)},
		}
		change(&r)
		return r
	}
	same := rule(func(*types.LifecycleRule) {})
	_, err := get()
	wantCode(t, err, "NoSuchLifecycleConfiguration")
	for want, rules := range map[string][]types.LifecycleRule{
		"MalformedXML":    {rule(func(r *types.LifecycleRule) { r.Filter = nil })},
		"InvalidRequest":  {rule(func(r *types.LifecycleRule) { r.Expiration = nil })},
		"InvalidArgument": {same, same},
	} {
		wantCode(t, put(rules...), want)
	}
	must(t, put(rule(func(r *types.LifecycleRule) { r.ID = nil })))
	if out, err := get(); err != nil || len(out.Rules) != 1 || aws.ToString(out.Rules[0].ID) == "" {
		t.Errorf("the rules are %+v, %v; want one with an id", out, err)
	}
	_, err = client.DeleteBucketLifecycle(ctx, &s3.DeleteBucketLifecycleInput{Bucket: aws.String("logs")})
	must(t, err)
	_, err = get()
	wantCode(t, err, "NoSuchLifecycleConfiguration")
}

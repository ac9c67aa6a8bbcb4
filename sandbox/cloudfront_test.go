package sandbox_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"riposte.dev/sandbox"
)

func TestDistributions(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := cloudfront.NewFromConfig(w.config(w.root, "us-east-1"))
	config := &types.DistributionConfig{
		CallerReference: aws.String("1"), Comment: aws.String(""), Enabled: aws.Bool(true), Origins: &types.Origins{
			Quantity: aws.Int32(1), Items: []types.Origin{{Id: aws.String("shop"), DomainName: aws.String("shop.example.com")}},
		},
		DefaultCacheBehavior: &types.DefaultCacheBehavior{TargetOriginId: aws.String("shop"), ViewerProtocolPolicy: types.ViewerProtocolPolicyAllowAll},
	}
	made, err := client.CreateDistributionWithTags(ctx, &cloudfront.CreateDistributionWithTagsInput{
		DistributionConfigWithTags: &types.DistributionConfigWithTags{DistributionConfig: config, Tags: &types.Tags{Items: []types.Tag{{Key: aws.String("team"), Value: aws.String("web")}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	id := *made.Distribution.Id
	update := func(etag *string, change func(*types.DistributionConfig)) error {
		changed := *config
		change(&changed)
		_, err := client.UpdateDistribution(ctx, &cloudfront.UpdateDistributionInput{Id: &id, IfMatch: etag, DistributionConfig: &changed})
		return err
	}
	nothing := func(*types.DistributionConfig) {}
	wantCode(t, update(nil, nothing), "InvalidIfMatchVersion")
	wantCode(t, update(aws.String("E0"), nothing), "PreconditionFailed")
	wantCode(t, update(made.ETag, func(c *types.DistributionConfig) { c.CallerReference = aws.String("2") }), "IllegalUpdate")
	wantCode(t, update(made.ETag, func(c *types.DistributionConfig) {
		c.Logging = &types.LoggingConfig{Enabled: aws.Bool(true), Bucket: aws.String("none.s3.amazonaws.com"), Prefix: aws.String(""), IncludeCookies: aws.Bool(false)}
	}), "InvalidArgument")
	if err := update(made.ETag, func(c *types.DistributionConfig) { c.Enabled = aws.Bool(false) }); err != nil {
		t.Fatal(err)
	}
	wantCode(t, update(made.ETag, nothing), "PreconditionFailed")
	if got := w.cli("us-east-1", "cloudfront", "list-distributions", "--query", "DistributionList.Items[].[Id,Enabled]", "--output", "text"); got != id+"\tFalse" {
		t.Errorf("listed %q", got)
	}
	_, err = client.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: aws.String("E0")})
	wantCode(t, err, "NoSuchDistribution")
	record, err := json.Marshal(w.delivered(6)[5])
	for _, want := range []string{`"eventName":"UpdateDistribution"`, `"enabled":false`, `"id":"` + id + `","ifMatch":"` + *made.ETag + `"`, `"awsRegion":"us-east-1"`} {
		if err != nil || !strings.Contains(string(record), want) {
			t.Errorf("the record is %s, %v; want %s", record, err, want)
		}
	}
}

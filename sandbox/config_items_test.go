package sandbox_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"riposte.dev/sandbox"
)

func TestConfigurationItems(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	cfg := w.config(w.root, "us-east-1")
	config, roles, buckets := configservice.NewFromConfig(cfg), iam.NewFromConfig(cfg), w.s3(w.root, "us-east-1")
	history := func(kind types.ResourceType, id string, later *time.Time) (*configservice.GetResourceConfigHistoryOutput, error) {
		return config.GetResourceConfigHistory(ctx, &configservice.GetResourceConfigHistoryInput{ResourceType: kind, ResourceId: &id, LaterTime: later})
	}
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"}]}`
	made, err := roles.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("app"), AssumeRolePolicyDocument: aws.String(trust)})
	must(t, err)
	_, err = history(types.ResourceTypeRole, *made.Role.RoleId, nil)
	wantCode(t, err, "NoAvailableConfigurationRecorderException")
	_, err = config.PutConfigurationRecorder(ctx, &configservice.PutConfigurationRecorderInput{ConfigurationRecorder: &types.ConfigurationRecorder{
		Name: aws.String("default"), RoleARN: aws.String("arn:aws:iam::111122223333:role/config")}})
	must(t, err)
	_, err = config.PutDeliveryChannel(ctx, &configservice.PutDeliveryChannelInput{DeliveryChannel: &types.DeliveryChannel{Name: aws.String("default"), S3BucketName: aws.String("config")}})
	must(t, err)
	_, err = history(types.ResourceTypeRole, *made.Role.RoleId, nil)
	wantCode(t, err, "ResourceNotDiscoveredException")
	_, err = config.StartConfigurationRecorder(ctx, &configservice.StartConfigurationRecorderInput{ConfigurationRecorderName: aws.String("default")})
	must(t, err)
	discovered, err := history(types.ResourceTypeRole, *made.Role.RoleId, nil)
	must(t, err)
	if items := discovered.ConfigurationItems; len(items) != 1 || items[0].ConfigurationItemStatus != types.ConfigurationItemStatusResourceDiscovered ||
		*items[0].ResourceName != "app" || !strings.Contains(*items[0].Configuration, `"assumeRolePolicyDocument":"%7B%22Version%22`) {
		t.Errorf("the items are %+v", items)
	}
	makeBucket(t, buckets, "shared")
	putText(t, buckets, "shared", "a", "no change of the bucket")
	text := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::shared/*"}]}`
	_, err = buckets.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String("shared"), Policy: &text})
	must(t, err)
	recorded, err := history(types.ResourceTypeBucket, "shared", nil)
	must(t, err)
	items := recorded.ConfigurationItems
	if len(items) != 2 || !strings.Contains(items[0].SupplementaryConfiguration["BucketPolicy"], "GetObject") ||
		items[1].SupplementaryConfiguration["BucketPolicy"] != `{"policyText":null}` ||
		!strings.HasPrefix(items[1].SupplementaryConfiguration["AccessControlList"], `"{\"grantList\":[{\"grantee\":{`) {
		t.Fatalf("the items are %+v", items)
	}
	before, err := history(types.ResourceTypeBucket, "shared", items[1].ConfigurationItemCaptureTime)
	if err != nil || len(before.ConfigurationItems) > 1 {
		t.Errorf("before the policy: %+v, %v", before, err)
	}
}

package cloudtrail_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/cloudtrail"
	"riposte.dev/sandbox"
)

// cloud is a sandbox with trails in it.
type cloud struct {
	*actiontest.Cloud
	t *testing.T
}

// newCloud returns a cloud in which both accounts have a bucket that trails may write to.
func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{actiontest.NewCloud(t), t}
	for _, account := range []string{actiontest.Account, actiontest.Management} {
		client := s3.NewFromConfig(c.Admin(account, "us-east-1"), func(o *s3.Options) { o.UsePathStyle = true })
		bucket := aws.String("trails-" + account)
		if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: bucket}); err != nil {
			t.Fatal(err)
		}
		policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},
			"Action":["s3:GetBucketAcl","s3:PutObject"],"Resource":["arn:aws:s3:::%[1]s","arn:aws:s3:::%[1]s/*"]}]}`, *bucket)
		if _, err := client.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: bucket, Policy: &policy}); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c cloud) client(account, region string) *sdk.Client {
	return sdk.NewFromConfig(c.Admin(account, region))
}

// trail makes a trail and returns its ARN; it logs or not.
func (c cloud) trail(account, region, name string, logging bool, options ...func(*sdk.CreateTrailInput)) string {
	c.t.Helper()
	in := &sdk.CreateTrailInput{Name: aws.String(name), S3BucketName: aws.String("trails-" + account)}
	for _, option := range options {
		option(in)
	}
	out, err := c.client(account, region).CreateTrail(c.t.Context(), in)
	if err != nil {
		c.t.Fatal(err)
	}
	if logging {
		if _, err := c.client(account, region).StartLogging(c.t.Context(), &sdk.StartLoggingInput{Name: out.TrailARN}); err != nil {
			c.t.Fatal(err)
		}
	}
	return aws.ToString(out.TrailARN)
}

func multiRegion(in *sdk.CreateTrailInput) { in.IsMultiRegionTrail = aws.Bool(true) }

func ofOrganization(in *sdk.CreateTrailInput) {
	in.IsMultiRegionTrail, in.IsOrganizationTrail = aws.Bool(true), aws.Bool(true)
}

func (c cloud) logging(account, region, arn string) bool {
	c.t.Helper()
	out, err := c.client(account, region).GetTrailStatus(c.t.Context(), &sdk.GetTrailStatusInput{Name: aws.String(arn)})
	if err != nil {
		c.t.Fatal(err)
	}
	return aws.ToBool(out.IsLogging)
}

// action returns the action with all that it declares.
func (c cloud) action() *cloudtrail.StartLogging {
	return cloudtrail.NewStartLogging(c.Caller(cloudtrail.NewStartLogging(nil).Spec().Permissions))
}

func TestConformance(t *testing.T) {
	actiontest.Run(t, func(t *testing.T) actiontest.World {
		c := newCloud(t)
		arn := c.trail(actiontest.Account, actiontest.Region, "main", false)
		return actiontest.World{
			Action: func(permissions []string) action.Action { return cloudtrail.NewStartLogging(c.Caller(permissions)) },
			Request: action.Request{
				Account: actiontest.Account, Region: actiontest.Region, Params: json.RawMessage(`{"trail":"main"}`),
			},
			Missing: json.RawMessage(`{"trail":"other"}`),
			State:   func() string { return fmt.Sprint(c.logging(actiontest.Account, actiontest.Region, arn)) },
			Writes:  c.Writes,
			Interfere: func() {
				in := &sdk.DeleteTrailInput{Name: aws.String(arn)}
				if _, err := c.client(actiontest.Account, actiontest.Region).DeleteTrail(t.Context(), in); err != nil {
					t.Fatal(err)
				}
			},
			Stale: func(reads int) {
				c.AddStaleness(sandbox.Staleness{Service: "cloudtrail", Operation: "StartLogging", Reads: reads})
			},
		}
	})
}

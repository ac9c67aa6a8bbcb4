package cloudtrail_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/cloudtrail"
)

// cloud is a sandbox with trails in it.
type cloud struct {
	*actiontest.Cloud
}

// newCloud returns a cloud in which both accounts have a bucket that trails may write to.
func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{actiontest.NewCloud(t)}
	for _, account := range []string{actiontest.Account, actiontest.Management} {
		client := s3.NewFromConfig(c.Admin(account, "us-east-1"), func(o *s3.Options) { o.UsePathStyle = true })
		bucket := aws.String("trails-" + account)
		_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: bucket})
		c.Must(err)
		policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},
			"Action":["s3:GetBucketAcl","s3:PutObject"],"Resource":["arn:aws:s3:::%[1]s","arn:aws:s3:::%[1]s/*"]}]}`, *bucket)
		_, err = client.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: bucket, Policy: &policy})
		c.Must(err)
	}
	return c
}

func (c cloud) client(account, region string) *sdk.Client {
	return sdk.NewFromConfig(c.Admin(account, region))
}

// trail makes a trail and returns its ARN; it logs or not.
func (c cloud) trail(account, region, name string, logging bool, options ...func(*sdk.CreateTrailInput)) string {
	c.T.Helper()
	in := &sdk.CreateTrailInput{Name: aws.String(name), S3BucketName: aws.String("trails-" + account)}
	for _, option := range options {
		option(in)
	}
	out, err := c.client(account, region).CreateTrail(c.T.Context(), in)
	c.Must(err)
	if logging {
		_, err := c.client(account, region).StartLogging(c.T.Context(), &sdk.StartLoggingInput{Name: out.TrailARN})
		c.Must(err)
	}
	return aws.ToString(out.TrailARN)
}

func multiRegion(in *sdk.CreateTrailInput) { in.IsMultiRegionTrail = aws.Bool(true) }

func ofOrganization(in *sdk.CreateTrailInput) {
	in.IsMultiRegionTrail, in.IsOrganizationTrail = aws.Bool(true), aws.Bool(true)
}

func (c cloud) logging(account, region, arn string) bool {
	c.T.Helper()
	out, err := c.client(account, region).GetTrailStatus(c.T.Context(), &sdk.GetTrailStatusInput{Name: aws.String(arn)})
	c.Must(err)
	return aws.ToBool(out.IsLogging)
}

// action returns the action with all that it declares.
func (c cloud) action() action.Action {
	return c.Action(cloudtrail.NewStartLogging)
}

func TestConformance(t *testing.T) {
	actiontest.Run(t, func(t *testing.T) actiontest.World {
		c := newCloud(t)
		arn := c.trail(actiontest.Account, actiontest.Region, "main", false)
		w := c.World(cloudtrail.NewStartLogging, `{"trail":"main"}`, `{"trail":"other"}`, func() string {
			return fmt.Sprint(c.logging(actiontest.Account, actiontest.Region, arn))
		})
		w.Interfere = func() {
			in := &sdk.DeleteTrailInput{Name: aws.String(arn)}
			_, err := c.client(actiontest.Account, actiontest.Region).DeleteTrail(t.Context(), in)
			c.Must(err)
		}
		return w
	})
}

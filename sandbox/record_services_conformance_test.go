//go:build conformance

package sandbox_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"riposte.dev/sandbox"
)

// succeed fails the test with the first error of calls whose answers don't matter.
func succeed(t *testing.T) func(any, error) {
	return func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}

func playNetworks(t *testing.T, w *world, keys sandbox.Keys) {
	ctx, c, must := context.Background(), ec2.NewFromConfig(w.config(keys, "us-east-1")), succeed(t)
	tags := func(kind ec2types.ResourceType) []ec2types.TagSpecification {
		return []ec2types.TagSpecification{{ResourceType: kind, Tags: []ec2types.Tag{
			{Key: aws.String("StratusRedTeam"), Value: aws.String("true")}, {Key: aws.String("Name"), Value: aws.String("x")},
		}}}
	}
	vpc, err := c.CreateVpc(ctx, &ec2.CreateVpcInput{
		CidrBlock: aws.String("10.0.0.0/16"), InstanceTenancy: ec2types.TenancyDefault, AmazonProvidedIpv6CidrBlock: aws.Bool(false),
		TagSpecifications: tags(ec2types.ResourceTypeVpc),
	})
	must(vpc, err)
	must(c.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{*vpc.Vpc.VpcId}}))
	groups, err := c.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: []ec2types.Filter{
		{Name: aws.String("group-name"), Values: []string{"default"}}, {Name: aws.String("vpc-id"), Values: []string{*vpc.Vpc.VpcId}},
	}})
	must(groups, err)
	_, err = c.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{"sg-04cfb7a4712d75b00"}})
	wantCode(t, err, "InvalidGroup.NotFound")
	must(c.RevokeSecurityGroupEgress(ctx, &ec2.RevokeSecurityGroupEgressInput{
		GroupId: groups.SecurityGroups[0].GroupId,
		IpPermissions: []ec2types.IpPermission{{
			IpProtocol: aws.String("-1"), FromPort: aws.Int32(0), ToPort: aws.Int32(0), IpRanges: []ec2types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}},
		}},
	}))
	must(c.DeleteVpc(ctx, &ec2.DeleteVpcInput{VpcId: vpc.Vpc.VpcId}))
	_, err = c.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{"vpc-098ff30ff74b36f73"}})
	wantCode(t, err, "InvalidVpcID.NotFound")
}

func playBuckets(t *testing.T, w *world, keys sandbox.Keys) {
	ctx, must := context.Background(), succeed(t)
	c := s3.NewFromConfig(w.config(keys, "us-east-1"), func(o *s3.Options) { o.UsePathStyle = true })
	b := aws.String("stratus-bucket")
	must(c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: b, ACL: s3types.BucketCannedACLPrivate}))
	must(c.ListBuckets(ctx, nil))
	_, err := c.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: b})
	wantCode(t, err, "NoSuchBucketPolicy")
	_, err = c.GetBucketPolicyStatus(ctx, &s3.GetBucketPolicyStatusInput{Bucket: b})
	wantCode(t, err, "NoSuchBucketPolicy")
	must(c.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: b}))
	_, err = c.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: b})
	wantCode(t, err, "NoSuchPublicAccessBlockConfiguration")
	must(c.PutObject(ctx, &s3.PutObjectInput{Bucket: b, Key: aws.String("k")}))
	_, err = c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: b})
	wantCode(t, err, "BucketNotEmpty")
	must(c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: b, Key: aws.String("k")}))
	must(c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: b}))
}

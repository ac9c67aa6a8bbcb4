package cloudtrail

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"riposte.dev/action/awscall"
)

// Regions lists the regions that are enabled in the account of the configuration, sorted, by ec2:DescribeRegions. Where
// that fails it returns DefaultRegions beside the error, so that a caller who may look but not list can go on.
func Regions(ctx context.Context, cfg aws.Config) ([]string, error) {
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	out, err := ec2.NewFromConfig(cfg).DescribeRegions(ctx, &ec2.DescribeRegionsInput{AllRegions: aws.Bool(false)})
	if err != nil {
		return DefaultRegions(cfg.Region), awscall.Fault(err, "ec2:DescribeRegions", "list the enabled regions")
	}
	var names []string
	for _, region := range out.Regions {
		if aws.ToString(region.OptInStatus) != "not-opted-in" {
			names = append(names, aws.ToString(region.RegionName))
		}
	}
	slices.Sort(names)
	return names, nil
}

// DefaultRegions are the regions that are enabled in every account of the partition of a region
// (https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html).
func DefaultRegions(region string) []string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return []string{"cn-north-1", "cn-northwest-1"}
	case strings.HasPrefix(region, "us-gov-"):
		return []string{"us-gov-east-1", "us-gov-west-1"}
	default:
		return []string{
			"ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
			"ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1",
			"us-east-1", "us-east-2", "us-west-1", "us-west-2",
		}
	}
}

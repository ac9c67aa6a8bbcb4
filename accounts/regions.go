package accounts

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

const (
	regionsFresh = time.Hour   // how long a list is taken as it is
	regionsDoubt = time.Minute // how old a list is at least before a region that it lacks is looked up again
)

// alwaysEnabled are the regions that no account can switch off
// (https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html), so that a response in them never waits
// for the list. In the partitions of China and the US government all regions are such.
var alwaysEnabled = map[string]bool{
	"ap-northeast-1": true, "ap-northeast-2": true, "ap-northeast-3": true, "ap-south-1": true, "ap-southeast-1": true,
	"ap-southeast-2": true, "ca-central-1": true, "eu-central-1": true, "eu-north-1": true, "eu-west-1": true,
	"eu-west-2": true, "eu-west-3": true, "sa-east-1": true, "us-east-1": true, "us-east-2": true, "us-west-1": true,
	"us-west-2": true,
}

// regionList is what an account has enabled.
type regionList struct {
	enabled []string // sorted
	at      time.Time
}

// Regions returns the regions in which an account is looked at, sorted: those that are enabled and, where regions are
// configured, configured too. The list is kept for an hour. It needs ec2:DescribeRegions.
func (a *Accounts) Regions(ctx context.Context, account string) ([]string, error) {
	m, err := a.member(ctx, account)
	if err != nil {
		return nil, err
	}
	list, err := a.regionsOf(ctx, m, regionsFresh)
	if err != nil {
		return nil, err
	}
	wanted := m.Regions
	if len(wanted) == 0 {
		wanted = a.options.Regions
	}
	regions := slices.Clone(list.enabled)
	if len(wanted) > 0 {
		regions = slices.DeleteFunc(regions, func(r string) bool { return !slices.Contains(wanted, r) })
	}
	return regions, nil
}

// checkRegion refuses a region that the account has not enabled. Where the list cannot be had, AWS decides.
func (a *Accounts) checkRegion(ctx context.Context, m *member, region string) error {
	if region == "" || region == a.base.Region || alwaysEnabled[region] || awscall.Partition(region) != "aws" {
		return nil
	}
	list, err := a.regionsOf(ctx, m, regionsFresh)
	if err == nil && !slices.Contains(list.enabled, region) {
		list, err = a.regionsOf(ctx, m, regionsDoubt)
	}
	if err != nil || slices.Contains(list.enabled, region) {
		return nil //nolint:nilerr // AWS refuses what it must; a list that cannot be had stops no response
	}
	return fault.New(fault.Invalid, "region %s is not enabled in %s", region, m.title()).
		WithHint("enable it with `aws account enable-region --region-name %s`, or take it out of the configuration", region)
}

// title names the account in a sentence.
func (m *member) title() string {
	if m.ID == "" {
		return "riposte's own account"
	}
	return "account " + m.ID
}

// regionsOf returns the list, asked for again where it is older than fresh.
func (a *Accounts) regionsOf(ctx context.Context, m *member, fresh time.Duration) (*regionList, error) {
	m.mu.Lock()
	list := m.regions
	m.mu.Unlock()
	if list != nil && a.options.Now().Sub(list.at) < fresh {
		return list, nil
	}
	out, err := ec2.NewFromConfig(m.config("")).DescribeRegions(ctx, &ec2.DescribeRegionsInput{Filters: []types.Filter{{
		Name: aws.String("opt-in-status"), Values: []string{"opt-in-not-required", "opted-in"},
	}}})
	if err != nil {
		return nil, awscall.Fault(err, "ec2:DescribeRegions", "list the regions of %s", m.title())
	}
	list = &regionList{at: a.options.Now()}
	for _, r := range out.Regions {
		list.enabled = append(list.enabled, aws.ToString(r.RegionName))
	}
	slices.SortFunc(list.enabled, strings.Compare)
	m.mu.Lock()
	m.regions = list
	m.mu.Unlock()
	return list, nil
}

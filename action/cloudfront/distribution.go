// Package cloudfront has the actions on Amazon CloudFront: distributions that speak without TLS or leave no logs, and those that
// are to serve no more.
package cloudfront

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// distributionParams name a distribution.
type distributionParams struct {
	Distribution string `json:"distribution"`
}

func (p distributionParams) distribution() string { return p.Distribution }

const distributionSchema = `"distribution": {"type": "string", "minLength": 1, "description": "id or ARN of the distribution"}`

// permissions are those of every action here.
var permissions = []string{"cloudfront:GetDistribution", "cloudfront:ListTagsForResource", "cloudfront:UpdateDistribution"}

// config is a distribution's configuration as it is now, under the version that an update must name: CloudFront takes it whole only,
// and refuses what somebody changed in between.
type config struct {
	whole *types.DistributionConfig
	etag  string
}

// home is the region of CloudFront's API, whatever region is asked for.
func home(region string) string {
	if awscall.Partition(region) == "aws-cn" {
		return "cn-northwest-1"
	}
	return "us-east-1"
}

// findDistribution returns the distribution with its tags.
func findDistribution[P interface{ distribution() string }](ctx context.Context, cfg aws.Config, req action.Request, p P) ([]action.Resource, error) {
	id := p.distribution()
	if id == "" {
		return nil, fault.New(fault.Invalid, "no distribution is named").WithHint(`give {"distribution": "E1A2B3C4D5E6F7"}`)
	}
	id = strings.TrimPrefix(id, "arn:"+awscall.Partition(req.Region)+":cloudfront::"+req.Account+":distribution/")
	cfg.Region = home(req.Region)
	client := cloudfront.NewFromConfig(cfg)
	out, err := client.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: &id})
	if err != nil {
		return nil, missing(err, "cloudfront:GetDistribution", id)
	}
	r := action.Resource{
		Type: "AWS::CloudFront::Distribution", ARN: aws.ToString(out.Distribution.ARN), Name: id, Account: req.Account, Region: cfg.Region, Tags: map[string]string{},
	}
	tags, err := client.ListTagsForResource(ctx, &cloudfront.ListTagsForResourceInput{Resource: out.Distribution.ARN})
	if err != nil {
		return nil, missing(err, "cloudfront:ListTagsForResource", id)
	}
	for _, t := range tags.Tags.Items {
		r.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return []action.Resource{r}, nil
}

func readConfig(ctx context.Context, cfg aws.Config, r action.Resource) (config, error) {
	out, err := cloudfront.NewFromConfig(cfg).GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: &r.Name})
	if err != nil {
		return config{}, missing(err, "cloudfront:GetDistribution", r.Name)
	}
	return config{out.Distribution.DistributionConfig, aws.ToString(out.ETag)}, nil
}

func missing(err error, permission, id string) error {
	return awscall.Missing(awscall.Fault(err, permission, "look at the distribution %s", id),
		"there is no distribution "+id, "it was deleted, or it is of another account")
}

// update is the way to another state by one call, which sends the configuration that change makes of a copy of what is there.
func update[S any](r action.Resource, now config, to S, change func(*types.DistributionConfig)) []setting.Step[S] {
	var whole types.DistributionConfig
	if now.whole != nil { // nil where only the states on the way are asked for
		whole = *now.whole
	}
	change(&whole)
	input := map[string]any{"Id": r.Name, "IfMatch": now.etag, "DistributionConfig": whole}
	return []setting.Step[S]{{Operation: "UpdateDistribution", Input: input, Leaves: to}}
}

var operations = map[string]setting.Operation{"UpdateDistribution": setting.Op(cloudfront.NewFromConfig, (*cloudfront.Client).UpdateDistribution)}

package digest

import (
	"context"
	"errors"
	"regexp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// regionName keeps a folder that somebody put into the bucket from becoming part of an endpoint's name.
var regionName = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$`)

// regions are those in which the trail has put files, and those in which it should have: where somebody removed all files of
// a region, its folders are gone too.
func (v *verifier) regions(ctx context.Context) ([]string, error) {
	if len(v.Regions) > 0 {
		return v.Regions, nil
	}
	digests, err := v.folders(ctx, v.layout.digests())
	files, err2 := v.folders(ctx, v.layout.files())
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	all := slices.Concat(digests, files, v.enabled(ctx), []string{v.trail.region})
	all = slices.DeleteFunc(all, func(name string) bool { return !regionName.MatchString(name) })
	slices.Sort(all)
	return slices.Compact(all), nil
}

// enabled are the regions that are enabled, for a trail of all regions. Where they may not be listed, what is in the bucket
// has to do.
func (v *verifier) enabled(ctx context.Context) []string {
	if !v.everywhere {
		return nil
	}
	out, err := ec2.NewFromConfig(v.Config(v.trail.region)).DescribeRegions(ctx, &ec2.DescribeRegionsInput{})
	if err != nil {
		return nil
	}
	names := make([]string, len(out.Regions))
	for i, r := range out.Regions {
		names[i] = aws.ToString(r.RegionName)
	}
	return names
}

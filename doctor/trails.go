package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"riposte.dev/action/awscall"
)

// regionWorkers is how many regions are looked at side by side.
const regionWorkers = 8

// everywhere asks in each region, several at a time, and collects the answers by region.
func everywhere[T any](ctx context.Context, d *doctor, ask func(ctx context.Context, cfg aws.Config) (T, error)) (map[string]T, map[string]error, error) {
	regions, err := d.Regions(ctx)
	if err != nil {
		return nil, nil, err
	}
	answers, errs := map[string]T{}, map[string]error{}
	var mu sync.Mutex
	var workers sync.WaitGroup
	work := make(chan string)
	for range min(regionWorkers, len(regions)) {
		workers.Go(func() {
			for region := range work {
				cfg, err := d.AWS(ctx, "", region)
				var answer T
				if err == nil {
					answer, err = ask(ctx, cfg)
				}
				mu.Lock()
				if err != nil {
					errs[region] = err
				} else {
					answers[region] = answer
				}
				mu.Unlock()
			}
		})
	}
	for _, region := range regions {
		work <- region
	}
	close(work)
	workers.Wait()
	return answers, errs, nil
}

// trailState is a trail and whether it logs.
type trailState struct {
	types.Trail
	logging  bool
	delivery string // error of the last delivery
}

// trails looks whether each region is logged: without a trail EventBridge gets no CloudTrail events of the region
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html).
func (d *doctor) trails(ctx context.Context) []Result {
	seen, errs, err := everywhere(ctx, d, func(ctx context.Context, cfg aws.Config) ([]trailState, error) { return trailsOf(ctx, cfg) })
	var n notes
	if err != nil {
		n.failed(err)
		return one(n.result("", ""))
	}
	for _, region := range slices.Sorted(maps.Keys(errs)) {
		n.failed(fmt.Errorf("%s: %w", region, errs[region]))
	}
	trails := map[string]trailState{}
	var unlogged []string
	for _, region := range slices.Sorted(maps.Keys(seen)) {
		logged := false
		for _, t := range seen[region] {
			trails[aws.ToString(t.TrailARN)] = t
			logged = logged || t.logging
		}
		if !logged {
			unlogged = append(unlogged, region)
		}
	}
	if len(unlogged) > 0 {
		n.add(Fail, "aws cloudtrail create-trail --name riposte --s3-bucket-name BUCKET --is-multi-region-trail --enable-log-file-validation && aws cloudtrail start-logging --name riposte",
			"No trail logs in %s: no CloudTrail events come from there.", strings.Join(unlogged, ", "))
	}
	global := false
	for _, arn := range slices.Sorted(maps.Keys(trails)) {
		t := trails[arn]
		global = global || t.logging && aws.ToBool(t.IncludeGlobalServiceEvents)
		n.trail(t)
	}
	if !global && len(trails) > 0 {
		n.add(Fail, "aws cloudtrail update-trail --name TRAIL --include-global-service-events", "No trail that logs includes global service events, such as those of IAM.")
	}
	return one(n.result(fmt.Sprintf("Every region is logged, by %d trails.", len(trails)), "CloudTrail does not log everything as it should."))
}

func (n *notes) trail(t trailState) {
	name, region := aws.ToString(t.Name), aws.ToString(t.HomeRegion)
	if !t.logging {
		n.add(Warn, fmt.Sprintf("aws cloudtrail start-logging --region %s --name %s", region, aws.ToString(t.TrailARN)), "Trail %s does not log.", name)
	}
	if !aws.ToBool(t.IsMultiRegionTrail) {
		n.add(Warn, fmt.Sprintf("aws cloudtrail update-trail --region %s --name %s --is-multi-region-trail", region, name),
			"Trail %s logs region %s only.", name, region)
	}
	if !aws.ToBool(t.LogFileValidationEnabled) {
		n.add(Warn, fmt.Sprintf("aws cloudtrail update-trail --region %s --name %s --enable-log-file-validation", region, name),
			"The log files of trail %s are not protected by digests.", name)
	}
	if t.delivery != "" {
		n.add(Fail, fmt.Sprintf("aws s3api get-bucket-policy --bucket %s", aws.ToString(t.S3BucketName)),
			"Trail %s cannot deliver to bucket %s: %s.", name, aws.ToString(t.S3BucketName), t.delivery)
	}
}

// trailsOf returns the trails that log a region, those of other regions and of the organisation included.
func trailsOf(ctx context.Context, cfg aws.Config) ([]trailState, error) {
	out, err := cloudtrail.NewFromConfig(cfg).DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{})
	if err != nil {
		return nil, awscall.Fault(err, "cloudtrail:DescribeTrails", "list the trails")
	}
	states := make([]trailState, len(out.TrailList))
	for i, t := range out.TrailList {
		home := cfg.Copy()
		home.Region = aws.ToString(t.HomeRegion)
		status, err := cloudtrail.NewFromConfig(home).GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: t.TrailARN})
		if err != nil {
			return nil, awscall.Fault(err, "cloudtrail:GetTrailStatus", "ask whether trail %s logs", aws.ToString(t.Name))
		}
		states[i] = trailState{Trail: t, logging: aws.ToBool(status.IsLogging), delivery: aws.ToString(status.LatestDeliveryError)}
	}
	return states, nil
}

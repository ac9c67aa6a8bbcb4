package digest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// Options say what to verify and with whose permissions.
type Options struct {
	Trail string // ARN
	// Config gives the configuration of a region. It needs cloudtrail:DescribeTrails, cloudtrail:GetTrailStatus,
	// cloudtrail:ListPublicKeys, ec2:DescribeRegions, s3:ListBucket, s3:GetObject and s3:GetBucketLocation.
	Config   func(region string) aws.Config
	From, To time.Time // log files delivered in between

	Bucket, Prefix string           // where the files are, instead of where the trail puts them now
	Account        string           // whose files, for a trail of an organization; "": the trail's account
	BucketOwner    string           // account that the bucket must belong to; "": whoever's it is
	Regions        []string         // only these; empty: every one there is in the bucket, and for a trail of all regions every enabled one
	Workers        int              // files read at once in each region; 0: 8
	Now            func() time.Time // nil: time.Now
	PathStyle      bool             // bucket in the path instead of the host: for endpoints other than AWS's

	// Progress is called now and then with what has been checked so far, by one goroutine at a time; nil: by none.
	Progress func(digests, files int)
}

// regionsAtOnce is how many regions are verified side by side.
const regionsAtOnce = 4

// Verify checks the digest files and log files of a trail. What is wrong or could not be checked is in the report; the
// error is that the trail or the bucket could not be looked at at all, with a fault code.
func Verify(ctx context.Context, o Options) (*Report, error) {
	name, err := parseTrail(o.Trail)
	if err != nil {
		return nil, err
	}
	if !o.From.Before(o.To) {
		return nil, fault.New(fault.Invalid, "the time to verify is empty")
	}
	if o.Workers <= 0 {
		o.Workers = 8
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	v := &verifier{Options: o, layout: layout{trail: name, account: o.Account}}
	if v.account == "" {
		v.account = name.account
	}
	if err := v.locate(ctx); err != nil {
		return nil, err
	}
	regions, err := v.regions(ctx)
	if err != nil {
		return nil, err
	}
	report := &Report{Trail: o.Trail, Account: v.account, Bucket: v.Bucket, From: o.From, To: o.To, Regions: regions}
	reports := make([]*Report, len(regions))
	slots := make(chan struct{}, regionsAtOnce)
	var wg sync.WaitGroup
	for i, region := range regions {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			reports[i] = v.region(ctx, region)
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	for _, r := range reports {
		report.merge(r)
	}
	if report.Digests.Checked == 0 && len(report.Wrong)+len(report.Unchecked) == 0 {
		report.add(Problem{Kind: Unjudged, Meaning: "There is no digest file for this time, so nothing can be said about the log files.",
			Next: "turn on log file validation: aws cloudtrail update-trail --enable-log-file-validation; digests come every hour from then on"})
	}
	report.sort()
	return report, nil
}

// verifier is a Verify at work.
type verifier struct {
	Options
	layout
	shared     bool // other trails put their log files into the same folders
	everywhere bool // it is a trail of all regions
	bucket     *s3.Client

	mu             sync.Mutex
	digests, files int
}

// locate finds out where the trail's files are.
func (v *verifier) locate(ctx context.Context) error {
	client := cloudtrail.NewFromConfig(v.Config(v.trail.region))
	out, err := client.DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{IncludeShadowTrails: aws.Bool(true)})
	organization := false
	switch {
	case err != nil && v.Bucket == "":
		err = awscall.Fault(err, "cloudtrail:DescribeTrails", "find the trail %s", v.trail.name)
		return fault.New(fault.CodeOf(err), "%s", fault.Message(err)).WithHint("%s; or name the place with --bucket and --prefix", fault.Hint(err))
	case err == nil:
		found := false
		for _, t := range out.TrailList {
			ours := aws.ToString(t.TrailARN) == v.trail.arn
			if ours {
				found = true
				organization, v.everywhere = aws.ToBool(t.IsOrganizationTrail), aws.ToBool(t.IsMultiRegionTrail)
				if v.Bucket == "" {
					v.Bucket, v.Prefix = aws.ToString(t.S3BucketName), aws.ToString(t.S3KeyPrefix)
				}
			}
		}
		for _, t := range out.TrailList {
			if aws.ToString(t.TrailARN) != v.trail.arn && aws.ToString(t.S3BucketName) == v.Bucket && aws.ToString(t.S3KeyPrefix) == v.Prefix {
				v.shared = true
			}
		}
		if !found && v.Bucket == "" {
			return fault.New(fault.NotFound, "there is no trail %s", v.trail.arn).
				WithHint("`aws cloudtrail list-trails` shows those there are; for a deleted trail name the place with --bucket and --prefix")
		}
	}
	v.root = "AWSLogs/"
	if prefix := strings.Trim(v.Prefix, "/"); prefix != "" {
		v.root = prefix + "/" + v.root
	}
	if err := v.openBucket(ctx); err != nil {
		return err
	}
	return v.findOrganization(ctx, organization)
}

// openBucket makes the client of the region in which the bucket is.
func (v *verifier) openBucket(ctx context.Context) error {
	style := func(o *s3.Options) { o.UsePathStyle = v.PathStyle }
	out, err := s3.NewFromConfig(v.Config(v.trail.region), style).GetBucketLocation(ctx,
		&s3.GetBucketLocationInput{Bucket: &v.Bucket, ExpectedBucketOwner: v.owner()})
	region := v.trail.region
	if err == nil {
		if region = string(out.LocationConstraint); region == "" {
			region = "us-east-1"
		}
	} else if err = awscall.Fault(err, "s3:GetBucketLocation", "find the bucket %s", v.Bucket); fault.CodeOf(err) != fault.Denied || v.BucketOwner != "" {
		return err
	}
	v.bucket = s3.NewFromConfig(v.Config(region), style)
	return nil
}

// findOrganization adds the organization's id to where the files are.
func (v *verifier) findOrganization(ctx context.Context, organization bool) error {
	folders, err := v.folders(ctx, v.root)
	if err != nil {
		return err
	}
	if !organization && slices.Contains(folders, v.account) {
		return nil
	}
	for _, folder := range folders {
		if strings.HasPrefix(folder, "o-") {
			v.root += folder + "/"
			return nil
		}
	}
	return nil
}

func (v *verifier) count(digests, files int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.digests += digests
	v.files += files
	if v.Progress != nil {
		v.Progress(v.digests, v.files)
	}
}

func (v *verifier) owner() *string {
	if v.BucketOwner == "" {
		return nil
	}
	return &v.BucketOwner
}

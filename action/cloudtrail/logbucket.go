package cloudtrail

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// What finds and reads the bucket that trails deliver to; protectbucket.go changes it.

// logBucket is what keeps log files in a bucket, and strangers out of it. Rules are as S3 has them.
type logBucket struct {
	Block       *publicBlock     `json:"public_access_block"` // nil: none was ever set
	Rules       []map[string]any `json:"lifecycle_rules,omitempty"`
	MinimumSize string           `json:"transition_default_minimum_object_size,omitempty"`

	folders []string // below which trails deliver; nil where the bucket's region shows no trail that does
}

// publicBlock is a bucket's public access block, with S3's names.
type publicBlock struct{ BlockPublicAcls, BlockPublicPolicy, IgnorePublicAcls, RestrictPublicBuckets bool }

type bucketParams struct {
	Trail    string `json:"trail,omitempty"`
	Bucket   string `json:"bucket,omitempty"`
	KeepDays int    `json:"keep_days,omitempty"`
}

func newS3(cfg aws.Config, options ...func(*s3.Options)) *s3.Client {
	return s3.NewFromConfig(cfg, append(options, func(o *s3.Options) {
		o.UsePathStyle = cfg.BaseEndpoint != nil // emulators have no names for buckets
	})...)
}

// findLogBucket returns the bucket in its region, with its tags.
func findLogBucket(ctx context.Context, cfg aws.Config, req action.Request, p bucketParams) ([]action.Resource, error) {
	if (p.Trail == "") == (p.Bucket == "") {
		return nil, fault.New(fault.Invalid, "either trail or bucket is needed").WithHint(`give {"trail": "<name or ARN>"} or {"bucket": "<name>"}`)
	}
	if err := checkTrail(p.Trail); err != nil {
		return nil, err
	}
	name, err := deliversTo(ctx, cfg, req, p)
	if err != nil {
		return nil, err
	}
	partition := awscall.Partition(req.Region)
	r := action.Resource{Type: "AWS::S3::Bucket", ARN: "arn:" + partition + ":s3:::" + name, Name: name, Account: req.Account}
	cfg = cfg.Copy()
	// Every region's buckets are known in the partition's first.
	cfg.Region = map[string]string{"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}[partition]
	at, err := newS3(cfg).GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: &name, ExpectedBucketOwner: &req.Account})
	if err != nil {
		return nil, bucketFault(err, "s3:GetBucketLocation", r)
	}
	r.Region = cmp.Or(string(at.LocationConstraint), "us-east-1")
	if r.Region == "EU" {
		r.Region = "eu-west-1"
	}
	cfg.Region = r.Region
	tags, err := newS3(cfg).GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &name, ExpectedBucketOwner: &req.Account})
	if err != nil && !is(err, "NoSuchTagSet") {
		return nil, bucketFault(err, "s3:GetBucketTagging", r)
	}
	if err == nil {
		r.Tags = map[string]string{}
		for _, t := range tags.TagSet {
			r.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
		}
	}
	return []action.Resource{r}, nil
}

// deliversTo returns the name of the bucket that the parameters mean: one that a trail delivers to.
func deliversTo(ctx context.Context, cfg aws.Config, req action.Request, p bucketParams) (string, error) {
	if strings.HasPrefix(p.Trail, "arn:") {
		t, err := parseTrail(p.Trail)
		if err != nil {
			return "", err
		}
		cfg = cfg.Copy()
		cfg.Region = t.Region
	}
	trails, err := allTrails(ctx, cfg, req.Account)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(trails, func(t types.Trail) bool {
		if p.Trail == "" {
			return aws.ToString(t.S3BucketName) == p.Bucket
		}
		return p.Trail == aws.ToString(t.Name) || p.Trail == aws.ToString(t.TrailARN)
	})
	switch {
	case i >= 0:
		return aws.ToString(trails[i].S3BucketName), nil
	case p.Trail != "":
		return "", notFound(p.Trail, req.Account, cfg.Region)
	}
	return "", fault.New(fault.NotFound, "no trail that %s shows delivers to a bucket %s", cfg.Region, p.Bucket).
		WithHint("name the bucket of a trail; s3.block-public-access is for any other one")
}

func allTrails(ctx context.Context, cfg aws.Config, account string) ([]types.Trail, error) {
	out, err := cloudtrail.NewFromConfig(cfg).DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{IncludeShadowTrails: aws.Bool(true)})
	if err != nil {
		return nil, awscall.Fault(err, "cloudtrail:DescribeTrails", "list the trails of account %s in %s", account, cfg.Region)
	}
	return out.TrailList, nil
}

func readLogBucket(ctx context.Context, cfg aws.Config, r action.Resource) (logBucket, error) {
	var now logBucket
	client := newS3(cfg)
	block, err := client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &r.Name, ExpectedBucketOwner: &r.Account})
	if err != nil && !is(err, "NoSuchPublicAccessBlockConfiguration") {
		return now, bucketFault(err, "s3:GetBucketPublicAccessBlock", r)
	}
	if err == nil {
		b := block.PublicAccessBlockConfiguration
		now.Block = &publicBlock{
			aws.ToBool(b.BlockPublicAcls), aws.ToBool(b.BlockPublicPolicy), aws.ToBool(b.IgnorePublicAcls), aws.ToBool(b.RestrictPublicBuckets),
		}
	}
	lifecycle, err := client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &r.Name, ExpectedBucketOwner: &r.Account})
	if err != nil && !is(err, "NoSuchLifecycleConfiguration") {
		return now, bucketFault(err, "s3:GetLifecycleConfiguration", r)
	}
	if err == nil {
		now.MinimumSize = string(lifecycle.TransitionDefaultMinimumObjectSize)
		if now.Rules, err = plain(lifecycle.Rules); err != nil {
			return now, err
		}
	}
	trails, err := allTrails(ctx, cfg, r.Account)
	for _, t := range trails {
		if aws.ToString(t.S3BucketName) == r.Name {
			now.folders = append(now.folders, strings.TrimPrefix(aws.ToString(t.S3KeyPrefix)+"/AWSLogs/", "/"))
		}
	}
	return now, err
}

// plain is rules as S3 names their members, without those that are not set.
func plain(rules any) ([]map[string]any, error) {
	raw, err := json.Marshal(rules)
	if err != nil {
		return nil, fault.New(fault.Internal, "encode lifecycle rules: %w", err)
	}
	var out []map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		return nil, fault.New(fault.Internal, "decode lifecycle rules: %w", err)
	}
	for _, rule := range out {
		prune(rule)
	}
	return out, nil
}

func prune(o map[string]any) {
	for name, v := range o {
		switch v := v.(type) {
		case nil:
			delete(o, name)
		case map[string]any:
			prune(v)
		case []any:
			for _, e := range v {
				if sub, ok := e.(map[string]any); ok {
					prune(sub)
				}
			}
		}
	}
}

// is reports whether AWS's error has the code.
func is(err error, code string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == code
}

func bucketFault(err error, permission string, r action.Resource) error {
	err = awscall.Fault(err, permission, "look at the bucket %s", r.Name)
	if fault.CodeOf(err) == fault.Denied {
		return fault.New(fault.Denied, "%w", err).WithHint("allow %s for the role that riposte uses there; where the bucket belongs to another account, name that account", permission)
	}
	return awscall.Missing(err, "there is no bucket "+r.Name, "it was deleted: create it again, or have the trail deliver to another one")
}

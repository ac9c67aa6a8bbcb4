package s3

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// buckets reaches buckets in accounts.
type buckets struct{ caller *awscall.Caller }

// bucketName covers the names of old buckets in us-east-1 too
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html).
var bucketName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{2,254}$`)

// bucketSchema is the JSON Schema of the parameter bucket.
const bucketSchema = `"bucket": {"type": "string", "minLength": 3, "description": "name or ARN of the bucket"}`

// decode reads the parameters and returns the name of the bucket that is named among them, by name or ARN.
func decode(req action.Request, params any, bucket *string) (string, error) {
	if err := req.Check(); err != nil {
		return "", err
	}
	if err := action.DecodeParams(req.Params, params); err != nil {
		return "", err
	}
	return plainName(*bucket, req.Region)
}

// plainName is the bucket's name, of its name or ARN.
func plainName(bucket, region string) (string, error) {
	name := strings.TrimPrefix(bucket, "arn:"+awscall.Partition(region)+":s3:::")
	if !bucketName.MatchString(name) {
		return "", fault.New(fault.Invalid, "bucket %.200q is neither the name nor the ARN of a bucket", bucket).
			WithHint(`give {"bucket": "my-bucket"}`)
	}
	return name, nil
}

func (b buckets) client(ctx context.Context, account, region string) (*s3.Client, error) {
	cfg, err := b.caller.Config(ctx, account, region)
	if err != nil {
		return nil, err
	}
	return newClient(cfg), nil
}

// find returns the bucket with its region and tags. Where the request's region is another one, S3 is asked for the bucket's.
func (b buckets) find(ctx context.Context, name string, req action.Request) (action.Resource, error) {
	r := action.Resource{
		Type: "AWS::S3::Bucket", ARN: "arn:" + awscall.Partition(req.Region) + ":s3:::" + name, Name: name,
		Account: req.Account, Region: req.Region,
	}
	tags, err := b.tags(ctx, r)
	if elsewhere(err) {
		if r.Region, err = b.region(ctx, r); err != nil {
			return r, err
		}
		tags, err = b.tags(ctx, r)
	}
	r.Tags = tags
	return r, err
}

// elsewhere reports whether S3 says that the bucket is in another region
// (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
func elsewhere(err error) bool {
	switch code(err) {
	case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
		return true
	}
	return false
}

// code returns AWS's error code, "" where the error has none.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// region asks for the bucket's region where every region's buckets are known: in the partition's first
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html).
func (b buckets) region(ctx context.Context, r action.Resource) (string, error) {
	first := map[string]string{"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}[awscall.Partition(r.Region)]
	client, err := b.client(ctx, r.Account, first)
	if err != nil {
		return "", err
	}
	out, err := client.GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: &r.Name, ExpectedBucketOwner: &r.Account})
	if err != nil {
		return "", gone(awscall.Fault(err, "s3:GetBucketLocation", "find the region of the bucket %s", r.Name), r)
	}
	switch location := string(out.LocationConstraint); location {
	case "":
		return "us-east-1", nil
	case "EU":
		return "eu-west-1", nil
	default:
		return location, nil
	}
}

func (b buckets) tags(ctx context.Context, r action.Resource) (map[string]string, error) {
	client, err := b.client(ctx, r.Account, r.Region)
	if err != nil {
		return nil, err
	}
	out, err := client.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &r.Name, ExpectedBucketOwner: &r.Account})
	if code(err) == "NoSuchTagSet" {
		return nil, nil
	}
	if err != nil {
		return nil, gone(awscall.Fault(err, "s3:GetBucketTagging", "read the tags of the bucket %s", r.Name), r)
	}
	tags := map[string]string{}
	for _, t := range out.TagSet {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return tags, nil
}

// gone words a bucket that does not exist for people.
func gone(err error, r action.Resource) error {
	if fault.CodeOf(err) != fault.NotFound {
		return err
	}
	missing := fault.New(fault.NotFound, "there is no bucket %s", r.Name).WithHint("it was deleted, or the name is misspelt")
	missing.Err = err
	return missing
}

func newCall(operation string, r action.Resource, input map[string]any) (action.Call, error) {
	raw, err := json.Marshal(input)
	if err != nil {
		return action.Call{}, fault.New(fault.Internal, "encode the input of %s: %w", operation, err)
	}
	return action.Call{Service: "s3", Operation: operation, Account: r.Account, Region: r.Region, Input: raw}, nil
}

// onePlan is a plan of one item.
func onePlan(name string, req action.Request, item action.Item) *action.Plan {
	return &action.Plan{Action: name, Account: req.Account, Region: req.Region, Items: []action.Item{item}}
}

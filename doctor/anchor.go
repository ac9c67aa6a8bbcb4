package doctor

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// Anchor is the bucket in which riposte keeps heads of its audit record.
type Anchor struct {
	Bucket        // Owner is set; Queue is not looked at
	Held   string // for how long and in which mode each head is held, for people
	// Probe asks S3 to keep something that it must refuse for its checksum alone: nil where it is refused for that, and so
	// would be kept otherwise.
	Probe func(ctx context.Context) error
}

func (d *doctor) anchor(ctx context.Context) []Result {
	a := d.Anchor
	if a == nil {
		return one(Result{Status: OK, Summary: "The audit record is kept in no bucket."})
	}
	cfg, err := d.AWS(ctx, a.Account, a.Region)
	if err != nil {
		return one(Result{Status: Unknown, Summary: "It could not be looked at: " + fault.Message(err), Next: fault.Hint(err)})
	}
	var n notes
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = cfg.BaseEndpoint != nil })
	if d.locked(ctx, &n, client) {
		d.unpublic(ctx, &n, client)
		d.keeps(ctx, &n)
	}
	return one(n.result(fmt.Sprintf("Heads of the audit record can be kept in %s, %s.", a.Name, a.Held), "Heads of the audit record can't be kept in "+a.Name+" as they should."))
}

// locked looks whether the bucket has Object Lock, and reports whether there is a bucket at all.
func (d *doctor) locked(ctx context.Context, n *notes, client *s3.Client) bool {
	name := d.Anchor.Name
	out, err := client.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: &name, ExpectedBucketOwner: &d.Anchor.Owner})
	switch {
	case is(err, "NoSuchBucket"):
		n.add(Fail, fmt.Sprintf("aws s3api create-bucket --bucket %s --object-lock-enabled-for-bucket --region %s%s", name, d.Anchor.Region, location(d.Anchor.Region)),
			"Bucket %s does not exist.", name)
		return false
	case is(err, "ObjectLockConfigurationNotFoundError"), err == nil && (out.ObjectLockConfiguration == nil || out.ObjectLockConfiguration.ObjectLockEnabled != types.ObjectLockEnabledEnabled):
		n.add(Fail, fmt.Sprintf("aws s3api put-bucket-versioning --bucket %[1]s --versioning-configuration Status=Enabled && "+
			"aws s3api put-object-lock-configuration --bucket %[1]s --object-lock-configuration ObjectLockEnabled=Enabled", name),
			"Bucket %s has no Object Lock, so whoever may write to it could remove heads.", name)
	case err != nil:
		n.failed(awscall.Fault(err, "s3:GetBucketObjectLockConfiguration", "look at the Object Lock of bucket %s, of account %s", name, d.Anchor.Owner))
	}
	return true
}

// unpublic looks whether the bucket's policy lets in everybody.
func (d *doctor) unpublic(ctx context.Context, n *notes, client *s3.Client) {
	name := d.Anchor.Name
	out, err := client.GetBucketPolicyStatus(ctx, &s3.GetBucketPolicyStatusInput{Bucket: &name, ExpectedBucketOwner: &d.Anchor.Owner})
	switch {
	case is(err, "NoSuchBucketPolicy"):
	case err != nil:
		n.failed(awscall.Fault(err, "s3:GetBucketPolicyStatus", "look whether bucket %s is public", name))
	case out.PolicyStatus != nil && aws.ToBool(out.PolicyStatus.IsPublic):
		n.add(Fail, fmt.Sprintf("aws s3api put-public-access-block --bucket %s --public-access-block-configuration "+
			"BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true", name), "The policy of bucket %s lets in everybody.", name)
	}
}

// keeps looks whether riposte may write there and hold what it writes.
func (d *doctor) keeps(ctx context.Context, n *notes) {
	err := d.Anchor.Probe(ctx)
	switch {
	case err == nil:
	case fault.CodeOf(err) == fault.Denied:
		n.add(Fail, "riposte iam policy responder", "riposte may not write to bucket %s, which account %s must own: its own policy or the bucket's denies it. %s",
			d.Anchor.Name, d.Anchor.Owner, fault.Message(err))
	case fault.Retryable(err):
		n.failed(err)
	default:
		n.add(Fail, fault.Hint(err), "%s", fault.Message(err))
	}
}

// location is what create-bucket needs beside the region, everywhere but where S3 began.
func location(region string) string {
	if region == "us-east-1" {
		return ""
	}
	return " --create-bucket-configuration LocationConstraint=" + region
}

// is reports whether AWS answered with that error code.
func is(err error, code string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == code
}

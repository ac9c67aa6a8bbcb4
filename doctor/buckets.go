package doctor

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// Bucket is a bucket whose log files riposte reads.
type Bucket struct {
	Name, Region string
	Owner        string // account of 12 digits that must own it
	Account      string // whose role is used; "": riposte's own
	Queue        string // ARN of the queue that its notices must reach; "": not looked at
}

func (d *doctor) buckets(ctx context.Context) []Result {
	if len(d.Buckets) == 0 {
		return one(Result{Status: OK, Summary: "No bucket is configured."})
	}
	var n notes
	for _, b := range d.Buckets {
		d.bucket(ctx, &n, b)
	}
	return one(n.result(fmt.Sprintf("%d buckets can be read.", len(d.Buckets)), "Not all buckets can be read."))
}

func (d *doctor) bucket(ctx context.Context, n *notes, b Bucket) {
	cfg, err := d.AWS(ctx, b.Account, b.Region)
	if err != nil {
		n.failed(err)
		return
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = cfg.BaseEndpoint != nil })
	var owner *string
	if b.Owner != "" {
		owner = aws.String(b.Owner)
	}
	if _, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String(b.Name), ExpectedBucketOwner: owner}); err != nil {
		n.unreachable(b, awscall.Fault(err, "s3:ListBucket", "look at bucket %s", b.Name))
		return
	}
	if b.Queue == "" {
		return
	}
	out, err := client.GetBucketNotificationConfiguration(ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: aws.String(b.Name), ExpectedBucketOwner: owner})
	if err != nil {
		n.failed(awscall.Fault(err, "s3:GetBucketNotification", "look where bucket %s sends notices", b.Name))
		return
	}
	var ours []string
	for _, q := range out.QueueConfigurations {
		ours = append(ours, aws.ToString(q.QueueArn))
	}
	// Notices may also go round by a topic or EventBridge; whether those reach the queue is theirs to say.
	if !slices.Contains(ours, b.Queue) && len(out.TopicConfigurations) == 0 && out.EventBridgeConfiguration == nil {
		n.add(Fail, fmt.Sprintf(`aws s3api put-bucket-notification-configuration --bucket %s --notification-configuration `+
			`'{"QueueConfigurations":[{"QueueArn":"%s","Events":["s3:ObjectCreated:*"]}]}'`, b.Name, b.Queue),
			"Bucket %s tells nobody of new files.", b.Name)
	}
}

// unreachable notes why a bucket cannot be looked at. S3 answers to HEAD without a reason.
func (n *notes) unreachable(b Bucket, err error) {
	look := fmt.Sprintf("aws s3api head-bucket --bucket %s", b.Name)
	if b.Owner != "" {
		look += " --expected-bucket-owner " + b.Owner
	}
	switch code := fault.CodeOf(err); {
	case code == fault.NotFound:
		n.add(Fail, look, "Bucket %s does not exist.", b.Name)
	case fault.Retryable(err):
		n.failed(err)
	default:
		n.add(Fail, look, "Bucket %s cannot be read: its policy or ours denies it, or it is not owned by account %s.", b.Name, b.Owner)
	}
}

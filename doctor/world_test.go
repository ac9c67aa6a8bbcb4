package doctor_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"riposte.dev/doctor"
	"riposte.dev/iam"
	"riposte.dev/sandbox"
)

const (
	account, home = "111122223333", "eu-west-1"
	queueARN      = "arn:aws:sqs:" + home + ":" + account + ":events"
	globalQueue   = "arn:aws:sqs:us-east-1:" + account + ":events"
	bucket        = "riposte-trail"
	catchCalls    = `{"detail-type":["AWS API Call via CloudTrail"]}`
)

var regions = []string{home, "us-east-1"}

// world is a sandbox where everything is as it should be; a test breaks one thing.
type world struct {
	*sandbox.Sandbox
	t       *testing.T
	url     string
	account *sandbox.Account
	admin   sandbox.Keys
	options doctor.Options
	rewrite *strings.Replacer // of answers: states that the sandbox does not know
}

func (w *world) serve(out http.ResponseWriter, in *http.Request) {
	answer := httptest.NewRecorder()
	w.Handler().ServeHTTP(answer, in)
	for name, values := range answer.Header() {
		out.Header()[name] = values
	}
	out.Header().Del("Content-Length")
	out.WriteHeader(answer.Code)
	_, _ = w.rewrite.WriteString(out, answer.Body.String())
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) config(keys sandbox.Keys, region string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: aws.String(w.url), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken),
	}
}

// as makes riposte act with keys.
func (w *world) as(keys sandbox.Keys) {
	w.options.AWS = func(_ context.Context, _, region string) (aws.Config, error) {
		if region == "" {
			region = home
		}
		return w.config(keys, region), nil
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, rewrite: strings.NewReplacer()}
	var err error
	w.Sandbox, err = sandbox.New(sandbox.Options{})
	w.must(err)
	server := httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(func() {
		server.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := w.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	w.url = server.URL
	w.account, err = w.CreateAccount(account, "test")
	w.must(err)
	w.admin, err = w.account.CreateUser("admin", sandbox.AdministratorAccess)
	w.must(err)
	w.options = doctor.Options{
		EventBridge: true, Reserve: 1, DataDir: t.TempDir(), Listen: "127.0.0.1:0",
		Regions:  func(context.Context) ([]string, error) { return regions, nil },
		Validate: func() error { return nil },
		Needs:    []iam.Need{{Actions: []string{"cloudtrail:StartLogging"}, Resources: []string{"arn:aws:cloudtrail:*:" + account + ":trail/*"}, Why: "respond"}},
		Queues: []doctor.Queue{
			{ARN: queueARN, URL: w.queue(home)}, {ARN: globalQueue, URL: w.queue("us-east-1")},
		},
		Buckets:  []doctor.Bucket{{Name: bucket, Region: home, Owner: account, Queue: queueARN}},
		Anchor:   w.anchor("vault", nil),
		Accounts: func() []doctor.Account { return []doctor.Account{{ID: "444455556666", Name: "production"}} },
		Timeout:  20 * time.Second,
	}
	w.must(os.Chmod(w.options.DataDir, 0o700))
	w.as(w.admin)
	w.bucket()
	_, err = w.s3().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("vault"), ObjectLockEnabledForBucket: aws.Bool(true),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: home}})
	w.must(err)
	w.trail()
	for _, region := range regions {
		w.rule(region, catchCalls, ebtypes.RuleStateEnabled)
	}
	return w
}

// queue makes a queue with a dead-letter queue to which EventBridge and S3 may send.
func (w *world) queue(region string) string {
	w.t.Helper()
	client := sqs.NewFromConfig(w.config(w.admin, region))
	_, err := client.CreateQueue(w.t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("dead")})
	w.must(err)
	arn := "arn:aws:sqs:" + region + ":" + account + ":"
	out, err := client.CreateQueue(w.t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("events"), Attributes: map[string]string{
		"Policy":               queuePolicy(`{"Service":["events.amazonaws.com","s3.amazonaws.com"]}`, arn+"events", fromHere),
		"RedrivePolicy":        fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":"10"}`, arn+"dead"),
		"SqsManagedSseEnabled": "true", "VisibilityTimeout": "60",
	}})
	w.must(err)
	return *out.QueueUrl
}

// fromHere is the condition that services act for this account.
const fromHere = `,"Condition":{"StringEquals":{"AWS:SourceAccount":"111122223333"}}`

func queuePolicy(principal, arn, condition string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":%s,"Action":"sqs:SendMess*","Resource":%q%s}]}`, principal, arn, condition)
}

func (w *world) set(name, value string) {
	w.t.Helper()
	_, err := sqs.NewFromConfig(w.config(w.admin, home)).SetQueueAttributes(w.t.Context(), &sqs.SetQueueAttributesInput{
		QueueUrl: aws.String(w.options.Queues[0].URL), Attributes: map[string]string{name: value},
	})
	w.must(err)
}

func (w *world) s3() *s3.Client {
	return s3.NewFromConfig(w.config(w.admin, home), func(o *s3.Options) { o.UsePathStyle = true })
}

func (w *world) bucket() {
	w.t.Helper()
	client := w.s3()
	_, err := client.CreateBucket(w.t.Context(), &s3.CreateBucketInput{
		Bucket: aws.String(bucket), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: home},
	})
	w.must(err)
	_, err = client.PutBucketPolicy(w.t.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String(bucket), Policy: aws.String(fmt.Sprintf(
		`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:GetBucketAcl","Resource":"arn:aws:s3:::%[1]s"},
		{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::%[1]s/*",
		"Condition":{"StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control"}}}]}`, bucket))})
	w.must(err)
	w.notices(queueARN)
}

// anchor is a bucket for heads in which riposte's probe ends so.
func (w *world) anchor(name string, probed error) *doctor.Anchor {
	return &doctor.Anchor{Bucket: doctor.Bucket{Name: name, Region: home, Owner: account}, Held: "each for a year in mode COMPLIANCE",
		Probe: func(context.Context) error { return probed }}
}

// notices sends the bucket's notices to a queue, "" to nobody.
func (w *world) notices(queue string) {
	w.t.Helper()
	c := &s3types.NotificationConfiguration{}
	if queue != "" {
		c.QueueConfigurations = []s3types.QueueConfiguration{{QueueArn: aws.String(queue), Events: []s3types.Event{"s3:ObjectCreated:*"}}}
	}
	_, err := w.s3().PutBucketNotificationConfiguration(w.t.Context(), &s3.PutBucketNotificationConfigurationInput{Bucket: aws.String(bucket), NotificationConfiguration: c})
	w.must(err)
}

func (w *world) trails() *cloudtrail.Client { return cloudtrail.NewFromConfig(w.config(w.admin, home)) }

func (w *world) trail() {
	w.t.Helper()
	_, err := w.trails().CreateTrail(w.t.Context(), &cloudtrail.CreateTrailInput{
		Name: aws.String("main"), S3BucketName: aws.String(bucket), IsMultiRegionTrail: aws.Bool(true), EnableLogFileValidation: aws.Bool(true),
		IncludeGlobalServiceEvents: aws.Bool(true),
	})
	w.must(err)
	_, err = w.trails().StartLogging(w.t.Context(), &cloudtrail.StartLoggingInput{Name: aws.String("main")})
	w.must(err)
}

func (w *world) rule(region, pattern string, state ebtypes.RuleState) {
	w.t.Helper()
	client := eventbridge.NewFromConfig(w.config(w.admin, region))
	_, err := client.PutRule(w.t.Context(), &eventbridge.PutRuleInput{Name: aws.String("riposte"), EventPattern: aws.String(pattern), State: state})
	w.must(err)
	_, err = client.PutTargets(w.t.Context(), &eventbridge.PutTargetsInput{Rule: aws.String("riposte"), Targets: []ebtypes.Target{
		{Id: aws.String("riposte"), Arn: aws.String("arn:aws:sqs:" + region + ":" + account + ":events")},
	}})
	w.must(err)
}

// run returns the results by check.
func (w *world) run() map[string]doctor.Result {
	by := map[string]doctor.Result{}
	for _, r := range doctor.Run(w.t.Context(), w.options) {
		by[r.Check] = r
	}
	return by
}

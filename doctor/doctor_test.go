package doctor_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"riposte.dev/doctor"
	"riposte.dev/fault"
	"riposte.dev/iam"
	"riposte.dev/sandbox"
)

// calls that change nothing; AssumeRole and the like are not made.
var reading = []string{"Get", "Describe", "List", "Head", "Simulate"}

func TestAHealthyAccount(t *testing.T) {
	w := newWorld(t)
	before := len(w.Calls())
	done := 0
	w.options.Progress = func(n, total int, check string) {
		done++
		if n != done || total != 14 || check == "" {
			t.Errorf("progress %d of %d %q, want %d of 14", n, total, check, done)
		}
	}
	var order []string
	for _, r := range doctor.Run(t.Context(), w.options) {
		order = append(order, r.Check)
		want := doctor.OK
		if r.Check == "credentials" {
			want = doctor.Warn // the keys are a user's
		}
		if r.Status != want || r.Summary == "" || want == doctor.OK && r.Next != "" {
			t.Errorf("%+v, want %s", r, want)
		}
	}
	want := "configuration credentials clock regions accounts trails event rules global events read-only events queues buckets audit anchor trackers permissions disk data folder port"
	if got := strings.Join(order, " "); got != want {
		t.Errorf("checks in the order\n%s, want\n%s", got, want)
	}
	if done != 14 {
		t.Errorf("%d steps were told", done)
	}
	for _, c := range w.Calls()[before:] {
		if !slices.ContainsFunc(reading, func(verb string) bool { return strings.HasPrefix(c.Operation, verb) }) {
			t.Errorf("doctor called %s:%s", c.Service, c.Operation)
		}
	}
	left, err := os.ReadDir(w.options.DataDir)
	if err != nil || len(left) != 0 {
		t.Errorf("doctor left %v in the data folder, %v", left, err)
	}
}

func TestWhatIsBroken(t *testing.T) {
	reserveAll := ^uint64(0)
	tests := []struct {
		name  string
		spoil func(*world)
		check string
		want  doctor.Status
		says  string // in the summary or detail
		next  string
	}{
		{"configuration", func(w *world) { w.options.Validate = func() error { return errors.New("riposte.yaml:3:1: no") } }, "configuration", doctor.Fail, "riposte.yaml:3:1", "riposte validate"},
		{"keys are wrong", func(w *world) { w.as(sandbox.Keys{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "no"}) }, "credentials", doctor.Fail, "InvalidClientTokenId", "aws sts get-caller-identity"},
		{"clock two minutes off", func(w *world) { w.options.Now = func() time.Time { return time.Now().Add(2 * time.Minute) } }, "clock", doctor.Warn, "2m0s", "timedatectl"},
		{"clock an hour off", func(w *world) { w.options.Now = func() time.Time { return time.Now().Add(-time.Hour) } }, "clock", doctor.Fail, "refuses signatures", "timedatectl"},
		{"a tracker", func(w *world) { w.options.Trackers = tracker(nil) }, "trackers", doctor.OK, "1 trackers take tickets", ""},
		{"a tracker that takes no tickets", func(w *world) {
			w.options.Trackers = tracker(fault.New(fault.Unauthenticated, "tracker security answered 401").WithHint("check token_file"))
		}, "trackers", doctor.Fail, "answered 401", "check token_file"},
		{"a tracker that does not answer", func(w *world) { w.options.Trackers = tracker(fault.New(fault.Unavailable, "no answer")) }, "trackers", doctor.Unknown, "no answer", ""},
		{"no bucket for heads", func(w *world) { w.options.Anchor = w.anchor("nowhere", nil) }, "audit anchor", doctor.Fail, "nowhere does not exist",
			"aws s3api create-bucket --bucket nowhere --object-lock-enabled-for-bucket --region eu-west-1 --create-bucket-configuration LocationConstraint=eu-west-1"},
		{"a bucket without Object Lock", func(w *world) { w.options.Anchor = w.anchor(bucket, nil) }, "audit anchor", doctor.Fail, "has no Object Lock", "put-object-lock-configuration"},
		{"somebody else's bucket for heads", func(w *world) { w.options.Anchor.Owner = "444455556666" }, "audit anchor", doctor.Unknown, "of account 444455556666", "s3:GetBucketObjectLockConfiguration"},
		{"a public bucket for heads", func(w *world) {
			_, err := w.s3().DeletePublicAccessBlock(w.t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: aws.String("vault")})
			w.must(err)
			_, err = w.s3().PutBucketPolicy(w.t.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String("vault"),
				Policy: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::vault/*"}}`)})
			w.must(err)
		}, "audit anchor", doctor.Fail, "lets in everybody", "put-public-access-block --bucket vault"},
		{"heads may not be written", func(w *world) { w.options.Anchor = w.anchor("vault", fault.New(fault.Denied, "by the test")) }, "audit anchor", doctor.Fail, "may not write to bucket vault", "riposte iam policy responder"},
		{"S3 rests", func(w *world) {
			w.options.Anchor = w.anchor("vault", fault.New(fault.Throttled, "slow down").WithHint("later"))
		}, "audit anchor", doctor.Unknown, "slow down", "later"},
		{
			"regions unknown", func(w *world) {
				w.options.Regions = func(context.Context) ([]string, error) {
					return nil, fault.New(fault.Denied, "no").WithHint("allow ec2:DescribeRegions")
				}
			}, "regions", doctor.Unknown, "not known", "allow ec2:DescribeRegions",
		},
		{"an account", func(w *world) {
			w.options.Accounts = func() []doctor.Account {
				return []doctor.Account{{"1", "prod", "assume r: denied", "check trust"}, {ID: "2"}}
			}
		}, "accounts", doctor.Fail, "1 of 2", "check trust"},
		{"trail stopped", func(w *world) {
			_, err := w.trails().StopLogging(w.t.Context(), &cloudtrail.StopLoggingInput{Name: aws.String("main")})
			w.must(err)
		}, "trails", doctor.Fail, "No trail logs in eu-west-1, us-east-1", "create-trail"},
		{"one region only", func(w *world) {
			_, err := w.trails().UpdateTrail(w.t.Context(), &cloudtrail.UpdateTrailInput{Name: aws.String("main"), IsMultiRegionTrail: aws.Bool(false)})
			w.must(err)
		}, "trails", doctor.Fail, "No trail logs in us-east-1", "create-trail"},
		{"no digests", func(w *world) {
			_, err := w.trails().UpdateTrail(w.t.Context(), &cloudtrail.UpdateTrailInput{Name: aws.String("main"), EnableLogFileValidation: aws.Bool(false)})
			w.must(err)
		}, "trails", doctor.Warn, "not protected by digests", "--enable-log-file-validation"},
		{"trails denied", func(w *world) { w.limited("cloudtrail:DescribeTrails") }, "trails", doctor.Unknown, "DescribeTrails", "allow cloudtrail:DescribeTrails"},
		{"rule disabled", func(w *world) { w.rule(home, catchCalls, ebtypes.RuleStateDisabled) }, "event rules", doctor.Fail, "eu-west-1: no rule", "aws events put-rule --region eu-west-1"},
		{"rules of all regions disabled", func(w *world) {
			w.rule(home, catchCalls, ebtypes.RuleStateDisabled)
			w.rule("us-east-1", catchCalls, ebtypes.RuleStateDisabled)
		}, "event rules", doctor.Fail, "eu-west-1, us-east-1: no rule", "for region in eu-west-1 us-east-1; do aws events put-rule --region $region"},
		{"rule too narrow", func(w *world) { w.rule(home, `{"source":["aws.ec2"]}`, ebtypes.RuleStateEnabled) }, "event rules", doctor.Fail, "eu-west-1: no event rule catches", "put-rule"},
		{"a rule's sample", func(w *world) {
			w.options.Rules = []doctor.Rule{{ID: "from-guardduty", Sample: []byte(`{"source":"aws.guardduty","detail-type":"GuardDuty Finding"}`)}}
		}, "event rules", doctor.Fail, "from-guardduty", `{"detail-type":["AWS API Call via CloudTrail","GuardDuty Finding"]}`},
		{"no global events", func(w *world) { w.rule("us-east-1", `{"source":["aws.ec2"]}`, ebtypes.RuleStateEnabled) }, "global events", doctor.Fail, "us-east-1", "put-rule --region us-east-1"},
		{"global region left out", func(w *world) {
			w.options.Regions = func(context.Context) ([]string, error) { return regions[:1], nil }
		}, "global events", doctor.Fail, "us-east-1 is not looked at", "add us-east-1"},
		{"blind spot", func(w *world) { w.options.Rules = []doctor.Rule{{ID: "secrets-read", ReadOnly: true}} }, "read-only events", doctor.Warn, "secrets-read", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"},
		{"queue gone", func(w *world) {
			_, err := sqs.NewFromConfig(w.config(w.admin, home)).DeleteQueue(w.t.Context(), &sqs.DeleteQueueInput{QueueUrl: &w.options.Queues[0].URL})
			w.must(err)
		}, "queues", doctor.Fail, "does not exist", "aws sqs create-queue"},
		{"queue open to all", func(w *world) { w.set("Policy", queuePolicy(`"*"`, queueARN, "")) }, "queues", doctor.Fail, "Anybody may send", "get-queue-attributes"},
		{"queue takes from an account", func(w *world) {
			w.set("Policy", queuePolicy(`{"Service":"events.amazonaws.com","AWS":"arn:aws:iam::444455556666:root"}`, queueARN, fromHere))
		}, "queues", doctor.Warn, "444455556666", "get-queue-attributes"},
		{"queue open to everybody's rules", func(w *world) {
			w.set("Policy", queuePolicy(`{"Service":"events.amazonaws.com"}`, queueARN, `,"Condition":{"Bool":{"aws:SecureTransport":"true"}}`))
		}, "queues", doctor.Fail, "a stranger's rule or bucket", "get-queue-attributes"},
		{"queue without senders", func(w *world) { w.set("Policy", "") }, "queues", doctor.Fail, "has no policy", "get-queue-attributes"},
		{"queue shows too soon", func(w *world) { w.set("VisibilityTimeout", "5") }, "queues", doctor.Warn, "after 5 s", "VisibilityTimeout=60"},
		{"queue with AWS's key", func(w *world) {
			w.rewrite = strings.NewReplacer(`"SqsManagedSseEnabled":"true"`, `"KmsMasterKeyId":"alias/aws/sqs"`)
		}, "queues", doctor.Fail, "cannot use", "SqsManagedSseEnabled"},
		{"queue in the clear", func(w *world) { w.set("SqsManagedSseEnabled", "false") }, "queues", doctor.Warn, "not encrypted", "SqsManagedSseEnabled=true"},
		{"queue without dead letters", func(w *world) { w.set("RedrivePolicy", "") }, "queues", doctor.Warn, "no dead-letter queue", "RedrivePolicy"},
		{"queue overflows", func(w *world) {
			w.rewrite = strings.NewReplacer(`"ApproximateNumberOfMessages":"`, `"ApproximateNumberOfMessages":"20000`)
		}, "queues", doctor.Warn, "messages wait in queue events", "riposte serve"},
		{"trail cannot deliver", func(w *world) {
			w.rewrite = strings.NewReplacer(`"IsLogging":true`, `"IsLogging":true,"LatestDeliveryError":"AccessDenied"`)
		}, "trails", doctor.Fail, "cannot deliver to bucket riposte-trail: AccessDenied", "get-bucket-policy"},
		{"bucket gone", func(w *world) { w.options.Buckets[0].Name = "another-bucket" }, "buckets", doctor.Fail, "does not exist", "head-bucket --bucket another-bucket"},
		{"bucket of somebody else", func(w *world) { w.options.Buckets[0].Owner = "444455556666" }, "buckets", doctor.Fail, "not owned by account 444455556666", "--expected-bucket-owner 444455556666"},
		{"bucket tells nobody", func(w *world) { w.notices("") }, "buckets", doctor.Fail, "tells nobody", "put-bucket-notification-configuration"},
		{"permission missing", func(w *world) { w.limited("cloudtrail:StartLogging") }, "permissions", doctor.Fail, "not allowed cloudtrail:StartLogging", "riposte iam policy responder"},
		{"simulation denied", func(w *world) { w.limited("iam:SimulatePrincipalPolicy") }, "permissions", doctor.Unknown, "SimulatePrincipalPolicy", "riposte iam policy reader"},
		{"disk full", func(w *world) { w.options.Reserve = reserveAll }, "disk", doctor.Fail, "are to stay free", "df -h"},
		{"no data folder", func(w *world) { w.options.DataDir = filepath.Join(w.options.DataDir, "new") }, "disk", doctor.Unknown, "not there yet", "riposte serve"},
		{"data folder open", func(w *world) { w.must(os.Chmod(w.options.DataDir, 0o755)) }, "data folder", doctor.Warn, "rwxr-xr-x", "chmod"},
		{"port taken", func(w *world) { w.options.Listen = w.listener() }, "port", doctor.Fail, "cannot listen", "ss -ltnp"},
		{"port ours", func(w *world) {
			w.options.Listen = w.listener()
			w.options.Running = func(context.Context) bool { return true }
		}, "port", doctor.OK, "riposte listens", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tt.spoil(w)
			got := w.run()[tt.check]
			if got.Status != tt.want || !strings.Contains(got.Summary+"\n"+got.Detail, tt.says) || !strings.Contains(got.Next, tt.next) {
				t.Errorf("%+v\nwant %s, %q, next %q", got, tt.want, tt.says, tt.next)
			}
		})
	}
}

// limited makes riposte a user who may do everything but one action.
func (w *world) limited(action string) {
	w.t.Helper()
	keys, err := w.account.CreateUser("limited", sandbox.AdministratorAccess,
		fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":%q,"Resource":"*"}]}`, action))
	w.must(err)
	w.as(keys)
}

// listener takes a port until the test ends.
func (w *world) listener() string {
	w.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	w.t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

func TestAHungCallBecomesUnknown(t *testing.T) {
	w := newWorld(t)
	w.options.Timeout = 200 * time.Millisecond
	release := make(chan struct{})
	defer close(release)
	w.options.Validate = func() error { <-release; return nil } // heeds no context
	if got := w.run()["configuration"]; got.Status != doctor.Unknown || !strings.Contains(got.Summary, "200ms") {
		t.Errorf("%+v, want unknown", got)
	}
}

func TestRolesAndRoot(t *testing.T) {
	w := newWorld(t)
	w.as(w.account.CreateRootKey())
	got := w.run()
	if r := got["credentials"]; r.Status != doctor.Warn || !strings.Contains(r.Detail, "root user") {
		t.Errorf("root: %+v", r)
	}
	if r := got["permissions"]; r.Status != doctor.Unknown || !strings.Contains(r.Summary, "root") {
		t.Errorf("root's permissions: %+v", r)
	}
	w.options.Principal = "arn:aws:iam::" + account + ":user/admin"
	w.as(w.admin)
	w.options.Needs = append(w.options.Needs, iam.Need{Actions: []string{"ec2:DescribeRegions"}, Why: "accounts"})
	if r := w.run()["permissions"]; r.Status != doctor.OK || !strings.Contains(r.Summary, "all 2") {
		t.Errorf("a named principal: %+v", r)
	}
}

func TestNothingConfigured(t *testing.T) {
	w := newWorld(t)
	w.options.EventBridge, w.options.Queues, w.options.Buckets, w.options.Accounts, w.options.Needs = false, nil, nil, nil, nil
	got := w.run()
	for _, check := range []string{"event rules", "global events", "read-only events", "queues", "buckets", "accounts", "permissions"} {
		if r := got[check]; r.Status != doctor.OK {
			t.Errorf("%+v", r)
		}
	}
}

func TestNeedsThatCannotBeToldAreNotNone(t *testing.T) {
	w := newWorld(t)
	w.options.Needs, w.options.NeedsUnknown = nil, errors.New("nobody knows which account this is")
	if r := w.run()["permissions"]; r.Status != doctor.Unknown || r.Detail != "nobody knows which account this is" || r.Next == "" {
		t.Errorf("%+v", r)
	}
}

// Queues and buckets of other accounts are looked at with the roles that riposte reads them by.
func TestEachAccountIsLookedAtWithItsRole(t *testing.T) {
	w := newWorld(t)
	w.options.Queues[1].Account = "444455556666"
	w.options.Buckets[0].Account = "777788889999"
	var mu sync.Mutex
	asked := map[string]bool{}
	reach := w.options.AWS
	w.options.AWS = func(ctx context.Context, account, region string) (aws.Config, error) {
		mu.Lock()
		defer mu.Unlock()
		asked[account+" "+region] = true
		return reach(ctx, account, region)
	}
	doctor.Run(t.Context(), w.options)
	for _, want := range []string{account + " " + home, "444455556666 us-east-1", "777788889999 " + home} {
		if !asked[want] {
			t.Errorf("nobody asked for %s, only for %v", want, asked)
		}
	}
}

// tracker is one that answers a probe so.
func tracker(err error) []doctor.Tracker {
	return []doctor.Tracker{{Name: "security", Probe: func(context.Context) error { return err }}}
}

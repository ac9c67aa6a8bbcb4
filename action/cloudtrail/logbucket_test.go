package cloudtrail_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/cloudtrail"
	"riposte.dev/fault"
)

const trailBucket = "trails-" + actiontest.Account

// open is a cloud with a trail whose bucket, in another region, may become public and deletes log files after a week.
type open struct {
	narrow
	bucket *s3.Client
}

func newOpen(t *testing.T, rules ...types.LifecycleRule) open {
	t.Helper()
	o := open{narrow: newNarrow(t)}
	o.bucket = s3.NewFromConfig(o.Admin(actiontest.Account, "us-east-1"), func(o *s3.Options) { o.UsePathStyle = true })
	_, err := o.bucket.DeletePublicAccessBlock(t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: aws.String(trailBucket)})
	o.Must(err)
	_, err = o.bucket.PutBucketTagging(t.Context(), &s3.PutBucketTaggingInput{Bucket: aws.String(trailBucket), Tagging: &types.Tagging{
		TagSet: []types.Tag{{Key: aws.String("team"), Value: aws.String("audit")}},
	}})
	o.Must(err)
	if len(rules) > 0 {
		o.rules(rules...)
	}
	return o
}

func (o open) rules(rules ...types.LifecycleRule) {
	o.T.Helper()
	_, err := o.bucket.PutBucketLifecycleConfiguration(o.T.Context(), &s3.PutBucketLifecycleConfigurationInput{
		Bucket: aws.String(trailBucket), LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: rules},
	})
	o.Must(err)
}

func (o open) block(on bool) {
	o.T.Helper()
	_, err := o.bucket.PutPublicAccessBlock(o.T.Context(), &s3.PutPublicAccessBlockInput{
		Bucket: aws.String(trailBucket), PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{
			BlockPublicAcls: aws.Bool(true), BlockPublicPolicy: &on, IgnorePublicAcls: aws.Bool(true), RestrictPublicBuckets: &on,
		},
	})
	o.Must(err)
}

// state is the bucket's block and rules, or why there are none.
func (o open) state() string {
	o.T.Helper()
	name := aws.String(trailBucket)
	why := func(err error) string {
		var api smithy.APIError
		if err == nil {
			return ""
		}
		if !errors.As(err, &api) {
			o.T.Fatal(err)
		}
		return api.ErrorCode()
	}
	state := []any{}
	block, err := o.bucket.GetPublicAccessBlock(o.T.Context(), &s3.GetPublicAccessBlockInput{Bucket: name})
	if state = append(state, why(err)); err == nil {
		state = append(state, block.PublicAccessBlockConfiguration)
	}
	lifecycle, err := o.bucket.GetBucketLifecycleConfiguration(o.T.Context(), &s3.GetBucketLifecycleConfigurationInput{Bucket: name})
	if state = append(state, why(err)); err == nil {
		state = append(state, lifecycle.Rules)
	}
	raw, err := json.Marshal(state)
	o.Must(err)
	return string(raw)
}

func deletes(id string, filter *types.LifecycleRuleFilter, days int32) types.LifecycleRule {
	return types.LifecycleRule{ID: &id, Status: types.ExpirationStatusEnabled, Filter: filter, Expiration: &types.LifecycleExpiration{Days: &days}}
}

func below(prefix string) *types.LifecycleRuleFilter {
	return &types.LifecycleRuleFilter{Prefix: &prefix}
}

func TestProtectLogBucket(t *testing.T) {
	moves := types.LifecycleRule{
		ID: aws.String("archive"), Status: types.ExpirationStatusEnabled, Filter: below("AWSLogs/"),
		Transitions: []types.Transition{{Days: aws.Int32(90), StorageClass: types.TransitionStorageClassGlacier}},
	}
	for _, tt := range []struct {
		name, params, missing string
		rules                 []types.LifecycleRule
		setUp                 func(open)
		elsewhere             []string
	}{
		{"open, and deletes", `{"trail":"main"}`, ofOther, []types.LifecycleRule{moves, deletes("cleanup", below(""), 7)}, func(open) {}, nil},
		{"open", `{"bucket":"` + trailBucket + `"}`, `{"bucket":"trails-of-nobody"}`, nil, func(o open) { o.block(false) },
			[]string{"s3:PutLifecycleConfiguration"}},
		{"deletes", `{"trail":"arn:aws:cloudtrail:eu-west-1:111122223333:trail/main","keep_days":30}`, ofOther,
			[]types.LifecycleRule{deletes("cleanup", below("AWSLogs/111122223333/CloudTrail"), 29), deletes("month", below("AWSLogs/"), 30)},
			func(o open) { o.block(true) }, []string{"s3:PutBucketPublicAccessBlock"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				o := newOpen(t, tt.rules...)
				tt.setUp(o)
				w := o.World(cloudtrail.NewProtectLogBucket, tt.params, tt.missing, o.state)
				w.Elsewhere = tt.elsewhere
				w.Interfere = func() { o.rules(deletes("theirs", below(""), 3)) }
				w.Permission = func(c action.Call) string {
					if c.Operation == "PutBucketLifecycleConfiguration" {
						return "s3:PutLifecycleConfiguration"
					}
					return "s3:PutBucketPublicAccessBlock"
				}
				return w
			})
		})
	}
}

// Rules that delete no log files before their time are left.
func TestWhichRulesDeleteLogFiles(t *testing.T) {
	disabled := deletes("r", below(""), 7)
	disabled.Status = types.ExpirationStatusDisabled
	old := types.LifecycleRule{
		ID: aws.String("r"), Status: types.ExpirationStatusEnabled, Filter: below(""),
		NoncurrentVersionExpiration: &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(7)},
	}
	dated := deletes("r", below(""), 0)
	dated.Expiration = &types.LifecycleExpiration{Date: aws.Time(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))}
	inFilter := func(and types.LifecycleRuleAndOperator) *types.LifecycleRuleFilter {
		return &types.LifecycleRuleFilter{And: &and}
	}
	tag := types.Tag{Key: aws.String("a"), Value: aws.String("b")}
	atOnce := deletes("r", nil, 1)
	atOnce.Prefix = aws.String("AWSLogs") //nolint:staticcheck // older rules have it still
	for _, tt := range []struct {
		name string
		rule types.LifecycleRule
		says string // "" where the rule is left
	}{
		{"all objects", deletes("r", below(""), 7), `"r" deletes log files after 7 days`},
		{"by the older member", atOnce, "after a day"},
		{"all of this account's", deletes("r", below("AWSLogs/111122223333/"), 364), "after 364 days"},
		{"digests", deletes("r", below("AWSLogs/111122223333/CloudTrail-Digest/"), 7), "after 7 days"},
		{"those of the organization's trail", deletes("r", below("AWSLogs/o-exampleorgid/111122223333/Cloud"), 7), "after 7 days"},
		{"large ones", deletes("r", inFilter(types.LifecycleRuleAndOperator{Prefix: aws.String("AWSLogs/"), ObjectSizeGreaterThan: aws.Int64(9)}), 7), "after 7 days"},
		{"from a day on", dated, "from 2026-01-01"},
		{"after a year", deletes("r", below(""), 365), ""},
		{"logs of load balancers", deletes("r", below("AWSLogs/111122223333/elasticloadbalancing/"), 7), ""},
		{"another folder", deletes("r", below("tmp/"), 7), ""},
		{"objects with a tag", deletes("r", &types.LifecycleRuleFilter{Tag: &tag}, 7), ""},
		{"objects with tags", deletes("r", inFilter(types.LifecycleRuleAndOperator{Prefix: aws.String("AWSLogs/"), Tags: []types.Tag{tag}}), 7), ""},
		{"disabled", disabled, ""},
		{"old versions", old, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newOpen(t, tt.rule)
			o.block(true)
			_, err := o.home().UpdateTrail(t.Context(), allRegions())
			o.Must(err)
			item := o.Plan(cloudtrail.NewProtectLogBucket, ofMain)
			if tt.says == "" {
				actiontest.Want(t, item, action.Unneeded, "no lifecycle rule")
			} else {
				actiontest.Want(t, item, action.Change, tt.says)
			}
			if item.Resource.Tags["team"] != "audit" || item.Resource.Region != "us-east-1" {
				t.Errorf("the bucket is %+v", item.Resource)
			}
		})
	}
}

// A trail that the bucket's region doesn't show may deliver to any folder.
func TestRulesWhereTheTrailIsUnseen(t *testing.T) {
	o := newOpen(t, deletes("r", below("logs/"), 7))
	actiontest.Want(t, o.Plan(cloudtrail.NewProtectLogBucket, ofMain), action.Change, "deletes log files")
}

func TestWhoseBucket(t *testing.T) {
	o := newOpen(t)
	o.trail(actiontest.Management, actiontest.Region, "org", true, ofOrganization)
	a := o.Action(cloudtrail.NewProtectLogBucket)
	req := actiontest.Request(`{"trail":"org"}`)
	if _, err := a.Plan(t.Context(), req); fault.CodeOf(err) != fault.Denied || fault.Hint(err) == "" {
		t.Errorf("another account's bucket: %v, want denied with a hint", err)
	}
	req.Account = actiontest.Management
	if item := o.Item(a, req); item.Resource.Name != "trails-"+actiontest.Management {
		t.Errorf("from its own account: %+v", item.Resource)
	}
	for _, params := range []string{`{"trail":"main","bucket":"b"}`, `{"trail":"x"}`} {
		req.Params = json.RawMessage(params)
		if _, err := a.Plan(t.Context(), req); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: %v, want invalid", params, err)
		}
	}
}

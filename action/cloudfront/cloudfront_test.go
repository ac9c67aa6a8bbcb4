package cloudfront_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/cloudfront"
	"riposte.dev/fault"
)

// cloud is a sandbox with a distribution that speaks without TLS and leaves no logs.
type cloud struct {
	*actiontest.Cloud
	client  *sdk.Client
	id, arn string
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	cfg := c.Admin(actiontest.Account, actiontest.Region)
	c.client = sdk.NewFromConfig(cfg)
	buckets := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	for name, ownership := range map[string]s3types.ObjectOwnership{"viewer-logs": s3types.ObjectOwnershipObjectWriter, "no-lists": s3types.ObjectOwnershipBucketOwnerEnforced} {
		_, err := buckets.CreateBucket(t.Context(), &s3.CreateBucketInput{
			Bucket: &name, ObjectOwnership: ownership, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: actiontest.Region},
		})
		c.Must(err)
	}
	out, err := c.client.CreateDistributionWithTags(t.Context(), &sdk.CreateDistributionWithTagsInput{DistributionConfigWithTags: &types.DistributionConfigWithTags{
		Tags: &types.Tags{Items: []types.Tag{{Key: aws.String("team"), Value: aws.String("web")}}},
		DistributionConfig: &types.DistributionConfig{
			CallerReference: aws.String("1"), Comment: aws.String("shop"), Enabled: aws.Bool(true),
			Origins: &types.Origins{Quantity: aws.Int32(3), Items: []types.Origin{
				custom("shop", types.SslProtocolSSLv3, types.SslProtocolTLSv1, types.SslProtocolTLSv12),
				{Id: aws.String("images"), DomainName: aws.String("images.s3.amazonaws.com")},
				custom("api", types.SslProtocolTLSv12),
			}},
			DefaultCacheBehavior: &types.DefaultCacheBehavior{TargetOriginId: aws.String("shop"), ViewerProtocolPolicy: types.ViewerProtocolPolicyAllowAll},
			CacheBehaviors: &types.CacheBehaviors{Quantity: aws.Int32(2), Items: []types.CacheBehavior{
				{PathPattern: aws.String("/cart/*"), TargetOriginId: aws.String("shop"), ViewerProtocolPolicy: types.ViewerProtocolPolicyHttpsOnly},
				{PathPattern: aws.String("/img/*"), TargetOriginId: aws.String("shop"), ViewerProtocolPolicy: types.ViewerProtocolPolicyAllowAll},
			}},
		},
	}})
	c.Must(err)
	c.id, c.arn = *out.Distribution.Id, *out.Distribution.ARN
	return c
}

// custom is an origin that is no bucket.
func custom(id string, protocols ...types.SslProtocol) types.Origin {
	return types.Origin{Id: &id, DomainName: aws.String(id + ".example.com"), CustomOriginConfig: &types.CustomOriginConfig{
		HTTPPort: aws.Int32(80), HTTPSPort: aws.Int32(443), OriginProtocolPolicy: types.OriginProtocolPolicyHttpsOnly,
		OriginSslProtocols: &types.OriginSslProtocols{Items: protocols, Quantity: aws.Int32(int32(len(protocols)))},
	}}
}

func (c cloud) config() (*types.DistributionConfig, *string) {
	c.T.Helper()
	out, err := c.client.GetDistributionConfig(c.T.Context(), &sdk.GetDistributionConfigInput{Id: &c.id})
	c.Must(err)
	return out.DistributionConfig, out.ETag
}

func (c cloud) change(change func(*types.DistributionConfig)) {
	c.T.Helper()
	config, etag := c.config()
	change(config)
	_, err := c.client.UpdateDistribution(c.T.Context(), &sdk.UpdateDistributionInput{Id: &c.id, IfMatch: etag, DistributionConfig: config})
	c.Must(err)
}

// state is the whole configuration: an undo restores all of it. No log and one that is switched off are the same.
func (c cloud) state() string {
	c.T.Helper()
	config, _ := c.config()
	if config.Logging != nil && !*config.Logging.Enabled {
		config.Logging = nil
	}
	raw, err := json.Marshal(config)
	c.Must(err)
	return string(raw)
}

func TestConformance(t *testing.T) {
	policy := func(p types.ViewerProtocolPolicy) func(cloud) {
		return func(c cloud) {
			c.change(func(d *types.DistributionConfig) { d.CacheBehaviors.Items[1].ViewerProtocolPolicy = p })
		}
	}
	for _, tt := range []struct {
		name, params string // beside the distribution
		newAction    actiontest.NewAction
		interfere    func(cloud)
	}{
		{"redirect to HTTPS", "", cloudfront.NewRequireHTTPS, policy(types.ViewerProtocolPolicyHttpsOnly)},
		{"refuse HTTP", `,"policy":"https-only"`, cloudfront.NewRequireHTTPS, policy(types.ViewerProtocolPolicyAllowAll)},
		{"log", `,"bucket":"viewer-logs"`, cloudfront.NewEnableAccessLogging, func(c cloud) {
			c.change(func(d *types.DistributionConfig) { d.Logging.Prefix = aws.String("other/") })
		}},
		{"disable", "", cloudfront.NewDisableDistribution, nil},
		{"drop SSLv3", "", cloudfront.NewDropOldTLS, origin(custom("shop", types.SslProtocolTLSv12))},
		{"drop TLSv1", `,"minimum":"TLSv1.2"`, cloudfront.NewDropOldTLS, origin(custom("shop", types.SslProtocolTLSv11, types.SslProtocolTLSv12))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				w := c.World(tt.newAction, `{"distribution":"`+c.id+`"`+tt.params+`}`, `{"distribution":"E0000000000000"`+tt.params+`}`, c.state)
				w.Interfere = actiontest.On(c, tt.interfere)
				return w
			})
		})
	}
}

func TestWhatIsLeft(t *testing.T) {
	for _, tt := range []struct {
		name, params string
		newAction    actiontest.NewAction
		spoil        func(*types.DistributionConfig)
		says         string
	}{
		{"HTTPS", "", cloudfront.NewRequireHTTPS, func(d *types.DistributionConfig) {
			d.DefaultCacheBehavior.ViewerProtocolPolicy, d.CacheBehaviors = types.ViewerProtocolPolicyRedirectToHttps, nil
		}, "use HTTPS"},
		{"logs", `,"bucket":"viewer-logs"`, cloudfront.NewEnableAccessLogging, func(d *types.DistributionConfig) {
			d.Logging = &types.LoggingConfig{Enabled: aws.Bool(true), Bucket: aws.String("viewer-logs.s3.amazonaws.com"), Prefix: aws.String("a/"), IncludeCookies: aws.Bool(true)}
		}, "viewer-logs.s3.amazonaws.com already"},
		{"no SSLv3", "", cloudfront.NewDropOldTLS, func(d *types.DistributionConfig) {
			d.Origins.Items[0] = custom("shop", types.SslProtocolTLSv1)
		}, "nothing older than TLSv1"},
		{"disabled", "", cloudfront.NewDisableDistribution, func(d *types.DistributionConfig) { d.Enabled = aws.Bool(false) }, "nobody already"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			c.change(tt.spoil)
			a := c.Action(tt.newAction)
			item := c.Item(a, actiontest.Request(`{"distribution":"`+c.arn+`"`+tt.params+`}`))
			actiontest.Want(t, item, action.Unneeded, tt.says)
			if r := item.Resource; r.Tags["team"] != "web" || r.ARN != c.arn || r.Region != "us-east-1" {
				t.Errorf("%+v, want its ARN, tags and home", r)
			}
		})
	}
}

// origin puts one in the place of the first.
func origin(o types.Origin) func(cloud) {
	return func(c cloud) { c.change(func(d *types.DistributionConfig) { d.Origins.Items[0] = o }) }
}

func TestOldProtocols(t *testing.T) {
	c := newCloud(t)
	a := c.Action(cloudfront.NewDropOldTLS)
	req := actiontest.Request(`{"distribution":"` + c.id + `"}`)
	item := c.Item(a, req)
	actiontest.Want(t, item, action.Change, "deprecated protocols to shop.")
	c.Do(a, item)
	config, _ := c.config()
	if got := config.Origins.Items[0].CustomOriginConfig.OriginSslProtocols; *got.Quantity != 2 || got.Items[0] != types.SslProtocolTLSv1 {
		t.Errorf("left are %+v", got)
	}
	origin(custom("shop", types.SslProtocolSSLv3))(c)
	actiontest.Want(t, c.Item(a, req), action.Escalated, "Nothing newer than SSLv3 is configured for the origin shop")
	if _, err := a.Plan(t.Context(), actiontest.Request(`{"distribution":"`+c.id+`","minimum":"SSLv3"}`)); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
		t.Errorf("%v, want it refused with a hint", err)
	}
}

// What somebody changes between plan and call is not overwritten, whatever part of the configuration it is.
func TestAChangeInBetween(t *testing.T) {
	c := newCloud(t)
	a := c.Action(cloudfront.NewRequireHTTPS)
	item := c.Item(a, actiontest.Request(`{"distribution":"`+c.id+`"}`))
	actiontest.Want(t, item, action.Change, "for *, /img/*.")
	c.change(func(d *types.DistributionConfig) { d.Comment = aws.String("other") })
	before := c.state()
	if _, err := a.Apply(t.Context(), item); err == nil || !strings.Contains(err.Error(), "PreconditionFailed") || c.state() != before {
		t.Errorf("%v, want it refused", err)
	}
}

func TestABucketWithoutLists(t *testing.T) {
	c := newCloud(t)
	a := c.Action(cloudfront.NewEnableAccessLogging)
	item := c.Item(a, actiontest.Request(`{"distribution":"`+c.id+`","bucket":"no-lists"}`))
	if _, err := a.Apply(t.Context(), item); fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), "does not enable ACL") {
		t.Errorf("%v, want AWS's reason", err)
	}
	if _, err := a.Plan(t.Context(), actiontest.Request(`{"distribution":"`+c.id+`"}`)); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
		t.Errorf("%v, want the bucket asked for", err)
	}
}

package cloudfront

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// protocols is how viewers may ask, by the pattern of the path; the default's pattern is *, which no other one has.
type protocols struct {
	Viewers []viewers `json:"viewers"`

	config config
}

type viewers struct {
	Path   string                     `json:"path"`
	Policy types.ViewerProtocolPolicy `json:"policy"`
}

const anyPath = "*"

type protocolParams struct {
	Distribution string                     `json:"distribution"`
	Policy       types.ViewerProtocolPolicy `json:"policy,omitempty"`
}

func (p protocolParams) distribution() string { return p.Distribution }

// NewRequireHTTPS returns the action cloudfront.require-https.
func NewRequireHTTPS(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[protocolParams, protocols]{
		Spec: action.Spec{
			Name:  "cloudfront.require-https",
			Title: "Have viewers of a distribution use HTTPS",
			Description: "Redirects viewers who ask without TLS to HTTPS, or refuses them, for all paths of a distribution where they may do so now. " +
				"A program that sends data by HTTP and follows no redirect fails then. CloudFront spreads it within minutes.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["distribution"], "properties": {` + distributionSchema + `,
  "policy": {"enum": ["redirect-to-https", "https-only"], "description": "what happens to who asks by HTTP; without this, redirect-to-https"}}}`),
			Permissions: permissions,
			Effect:      action.StateChecked,
		},
		Find: findDistribution[protocolParams],
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (protocols, error) {
			c, err := readConfig(ctx, cfg, r)
			if err != nil {
				return protocols{}, err
			}
			now := protocols{Viewers: []viewers{{anyPath, c.whole.DefaultCacheBehavior.ViewerProtocolPolicy}}, config: c}
			if c.whole.CacheBehaviors != nil {
				for _, b := range c.whole.CacheBehaviors.Items {
					now.Viewers = append(now.Viewers, viewers{aws.ToString(b.PathPattern), b.ViewerProtocolPolicy})
				}
			}
			return now, nil
		},
		Want: func(_ action.Resource, p protocolParams, now protocols) (protocols, string, error) {
			policy, want, open := p.Policy, protocols{Viewers: slices.Clone(now.Viewers)}, []string(nil)
			if policy == "" {
				policy = types.ViewerProtocolPolicyRedirectToHttps
			}
			for i, v := range want.Viewers {
				if v.Policy == types.ViewerProtocolPolicyAllowAll {
					want.Viewers[i].Policy = policy
					open = append(open, v.Path)
				}
			}
			if open == nil {
				return now, "Viewers use HTTPS, or are redirected to it.", nil
			}
			return want, "Viewers may ask without TLS for " + strings.Join(open, ", ") + ".", nil
		},
		Steps: func(r action.Resource, from, to protocols) ([]setting.Step[protocols], error) {
			return update(r, from.config, to, func(c *types.DistributionConfig) { setPolicies(c, to) }), nil
		},
		Operations: operations,
	})
}

// setPolicies replaces the parts of c that it changes: they are also those of what was read.
func setPolicies(c *types.DistributionConfig, to protocols) {
	if c.DefaultCacheBehavior == nil || len(to.Viewers) == 0 {
		return
	}
	byDefault := *c.DefaultCacheBehavior
	byDefault.ViewerProtocolPolicy = to.Viewers[0].Policy
	c.DefaultCacheBehavior = &byDefault
	if c.CacheBehaviors == nil {
		return
	}
	others := *c.CacheBehaviors
	others.Items = slices.Clone(others.Items)
	for i, v := range to.Viewers[1:] {
		others.Items[i].ViewerProtocolPolicy = v.Policy
	}
	c.CacheBehaviors = &others
}

// accessLog is where a distribution notes its requests: CloudFront's standard logs in a bucket.
type accessLog struct {
	Enabled bool   `json:"enabled"`
	Bucket  string `json:"bucket"` // by its domain name
	Prefix  string `json:"prefix"`
	Cookies bool   `json:"include_cookies"`

	config config
}

type accessParams struct {
	Distribution string `json:"distribution"`
	Bucket       string `json:"bucket"`
	Prefix       string `json:"prefix,omitempty"`
}

func (p accessParams) distribution() string { return p.Distribution }

// NewEnableAccessLogging returns the action cloudfront.enable-access-logging.
func NewEnableAccessLogging(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[accessParams, accessLog]{
		Spec: action.Spec{
			Name:  "cloudfront.enable-access-logging",
			Title: "Log who uses a distribution",
			Description: "Has CloudFront write its standard logs of a distribution's requests into a bucket. CloudFront puts itself into the bucket's " +
				"access list for that, so the bucket must take access lists (Object Ownership other than BucketOwnerEnforced). Logs that CloudWatch " +
				"delivers are not looked at. The logs cost storage.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["distribution", "bucket"], "properties": {` + distributionSchema + `,
  "bucket": {"type": "string", "pattern": "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", "description": "name of the bucket for the logs"},
  "prefix": {"type": "string", "maxLength": 256, "description": "what the names of the logs begin with; without this, the distribution's id and a slash"}}}`),
			Permissions: append([]string{"s3:GetBucketAcl", "s3:PutBucketAcl"}, permissions...),
			Effect:      action.StateChecked,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p accessParams) ([]action.Resource, error) {
			if p.Bucket == "" {
				return nil, fault.New(fault.Invalid, "no bucket is named").WithHint(`give {"distribution": "E1A2B3C4D5E6F7", "bucket": "viewer-logs"}`)
			}
			return findDistribution(ctx, cfg, req, p)
		},
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (accessLog, error) {
			c, err := readConfig(ctx, cfg, r)
			if err != nil {
				return accessLog{}, err
			}
			now := accessLog{config: c}
			if l := c.whole.Logging; l != nil {
				now.Enabled, now.Bucket, now.Prefix, now.Cookies = aws.ToBool(l.Enabled), aws.ToString(l.Bucket), aws.ToString(l.Prefix), aws.ToBool(l.IncludeCookies)
			}
			return now, nil
		},
		Want: func(r action.Resource, p accessParams, now accessLog) (accessLog, string, error) {
			if now.Enabled {
				return now, "It logs into " + now.Bucket + " already.", nil
			}
			want := accessLog{Enabled: true, Bucket: p.Bucket + ".s3." + domain(r.Region), Prefix: p.Prefix}
			if want.Prefix == "" {
				want.Prefix = r.Name + "/"
			}
			return want, "Nobody can tell who uses it.", nil
		},
		Steps: func(r action.Resource, from, to accessLog) ([]setting.Step[accessLog], error) {
			return update(r, from.config, to, func(c *types.DistributionConfig) {
				c.Logging = &types.LoggingConfig{Enabled: &to.Enabled, Bucket: &to.Bucket, Prefix: &to.Prefix, IncludeCookies: &to.Cookies}
			}), nil
		},
		Operations: operations,
	})
}

// domain is that of AWS's endpoints in the region's partition.
func domain(region string) string {
	if awscall.Partition(region) == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// serving is whether a distribution answers viewers.
type serving struct {
	Enabled bool `json:"enabled"`

	config config
}

// NewDisableDistribution returns the action cloudfront.disable-distribution.
func NewDisableDistribution(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[distributionParams, serving]{
		Spec: action.Spec{
			Name:  "cloudfront.disable-distribution",
			Title: "Have a distribution serve no more",
			Description: "Has CloudFront answer nobody by a distribution any more, within minutes: whatever is reached by its names is gone until " +
				"the undo. Its configuration stays.",
			Parameters:  json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["distribution"], "properties": {` + distributionSchema + `}}`),
			Permissions: permissions,
			Effect:      action.StateChecked, Evidence: action.EventEvidence,
		},
		Find: findDistribution[distributionParams],
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (serving, error) {
			c, err := readConfig(ctx, cfg, r)
			if err != nil {
				return serving{}, err
			}
			return serving{aws.ToBool(c.whole.Enabled), c}, nil
		},
		Want: func(_ action.Resource, _ distributionParams, now serving) (serving, string, error) {
			if !now.Enabled {
				return now, "It serves nobody already.", nil
			}
			return serving{}, "It serves whoever asks.", nil
		},
		Steps: func(r action.Resource, from, to serving) ([]setting.Step[serving], error) {
			return update(r, from.config, to, func(c *types.DistributionConfig) { c.Enabled = &to.Enabled }), nil
		},
		Operations: operations,
	})
}

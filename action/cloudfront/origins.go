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

// origins is by which protocols CloudFront may speak to the origins that are no buckets.
type origins struct {
	Origins []origin `json:"origins"`

	config config
}

type origin struct {
	ID        string              `json:"id"`
	Protocols []types.SslProtocol `json:"protocols"`
}

type originParams struct {
	Distribution string            `json:"distribution"`
	Minimum      types.SslProtocol `json:"minimum,omitempty"`
}

func (p originParams) distribution() string { return p.Distribution }

// byAge are the protocols that CloudFront can be told to speak to an origin, the oldest first.
var byAge = []types.SslProtocol{types.SslProtocolSSLv3, types.SslProtocolTLSv1, types.SslProtocolTLSv11, types.SslProtocolTLSv12}

// NewDropOldTLS returns the action cloudfront.drop-old-tls.
func NewDropOldTLS(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[originParams, origins]{
		Spec: action.Spec{
			Name:  "cloudfront.drop-old-tls",
			Title: "Have CloudFront speak no deprecated protocol to origins",
			Description: "Takes SSLv3, and older versions of TLS if you say so, out of the protocols by which CloudFront speaks to a distribution's own origins " +
				"(those that are no buckets). An origin that speaks nothing newer is cut off: one for which nothing newer is configured is left to people. " +
				"CloudFront spreads it within minutes.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["distribution"], "properties": {` + distributionSchema + `,
  "minimum": {"enum": ["TLSv1", "TLSv1.1", "TLSv1.2"], "description": "the oldest protocol that stays; without this TLSv1, so that only SSLv3 goes"}}}`),
			Permissions: permissions,
			Effect:      action.StateChecked,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p originParams) ([]action.Resource, error) {
			if p.Minimum != "" && !slices.Contains(byAge[1:], p.Minimum) {
				return nil, fault.New(fault.Invalid, "minimum is %.100q", p.Minimum).WithHint("give TLSv1, TLSv1.1 or TLSv1.2")
			}
			return findDistribution(ctx, cfg, req, p)
		},
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (origins, error) {
			c, err := readConfig(ctx, cfg, r)
			if err != nil {
				return origins{}, err
			}
			now := origins{config: c}
			for _, o := range own(c.whole) {
				now.Origins = append(now.Origins, origin{aws.ToString(o.Id), o.CustomOriginConfig.OriginSslProtocols.Items})
			}
			return now, nil
		},
		Want: wantOrigins,
		Steps: func(r action.Resource, from, to origins) ([]setting.Step[origins], error) {
			return update(r, from.config, to, func(c *types.DistributionConfig) { setProtocols(c, to) }), nil
		},
		Operations: operations,
	})
}

// own are the origins that are no buckets.
func own(c *types.DistributionConfig) []types.Origin {
	if c == nil || c.Origins == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(c.Origins.Items), func(o types.Origin) bool {
		return o.CustomOriginConfig == nil || o.CustomOriginConfig.OriginSslProtocols == nil
	})
}

func wantOrigins(_ action.Resource, p originParams, now origins) (origins, string, error) {
	minimum, want, changed := p.Minimum, origins{}, []string(nil)
	if minimum == "" {
		minimum = types.SslProtocolTLSv1
	}
	old := byAge[:slices.Index(byAge, minimum)]
	for _, o := range now.Origins {
		kept := slices.DeleteFunc(slices.Clone(o.Protocols), func(p types.SslProtocol) bool { return slices.Contains(old, p) })
		if len(kept) == 0 && len(o.Protocols) > 0 {
			return now, "", setting.Escalation("Nothing newer than " + string(o.Protocols[len(o.Protocols)-1]) + " is configured for the origin " + o.ID +
				": see what it speaks (openssl s_client -connect NAME:443 -tls1_2), let CloudFront speak that to it, and plan this again.")
		}
		if len(kept) < len(o.Protocols) {
			changed = append(changed, o.ID)
		}
		want.Origins = append(want.Origins, origin{o.ID, kept})
	}
	if changed == nil {
		return now, "CloudFront speaks nothing older than " + string(minimum) + " to its origins.", nil
	}
	return want, "CloudFront may speak deprecated protocols to " + strings.Join(changed, ", ") + ".", nil
}

// setProtocols replaces the parts of c that it changes: they are also those of what was read.
func setProtocols(c *types.DistributionConfig, to origins) {
	if c.Origins == nil {
		return
	}
	all := *c.Origins
	all.Items = slices.Clone(all.Items)
	for i, o := range all.Items {
		at := slices.IndexFunc(to.Origins, func(t origin) bool { return t.ID == aws.ToString(o.Id) })
		if at < 0 {
			continue
		}
		custom := *o.CustomOriginConfig
		protocols := to.Origins[at].Protocols
		custom.OriginSslProtocols = &types.OriginSslProtocols{Items: protocols, Quantity: aws.Int32(int32(len(protocols)))} //nolint:gosec // four at most
		all.Items[i].CustomOriginConfig = &custom
	}
	c.Origins = &all
}

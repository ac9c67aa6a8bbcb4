// Package opensearch has the actions on Amazon OpenSearch Service: domains that speak or store without encryption, that nobody's logs
// tell of, that run old software, or that everybody may use.
package opensearch

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/opensearch"
	"github.com/aws/aws-sdk-go-v2/service/opensearch/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/resourcepolicy"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// domainParams name a domain.
type domainParams struct {
	Domain string `json:"domain"`
}

const domainProperty = `"domain": {"type": "string", "minLength": 1, "description": "name or ARN of the domain"}`

const domainSchema = `{"type": "object", "additionalProperties": false, "required": ["domain"], "properties": {` + domainProperty + `}}`

// prefix is that of OpenSearch's actions in IAM, from the time when it was Elasticsearch.
const prefix = "es"

// findDomain returns the domain with its tags.
func findDomain(ctx context.Context, cfg aws.Config, req action.Request, p domainParams) ([]action.Resource, error) {
	if p.Domain == "" {
		return nil, fault.New(fault.Invalid, "no domain is named").WithHint(`give {"domain": "search"}`)
	}
	name := p.Domain[strings.LastIndex(p.Domain, "/")+1:]
	d, err := describe(ctx, cfg, name)
	if err != nil {
		return nil, err
	}
	r := action.Resource{
		Type: "AWS::OpenSearchService::Domain", ARN: aws.ToString(d.ARN), Name: name, Account: req.Account, Region: req.Region, Tags: map[string]string{},
	}
	tags, err := opensearch.NewFromConfig(cfg).ListTags(ctx, &opensearch.ListTagsInput{ARN: d.ARN})
	if err != nil {
		return nil, awscall.Fault(err, "es:ListTags", "read the tags of the domain %s", name)
	}
	for _, t := range tags.TagList {
		r.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return []action.Resource{r}, nil
}

func describe(ctx context.Context, cfg aws.Config, name string) (*types.DomainStatus, error) {
	out, err := opensearch.NewFromConfig(cfg).DescribeDomain(ctx, &opensearch.DescribeDomainInput{DomainName: &name})
	if err != nil {
		return nil, missing(err, "es:DescribeDomain", name)
	}
	return out.DomainStatus, nil
}

// configOf is the domain's configuration as it will be when what is under way has ended.
func configOf(ctx context.Context, cfg aws.Config, r action.Resource) (*types.DomainConfig, error) {
	out, err := opensearch.NewFromConfig(cfg).DescribeDomainConfig(ctx, &opensearch.DescribeDomainConfigInput{DomainName: &r.Name})
	if err != nil {
		return nil, missing(err, "es:DescribeDomainConfig", r.Name)
	}
	return out.DomainConfig, nil
}

func missing(err error, permission, name string) error {
	return awscall.Missing(awscall.Fault(err, permission, "look at the domain %s", name),
		"there is no domain "+name, "it was deleted, or it is in another region")
}

// changing says that a domain takes no changes now; "" where it does.
func changing(ctx context.Context, cfg aws.Config, r action.Resource) (string, error) {
	d, err := describe(ctx, cfg, r.Name)
	switch {
	case err != nil:
		return "", err
	case aws.ToBool(d.Deleted):
		return "The domain is being deleted.", nil
	case aws.ToBool(d.Processing), aws.ToBool(d.UpgradeProcessing):
		return "Another change of the domain is under way: try again when it has ended.", nil
	}
	return "", nil
}

// takes is for how long it is waited until a change of the configuration is active, in seconds; some move the domain to other nodes.
const takes = 3600

var (
	permissions = []string{"es:DescribeDomain", "es:DescribeDomainConfig", "es:ListTags", "es:UpdateDomainConfig"}
	operations  = map[string]setting.Operation{"UpdateDomainConfig": setting.Op(opensearch.NewFromConfig, (*opensearch.Client).UpdateDomainConfig)}
)

// update is the call that sets a member of the configuration.
func update[S any](r action.Resource, member string, value any, to S) ([]setting.Step[S], error) {
	return []setting.Step[S]{{Operation: "UpdateDomainConfig", Input: map[string]any{"DomainName": r.Name, member: value}, Leaves: to}}, nil
}

// endpoint is how clients may speak to a domain.
type endpoint struct {
	HTTPSOnly bool                    `json:"enforce_https"`
	Policy    types.TLSSecurityPolicy `json:"tls_security_policy"`
	Active    bool                    `json:"active"` // not only asked for
}

// recent reports whether a policy demands TLS 1.2 with forward secrecy at least.
func recent(policy types.TLSSecurityPolicy) bool {
	return policy == types.TLSSecurityPolicyPolicyMinTls12Pfs202310 || strings.HasPrefix(string(policy), "Policy-Min-TLS-1-2-RFC9151")
}

// NewRequireTLS returns the action opensearch.require-tls.
func NewRequireTLS(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[domainParams, endpoint]{
		Spec: action.Spec{
			Name:  "opensearch.require-tls",
			Title: "Let clients speak to a domain by recent TLS only",
			Description: "Has a domain refuse plain HTTP and everything older than TLS 1.2 with forward secrecy. The domain goes on; clients that speak plain HTTP " +
				"or an older TLS are shut out. A custom endpoint stays.",
			Parameters:  json.RawMessage(domainSchema),
			Permissions: permissions,
			Effect:      action.StateChecked, TakesSeconds: takes,
		},
		Find: findDomain, Leave: changing, Service: prefix,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (endpoint, error) {
			c, err := configOf(ctx, cfg, r)
			if err != nil || c.DomainEndpointOptions == nil || c.DomainEndpointOptions.Options == nil {
				return endpoint{Active: err == nil}, err
			}
			o := c.DomainEndpointOptions
			return endpoint{aws.ToBool(o.Options.EnforceHTTPS), o.Options.TLSSecurityPolicy, active(o.Status)}, nil
		},
		Want: func(_ action.Resource, _ domainParams, now endpoint) (endpoint, string, error) {
			want := endpoint{true, now.Policy, true}
			if !recent(now.Policy) {
				want.Policy = types.TLSSecurityPolicyPolicyMinTls12Pfs202310
			}
			switch {
			case now.HTTPSOnly && recent(now.Policy):
				return now, "It wants recent TLS already.", nil
			case !now.HTTPSOnly:
				return want, "It answers plain HTTP.", nil
			}
			return want, "It takes old TLS (" + string(now.Policy) + ").", nil
		},
		Steps: func(r action.Resource, _, to endpoint) ([]setting.Step[endpoint], error) {
			return update(r, "DomainEndpointOptions", map[string]any{"EnforceHTTPS": to.HTTPSOnly, "TLSSecurityPolicy": to.Policy}, to)
		},
		Operations: operations,
	})
}

func active(status *types.OptionStatus) bool {
	return status == nil || status.State == types.OptionStateActive
}

// NewRemovePublicStatements returns the action opensearch.remove-public-statements.
func NewRemovePublicStatements(caller *awscall.Caller) action.Action {
	return resourcepolicy.NewRemoval(caller, resourcepolicy.Removal[domainParams]{
		Spec: action.Spec{
			Name:  "opensearch.remove-public-statements",
			Title: "Let not everybody use a domain",
			Description: "Removes from a domain's access policy the statements that allow everybody something, without an address, an account or another fixed " +
				"source as their condition. The rest stays as it is. Left to people: a domain in a VPC, which its security groups guard, and one with " +
				"fine-grained access control, whose users need an open policy to sign in.",
			Parameters:  json.RawMessage(domainSchema),
			Permissions: permissions,
			Effect:      action.StateChecked,
		},
		Find: findDomain, Leave: otherGuard, Service: prefix,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (string, error) {
			c, err := configOf(ctx, cfg, r)
			if err != nil || c.AccessPolicies == nil {
				return "", err
			}
			return aws.ToString(c.AccessPolicies.Options), nil
		},
		Write: func(r action.Resource, text string) (string, any) {
			return "UpdateDomainConfig", map[string]any{"DomainName": r.Name, "AccessPolicies": text}
		},
		Operations: operations,
	})
}

// otherGuard says what else guards a domain, so that its policy may be open.
func otherGuard(ctx context.Context, cfg aws.Config, r action.Resource) (string, error) {
	d, err := describe(ctx, cfg, r.Name)
	switch {
	case err != nil:
		return "", err
	case d.VPCOptions != nil && aws.ToString(d.VPCOptions.VPCId) != "" || d.VPCOptions != nil && len(d.VPCOptions.SubnetIds) > 0:
		return "Only its VPC reaches it: see whether its security groups let in whom they should.", nil
	case d.AdvancedSecurityOptions != nil && aws.ToBool(d.AdvancedSecurityOptions.Enabled):
		return "Fine-grained access control asks everybody to sign in, and its users need an open policy for that: see who they are, and that anonymous access is off.", nil
	}
	return changing(ctx, cfg, r)
}

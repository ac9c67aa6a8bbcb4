// Package resolver has the actions on Amazon Route 53 Resolver. Start at [NewBlockDomain].
package resolver

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver/types"
	"golang.org/x/net/publicsuffix"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// params name a list and a domain.
type params struct {
	List   string `json:"firewall_domain_list_id"`
	Domain string `json:"domain"`
}

// listing is whether a list has the domain.
type listing struct {
	Listed bool `json:"in_list"`

	wider string // a wildcard of the list that has the domain in it
}

var (
	listID = regexp.MustCompile(`^rslvr-fdl-[0-9a-zA-Z-]{1,54}$`)
	label  = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$`)
)

// own are the domains by which workloads reach AWS: who blocks them stops everything, riposte too.
var own = []string{"amazonaws.com", "amazonaws.com.cn", "api.aws", "amazontrust.com", "aws.amazon.com"}

// domain returns the parameter's domain as it is compared: in small letters, without the dot at its end.
func (p params) domain() (string, error) {
	name := strings.TrimSuffix(strings.ToLower(p.Domain), ".")
	base := strings.TrimPrefix(name, "*.")
	wrong := func(why string) (string, error) {
		return "", fault.New(fault.Invalid, "domain %.255q %s", p.Domain, why).
			WithHint(`give {"domain": "malware.example.com"}, or "*.malware.example.com" for all domains below it`)
	}
	for _, l := range strings.Split(base, ".") {
		if len(base) > 253 || !label.MatchString(l) {
			return wrong("is no domain name; names with other letters are written as xn--…")
		}
	}
	suffix, _ := publicsuffix.PublicSuffix(base)
	if suffix == base {
		return wrong("is one below which everybody can have domains, so blocking it hits others")
	}
	for _, o := range own {
		if base == o || strings.HasSuffix(base, "."+o) && len(suffix) < len(o) { // a bucket, below a suffix of its own, is somebody's
			return wrong("is one by which AWS's services are reached")
		}
	}
	return name, nil
}

// NewBlockDomain returns the action route53resolver.block-domain.
func NewBlockDomain(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[params, listing]{
		Spec: action.Spec{
			Name:  "route53resolver.block-domain",
			Title: "Add a domain to a list of the DNS firewall",
			Description: "Adds a domain to a domain list of Route 53 Resolver DNS Firewall, which a rule of yours blocks in the VPCs that have its rule group. " +
				"All other domains stay. Refused are domains below which everybody can have some (co.uk, github.io), and those of AWS's services. " +
				"Give `expires_in` to block for a time.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["firewall_domain_list_id", "domain"], "properties": {
  "firewall_domain_list_id": {"type": "string", "pattern": "^rslvr-fdl-[0-9a-zA-Z-]{1,54}$", "description": "id of the domain list"},
  "domain": {"type": "string", "minLength": 3, "maxLength": 255, "description": "the domain; with *. before it, all below it and not itself"}}}`),
			Permissions: []string{
				"route53resolver:GetFirewallDomainList", "route53resolver:ListFirewallDomains", "route53resolver:ListTagsForResource",
				"route53resolver:UpdateFirewallDomains",
			},
			Effect:   action.StateChecked,
			Evidence: action.EventEvidence,
		},
		Find: findList, Leave: leaveList, Read: readList,
		Want: func(r action.Resource, _ params, now listing) (listing, string, error) {
			id, domain, _ := strings.Cut(r.Name, " ")
			switch {
			case now.Listed:
				return now, domain + " is in the list already.", nil
			case now.wider != "":
				return now, fmt.Sprintf("The list has %s already, which has %s in it.", now.wider, domain), nil
			}
			return listing{Listed: true}, fmt.Sprintf("Adds %s to %s. It is blocked where a rule blocks what is in the list.", domain, id), nil
		},
		Steps: func(r action.Resource, _, to listing) ([]setting.Step[listing], error) {
			id, domain, _ := strings.Cut(r.Name, " ")
			operation := types.FirewallDomainUpdateOperationRemove
			if to.Listed {
				operation = types.FirewallDomainUpdateOperationAdd
			}
			input := map[string]any{"FirewallDomainListId": id, "Operation": operation, "Domains": []string{domain}}
			return []setting.Step[listing]{{Operation: "UpdateFirewallDomains", Input: input, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{
			"UpdateFirewallDomains": setting.Op(route53resolver.NewFromConfig, (*route53resolver.Client).UpdateFirewallDomains),
		},
	})
}

func getList(ctx context.Context, cfg aws.Config, id string) (*types.FirewallDomainList, error) {
	out, err := route53resolver.NewFromConfig(cfg).GetFirewallDomainList(ctx, &route53resolver.GetFirewallDomainListInput{FirewallDomainListId: &id})
	if err != nil {
		return nil, awscall.Missing(awscall.Fault(err, "route53resolver:GetFirewallDomainList", "look at the domain list %s", id),
			"there is no domain list "+id, "it is gone, or in another region")
	}
	return out.FirewallDomainList, nil
}

func findList(ctx context.Context, cfg aws.Config, req action.Request, p params) ([]action.Resource, error) {
	if !listID.MatchString(p.List) {
		return nil, fault.New(fault.Invalid, "firewall_domain_list_id %.100q is no id of a domain list (rslvr-fdl-…)", p.List).
			WithHint("aws route53resolver list-firewall-domain-lists shows them")
	}
	domain, err := p.domain()
	if err != nil {
		return nil, err
	}
	l, err := getList(ctx, cfg, p.List)
	if err != nil {
		return nil, err
	}
	r := action.Resource{
		Type: "AWS::Route53Resolver::FirewallDomainList", ARN: aws.ToString(l.Arn), Name: p.List + " " + domain,
		Account: req.Account, Region: req.Region, Tags: map[string]string{},
	}
	pages := route53resolver.NewListTagsForResourcePaginator(route53resolver.NewFromConfig(cfg), &route53resolver.ListTagsForResourceInput{ResourceArn: l.Arn})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, awscall.Fault(err, "route53resolver:ListTagsForResource", "read the tags of %s", p.List)
		}
		for _, t := range page.Tags {
			r.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
		}
	}
	return []action.Resource{r}, nil
}

// leaveList leaves the lists that AWS keeps.
func leaveList(ctx context.Context, cfg aws.Config, r action.Resource) (string, error) {
	id, _, _ := strings.Cut(r.Name, " ")
	l, err := getList(ctx, cfg, id)
	if err != nil {
		return "", err
	}
	return keptByAWS(l), nil
}

func keptByAWS(l *types.FirewallDomainList) string {
	if owner := aws.ToString(l.ManagedOwnerName); owner != "" {
		return "The list is kept by " + owner + ": name a list of your own."
	}
	return ""
}

func readList(ctx context.Context, cfg aws.Config, r action.Resource) (listing, error) {
	id, domain, _ := strings.Cut(r.Name, " ")
	var now listing
	pages := route53resolver.NewListFirewallDomainsPaginator(route53resolver.NewFromConfig(cfg), &route53resolver.ListFirewallDomainsInput{
		FirewallDomainListId: &id, MaxResults: aws.Int32(5000),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return now, awscall.Missing(awscall.Fault(err, "route53resolver:ListFirewallDomains", "read the domain list %s", id),
				"there is no domain list "+id, "it is gone, or in another region")
		}
		for i, d := range page.Domains {
			page.Domains[i] = strings.TrimSuffix(strings.ToLower(d), ".")
		}
		now.Listed = now.Listed || slices.Contains(page.Domains, domain)
		for _, d := range page.Domains {
			if below, wild := strings.CutPrefix(d, "*"); wild && d != domain && strings.HasSuffix(domain, below) {
				now.wider = d
			}
		}
	}
	return now, nil
}

package resolver_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/resolver"
	"riposte.dev/fault"
)

// cloud is one with a domain list.
type cloud struct {
	*actiontest.Cloud
	client *sdk.Client
	list   string
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	made, err := c.client.CreateFirewallDomainList(t.Context(), &sdk.CreateFirewallDomainListInput{
		CreatorRequestId: aws.String("1"), Name: aws.String("blocked"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("soc")}},
	})
	c.Must(err)
	c.list = *made.FirewallDomainList.Id
	c.update(types.FirewallDomainUpdateOperationAdd, "miner.example.com", "*.bad.example.com", "*.all.example.net")
	return c
}

func (c cloud) update(does types.FirewallDomainUpdateOperation, domains ...string) {
	c.T.Helper()
	_, err := c.client.UpdateFirewallDomains(c.T.Context(), &sdk.UpdateFirewallDomainsInput{FirewallDomainListId: &c.list, Operation: does, Domains: domains})
	c.Must(err)
}

func (c cloud) domains() string {
	c.T.Helper()
	out, err := c.client.ListFirewallDomains(c.T.Context(), &sdk.ListFirewallDomainsInput{FirewallDomainListId: &c.list})
	c.Must(err)
	slices.Sort(out.Domains)
	return strings.Join(out.Domains, " ")
}

func (c cloud) params(domain string) string {
	return fmt.Sprintf(`{"firewall_domain_list_id":%q,"domain":%q}`, c.list, domain)
}

func (c cloud) request(domain string) action.Request { return actiontest.Request(c.params(domain)) }

func (c cloud) action() action.Action {
	return c.Action(resolver.NewBlockDomain)
}

func TestConformance(t *testing.T) {
	actiontest.Run(t, func(t *testing.T) actiontest.World {
		c := newCloud(t)
		return c.World(resolver.NewBlockDomain, c.params("C2.example.com."), `{"firewall_domain_list_id":"rslvr-fdl-0123456789abcdef","domain":"c2.example.com"}`, c.domains)
	})
}

func TestWhatIsBlockedAlready(t *testing.T) {
	c := newCloud(t)
	a := c.action()
	for domain, says := range map[string]string{
		"miner.example.com": "in the list already", "*.bad.example.com": "in the list already",
		"x.bad.example.com": "has *.bad.example.com already", "*.x.bad.example.com": "has *.bad.example.com already",
	} {
		actiontest.Want(t, c.Item(a, c.request(domain)), action.Unneeded, says)
	}
	item := c.Item(a, c.request("bad.example.com")) // not one of those below it
	actiontest.Want(t, item, action.Change, "Adds bad.example.com to "+c.list)
	if item.Resource.Tags["team"] != "soc" {
		t.Errorf("tags are %v", item.Resource.Tags)
	}
	c.Do(a, item)
	if got := c.domains(); got != "*.all.example.net. *.bad.example.com. bad.example.com. miner.example.com." {
		t.Errorf("the list has %s", got)
	}
	c.update(types.FirewallDomainUpdateOperationRemove, "bad.example.com")
	actiontest.Want(t, c.Undo(a, item), action.Unneeded, "")
}

func TestDomainsThatAreNotBlocked(t *testing.T) {
	c := newCloud(t)
	a := c.action()
	for _, domain := range []string{
		"", "*", "com", "*.com", "co.uk", "*.github.io", "a b.example.com", "*.*.example.com", "-a.example.com", "bücher.example.com", "a..example.com",
		strings.Repeat("a.", 127) + "example.com", "amazonaws.com", "*.amazonaws.com", "sts.eu-west-1.amazonaws.com", "*.s3.eu-west-1.amazonaws.com",
	} {
		if _, err := a.Plan(t.Context(), c.request(domain)); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%q: %v, want it refused with a hint", domain, err)
		}
	}
	for _, domain := range []string{"xn--bcher-kva.example.com", "_dmarc.example.com", "someone.github.io", "bucket.s3.eu-west-1.amazonaws.com"} {
		actiontest.Want(t, c.Item(a, c.request(domain)), action.Change, "Adds")
	}
}

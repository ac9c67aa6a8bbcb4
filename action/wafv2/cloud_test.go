package wafv2_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/wafv2"
)

const account = actiontest.Account

// cloud is a sandbox with one IP set.
type cloud struct {
	*actiontest.Cloud
	client *sdk.Client
	set    *types.IPSetSummary
	scope  types.Scope
}

func newCloud(t *testing.T, scope types.Scope, version types.IPAddressVersion, addresses ...string) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t), scope: scope}
	region := actiontest.Region
	if scope == types.ScopeCloudfront {
		region = "us-east-1"
	}
	c.client = sdk.NewFromConfig(c.Admin(account, region))
	out, err := c.client.CreateIPSet(t.Context(), &sdk.CreateIPSetInput{
		Name: aws.String("attackers"), Scope: scope, IPAddressVersion: version, Addresses: append([]string{}, addresses...),
		Description: aws.String("who attacks us"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("edge")}},
	})
	c.Must(err)
	c.set = out.Summary
	return c
}

// newRegional is a cloud whose set has IPv4 addresses.
func newRegional(t *testing.T, addresses ...string) cloud {
	return newCloud(t, types.ScopeRegional, types.IPAddressVersionIpv4, addresses...)
}

func (c cloud) get() *sdk.GetIPSetOutput {
	c.T.Helper()
	out, err := c.client.GetIPSet(c.T.Context(), &sdk.GetIPSetInput{Name: c.set.Name, Id: c.set.Id, Scope: c.scope})
	c.Must(err)
	return out
}

// text is the set for comparison.
func (c cloud) text() string {
	c.T.Helper()
	set := c.get().IPSet
	slices.Sort(set.Addresses)
	return aws.ToString(set.Description) + ": " + strings.Join(set.Addresses, " ")
}

// put replaces the set's addresses.
func (c cloud) put(addresses ...string) {
	c.T.Helper()
	_, err := c.client.UpdateIPSet(c.T.Context(), &sdk.UpdateIPSetInput{
		Name: c.set.Name, Id: c.set.Id, Scope: c.scope, Description: aws.String("who attacks us"), LockToken: c.get().LockToken, Addresses: append([]string{}, addresses...),
	})
	c.Must(err)
}

// describe gives the set, without addresses, another description; nil for none.
func (c cloud) describe(description *string) {
	c.T.Helper()
	_, err := c.client.UpdateIPSet(c.T.Context(), &sdk.UpdateIPSetInput{
		Name: c.set.Name, Id: c.set.Id, Scope: c.scope, Description: description, LockToken: c.get().LockToken, Addresses: []string{},
	})
	c.Must(err)
}

func (c cloud) deleteSet() {
	c.T.Helper()
	_, err := c.client.DeleteIPSet(c.T.Context(), &sdk.DeleteIPSetInput{Name: c.set.Name, Id: c.set.Id, Scope: c.scope, LockToken: c.get().LockToken})
	c.Must(err)
}

// request is for an address of the set.
func (c cloud) request(address string) action.Request {
	return actiontest.Request(fmt.Sprintf(`{"ip_set_id":%q,"ip_set_name":"attackers","scope":%q,"address":%q}`, *c.set.Id, c.scope, address))
}

// named are parameters that name the set and not its id.
func (c cloud) named(name, address string) string {
	return fmt.Sprintf(`{"ip_set_name":%q,"scope":%q,"address":%q}`, name, c.scope, address)
}

func (c cloud) block() action.Action {
	return c.Action(wafv2.NewBlockAddress)
}

func (c cloud) unblock() action.Action {
	return c.Action(wafv2.NewUnblockAddress)
}

// item plans and returns the one item.
func (c cloud) item(a action.Action, address string) action.Item {
	c.T.Helper()
	return c.Item(a, c.request(address))
}

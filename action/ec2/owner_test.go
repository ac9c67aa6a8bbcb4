package ec2_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdkaccount "github.com/aws/aws-sdk-go-v2/service/account"
	"github.com/aws/aws-sdk-go-v2/service/account/types"

	"riposte.dev/action/actiontest"
	"riposte.dev/action/ec2"
	"riposte.dev/sandbox"
)

func (c cloud) securityContact(mail string) {
	c.T.Helper()
	_, err := sdkaccount.NewFromConfig(c.Admin(account, region)).PutAlternateContact(c.T.Context(), &sdkaccount.PutAlternateContactInput{
		AlternateContactType: types.AlternateContactTypeSecurity, EmailAddress: aws.String(mail),
		Name: aws.String("Sam"), PhoneNumber: aws.String("+1 555 0100"), Title: aws.String("Security"),
	})
	c.Must(err)
}

func (c cloud) refuse(service, operation, code string) {
	c.AddFault(sandbox.Fault{
		Match: sandbox.Match{Service: service, Operation: operation}, Error: &sandbox.FaultError{Code: code},
	})
}

func TestOwner(t *testing.T) {
	accountTag := func(c cloud) { c.Member.SetTag("owner", "account@example.com") }
	tests := []struct {
		name            string
		world           func(c cloud)
		contact, source string // no contact: nobody
	}{
		{"the group's tag", func(c cloud) {
			c.tag(c.group, "owner", "group@example.com")
			c.tag(c.vpc, "owner", "vpc@example.com")
		}, "group@example.com", "tag owner on the security group"},
		{"with a name", func(c cloud) { c.tag(c.group, "Owner", "Web Team <web@example.com>") }, "web@example.com", "tag owner on the security group"},
		{"the VPC's tag", func(c cloud) {
			c.tag(c.vpc, "Owner", "vpc@example.com")
			accountTag(c)
		}, "vpc@example.com", "tag owner on VPC {vpc}"},
		{"the account's tag", func(c cloud) {
			accountTag(c)
			c.securityContact("security@example.com")
		}, "account@example.com", "tag owner on account " + account},
		{"the account's security contact", func(c cloud) { c.securityContact("security@example.com") }, "security@example.com", "security contact of account " + account},
		{"the configured one", func(cloud) {}, "soc@example.com", "the configured security contact"},
		{"no organisation", func(c cloud) {
			c.refuse("organizations", "ListTagsForResource", "AWSOrganizationsNotInUseException")
			c.securityContact("security@example.com")
		}, "security@example.com", "security contact of account " + account},
		{"a tag that is no address", func(c cloud) {
			c.tag(c.group, "owner", "team-web")
			accountTag(c)
		}, "account@example.com", "tag owner on account " + account + `; before it, tag owner on the security group is no mail address ("team-web")`},
		{"places that may not be read", func(c cloud) {
			c.refuse("ec2", "DescribeVpcs", "UnauthorizedOperation")
			c.refuse("organizations", "ListTagsForResource", "AccessDeniedException")
			c.refuse("account", "GetAlternateContact", "AccessDeniedException")
		}, "soc@example.com", "the configured security contact; before it, tag owner on VPC {vpc} could not be read (access denied), " +
			"tag owner on account " + account + " could not be read (access denied) and security contact of account " + account + " could not be read (access denied)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			c.allow(tcp(22, 22, "0.0.0.0/0", ""))
			tt.world(c)
			got := c.item(c.action(ec2.Options{Organization: actiontest.Management, SecurityContact: "soc@example.com"})).Resource.Owner
			want := strings.ReplaceAll(tt.source, "{vpc}", c.vpc)
			if got == nil || got.Contact != tt.contact || got.Source != want {
				t.Errorf("owner = %+v, want %s by %s", got, tt.contact, want)
			}
		})
	}
}

func TestNobodyOwnsIt(t *testing.T) {
	c := newCloud(t)
	c.allow(tcp(22, 22, "0.0.0.0/0", ""))
	if owner := c.item(c.action(ec2.Options{Organization: actiontest.Management})).Resource.Owner; owner != nil {
		t.Errorf("owner = %+v, want none", owner)
	}
}

func TestNobodyIsLookedUpWhereNothingIsToBeTold(t *testing.T) {
	c := newCloud(t)
	c.allow(tcp(443, 443, "0.0.0.0/0", ""))
	c.item(c.action(ec2.Options{}))
	if calls := c.Calls(sandbox.Match{Service: "organizations"}, sandbox.Match{Service: "account"}); len(calls) > 0 {
		t.Errorf("%d calls for an owner whom nobody tells anything", len(calls))
	}
}

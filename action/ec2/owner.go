package ec2

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/account"
	accounttypes "github.com/aws/aws-sdk-go-v2/service/account/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// ownerTimeout bounds the search for an owner: an open port doesn't wait for it for long.
const ownerTimeout = 5 * time.Second

// ownerSource is a place where a group's owner may stand. find returns "" where nothing stands there.
type ownerSource struct {
	name string // for people
	find func(context.Context) (string, error)
}

// owner returns whom to tell about the group: the first mail address among the owner tags of group, VPC and account, the
// account's security contact, and the configured one. Its Source names the place, and the places that could not be read or
// hold no address. It returns nil where there is nobody; no failure here is fatal.
func (a *Revoke) owner(ctx context.Context, g types.SecurityGroup, acct, region string) *action.Owner {
	ctx, cancel := context.WithTimeout(ctx, ownerTimeout)
	defer cancel()
	var notes []string
	for _, place := range a.ownerSources(g, acct, region) {
		value, err := place.find(ctx)
		if err != nil {
			notes = append(notes, fmt.Sprintf("%s could not be read (%s)", place.name, why(err)))
			continue
		}
		if value == "" {
			continue
		}
		address, err := mail.ParseAddress(value)
		if err != nil {
			notes = append(notes, fmt.Sprintf("%s is no mail address (%.100q)", place.name, value))
			continue
		}
		source := place.name
		if len(notes) > 0 {
			source += "; before it, " + list(notes, "and")
		}
		return &action.Owner{Contact: address.Address, Source: source}
	}
	return nil
}

// why says in a word or two why a place could not be read.
func why(err error) string {
	code := fault.CodeOf(err)
	if code == fault.Denied {
		return "access denied"
	}
	return strings.ReplaceAll(string(code), "_", " ")
}

// ownerSources lists the places from the nearest to the farthest.
func (a *Revoke) ownerSources(g types.SecurityGroup, acct, region string) []ownerSource {
	vpc := aws.ToString(g.VpcId)
	return []ownerSource{
		{"tag owner on the security group", func(context.Context) (string, error) { return ownerTag(tags(g.Tags)), nil }},
		{"tag owner on VPC " + vpc, func(ctx context.Context) (string, error) { return a.vpcOwner(ctx, acct, region, vpc) }},
		{"tag owner on account " + acct, func(ctx context.Context) (string, error) { return a.accountOwner(ctx, acct, region) }},
		{"security contact of account " + acct, func(ctx context.Context) (string, error) { return a.securityContact(ctx, acct, region) }},
		{"the configured security contact", func(context.Context) (string, error) { return a.opts.SecurityContact, nil }},
	}
}

func ownerTag(tags map[string]string) string {
	for _, key := range []string{"owner", "Owner"} {
		if value := strings.TrimSpace(tags[key]); value != "" {
			return value
		}
	}
	return ""
}

func (a *Revoke) vpcOwner(ctx context.Context, acct, region, vpc string) (string, error) {
	if vpc == "" {
		return "", nil
	}
	client, err := a.client(ctx, acct, region)
	if err != nil {
		return "", err
	}
	out, err := client.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{vpc}})
	if err != nil || len(out.Vpcs) == 0 {
		return "", awscall.Fault(err, "ec2:DescribeVpcs", "read the tags of %s", vpc)
	}
	return ownerTag(tags(out.Vpcs[0].Tags)), nil
}

// accountOwner reads the tags that the account has in the organisation
// (https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListTagsForResource.html).
func (a *Revoke) accountOwner(ctx context.Context, acct, region string) (string, error) {
	from := a.opts.Organization
	if from == "" {
		from = acct
	}
	cfg, err := a.caller.Config(ctx, from, region)
	if err != nil {
		return "", err
	}
	found := map[string]string{}
	pages := organizations.NewListTagsForResourcePaginator(organizations.NewFromConfig(cfg),
		&organizations.ListTagsForResourceInput{ResourceId: aws.String(acct)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		var none *orgtypes.AWSOrganizationsNotInUseException
		if errors.As(err, &none) {
			return "", nil
		}
		if err != nil {
			return "", awscall.Fault(err, "organizations:ListTagsForResource", "read the tags of account %s", acct)
		}
		for _, t := range page.Tags {
			found[aws.ToString(t.Key)] = aws.ToString(t.Value)
		}
	}
	return ownerTag(found), nil
}

// securityContact reads the account's alternate contact for security, which many accounts don't have
// (https://docs.aws.amazon.com/accounts/latest/reference/API_GetAlternateContact.html).
func (a *Revoke) securityContact(ctx context.Context, acct, region string) (string, error) {
	cfg, err := a.caller.Config(ctx, acct, region)
	if err != nil {
		return "", err
	}
	out, err := account.NewFromConfig(cfg).GetAlternateContact(ctx, &account.GetAlternateContactInput{
		AlternateContactType: accounttypes.AlternateContactTypeSecurity,
	})
	err = awscall.Fault(err, "account:GetAlternateContact", "read the security contact of account %s", acct)
	if fault.CodeOf(err) == fault.NotFound {
		return "", nil
	}
	if err != nil || out.AlternateContact == nil {
		return "", err
	}
	return aws.ToString(out.AlternateContact.EmailAddress), nil
}

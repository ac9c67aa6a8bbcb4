package iam

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// presence is a user with all that must go before the user can
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html).
type presence struct {
	Exists   bool     `json:"exists"`
	Keys     []string `json:"access_keys,omitempty"`
	Password bool     `json:"password,omitempty"`
	Devices  []string `json:"mfa_devices,omitempty"`
	Groups   []string `json:"groups,omitempty"`
	Attached []string `json:"attached_policies,omitempty"`
	Inline   []string `json:"inline_policies,omitempty"`

	quarantined bool
	others      string // what else it has, for people; "" for nothing
}

// listing reads one kind of what a user has.
type listing struct {
	operation string
	read      func(ctx context.Context, client *iam.Client, now *presence) error
}

func readPresence(ctx context.Context, cfg aws.Config, r action.Resource) (presence, error) {
	client, name := iam.NewFromConfig(cfg), nameIn(r.ARN)
	_, err := client.GetUser(ctx, &iam.GetUserInput{UserName: &name})
	if err = awscall.Fault(err, "iam:GetUser", "read the user %s", name); fault.CodeOf(err) == fault.NotFound {
		return presence{}, nil
	}
	if err != nil {
		return presence{}, err
	}
	now := presence{Exists: true}
	err = now.readHoldings(ctx, cfg, r)
	if fault.CodeOf(err) == fault.NotFound {
		return presence{}, nil // deleted meanwhile
	}
	return now, err
}

func (p *presence) readHoldings(ctx context.Context, cfg aws.Config, r action.Resource) error {
	client, name := iam.NewFromConfig(cfg), nameIn(r.ARN)
	for _, l := range append(listings(name), otherListings(name)...) {
		if err := l.read(ctx, client, p); err != nil {
			return awscall.Fault(err, "iam:"+l.operation, "look at what the user %s has", name)
		}
	}
	var err error
	if p.Attached, err = readAttached(ctx, cfg, r); err != nil {
		return err
	}
	password, err := readLogin(ctx, cfg, r)
	if err != nil {
		return err
	}
	p.Password = password.Password
	policy, err := readInline(ctx, client, r, QuarantinePolicy)
	p.quarantined = action.SameState(policy.Policy, []byte(quarantineDocument))
	for _, list := range [][]string{p.Keys, p.Devices, p.Groups, p.Attached, p.Inline} {
		slices.Sort(list)
	}
	return err
}

// listings read what DeleteUser asks for first, and the action deletes.
func listings(name string) []listing {
	return []listing{
		{"ListAccessKeys", func(ctx context.Context, client *iam.Client, now *presence) error {
			return eachPage(ctx, iam.NewListAccessKeysPaginator(client, &iam.ListAccessKeysInput{UserName: &name}), func(page *iam.ListAccessKeysOutput) {
				for _, k := range page.AccessKeyMetadata {
					now.Keys = append(now.Keys, aws.ToString(k.AccessKeyId))
				}
			})
		}},
		{"ListMFADevices", func(ctx context.Context, client *iam.Client, now *presence) error {
			return eachPage(ctx, iam.NewListMFADevicesPaginator(client, &iam.ListMFADevicesInput{UserName: &name}), func(page *iam.ListMFADevicesOutput) {
				for _, d := range page.MFADevices {
					now.Devices = append(now.Devices, aws.ToString(d.SerialNumber))
				}
			})
		}},
		{"ListGroupsForUser", func(ctx context.Context, client *iam.Client, now *presence) error {
			return eachPage(ctx, iam.NewListGroupsForUserPaginator(client, &iam.ListGroupsForUserInput{UserName: &name}), func(page *iam.ListGroupsForUserOutput) {
				for _, g := range page.Groups {
					now.Groups = append(now.Groups, aws.ToString(g.GroupName))
				}
			})
		}},
		{"ListUserPolicies", func(ctx context.Context, client *iam.Client, now *presence) error {
			return eachPage(ctx, iam.NewListUserPoliciesPaginator(client, &iam.ListUserPoliciesInput{UserName: &name}), func(page *iam.ListUserPoliciesOutput) {
				now.Inline = append(now.Inline, page.PolicyNames...)
			})
		}},
	}
}

// pager is one of the SDK's paginators.
type pager[Page any] interface {
	HasMorePages() bool
	NextPage(ctx context.Context, options ...func(*iam.Options)) (*Page, error)
}

func eachPage[Page any](ctx context.Context, pages pager[Page], do func(*Page)) error {
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		do(page)
	}
	return nil
}

// otherListings read what is left to people. One page tells whether there is something.
func otherListings(name string) []listing {
	return []listing{
		{"ListSSHPublicKeys", func(ctx context.Context, client *iam.Client, now *presence) error {
			out, err := client.ListSSHPublicKeys(ctx, &iam.ListSSHPublicKeysInput{UserName: &name})
			if err == nil && len(out.SSHPublicKeys) > 0 {
				now.others = "SSH keys"
			}
			return err
		}},
		{"ListSigningCertificates", func(ctx context.Context, client *iam.Client, now *presence) error {
			out, err := client.ListSigningCertificates(ctx, &iam.ListSigningCertificatesInput{UserName: &name})
			if err == nil && len(out.Certificates) > 0 {
				now.others = "signing certificates"
			}
			return err
		}},
		{"ListServiceSpecificCredentials", func(ctx context.Context, client *iam.Client, now *presence) error {
			out, err := client.ListServiceSpecificCredentials(ctx, &iam.ListServiceSpecificCredentialsInput{UserName: &name})
			if err == nil && len(out.ServiceSpecificCredentials) > 0 {
				now.others = "credentials for single services"
			}
			return err
		}},
	}
}

package sandbox_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/account"
	"github.com/aws/aws-sdk-go-v2/service/account/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"

	"riposte.dev/sandbox"
)

func TestOrganization(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	member, err := w.CreateAccount(otherAccount, "payments")
	if err != nil {
		t.Fatal(err)
	}
	member.SetTag("owner", "payments-team@example.com")
	management := organizations.NewFromConfig(w.config(w.root, "us-east-1"))
	inside := organizations.NewFromConfig(w.config(member.CreateRootKey(), "us-east-1"))
	_, err = inside.DescribeOrganization(ctx, nil)
	wantCode(t, err, "AWSOrganizationsNotInUseException")
	if err := w.account.CreateOrganization(member); err != nil {
		t.Fatal(err)
	}
	if err := w.account.CreateOrganization(); err == nil {
		t.Error("a second organisation was made")
	}
	org, err := inside.DescribeOrganization(ctx, nil)
	if err != nil || *org.Organization.MasterAccountId != testAccount {
		t.Errorf("organisation is %+v, %v", org, err)
	}
	_, err = inside.ListAccounts(ctx, nil)
	wantCode(t, err, "AccessDeniedException")
	var ids []string
	for p := organizations.NewListAccountsPaginator(management, &organizations.ListAccountsInput{MaxResults: aws.Int32(1)}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page.Accounts {
			ids = append(ids, *a.Id)
		}
	}
	if len(ids) != 2 || ids[0] != testAccount || ids[1] != otherAccount {
		t.Errorf("accounts are %v", ids)
	}
	tags, err := management.ListTagsForResource(ctx, &organizations.ListTagsForResourceInput{ResourceId: aws.String(otherAccount)})
	if err != nil || *tags.Tags[0].Value != "payments-team@example.com" {
		t.Errorf("tags are %+v, %v", tags, err)
	}
	_, err = management.ListTagsForResource(ctx, &organizations.ListTagsForResourceInput{ResourceId: aws.String("999999999999")})
	wantCode(t, err, "TargetNotFoundException")
}

func TestSecurityContact(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	member, err := w.CreateAccount(otherAccount, "member")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.account.CreateOrganization(member); err != nil {
		t.Fatal(err)
	}
	client := account.NewFromConfig(w.config(w.root, "us-east-1"))
	get := func(id *string) (*account.GetAlternateContactOutput, error) {
		return client.GetAlternateContact(ctx, &account.GetAlternateContactInput{AlternateContactType: types.AlternateContactTypeSecurity, AccountId: id})
	}
	_, err = get(nil)
	wantCode(t, err, "ResourceNotFoundException")
	_, err = client.PutAlternateContact(ctx, &account.PutAlternateContactInput{
		AlternateContactType: types.AlternateContactTypeSecurity, Name: aws.String("Sec Ops"), Title: aws.String("On call"),
		EmailAddress: aws.String("secops@example.com"), PhoneNumber: aws.String("+1 555 0100"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if c, err := get(nil); err != nil || *c.AlternateContact.EmailAddress != "secops@example.com" {
		t.Errorf("contact is %+v, %v", c, err)
	}
	member.SetSecurityContact("M", "member@example.com", "+1", "T")
	if c, err := get(aws.String(otherAccount)); err != nil || *c.AlternateContact.EmailAddress != "member@example.com" {
		t.Errorf("the member's contact is %+v, %v", c, err)
	}
	_, err = get(aws.String("999999999999"))
	wantCode(t, err, "AccessDeniedException")
}

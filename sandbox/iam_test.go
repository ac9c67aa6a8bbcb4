package sandbox_test

import (
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"riposte.dev/sandbox"
)

func TestUsersAndKeys(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	admin := iam.NewFromConfig(w.config(w.root, "us-east-1"))
	eve := aws.String("eve")
	u, err := admin.CreateUser(ctx, &iam.CreateUserInput{
		UserName: eve, Path: aws.String("/staff/"), Tags: []types.Tag{{Key: aws.String("owner"), Value: aws.String("hr")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if *u.User.Arn != "arn:aws:iam::111122223333:user/staff/eve" || *u.User.Tags[0].Value != "hr" {
		t.Errorf("user is %+v", u.User)
	}
	_, err = admin.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("EVE")})
	wantCode(t, err, "EntityAlreadyExists")

	k, err := admin.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: eve})
	if err != nil {
		t.Fatal(err)
	}
	keys := sandbox.Keys{AccessKeyID: *k.AccessKey.AccessKeyId, SecretAccessKey: *k.AccessKey.SecretAccessKey}
	self := iam.NewFromConfig(w.config(keys, "us-east-1"))
	_, err = self.GetUser(ctx, nil)
	wantCode(t, err, "AccessDenied")
	doc := allow("iam:GetUser", "arn:aws:iam::*:user/staff/${aws:username}")
	if _, err := admin.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: eve, PolicyName: aws.String("self"), PolicyDocument: &doc}); err != nil {
		t.Fatal(err)
	}
	if me, err := self.GetUser(ctx, nil); err != nil || *me.User.UserName != "eve" {
		t.Errorf("eve is %+v, %v", me, err)
	}
	p, err := admin.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: eve, PolicyName: aws.String("self")})
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := url.PathUnescape(*p.PolicyDocument); text != doc {
		t.Errorf("policy is %q, want %q", text, doc)
	}
	_, err = admin.DeleteUser(ctx, &iam.DeleteUserInput{UserName: eve})
	wantCode(t, err, "DeleteConflict")

	// A key that is switched off authenticates nobody.
	who := sts.NewFromConfig(w.config(keys, "us-east-1"))
	if _, err := admin.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: eve, AccessKeyId: &keys.AccessKeyID, Status: types.StatusTypeInactive}); err != nil {
		t.Fatal(err)
	}
	_, err = who.GetCallerIdentity(ctx, nil)
	wantCode(t, err, "InvalidClientTokenId")
	list, err := admin.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: eve})
	if err != nil || len(list.AccessKeyMetadata) != 1 || list.AccessKeyMetadata[0].Status != types.StatusTypeInactive {
		t.Errorf("keys are %+v, %v", list, err)
	}
	for _, step := range []func() error{
		func() error {
			_, err := admin.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: eve, AccessKeyId: &keys.AccessKeyID})
			return err
		},
		func() error {
			_, err := admin.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: eve, PolicyName: aws.String("self")})
			return err
		},
		func() error { _, err := admin.DeleteUser(ctx, &iam.DeleteUserInput{UserName: eve}); return err },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	_, err = admin.GetUser(ctx, &iam.GetUserInput{UserName: eve})
	wantCode(t, err, "NoSuchEntity")
}

func TestRoles(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	admin := iam.NewFromConfig(w.config(w.root, "us-east-1"))
	doc := trust(testAccount, "")
	name := aws.String("responder")
	if _, err := admin.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: &doc, MaxSessionDuration: aws.Int32(7200)}); err != nil {
		t.Fatal(err)
	}
	got, err := admin.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := url.PathUnescape(*got.Role.AssumeRolePolicyDocument); text != doc || *got.Role.MaxSessionDuration != 7200 {
		t.Errorf("role is %+v", got.Role)
	}
	attach := func(arn string) error {
		_, err := admin.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: &arn})
		return err
	}
	if err := attach(sandbox.AdministratorAccess); err != nil {
		t.Fatal(err)
	}
	wantCode(t, attach("arn:aws:iam::aws:policy/Missing"), "NoSuchEntity")
	attached, err := admin.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: name})
	if err != nil || len(attached.AttachedPolicies) != 1 || *attached.AttachedPolicies[0].PolicyName != "AdministratorAccess" {
		t.Errorf("attached are %+v, %v", attached, err)
	}
	_, err = admin.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: aws.String(allow("*", "*"))})
	wantCode(t, err, "MalformedPolicyDocument")
	_, err = admin.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: aws.String("x"), PolicyDocument: &doc})
	wantCode(t, err, "MalformedPolicyDocument")
	_, err = admin.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
	wantCode(t, err, "DeleteConflict")
}

func TestTagsAndAlias(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	w.user("eve")
	w.account.SetAlias("acme-prod")
	admin := iam.NewFromConfig(w.config(w.root, "us-east-1"))
	for _, v := range []string{"old", "new"} {
		_, err := admin.TagUser(ctx, &iam.TagUserInput{UserName: aws.String("eve"), Tags: []types.Tag{{Key: aws.String("team"), Value: &v}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	tags, err := admin.ListUserTags(ctx, &iam.ListUserTagsInput{UserName: aws.String("eve")})
	if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Value != "new" {
		t.Errorf("tags are %+v, %v", tags, err)
	}
	alias, err := admin.ListAccountAliases(ctx, nil)
	if err != nil || len(alias.AccountAliases) != 1 || alias.AccountAliases[0] != "acme-prod" {
		t.Errorf("aliases are %+v, %v", alias, err)
	}
}

func TestListPages(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	for _, n := range []string{"a", "b", "c", "d", "e"} {
		w.user(n)
	}
	var got []string
	p := iam.NewListUsersPaginator(iam.NewFromConfig(w.config(w.root, "us-east-1")), &iam.ListUsersInput{MaxItems: aws.Int32(2)})
	for p.HasMorePages() {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range page.Users {
			got = append(got, *u.UserName)
		}
	}
	if len(got) != 5 || got[4] != "e" {
		t.Errorf("users are %v", got)
	}
}

func TestKeyUse(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	admin, eve := iam.NewFromConfig(w.config(w.root, "us-east-1")), w.user("eve")
	used := func(id string) (*iam.GetAccessKeyLastUsedOutput, error) {
		return admin.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: &id})
	}
	before, err := used(eve.AccessKeyID)
	if err != nil || *before.UserName != "eve" || *before.AccessKeyLastUsed.ServiceName != "N/A" || before.AccessKeyLastUsed.LastUsedDate != nil {
		t.Fatalf("a key that was never used is %+v, %v", before, err)
	}
	if _, err := sts.NewFromConfig(w.config(eve, "eu-west-1")).GetCallerIdentity(ctx, nil); err != nil {
		t.Fatal(err)
	}
	after, err := used(eve.AccessKeyID)
	if err != nil || *after.AccessKeyLastUsed.ServiceName != "sts" || *after.AccessKeyLastUsed.Region != "eu-west-1" || after.AccessKeyLastUsed.LastUsedDate == nil {
		t.Errorf("after its use the key is %+v, %v", after.AccessKeyLastUsed, err)
	}
	if root, err := used(w.root.AccessKeyID); err != nil || root.UserName != nil {
		t.Errorf("root's key is %+v, %v; want no user", root, err)
	}
	other, err := w.CreateAccount(otherAccount, "other")
	if err != nil {
		t.Fatal(err)
	}
	_, err = used(other.CreateRootKey().AccessKeyID)
	wantCode(t, err, "AccessDenied")
	_, err = used("AKIAAAAAAAAAAAAAAAAA")
	wantCode(t, err, "NoSuchEntity")
}

func TestReservedRoles(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	admin := iam.NewFromConfig(w.config(w.root, "us-east-1"))
	arn, err := w.account.CreateReservedRole("/aws-reserved/sso.amazonaws.com/", "AWSReservedSSO_Admin_0123456789abcdef", trustLogs, allow("s3:*", "*"))
	if err != nil || arn != "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef" {
		t.Fatalf("the role is %s, %v", arn, err)
	}
	name, text := aws.String("AWSReservedSSO_Admin_0123456789abcdef"), allow("*", "*")
	for what, change := range map[string]func() error{
		"PutRolePolicy": func() error {
			_, err := admin.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: aws.String("p"), PolicyDocument: &text})
			return err
		},
		"DeleteRolePolicy": func() error {
			_, err := admin.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: aws.String("policy-1")})
			return err
		},
		"AttachRolePolicy": func() error {
			_, err := admin.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: aws.String(sandbox.AdministratorAccess)})
			return err
		},
		"DeleteRole": func() error { _, err := admin.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name}); return err },
	} {
		t.Run(what, func(t *testing.T) { wantCode(t, change(), "UnmodifiableEntity") })
	}
	if got, err := admin.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: name, PolicyName: aws.String("policy-1")}); err != nil || *got.RoleName != *name {
		t.Errorf("its policy can't be read: %v", err)
	}
}

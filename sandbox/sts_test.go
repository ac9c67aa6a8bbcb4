package sandbox_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"riposte.dev/sandbox"
)

// trust lets principals assume a role, under conditions.
func trust(principal, condition string) string {
	if condition == "" {
		condition = "{}"
	}
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":%q},
		"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"],"Condition":%s}]}`, principal, condition)
}

func allow(action, resource string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":%q,"Resource":%q}]}`, action, resource)
}

func keysOf(c *types.Credentials) sandbox.Keys {
	return sandbox.Keys{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken}
}

func TestAssumeRole(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	other, err := w.CreateAccount(otherAccount, "other")
	if err != nil {
		t.Fatal(err)
	}
	role := func(a *sandbox.Account, name, trust string) string {
		arn, err := a.CreateRole(name, trust, sandbox.AdministratorAccess)
		if err != nil {
			t.Fatal(err)
		}
		return arn
	}
	const root, alice = "arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:user/alice"
	// alice may assume, bob has no permission of his own.
	keys := map[string]sandbox.Keys{"alice": w.user("alice", allow("sts:*", "*")), "bob": w.user("bob"), "root": w.root}
	account := role(w.account, "account", trust(root, ""))
	named := role(w.account, "named", trust("arn:aws:iam::111122223333:user/bob", ""))
	cross := role(other, "cross", trust(testAccount, `{"StringEquals":{"sts:ExternalId":"secret-id"}}`))
	person := role(w.account, "person", trust(root, `{"StringLike":{"sts:RoleSessionName":"${aws:username}"}}`))
	ranged := role(w.account, "ranged", trust(alice, `{"IpAddress":{"aws:SourceIp":"198.51.100.0/24"}}`))
	for _, tc := range []struct {
		name, who, role, code string
		change                func(*sts.AssumeRoleInput)
	}{
		{name: "account trusted and allowed", who: "alice", role: account},
		{name: "account trusted, not allowed", who: "bob", role: account, code: "AccessDenied"},
		{name: "named by the trust policy", who: "bob", role: named},
		{name: "not named", who: "alice", role: named, code: "AccessDenied"},
		{name: "root", who: "root", role: account, code: "AccessDenied"},
		{name: "no such role", who: "alice", role: account + "x", code: "AccessDenied"},
		{name: "another account without external id", who: "alice", role: cross, code: "AccessDenied"},
		{name: "another account", who: "alice", role: cross, change: func(in *sts.AssumeRoleInput) { in.ExternalId = aws.String("secret-id") }},
		{name: "session named like the user", who: "alice", role: person, change: func(in *sts.AssumeRoleInput) { in.RoleSessionName = aws.String("alice") }},
		{name: "session named otherwise", who: "alice", role: person, code: "AccessDenied"},
		{name: "from another network", who: "alice", role: ranged, code: "AccessDenied"},
		{name: "longer than the role allows", who: "alice", role: account, code: "ValidationError", change: func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(7200) }},
		{name: "a session name of one letter", who: "alice", role: account, code: "ValidationError", change: func(in *sts.AssumeRoleInput) { in.RoleSessionName = aws.String("x") }},
		{name: "a broken session policy", who: "alice", role: account, code: "MalformedPolicyDocument", change: func(in *sts.AssumeRoleInput) { in.Policy = aws.String("{}") }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := &sts.AssumeRoleInput{RoleArn: &tc.role, RoleSessionName: aws.String("session")}
			if tc.change != nil {
				tc.change(in)
			}
			out, err := sts.NewFromConfig(w.config(keys[tc.who], "eu-west-1")).AssumeRole(t.Context(), in)
			if tc.code != "" {
				wantCode(t, err, tc.code)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			me, err := sts.NewFromConfig(w.config(keysOf(out.Credentials), "eu-west-1")).GetCallerIdentity(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if *me.Arn != *out.AssumedRoleUser.Arn {
				t.Errorf("the session is %s, AssumeRole said %s", *me.Arn, *out.AssumedRoleUser.Arn)
			}
		})
	}
}

func TestSessionLimits(t *testing.T) {
	clock := newClock()
	w := newWorld(t, sandbox.Options{Clock: clock})
	alice := w.user("alice", allow("sts:*", "*"))
	arn, err := w.account.CreateRole("reader", trust(testAccount, ""), allow("iam:*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := sts.NewFromConfig(w.config(alice, "us-east-1")).AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: &arn, RoleSessionName: aws.String("audit"), SourceIdentity: aws.String("alice"),
		Policy: aws.String(allow("iam:ListUsers", "*")),
	})
	if err != nil {
		t.Fatal(err)
	}
	client := iam.NewFromConfig(w.config(keysOf(out.Credentials), "us-east-1"))
	if _, err := client.ListUsers(t.Context(), nil); err != nil {
		t.Errorf("role and session policy allow: %v", err)
	}
	_, err = client.ListRoles(t.Context(), nil)
	wantCode(t, err, "AccessDenied") // the session policy doesn't
	clock.advance(time.Hour)
	_, err = client.ListUsers(t.Context(), nil)
	wantCode(t, err, "ExpiredToken")
}

func TestGetSessionToken(t *testing.T) {
	clock := newClock()
	w := newWorld(t, sandbox.Options{Clock: clock})
	alice := w.user("alice")
	out, err := sts.NewFromConfig(w.config(alice, "us-east-1")).GetSessionToken(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	client := sts.NewFromConfig(w.config(keysOf(out.Credentials), "us-east-1"))
	if me, err := client.GetCallerIdentity(t.Context(), nil); err != nil || *me.Arn != "arn:aws:iam::111122223333:user/alice" {
		t.Fatalf("the session is %v, %v", me, err)
	}
	_, err = client.GetSessionToken(t.Context(), nil)
	wantCode(t, err, "AccessDenied")
	// The SDK signs by the machine's clock, now an hour behind the sandbox's.
	clock.advance(time.Hour)
	_, err = client.GetCallerIdentity(t.Context(), nil)
	wantCode(t, err, "SignatureDoesNotMatch")
}

package iam_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/sandbox"
)

const (
	account = actiontest.Account
	region  = actiontest.Region

	userARN    = "arn:aws:iam::" + account + ":user/ops/mallory"
	roleARN    = "arn:aws:iam::" + account + ":role/deployer"
	sessionARN = "arn:aws:sts::" + account + ":assumed-role/deployer/night-shift"
	ssoARN     = "arn:aws:iam::" + account + ":role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef"
	linkedARN  = "arn:aws:iam::" + account + ":role/aws-service-role/guardduty.amazonaws.com/AWSServiceRoleForAmazonGuardDuty"
)

// cloud is a sandbox with a user mallory who has an access key, and a role deployer that everybody in the account may
// assume. Both may do everything.
type cloud struct {
	*actiontest.Cloud
	t      *testing.T
	client *sdk.Client
	key    sandbox.Keys // mallory's
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t), t: t}
	c.client = sdk.NewFromConfig(c.Admin(account, region))
	user := aws.String("mallory")
	_, err := c.client.CreateUser(t.Context(), &sdk.CreateUserInput{
		UserName: user, Path: aws.String("/ops/"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("ops")}},
	})
	c.must(err)
	_, err = c.client.AttachUserPolicy(t.Context(), &sdk.AttachUserPolicyInput{UserName: user, PolicyArn: aws.String(sandbox.AdministratorAccess)})
	c.must(err)
	made, err := c.client.CreateAccessKey(t.Context(), &sdk.CreateAccessKeyInput{UserName: user})
	c.must(err)
	c.key = sandbox.Keys{AccessKeyID: *made.AccessKey.AccessKeyId, SecretAccessKey: *made.AccessKey.SecretAccessKey}
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + account + `"},"Action":"sts:AssumeRole"}]}`
	_, err = c.Member.CreateRole("deployer", trust, sandbox.AdministratorAccess)
	c.must(err)
	_, err = c.Member.CreateReservedRole("/aws-reserved/sso.amazonaws.com/", "AWSReservedSSO_Admin_0123456789abcdef", trust)
	c.must(err)
	_, err = c.Member.CreateReservedRole("/aws-service-role/guardduty.amazonaws.com/", "AWSServiceRoleForAmazonGuardDuty", trust)
	c.must(err)
	return c
}

func (c cloud) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// as returns a client of STS with the keys.
func (c cloud) as(keys sandbox.Keys) *sdk.Client { return sdk.NewFromConfig(c.With(keys, region)) }

// session assumes the role deployer as mallory.
func (c cloud) session() sandbox.Keys { return c.assume(roleARN) }

func (c cloud) assume(role string) sandbox.Keys {
	c.t.Helper()
	out, err := sts.NewFromConfig(c.With(c.key, region)).AssumeRole(c.t.Context(), &sts.AssumeRoleInput{
		RoleArn: &role, RoleSessionName: aws.String("night-shift"),
	})
	c.must(err)
	k := out.Credentials
	return sandbox.Keys{AccessKeyID: *k.AccessKeyId, SecretAccessKey: *k.SecretAccessKey, SessionToken: *k.SessionToken}
}

// works reports whether the keys may do something.
func (c cloud) works(keys sandbox.Keys) bool {
	_, err := c.as(keys).ListUsers(c.t.Context(), nil)
	return err == nil
}

// put gives the user or role an inline policy.
func (c cloud) put(arn, policy, document string) {
	c.t.Helper()
	name := arn[strings.LastIndexByte(arn, '/')+1:]
	var err error
	if strings.Contains(arn, ":user/") {
		_, err = c.client.PutUserPolicy(c.t.Context(), &sdk.PutUserPolicyInput{UserName: &name, PolicyName: &policy, PolicyDocument: &document})
	} else {
		_, err = c.client.PutRolePolicy(c.t.Context(), &sdk.PutRolePolicyInput{RoleName: &name, PolicyName: &policy, PolicyDocument: &document})
	}
	c.must(err)
}

// policies returns the inline policies of the user or role, by name.
func (c cloud) policies(arn string) map[string]string {
	c.t.Helper()
	name, out := arn[strings.LastIndexByte(arn, '/')+1:], map[string]string{}
	add := func(policy string, document *string, err error) {
		c.must(err)
		text, err := url.PathUnescape(*document)
		c.must(err)
		out[policy] = text
	}
	if strings.Contains(arn, ":user/") {
		list, err := c.client.ListUserPolicies(c.t.Context(), &sdk.ListUserPoliciesInput{UserName: &name})
		c.must(err)
		for _, p := range list.PolicyNames {
			got, err := c.client.GetUserPolicy(c.t.Context(), &sdk.GetUserPolicyInput{UserName: &name, PolicyName: &p})
			add(p, got.PolicyDocument, err)
		}
		return out
	}
	list, err := c.client.ListRolePolicies(c.t.Context(), &sdk.ListRolePoliciesInput{RoleName: &name})
	c.must(err)
	for _, p := range list.PolicyNames {
		got, err := c.client.GetRolePolicy(c.t.Context(), &sdk.GetRolePolicyInput{RoleName: &name, PolicyName: &p})
		add(p, got.PolicyDocument, err)
	}
	return out
}

// text writes the policies for comparison.
func text(policies map[string]string) string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(policies)) {
		lines = append(lines, name+": "+policies[name])
	}
	return strings.Join(lines, "\n")
}

func request(params string) action.Request {
	return action.Request{Account: account, Region: region, Params: json.RawMessage(params)}
}

func ofPrincipal(arn string) action.Request {
	return request(fmt.Sprintf(`{"principal_arn":%q}`, arn))
}

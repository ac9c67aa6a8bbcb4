package iam_test

import (
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
	client *sdk.Client
	key    sandbox.Keys // mallory's
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(account, region))
	user := aws.String("mallory")
	_, err := c.client.CreateUser(t.Context(), &sdk.CreateUserInput{
		UserName: user, Path: aws.String("/ops/"), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("ops")}},
	})
	c.Must(err)
	_, err = c.client.AttachUserPolicy(t.Context(), &sdk.AttachUserPolicyInput{UserName: user, PolicyArn: aws.String(sandbox.AdministratorAccess)})
	c.Must(err)
	made, err := c.client.CreateAccessKey(t.Context(), &sdk.CreateAccessKeyInput{UserName: user})
	c.Must(err)
	c.key = sandbox.Keys{AccessKeyID: *made.AccessKey.AccessKeyId, SecretAccessKey: *made.AccessKey.SecretAccessKey}
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + account + `"},"Action":"sts:AssumeRole"}]}`
	_, err = c.Member.CreateRole("deployer", trust, sandbox.AdministratorAccess)
	c.Must(err)
	_, err = c.Member.CreateReservedRole("/aws-reserved/sso.amazonaws.com/", "AWSReservedSSO_Admin_0123456789abcdef", trust)
	c.Must(err)
	_, err = c.Member.CreateReservedRole("/aws-service-role/guardduty.amazonaws.com/", "AWSServiceRoleForAmazonGuardDuty", trust)
	c.Must(err)
	return c
}

// as returns a client of STS with the keys.
func (c cloud) as(keys sandbox.Keys) *sdk.Client { return sdk.NewFromConfig(c.With(keys, region)) }

// session assumes the role deployer as mallory.
func (c cloud) session() sandbox.Keys { return c.assume(roleARN) }

func (c cloud) assume(role string) sandbox.Keys {
	c.T.Helper()
	out, err := sts.NewFromConfig(c.With(c.key, region)).AssumeRole(c.T.Context(), &sts.AssumeRoleInput{
		RoleArn: &role, RoleSessionName: aws.String("night-shift"),
	})
	c.Must(err)
	k := out.Credentials
	return sandbox.Keys{AccessKeyID: *k.AccessKeyId, SecretAccessKey: *k.SecretAccessKey, SessionToken: *k.SessionToken}
}

// works reports whether the keys may do something.
func (c cloud) works(keys sandbox.Keys) bool {
	_, err := c.as(keys).ListUsers(c.T.Context(), nil)
	return err == nil
}

// put gives the user or role an inline policy.
func (c cloud) put(arn, policy, document string) {
	c.T.Helper()
	name := arn[strings.LastIndexByte(arn, '/')+1:]
	var err error
	if strings.Contains(arn, ":user/") {
		_, err = c.client.PutUserPolicy(c.T.Context(), &sdk.PutUserPolicyInput{UserName: &name, PolicyName: &policy, PolicyDocument: &document})
	} else {
		_, err = c.client.PutRolePolicy(c.T.Context(), &sdk.PutRolePolicyInput{RoleName: &name, PolicyName: &policy, PolicyDocument: &document})
	}
	c.Must(err)
}

// policies returns the inline policies of the user or role, by name.
func (c cloud) policies(arn string) map[string]string {
	c.T.Helper()
	name, out := arn[strings.LastIndexByte(arn, '/')+1:], map[string]string{}
	add := func(policy string, document *string, err error) {
		c.Must(err)
		text, err := url.PathUnescape(*document)
		c.Must(err)
		out[policy] = text
	}
	if strings.Contains(arn, ":user/") {
		list, err := c.client.ListUserPolicies(c.T.Context(), &sdk.ListUserPoliciesInput{UserName: &name})
		c.Must(err)
		for _, p := range list.PolicyNames {
			got, err := c.client.GetUserPolicy(c.T.Context(), &sdk.GetUserPolicyInput{UserName: &name, PolicyName: &p})
			add(p, got.PolicyDocument, err)
		}
		return out
	}
	list, err := c.client.ListRolePolicies(c.T.Context(), &sdk.ListRolePoliciesInput{RoleName: &name})
	c.Must(err)
	for _, p := range list.PolicyNames {
		got, err := c.client.GetRolePolicy(c.T.Context(), &sdk.GetRolePolicyInput{RoleName: &name, PolicyName: &p})
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

func ofPrincipal(arn string) action.Request {
	return actiontest.Request(fmt.Sprintf(`{"principal_arn":%q}`, arn))
}

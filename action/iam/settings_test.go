package iam_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/iam"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

const (
	groupARN  = "arn:aws:iam::" + account + ":group/ops/operators"
	policyARN = "arn:aws:iam::" + account + ":policy/team"

	everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	trustRoot  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + account + `"},"Action":"sts:AssumeRole"}]}`
	trustOther = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"777788889999"},"Action":"sts:AssumeRole"}]}`
)

// identityWorld is a cloud in which mallory has two keys and a password, a group operators has policies, and a policy team has a
// second version that allows everything.
type identityWorld struct {
	cloud
	second sandbox.Keys // mallory's other key
}

func newIdentityWorld(t *testing.T) identityWorld {
	t.Helper()
	w := identityWorld{cloud: newCloud(t)}
	ctx, mallory, operators := t.Context(), aws.String("mallory"), aws.String("operators")
	key, err := w.client.CreateAccessKey(ctx, &sdk.CreateAccessKeyInput{UserName: mallory})
	w.Must(err)
	w.second = sandbox.Keys{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey}
	_, err = w.client.CreateLoginProfile(ctx, &sdk.CreateLoginProfileInput{UserName: mallory, Password: aws.String("correct horse battery")})
	w.Must(err)
	_, err = w.client.CreateGroup(ctx, &sdk.CreateGroupInput{GroupName: operators, Path: aws.String("/ops/")})
	w.Must(err)
	_, err = w.client.AddUserToGroup(ctx, &sdk.AddUserToGroupInput{GroupName: operators, UserName: mallory})
	w.Must(err)
	_, err = w.client.AttachGroupPolicy(ctx, &sdk.AttachGroupPolicyInput{GroupName: operators, PolicyArn: aws.String(sandbox.AdministratorAccess)})
	w.Must(err)
	for _, arn := range []string{userARN, roleARN, groupARN} {
		w.inline(arn, "extra", everything)
	}
	_, err = w.client.CreatePolicy(ctx, &sdk.CreatePolicyInput{
		PolicyName: aws.String("team"), PolicyDocument: aws.String(somebodys), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("ops")}},
	})
	w.Must(err)
	w.version()
	return w
}

// version adds a version of the policy team that holds.
func (w identityWorld) version() {
	w.T.Helper()
	_, err := w.client.CreatePolicyVersion(w.T.Context(), &sdk.CreatePolicyVersionInput{PolicyArn: aws.String(policyARN), PolicyDocument: aws.String(everything), SetAsDefault: true})
	w.Must(err)
}

// inline gives the user, role or group an inline policy.
func (w identityWorld) inline(arn, policy, document string) {
	w.T.Helper()
	if arn != groupARN {
		w.put(arn, policy, document)
		return
	}
	_, err := w.client.PutGroupPolicy(w.T.Context(), &sdk.PutGroupPolicyInput{GroupName: aws.String("operators"), PolicyName: &policy, PolicyDocument: &document})
	w.Must(err)
}

func (w identityWorld) trust(document string) {
	w.T.Helper()
	_, err := w.client.UpdateAssumeRolePolicy(w.T.Context(), &sdk.UpdateAssumeRolePolicyInput{RoleName: aws.String("deployer"), PolicyDocument: &document})
	w.Must(err)
}

func (w identityWorld) passwords(length int32) {
	w.T.Helper()
	_, err := w.client.UpdateAccountPasswordPolicy(w.T.Context(), &sdk.UpdateAccountPasswordPolicyInput{
		MinimumPasswordLength: &length, RequireSymbols: true, MaxPasswordAge: aws.Int32(90), HardExpiry: aws.Bool(true),
	})
	w.Must(err)
}

func (w identityWorld) deleteKey(keys sandbox.Keys) {
	w.T.Helper()
	_, err := w.client.DeleteAccessKey(w.T.Context(), &sdk.DeleteAccessKeyInput{UserName: aws.String("mallory"), AccessKeyId: &keys.AccessKeyID})
	w.Must(err)
}

// state is everything that the settings change.
func (w identityWorld) state() string {
	w.T.Helper()
	ctx, mallory, operators, deployer := w.T.Context(), aws.String("mallory"), aws.String("operators"), aws.String("deployer")
	var s strings.Builder
	attached := func(list []types.AttachedPolicy, err error) {
		w.Must(err)
		for _, p := range list {
			fmt.Fprintln(&s, "attached", *p.PolicyArn)
		}
	}
	if users, err := w.client.ListAccessKeys(ctx, &sdk.ListAccessKeysInput{UserName: mallory}); err == nil {
		for _, k := range users.AccessKeyMetadata {
			fmt.Fprintln(&s, *k.AccessKeyId, k.Status)
		}
		_, err = w.client.GetLoginProfile(ctx, &sdk.GetLoginProfileInput{UserName: mallory})
		fmt.Fprintln(&s, "password", err == nil)
		of, err := w.client.ListAttachedUserPolicies(ctx, &sdk.ListAttachedUserPoliciesInput{UserName: mallory})
		attached(of.AttachedPolicies, err)
		fmt.Fprintln(&s, text(w.policies(userARN)))
	}
	ofRole, err := w.client.ListAttachedRolePolicies(ctx, &sdk.ListAttachedRolePoliciesInput{RoleName: deployer})
	attached(ofRole.AttachedPolicies, err)
	ofGroup, err := w.client.ListAttachedGroupPolicies(ctx, &sdk.ListAttachedGroupPoliciesInput{GroupName: operators})
	attached(ofGroup.AttachedPolicies, err)
	fmt.Fprintln(&s, text(w.policies(roleARN)))
	if out, err := w.client.GetGroupPolicy(ctx, &sdk.GetGroupPolicyInput{GroupName: operators, PolicyName: aws.String("extra")}); err == nil {
		fmt.Fprintln(&s, "of the group:", *out.PolicyDocument)
	}
	policy, err := w.client.GetPolicy(ctx, &sdk.GetPolicyInput{PolicyArn: aws.String(policyARN)})
	w.Must(err)
	role, err := w.client.GetRole(ctx, &sdk.GetRoleInput{RoleName: deployer})
	w.Must(err)
	trust, err := url.PathUnescape(*role.Role.AssumeRolePolicyDocument)
	w.Must(err)
	fmt.Fprintln(&s, *policy.Policy.DefaultVersionId, trust)
	if out, err := w.client.GetAccountPasswordPolicy(ctx, nil); err == nil {
		raw, err := json.Marshal(out.PasswordPolicy)
		w.Must(err)
		fmt.Fprintln(&s, string(raw))
	}
	return s.String()
}

var (
	attachesUsers  = []string{"iam:GetUser", "iam:ListAttachedUserPolicies", "iam:DetachUserPolicy", "iam:AttachUserPolicy"}
	attachesRoles  = []string{"iam:GetRole", "iam:ListAttachedRolePolicies", "iam:DetachRolePolicy", "iam:AttachRolePolicy"}
	attachesGroups = []string{"iam:GetGroup", "iam:ListAttachedGroupPolicies", "iam:DetachGroupPolicy", "iam:AttachGroupPolicy"}
	ofGroups       = []string{"iam:GetGroup", "iam:GetGroupPolicy", "iam:PutGroupPolicy", "iam:DeleteGroupPolicy"}
)

const (
	nobodys  = `{"user_name":"nobody"}`
	mallorys = `{"user_name":"mallory"}`
)

func detach(arn string) string {
	return `{"principal_arn":"` + arn + `","policy_arn":"` + sandbox.AdministratorAccess + `"}`
}

func extra(arn string) string { return `{"principal_arn":"` + arn + `","policy_name":"extra"}` }

func trustOf(role string) string {
	return `{"role_arn":"` + role + `","policy":` + trustOther + `}`
}

func TestSettings(t *testing.T) {
	missing := "arn:aws:iam::" + account + ":"
	for _, tt := range []struct {
		name      string
		newAction actiontest.NewAction
		params    string
		missing   string
		elsewhere []string
		spoil     func(identityWorld)
		interfere func(identityWorld)
	}{
		{"deactivate all keys", iam.NewDeactivateAllAccessKeys, mallorys, nobodys, nil, nil, func(w identityWorld) { w.deleteKey(w.second) }},
		{"remove a password", iam.NewRemoveLoginProfile, mallorys, nobodys, nil, nil, nil},
		{"detach from a user", iam.NewDetachPolicy, detach(userARN), detach(missing + "user/nobody"), append(attachesRoles, attachesGroups...), nil, nil},
		{"detach from a session's role", iam.NewDetachPolicy, detach(sessionARN), detach(missing + "role/nobody"), append(attachesUsers, attachesGroups...), nil, nil},
		{"detach from a group", iam.NewDetachPolicy, detach(groupARN), detach(missing + "group/nobody"), append(attachesUsers, attachesRoles...), nil, nil},
		{"delete a user's policy", iam.NewDeleteInlinePolicy, extra(userARN), extra(missing + "user/nobody"), append(ofRoles, ofGroups...), nil, func(w identityWorld) { w.inline(userARN, "extra", somebodys) }},
		{"delete a role's policy", iam.NewDeleteInlinePolicy, extra(roleARN), extra(missing + "role/nobody"), append(ofUsers, ofGroups...), nil, func(w identityWorld) { w.inline(roleARN, "extra", somebodys) }},
		{"delete a group's policy", iam.NewDeleteInlinePolicy, extra(groupARN), extra(missing + "group/nobody"), append(ofUsers, ofRoles...), nil, func(w identityWorld) { w.inline(groupARN, "extra", somebodys) }},
		{"revert to the version before", iam.NewRevertPolicyVersion, `{"policy_arn":"` + policyARN + `"}`, `{"policy_arn":"` + missing + `policy/none"}`, nil, nil, identityWorld.version},
		{"revert to a version", iam.NewRevertPolicyVersion, `{"policy_arn":"` + policyARN + `","version":"v2"}`, `{"policy_arn":"` + missing + `policy/none"}`, nil, identityWorld.version, identityWorld.version},
		{"restore a trust policy", iam.NewRestoreTrustPolicy, trustOf(roleARN), trustOf(missing + "role/nobody"), nil, nil, func(w identityWorld) { w.trust(strings.Replace(trustOther, "7777", "8888", 1)) }},
		{"deny without MFA", iam.NewDenyWithoutMFA, mallorys, nobodys, nil, nil, func(w identityWorld) { w.inline(userARN, iam.MFAPolicy, somebodys) }},
		{"set a password policy", iam.NewSetPasswordPolicy, `{}`, "", nil, nil, func(w identityWorld) { w.passwords(20) }},
		{"raise a password policy", iam.NewSetPasswordPolicy, `{"minimum_length":20,"reuse_prevention":5}`, "", []string{"iam:DeleteAccountPasswordPolicy"}, func(w identityWorld) { w.passwords(8) }, func(w identityWorld) { w.passwords(21) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				w := newIdentityWorld(t)
				if tt.spoil != nil {
					tt.spoil(w)
				}
				world := w.World(tt.newAction, tt.params, tt.missing, w.state)
				world.Elsewhere = tt.elsewhere
				world.Interfere = actiontest.On(w, tt.interfere)
				return world
			})
		})
	}
}

func TestWhatTheSettingsLeave(t *testing.T) {
	for _, tt := range []struct {
		name      string
		newAction actiontest.NewAction
		params    string
		spoil     func(identityWorld)
		status    action.Status
		says      string
	}{
		{"no active key", iam.NewDeactivateAllAccessKeys, mallorys, func(w identityWorld) { w.deleteKey(w.key); w.deleteKey(w.second) }, action.Unneeded, "None"},
		{"no password", iam.NewRemoveLoginProfile, `{"user_name":"admin"}`, nil, action.Unneeded, "no password"},
		{"a policy that it doesn't have", iam.NewDetachPolicy, strings.Replace(detach(userARN), "Administrator", "ReadOnly", 1), nil, action.Unneeded, "doesn't have"},
		{"a service's role", iam.NewDetachPolicy, detach(linkedARN), nil, action.Escalated, "AWS service"},
		{"a permission set's role", iam.NewDeleteInlinePolicy, extra(ssoARN), nil, action.Escalated, "Identity Center"},
		{"root", iam.NewDetachPolicy, detach("arn:aws:iam::" + account + ":root"), nil, action.Escalated, "service control policy"},
		{"riposte itself", iam.NewDeactivateAllAccessKeys, `{"user_name":"responder-1"}`, nil, action.Escalated, "lock itself out"},
		{"riposte's own policy", iam.NewDeleteInlinePolicy, strings.Replace(extra(userARN), "extra", iam.QuarantinePolicy, 1), func(w identityWorld) { w.inline(userARN, iam.QuarantinePolicy, somebodys) }, action.Escalated, "undo the action"},
		{"no inline policy", iam.NewDeleteInlinePolicy, strings.Replace(extra(userARN), "extra", "none", 1), nil, action.Unneeded, "no inline policy"},
		{"an older version holds", iam.NewRevertPolicyVersion, `{"policy_arn":"` + policyARN + `"}`, func(w identityWorld) {
			_, err := w.client.SetDefaultPolicyVersion(w.T.Context(), &sdk.SetDefaultPolicyVersionInput{PolicyArn: aws.String(policyARN), VersionId: aws.String("v1")})
			w.Must(err)
		}, action.Unneeded, "not the newest"},
		{"no version before", iam.NewRevertPolicyVersion, `{"policy_arn":"` + policyARN + `"}`, func(w identityWorld) {
			_, err := w.client.SetDefaultPolicyVersion(w.T.Context(), &sdk.SetDefaultPolicyVersionInput{PolicyArn: aws.String(policyARN), VersionId: aws.String("v2")})
			w.Must(err)
			_, err = w.client.DeletePolicyVersion(w.T.Context(), &sdk.DeletePolicyVersionInput{PolicyArn: aws.String(policyARN), VersionId: aws.String("v1")})
			w.Must(err)
		}, action.Escalated, "No version before"},
		{"the same trust", iam.NewRestoreTrustPolicy, strings.Replace(trustOf(roleARN), trustOther, trustRoot, 1), nil, action.Unneeded, "as it was before"},
		{"the same trust in other words", iam.NewRestoreTrustPolicy, strings.Replace(trustOf(roleARN), trustOther, strings.Replace(trustRoot, `"`+account+`"`, `["arn:aws:iam::`+account+`:root"]`, 1), 1), nil, action.Unneeded, "as it was before"},
		{"another's policy of that name", iam.NewDenyWithoutMFA, mallorys, func(w identityWorld) { w.inline(userARN, iam.MFAPolicy, somebodys) }, action.Escalated, "other content"},
		{"a stricter policy", iam.NewSetPasswordPolicy, `{"minimum_length":10,"reuse_prevention":3}`, func(w identityWorld) {
			_, err := w.client.UpdateAccountPasswordPolicy(w.T.Context(), &sdk.UpdateAccountPasswordPolicyInput{MinimumPasswordLength: aws.Int32(12), PasswordReusePrevention: aws.Int32(4)})
			w.Must(err)
		}, action.Unneeded, "12 characters"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newIdentityWorld(t)
			if tt.spoil != nil {
				tt.spoil(w)
			}
			actiontest.Want(t, w.Plan(tt.newAction, tt.params), tt.status, tt.says)
		})
	}
}

func TestParametersOfSettingsThatAreRefused(t *testing.T) {
	w := newIdentityWorld(t)
	for params, newAction := range map[string]actiontest.NewAction{
		`{"user_name":"ops/mallory"}`:                                iam.NewRemoveLoginProfile,
		strings.Replace(detach(userARN), ":policy/", ":role/", 1):    iam.NewDetachPolicy,
		strings.Replace(detach(userARN), account, "777788889999", 1): iam.NewDetachPolicy,
		detach("arn:aws:iam::" + account + ":group/"):                iam.NewDetachPolicy,
		strings.Replace(extra(userARN), "extra", "two words", 1):     iam.NewDeleteInlinePolicy,
		`{"policy_arn":"` + sandbox.AdministratorAccess + `"}`:       iam.NewRevertPolicyVersion,
		`{"policy_arn":"` + policyARN + `","version":"v9"}`:          iam.NewRevertPolicyVersion,
		trustOf(userARN): iam.NewRestoreTrustPolicy,
		strings.Replace(trustOf(roleARN), trustOther, `"{"`, 1): iam.NewRestoreTrustPolicy,
		strings.Replace(trustOf(roleARN), trustOther, `{}`, 1):  iam.NewRestoreTrustPolicy,
		`{"minimum_length":5}`:                                  iam.NewSetPasswordPolicy,
		`{"reuse_prevention":25}`:                               iam.NewSetPasswordPolicy,
	} {
		a := w.Action(newAction)
		if _, err := a.Plan(t.Context(), actiontest.Request(params)); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%s with %s: %v, want it refused with a hint", a.Spec().Name, params, err)
		}
	}
}

func TestWithoutMFAAUserMayDoNothing(t *testing.T) {
	w := newIdentityWorld(t)
	a := w.Action(iam.NewDenyWithoutMFA)
	item := w.Item(a, actiontest.Request(mallorys))
	w.Do(a, item)
	if w.works(w.key) {
		t.Error("a key works without MFA")
	}
	if _, err := w.as(w.key).ListMFADevices(t.Context(), nil); err != nil {
		t.Errorf("the user may not look at their devices: %v", err)
	}
	w.Do(a, w.Undo(a, item))
	if !w.works(w.key) {
		t.Error("what was undone is still denied")
	}
}

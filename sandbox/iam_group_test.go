package sandbox_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"riposte.dev/sandbox"
)

func TestGroups(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	admin := iam.NewFromConfig(w.config(w.root, "us-east-1"))
	alice := iam.NewFromConfig(w.config(w.user("alice"), "us-east-1"))
	user, ops := aws.String("alice"), aws.String("ops")
	made, err := admin.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: ops, Path: aws.String("/staff/")})
	if err != nil || *made.Group.Arn != "arn:aws:iam::111122223333:group/staff/ops" {
		t.Fatalf("the group is %+v, %v", made, err)
	}
	_, err = admin.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("OPS")})
	wantCode(t, err, "EntityAlreadyExists")
	_, err = admin.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: aws.String("none"), UserName: user})
	wantCode(t, err, "NoSuchEntity")

	doc := aws.String(allow("iam:ListUsers", "*"))
	_, err = admin.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{GroupName: ops, PolicyName: aws.String("list"), PolicyDocument: doc})
	must(t, err)
	_, err = alice.ListUsers(ctx, nil)
	wantCode(t, err, "AccessDenied")
	_, err = admin.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: ops, UserName: user})
	must(t, err)
	if _, err := alice.ListUsers(ctx, nil); err != nil {
		t.Errorf("the group's policy does not hold for its member: %v", err)
	}
	simulated, err := admin.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String("arn:aws:iam::111122223333:user/alice"), ActionNames: []string{"iam:ListUsers"},
	})
	if err != nil || simulated.EvaluationResults[0].EvalDecision != "allowed" {
		t.Errorf("simulated, it is %+v, %v", simulated, err)
	}
	got, err := admin.GetGroup(ctx, &iam.GetGroupInput{GroupName: ops})
	if err != nil || len(got.Users) != 1 || *got.Users[0].UserName != "alice" {
		t.Errorf("the group has %+v, %v", got, err)
	}
	of, err := admin.ListGroupsForUser(ctx, &iam.ListGroupsForUserInput{UserName: user})
	if err != nil || len(of.Groups) != 1 || *of.Groups[0].GroupName != "ops" {
		t.Errorf("the user's groups are %+v, %v", of, err)
	}
	policies, err := admin.ListGroupPolicies(ctx, &iam.ListGroupPoliciesInput{GroupName: ops})
	if err != nil || strings.Join(policies.PolicyNames, " ") != "list" {
		t.Errorf("the group's policies are %+v, %v", policies, err)
	}

	_, err = admin.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: ops})
	wantCode(t, err, "DeleteConflict")
	_, err = admin.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{GroupName: ops, UserName: user})
	must(t, err)
	_, err = admin.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{GroupName: ops, UserName: user})
	wantCode(t, err, "NoSuchEntity")
	_, err = admin.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: ops})
	wantCode(t, err, "DeleteConflict")
	_, err = admin.DeleteGroupPolicy(ctx, &iam.DeleteGroupPolicyInput{GroupName: ops, PolicyName: aws.String("list")})
	must(t, err)
	_, err = admin.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: ops})
	must(t, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatAUserSignsInWith(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	admin := iam.NewFromConfig(w.config(w.root, "us-east-1"))
	user := aws.String("alice")
	_, err := admin.CreateUser(ctx, &iam.CreateUserInput{UserName: user})
	must(t, err)
	_, err = admin.GetAccountPasswordPolicy(ctx, nil)
	wantCode(t, err, "NoSuchEntity")
	_, err = admin.UpdateAccountPasswordPolicy(ctx, &iam.UpdateAccountPasswordPolicyInput{MinimumPasswordLength: aws.Int32(14)})
	must(t, err)
	password := func(text string) error {
		_, err := admin.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: user, Password: &text})
		return err
	}
	wantCode(t, password("thirteen char"), "PasswordPolicyViolation")
	must(t, password("fourteen chars"))
	wantCode(t, password("fourteen chars"), "EntityAlreadyExists")

	device, err := admin.CreateVirtualMFADevice(ctx, &iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: user})
	must(t, err)
	serial := device.VirtualMFADevice.SerialNumber
	enable := func(first, second string) error {
		_, err := admin.EnableMFADevice(ctx, &iam.EnableMFADeviceInput{UserName: user, SerialNumber: serial, AuthenticationCode1: &first, AuthenticationCode2: &second})
		return err
	}
	wantCode(t, enable("123456", "123456"), "InvalidAuthenticationCode")
	must(t, enable("123456", "654321"))
	wantCode(t, enable("123456", "654321"), "EntityAlreadyExists")
	devices, err := admin.ListMFADevices(ctx, &iam.ListMFADevicesInput{UserName: user})
	if err != nil || len(devices.MFADevices) != 1 || *devices.MFADevices[0].SerialNumber != *serial {
		t.Errorf("the devices are %+v, %v", devices, err)
	}

	remove := func() error {
		_, err := admin.DeleteUser(ctx, &iam.DeleteUserInput{UserName: user})
		return err
	}
	wantCode(t, remove(), "DeleteConflict")
	_, err = admin.DeleteLoginProfile(ctx, &iam.DeleteLoginProfileInput{UserName: user})
	must(t, err)
	_, err = admin.GetLoginProfile(ctx, &iam.GetLoginProfileInput{UserName: user})
	wantCode(t, err, "NoSuchEntity")
	wantCode(t, remove(), "DeleteConflict")
	_, err = admin.DeactivateMFADevice(ctx, &iam.DeactivateMFADeviceInput{UserName: user, SerialNumber: serial})
	must(t, err)
	must(t, remove())
	for name, add := range map[string]func() error{
		"ssh": func() error {
			_, err := admin.UploadSSHPublicKey(ctx, &iam.UploadSSHPublicKeyInput{UserName: user, SSHPublicKeyBody: aws.String("ssh-rsa AAAA")})
			return err
		},
		"certificate": func() error {
			_, err := admin.UploadSigningCertificate(ctx, &iam.UploadSigningCertificateInput{UserName: user, CertificateBody: aws.String("-----BEGIN CERTIFICATE-----")})
			return err
		},
		"service": func() error {
			_, err := admin.CreateServiceSpecificCredential(ctx, &iam.CreateServiceSpecificCredentialInput{UserName: user, ServiceName: aws.String("codecommit.amazonaws.com")})
			return err
		},
	} {
		user = aws.String("with-" + name)
		_, err = admin.CreateUser(ctx, &iam.CreateUserInput{UserName: user})
		must(t, err)
		must(t, add())
		wantCode(t, remove(), "DeleteConflict")
	}
	_, err = admin.DeleteAccountPasswordPolicy(ctx, nil)
	must(t, err)
	_, err = admin.DeleteAccountPasswordPolicy(ctx, nil)
	wantCode(t, err, "NoSuchEntity")
}

func TestPolicyVersions(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	admin := iam.NewFromConfig(w.config(w.root, "us-east-1"))
	made, err := admin.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("p"), PolicyDocument: aws.String(allow("iam:ListUsers", "*"))})
	must(t, err)
	arn := made.Policy.Arn
	alice := iam.NewFromConfig(w.config(w.user("alice"), "us-east-1"))
	_, err = admin.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("alice"), PolicyArn: arn})
	must(t, err)
	add := func(asDefault bool) error {
		_, err := admin.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: aws.String(allow("iam:ListRoles", "*")), SetAsDefault: asDefault})
		return err
	}
	must(t, add(false))
	if _, err := alice.ListUsers(ctx, nil); err != nil {
		t.Errorf("v1 holds no longer: %v", err)
	}
	_, err = admin.SetDefaultPolicyVersion(ctx, &iam.SetDefaultPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v2")})
	must(t, err)
	_, err = alice.ListUsers(ctx, nil)
	wantCode(t, err, "AccessDenied")
	if _, err := alice.ListRoles(ctx, nil); err != nil {
		t.Errorf("v2 does not hold: %v", err)
	}
	for range 3 {
		must(t, add(true))
	}
	wantCode(t, add(true), "LimitExceeded")
	remove := func(version string) error {
		_, err := admin.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: &version})
		return err
	}
	wantCode(t, remove("v5"), "DeleteConflict")
	wantCode(t, remove("v6"), "NoSuchEntity")
	must(t, remove("v1"))
	must(t, add(true))
	list, err := admin.ListPolicyVersions(ctx, &iam.ListPolicyVersionsInput{PolicyArn: arn})
	must(t, err)
	var ids []string
	for _, v := range list.Versions {
		id := *v.VersionId
		if v.IsDefaultVersion {
			id += "*"
		}
		ids = append(ids, id)
	}
	if got := strings.Join(ids, " "); got != "v6* v5 v4 v3 v2" {
		t.Errorf("the versions are %s", got)
	}
	_, err = admin.SetDefaultPolicyVersion(ctx, &iam.SetDefaultPolicyVersionInput{PolicyArn: aws.String(sandbox.AdministratorAccess), VersionId: aws.String("v1")})
	wantCode(t, err, "AccessDenied")
}

package iam_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iam"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/iam"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

const (
	eveARN = "arn:aws:iam::" + account + ":user/eve"
	eves   = `{"user_name":"eve"}`
)

// intruder makes a user eve with everything that the action deletes, who isn't in quarantine.
func (w identityWorld) intruder() {
	w.T.Helper()
	eve := aws.String("eve")
	_, err := w.client.CreateUser(w.T.Context(), &sdk.CreateUserInput{UserName: eve})
	w.Must(err)
	_, err = w.client.CreateAccessKey(w.T.Context(), &sdk.CreateAccessKeyInput{UserName: eve})
	w.Must(err)
	_, err = w.client.CreateLoginProfile(w.T.Context(), &sdk.CreateLoginProfileInput{UserName: eve, Password: aws.String("correct horse battery")})
	w.Must(err)
	_, err = w.client.AddUserToGroup(w.T.Context(), &sdk.AddUserToGroupInput{GroupName: aws.String("operators"), UserName: eve})
	w.Must(err)
	_, err = w.client.AttachUserPolicy(w.T.Context(), &sdk.AttachUserPolicyInput{UserName: eve, PolicyArn: aws.String(sandbox.AdministratorAccess)})
	w.Must(err)
	w.put(eveARN, "zz-extra", everything)
	device, err := w.client.CreateVirtualMFADevice(w.T.Context(), &sdk.CreateVirtualMFADeviceInput{VirtualMFADeviceName: eve})
	w.Must(err)
	_, err = w.client.EnableMFADevice(w.T.Context(), &sdk.EnableMFADeviceInput{
		UserName: eve, SerialNumber: device.VirtualMFADevice.SerialNumber, AuthenticationCode1: aws.String("123456"), AuthenticationCode2: aws.String("654321"),
	})
	w.Must(err)
}

func (w identityWorld) intoQuarantine() {
	w.T.Helper()
	quarantine := w.quarantine()
	w.Do(quarantine, w.Item(quarantine, ofPrincipal(eveARN)))
}

// presence is whether eve is there.
func (w identityWorld) presence() string {
	_, err := w.client.GetUser(w.T.Context(), &sdk.GetUserInput{UserName: aws.String("eve")})
	return fmt.Sprint(err == nil)
}

func (w identityWorld) deleteUser() action.Action {
	return w.Action(iam.NewDeleteUser)
}

func TestDeleteUser(t *testing.T) {
	actiontest.Run(t, func(t *testing.T) actiontest.World {
		w := newIdentityWorld(t)
		w.intruder()
		w.intoQuarantine()
		world := w.World(iam.NewDeleteUser, eves, "", w.presence) // a user who isn't there is as wanted, not missing
		late := w.StaleAfter("DeleteUser")
		world.Stale = func(reads int) { late(reads * 10) } // calls of one look
		return world
	})
}

func TestAUserIsDeletedWithTheQuarantineLast(t *testing.T) {
	w := newIdentityWorld(t)
	w.intruder()
	w.intoQuarantine()
	a := w.deleteUser()
	item := w.Item(a, actiontest.Request(eves))
	var calls []string
	for _, c := range item.Calls {
		calls = append(calls, c.Operation)
	}
	if n := len(calls); n != 8 || calls[n-1] != "DeleteUser" || string(item.Calls[n-2].Input) != `{"PolicyName":"riposte-quarantine","UserName":"eve"}` {
		t.Errorf("the calls are %v", calls)
	}
	w.Do(a, item)
	if w.presence() != "false" {
		t.Error("the user is still there")
	}
	actiontest.Want(t, w.Item(a, actiontest.Request(eves)), action.Unneeded, "no such user")
}

func TestUsersWhoAreNotDeleted(t *testing.T) {
	eve := aws.String("eve")
	for _, tt := range []struct {
		name  string
		spoil func(identityWorld)
		says  string
	}{
		{"not in quarantine", func(identityWorld) {}, "not in quarantine"},
		{"somebody's policy of that name", func(w identityWorld) { w.put(eveARN, iam.QuarantinePolicy, somebodys) }, "not in quarantine"},
		{"SSH keys", func(w identityWorld) {
			w.intoQuarantine()
			_, err := w.client.UploadSSHPublicKey(t.Context(), &sdk.UploadSSHPublicKeyInput{UserName: eve, SSHPublicKeyBody: aws.String("ssh-rsa AAAA")})
			w.Must(err)
		}, "SSH keys"},
		{"certificates", func(w identityWorld) {
			w.intoQuarantine()
			_, err := w.client.UploadSigningCertificate(t.Context(), &sdk.UploadSigningCertificateInput{UserName: eve, CertificateBody: aws.String("-----BEGIN CERTIFICATE-----")})
			w.Must(err)
		}, "certificates"},
		{"a password for a service", func(w identityWorld) {
			w.intoQuarantine()
			_, err := w.client.CreateServiceSpecificCredential(t.Context(), &sdk.CreateServiceSpecificCredentialInput{UserName: eve, ServiceName: aws.String("codecommit.amazonaws.com")})
			w.Must(err)
		}, "single services"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newIdentityWorld(t)
			w.intruder()
			tt.spoil(w)
			actiontest.Want(t, w.Item(w.deleteUser(), actiontest.Request(eves)), action.Escalated, tt.says)
		})
	}
}

func TestAUserToBeDeletedMustBeNamed(t *testing.T) {
	w := newIdentityWorld(t)
	if _, err := w.deleteUser().Plan(t.Context(), actiontest.Request(`{}`)); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
		t.Errorf("without a user: %v, want it refused with a hint", err)
	}
}

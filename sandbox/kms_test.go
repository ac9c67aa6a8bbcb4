package sandbox_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"riposte.dev/sandbox"
)

func TestKMSKeyLife(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := kms.NewFromConfig(w.config(w.root, "eu-west-1"))
	made, err := client.CreateKey(ctx, &kms.CreateKeyInput{Description: aws.String("of payments")})
	if err != nil {
		t.Fatal(err)
	}
	key := made.KeyMetadata
	if want := "arn:aws:kms:eu-west-1:" + testAccount + ":key/" + *key.KeyId; *key.Arn != want || key.KeyState != types.KeyStateEnabled {
		t.Errorf("the key is %s %s, want %s, enabled", *key.Arn, key.KeyState, want)
	}
	scheduled, err := client.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: key.KeyId, PendingWindowInDays: aws.Int32(7)})
	if err != nil || scheduled.KeyState != types.KeyStatePendingDeletion {
		t.Errorf("scheduled: %+v, %v", scheduled, err)
	}
	_, err = client.EnableKey(ctx, &kms.EnableKeyInput{KeyId: key.KeyId})
	wantCode(t, err, "KMSInvalidStateException")
	if _, err = client.CancelKeyDeletion(ctx, &kms.CancelKeyDeletionInput{KeyId: key.Arn}); err != nil {
		t.Error(err)
	}
	_, err = client.CancelKeyDeletion(ctx, &kms.CancelKeyDeletionInput{KeyId: key.Arn})
	wantCode(t, err, "KMSInvalidStateException")
	_, err = client.EnableKeyRotation(ctx, &kms.EnableKeyRotationInput{KeyId: key.Arn})
	wantCode(t, err, "DisabledException")
	now, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: key.KeyId})
	if err != nil || now.KeyMetadata.KeyState != types.KeyStateDisabled || now.KeyMetadata.DeletionDate != nil {
		t.Errorf("after the deletion was cancelled: %+v, %v; want it disabled", now, err)
	}
	_, err = client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String("1234abcd-12ab-34cd-56ef-1234567890ab")})
	wantCode(t, err, "NotFoundException")
}

// Nobody but whom a key's policy names, or leaves it to, may use the key; and nobody may lock himself out.
func TestKMSKeyPolicies(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := kms.NewFromConfig(w.config(w.root, "eu-west-1"))
	made, err := client.CreateKey(ctx, &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	key := made.KeyMetadata.KeyId
	admin, err := w.account.CreateUser("admin", sandbox.AdministratorAccess)
	if err != nil {
		t.Fatal(err)
	}
	nobody, err := w.account.CreateUser("nobody")
	if err != nil {
		t.Fatal(err)
	}
	describe := func(keys sandbox.Keys) error {
		_, err := kms.NewFromConfig(w.config(keys, "eu-west-1")).DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: key})
		return err
	}
	put := func(policy string) error {
		_, err := client.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: key, PolicyName: aws.String("default"), Policy: &policy})
		return err
	}
	if text := w.cli("eu-west-1", "kms", "get-key-policy", "--key-id", *key, "--policy-name", "default", "--query", "Policy", "--output", "text"); !strings.Contains(text, `"kms:*"`) {
		t.Errorf("a new key's policy is %s", text)
	}
	if err := describe(admin); err != nil {
		t.Errorf("the account's own policies don't count: %v", err)
	}
	wantCode(t, describe(nobody), "AccessDeniedException")
	root := `{"Sid":"Root","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + testAccount + `:root"},"Action":"kms:PutKeyPolicy","Resource":"*"}`
	user := `{"Sid":"User","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + testAccount + `:user/nobody"},"Action":"kms:DescribeKey","Resource":"*"}`
	if err := put(`{"Version":"2012-10-17","Statement":[` + root + `,` + user + `]}`); err != nil {
		t.Fatal(err)
	}
	if err := describe(nobody); err != nil {
		t.Errorf("whom the policy names: %v", err)
	}
	wantCode(t, describe(admin), "AccessDeniedException")
	wantCode(t, put(`{"Version":"2012-10-17","Statement":[`+user+`]}`), "MalformedPolicyDocumentException")
	wantCode(t, put("x"), "MalformedPolicyDocumentException")
	_, err = client.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: key, PolicyName: aws.String("another")})
	wantCode(t, err, "AccessDeniedException")
}

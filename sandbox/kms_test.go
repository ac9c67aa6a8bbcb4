package sandbox_test

import (
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

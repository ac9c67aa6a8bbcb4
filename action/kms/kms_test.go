package kms_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/kms"
)

// cloud is a sandbox with a key.
type cloud struct {
	*actiontest.Cloud
	client *sdk.Client
	key    string
}

func newCloud(t *testing.T, spec types.KeySpec) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	usage := types.KeyUsageTypeEncryptDecrypt
	if spec != types.KeySpecSymmetricDefault {
		usage = types.KeyUsageTypeSignVerify
	}
	out, err := c.client.CreateKey(t.Context(), &sdk.CreateKeyInput{
		KeySpec: spec, KeyUsage: usage, Tags: []types.Tag{{TagKey: aws.String("team"), TagValue: aws.String("payments")}},
	})
	c.Must(err)
	c.key = *out.KeyMetadata.KeyId
	return c
}

func (c cloud) state() string {
	c.T.Helper()
	key, err := c.client.DescribeKey(c.T.Context(), &sdk.DescribeKeyInput{KeyId: &c.key})
	c.Must(err)
	rotation, err := c.client.GetKeyRotationStatus(c.T.Context(), &sdk.GetKeyRotationStatusInput{KeyId: &c.key})
	c.Must(err)
	return fmt.Sprintf("%s, rotates: %v", key.KeyMetadata.KeyState, rotation.KeyRotationEnabled)
}

func (c cloud) disable() {
	_, err := c.client.DisableKey(c.T.Context(), &sdk.DisableKeyInput{KeyId: &c.key})
	c.Must(err)
}

func (c cloud) enable() {
	_, err := c.client.EnableKey(c.T.Context(), &sdk.EnableKeyInput{KeyId: &c.key})
	c.Must(err)
}

func (c cloud) scheduleDeletion() {
	_, err := c.client.ScheduleKeyDeletion(c.T.Context(), &sdk.ScheduleKeyDeletionInput{KeyId: &c.key})
	c.Must(err)
}

func (c cloud) params() string { return `{"key":"` + c.key + `"}` }

func TestConformance(t *testing.T) {
	for _, tt := range []struct {
		name      string
		newAction actiontest.NewAction
		spoil     func(cloud)
		interfere func(cloud)
		elsewhere []string
	}{
		{"cancel deletion", kms.NewCancelDeletion, cloud.scheduleDeletion, cloud.enable, nil},
		{"enable a disabled key", kms.NewEnable, cloud.disable, cloud.scheduleDeletion, []string{"kms:CancelKeyDeletion", "kms:ScheduleKeyDeletion"}},
		{"enable a key that is about to be deleted", kms.NewEnable, cloud.scheduleDeletion, cloud.disable, []string{"kms:DisableKey"}},
		{"enable rotation", kms.NewEnableRotation, func(cloud) {}, cloud.disable, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t, types.KeySpecSymmetricDefault)
				tt.spoil(c)
				w := c.World(tt.newAction, c.params(), `{"key":"1234abcd-12ab-34cd-56ef-1234567890ab"}`, c.state)
				w.Interfere = actiontest.On(c, tt.interfere)
				w.Elsewhere = tt.elsewhere
				return w
			})
		})
	}
}

func TestWhatIsLeftToPeople(t *testing.T) {
	for _, tt := range []struct {
		name      string
		newAction actiontest.NewAction
		spec      types.KeySpec
		spoil     func(cloud)
		status    action.Status
		says      string
	}{
		{"nobody deletes it", kms.NewCancelDeletion, types.KeySpecSymmetricDefault, func(cloud) {}, action.Unneeded, "Nobody"},
		{"an asymmetric key does not rotate", kms.NewEnableRotation, types.KeySpecRsa2048, func(cloud) {}, action.Escalated, "by hand"},
		{"a disabled key does not rotate", kms.NewEnableRotation, types.KeySpecSymmetricDefault, cloud.disable, action.Escalated, "enable it first"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t, tt.spec)
			tt.spoil(c)
			item := c.Plan(tt.newAction, c.params())
			actiontest.Want(t, item, tt.status, tt.says)
			if item.Resource.Tags["team"] != "payments" {
				t.Errorf("%+v, want its tags", item.Resource)
			}
		})
	}
}

package kms_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/awscall"
	"riposte.dev/action/kms"
	"riposte.dev/sandbox"
)

// cloud is a sandbox with a key.
type cloud struct {
	*actiontest.Cloud
	t      *testing.T
	client *sdk.Client
	key    string
}

func newCloud(t *testing.T, spec types.KeySpec) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t), t: t}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	usage := types.KeyUsageTypeEncryptDecrypt
	if spec != types.KeySpecSymmetricDefault {
		usage = types.KeyUsageTypeSignVerify
	}
	out, err := c.client.CreateKey(t.Context(), &sdk.CreateKeyInput{
		KeySpec: spec, KeyUsage: usage, Tags: []types.Tag{{TagKey: aws.String("team"), TagValue: aws.String("payments")}},
	})
	c.must(err)
	c.key = *out.KeyMetadata.KeyId
	return c
}

func (c cloud) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c cloud) state() string {
	c.t.Helper()
	key, err := c.client.DescribeKey(c.t.Context(), &sdk.DescribeKeyInput{KeyId: &c.key})
	c.must(err)
	rotation, err := c.client.GetKeyRotationStatus(c.t.Context(), &sdk.GetKeyRotationStatusInput{KeyId: &c.key})
	c.must(err)
	return fmt.Sprintf("%s, rotates: %v", key.KeyMetadata.KeyState, rotation.KeyRotationEnabled)
}

func (c cloud) disable() {
	_, err := c.client.DisableKey(c.t.Context(), &sdk.DisableKeyInput{KeyId: &c.key})
	c.must(err)
}

func (c cloud) enable() {
	_, err := c.client.EnableKey(c.t.Context(), &sdk.EnableKeyInput{KeyId: &c.key})
	c.must(err)
}

func (c cloud) scheduleDeletion() {
	_, err := c.client.ScheduleKeyDeletion(c.t.Context(), &sdk.ScheduleKeyDeletionInput{KeyId: &c.key})
	c.must(err)
}

func (c cloud) request() action.Request {
	return action.Request{Account: actiontest.Account, Region: actiontest.Region, Params: fmt.Appendf(nil, `{"key":%q}`, c.key)}
}

func TestConformance(t *testing.T) {
	for _, tt := range []struct {
		name      string
		newAction func(*awscall.Caller) action.Action
		spoil     func(cloud)
		interfere func(cloud)
		stale     string
		elsewhere []string
	}{
		{"cancel deletion", kms.NewCancelDeletion, cloud.scheduleDeletion, cloud.enable, "CancelKeyDeletion", nil},
		{"enable a disabled key", kms.NewEnable, cloud.disable, cloud.scheduleDeletion, "EnableKey", []string{"kms:CancelKeyDeletion", "kms:ScheduleKeyDeletion"}},
		{"enable a key that is about to be deleted", kms.NewEnable, cloud.scheduleDeletion, cloud.disable, "EnableKey", []string{"kms:DisableKey"}},
		{"enable rotation", kms.NewEnableRotation, func(cloud) {}, cloud.disable, "EnableKeyRotation", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t, types.KeySpecSymmetricDefault)
				tt.spoil(c)
				return actiontest.World{
					Action:    func(permissions []string) action.Action { return tt.newAction(c.Caller(permissions)) },
					Request:   c.request(),
					Missing:   json.RawMessage(`{"key":"1234abcd-12ab-34cd-56ef-1234567890ab"}`),
					State:     c.state,
					Writes:    c.Writes,
					Interfere: func() { tt.interfere(c) },
					Elsewhere: tt.elsewhere,
					Stale: func(reads int) {
						c.AddStaleness(sandbox.Staleness{Service: "kms", Operation: tt.stale, Reads: reads})
					},
				}
			})
		})
	}
}

func TestWhatIsLeftToPeople(t *testing.T) {
	for _, tt := range []struct {
		name      string
		newAction func(*awscall.Caller) action.Action
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
			a := tt.newAction(c.Caller(tt.newAction(nil).Spec().Permissions))
			p, err := a.Plan(t.Context(), c.request())
			if err != nil {
				t.Fatal(err)
			}
			item := p.Items[0]
			if item.Status != tt.status || !strings.Contains(item.Reason, tt.says) || item.Resource.Tags["team"] != "payments" {
				t.Errorf("%+v, want %s that says %q, with the key's tags", item, tt.status, tt.says)
			}
		})
	}
}

package guardduty_test

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/guardduty/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/guardduty"
)

// cloud is a sandbox with GuardDuty.
type cloud struct {
	*actiontest.Cloud
	client *sdk.Client
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	return c
}

func (c cloud) create(enable bool) {
	c.T.Helper()
	_, err := c.client.CreateDetector(c.T.Context(), &sdk.CreateDetectorInput{Enable: &enable})
	c.Must(err)
}

func (c cloud) on()        { c.create(true) }
func (c cloud) suspended() { c.create(false) }

// suspend suspends the detector that there is.
func (c cloud) suspend() {
	c.T.Helper()
	_, err := c.client.UpdateDetector(c.T.Context(), &sdk.UpdateDetectorInput{DetectorId: aws.String(c.detector()), Enable: aws.Bool(false)})
	c.Must(err)
}

// delete deletes the detector that there is.
func (c cloud) delete() {
	c.T.Helper()
	_, err := c.client.DeleteDetector(c.T.Context(), &sdk.DeleteDetectorInput{DetectorId: aws.String(c.detector())})
	c.Must(err)
}

// watched has the management account manage the account's detector.
func (c cloud) watched() {
	c.T.Helper()
	admin := sdk.NewFromConfig(c.Admin(actiontest.Management, actiontest.Region))
	d, err := admin.CreateDetector(c.T.Context(), &sdk.CreateDetectorInput{Enable: aws.Bool(true)})
	c.Must(err)
	_, err = admin.CreateMembers(c.T.Context(), &sdk.CreateMembersInput{DetectorId: d.DetectorId, AccountDetails: []types.AccountDetail{
		{AccountId: aws.String(actiontest.Account), Email: aws.String("team@example.com")},
	}})
	c.Must(err)
}

// managed is watched, but no longer monitored.
func (c cloud) managed() {
	c.T.Helper()
	c.watched()
	admin := sdk.NewFromConfig(c.Admin(actiontest.Management, actiontest.Region))
	ids, err := admin.ListDetectors(c.T.Context(), &sdk.ListDetectorsInput{})
	c.Must(err)
	_, err = admin.StopMonitoringMembers(c.T.Context(), &sdk.StopMonitoringMembersInput{DetectorId: &ids.DetectorIds[0], AccountIds: []string{actiontest.Account}})
	c.Must(err)
}

// detector is the id of the detector; "" without.
func (c cloud) detector() string {
	c.T.Helper()
	out, err := c.client.ListDetectors(c.T.Context(), &sdk.ListDetectorsInput{})
	c.Must(err)
	if len(out.DetectorIds) == 0 {
		return ""
	}
	return out.DetectorIds[0]
}

// state is the detector's id, status and features.
func (c cloud) state() string {
	c.T.Helper()
	id := c.detector()
	if id == "" {
		return "none"
	}
	out, err := c.client.GetDetector(c.T.Context(), &sdk.GetDetectorInput{DetectorId: &id})
	c.Must(err)
	features := map[types.DetectorFeatureResult]types.FeatureStatus{}
	for _, f := range out.Features {
		features[f.Name] = f.Status
	}
	raw, err := json.Marshal([]any{id, out.Status, features})
	c.Must(err)
	return string(raw)
}

func TestEnable(t *testing.T) {
	for _, tt := range []struct {
		name      string
		setUp     func(cloud)
		interfere func(cloud)
		elsewhere []string
	}{
		{"no detector", func(cloud) {}, cloud.suspend, []string{"guardduty:UpdateDetector", "guardduty:GetAdministratorAccount"}},
		{"a suspended detector", cloud.suspended, cloud.delete, []string{"guardduty:CreateDetector", "guardduty:DeleteDetector", "iam:CreateServiceLinkedRole"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				tt.setUp(c)
				w := c.World(guardduty.NewEnable, `{}`, "", c.state)
				w.Elsewhere = tt.elsewhere
				w.Interfere = actiontest.On(c, tt.interfere)
				return w
			})
		})
	}
}

func TestWhatEnableLeaves(t *testing.T) {
	for _, tt := range []struct {
		name   string
		setUp  func(cloud)
		status action.Status
		says   string
	}{
		{"a detector that is on", cloud.on, action.Unneeded, "already"},
		{"one that its administrator suspended", cloud.managed, action.Escalated, "account 999988887777 manages it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			tt.setUp(c)
			a := c.Action(guardduty.NewEnable)
			actiontest.Want(t, c.Item(a, actiontest.Request(`{}`)), tt.status, tt.says)
		})
	}
}

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
	"riposte.dev/sandbox"
)

// cloud is a sandbox with GuardDuty.
type cloud struct {
	*actiontest.Cloud
	t      *testing.T
	client *sdk.Client
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t), t: t}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	return c
}

func (c cloud) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c cloud) create(enable bool) {
	c.t.Helper()
	_, err := c.client.CreateDetector(c.t.Context(), &sdk.CreateDetectorInput{Enable: &enable})
	c.must(err)
}

func (c cloud) on()        { c.create(true) }
func (c cloud) suspended() { c.create(false) }

// suspend suspends the detector that there is.
func (c cloud) suspend() {
	c.t.Helper()
	_, err := c.client.UpdateDetector(c.t.Context(), &sdk.UpdateDetectorInput{DetectorId: aws.String(c.detector()), Enable: aws.Bool(false)})
	c.must(err)
}

// delete deletes the detector that there is.
func (c cloud) delete() {
	c.t.Helper()
	_, err := c.client.DeleteDetector(c.t.Context(), &sdk.DeleteDetectorInput{DetectorId: aws.String(c.detector())})
	c.must(err)
}

// managed has the management account join the account, and stop monitoring it.
func (c cloud) managed() {
	c.t.Helper()
	admin := sdk.NewFromConfig(c.Admin(actiontest.Management, actiontest.Region))
	d, err := admin.CreateDetector(c.t.Context(), &sdk.CreateDetectorInput{Enable: aws.Bool(true)})
	c.must(err)
	_, err = admin.CreateMembers(c.t.Context(), &sdk.CreateMembersInput{DetectorId: d.DetectorId, AccountDetails: []types.AccountDetail{
		{AccountId: aws.String(actiontest.Account), Email: aws.String("team@example.com")},
	}})
	c.must(err)
	_, err = admin.StopMonitoringMembers(c.t.Context(), &sdk.StopMonitoringMembersInput{DetectorId: d.DetectorId, AccountIds: []string{actiontest.Account}})
	c.must(err)
}

// detector is the id of the detector; "" without.
func (c cloud) detector() string {
	c.t.Helper()
	out, err := c.client.ListDetectors(c.t.Context(), &sdk.ListDetectorsInput{})
	c.must(err)
	if len(out.DetectorIds) == 0 {
		return ""
	}
	return out.DetectorIds[0]
}

// state is the detector's id, status and features.
func (c cloud) state() string {
	c.t.Helper()
	id := c.detector()
	if id == "" {
		return "none"
	}
	out, err := c.client.GetDetector(c.t.Context(), &sdk.GetDetectorInput{DetectorId: &id})
	c.must(err)
	raw, err := json.Marshal([]any{id, out.Status, out.Features})
	c.must(err)
	return string(raw)
}

func request(params string) action.Request {
	return action.Request{Account: actiontest.Account, Region: actiontest.Region, Params: json.RawMessage(params)}
}

func TestEnable(t *testing.T) {
	for _, tt := range []struct {
		name      string
		setUp     func(cloud)
		stale     string
		interfere func(cloud)
		elsewhere []string
	}{
		{"no detector", func(cloud) {}, "CreateDetector", cloud.suspend, []string{"guardduty:UpdateDetector", "guardduty:GetAdministratorAccount"}},
		{"a suspended detector", cloud.suspended, "UpdateDetector", cloud.delete, []string{"guardduty:CreateDetector", "guardduty:DeleteDetector", "iam:CreateServiceLinkedRole"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				tt.setUp(c)
				return actiontest.World{
					Action:  func(permissions []string) action.Action { return guardduty.NewEnable(c.Caller(permissions)) },
					Request: request(`{}`), State: c.state, Writes: c.Writes, Elsewhere: tt.elsewhere,
					Interfere: func() { tt.interfere(c) },
					Stale: func(reads int) {
						c.AddStaleness(sandbox.Staleness{Service: "guardduty", Operation: tt.stale, Reads: reads})
					},
				}
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
			a := guardduty.NewEnable(c.Caller(guardduty.NewEnable(nil).Spec().Permissions))
			actiontest.Want(t, c.Item(a, request(`{}`)), tt.status, tt.says)
		})
	}
}

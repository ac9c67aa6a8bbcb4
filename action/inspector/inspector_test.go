package inspector_test

import (
	"encoding/json"
	"fmt"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/inspector2"
	"github.com/aws/aws-sdk-go-v2/service/inspector2/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/inspector"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

// cloud is a sandbox with Inspector.
type cloud struct {
	*actiontest.Cloud
	t      *testing.T
	client *sdk.Client
}

func newCloud(t *testing.T, on ...types.ResourceScanType) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t), t: t}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	if len(on) > 0 {
		if _, err := c.client.Enable(t.Context(), &sdk.EnableInput{ResourceTypes: on}); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c cloud) disable(kind types.ResourceScanType) {
	c.t.Helper()
	if _, err := c.client.Disable(c.t.Context(), &sdk.DisableInput{ResourceTypes: []types.ResourceScanType{kind}}); err != nil {
		c.t.Fatal(err)
	}
}

// state is what is scanned.
func (c cloud) state() string {
	c.t.Helper()
	out, err := c.client.BatchGetAccountStatus(c.t.Context(), &sdk.BatchGetAccountStatusInput{})
	if err != nil {
		c.t.Fatal(err)
	}
	s := out.Accounts[0].ResourceState
	return fmt.Sprint(s.Ec2.Status, s.Ecr.Status, s.Lambda.Status)
}

func request(params string) action.Request {
	return action.Request{Account: actiontest.Account, Region: actiontest.Region, Params: json.RawMessage(params)}
}

func TestEnable(t *testing.T) {
	for _, tt := range []struct {
		params    string
		on        []types.ResourceScanType
		interfere types.ResourceScanType
		elsewhere []string
	}{
		{`{}`, nil, types.ResourceScanTypeEc2, nil},
		{`{"resource_types":["EC2","LAMBDA"]}`, []types.ResourceScanType{types.ResourceScanTypeEcr, types.ResourceScanTypeLambda}, types.ResourceScanTypeLambda,
			[]string{"iam:CreateServiceLinkedRole"}},
	} {
		t.Run(tt.params, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t, tt.on...)
				return actiontest.World{
					Action:  func(permissions []string) action.Action { return inspector.NewEnable(c.Caller(permissions)) },
					Request: request(tt.params), State: c.state, Writes: c.Writes, Elsewhere: tt.elsewhere,
					Interfere: func() { c.disable(tt.interfere) },
					Stale: func(reads int) {
						c.AddStaleness(sandbox.Staleness{Service: "inspector2", Operation: "Enable", Reads: reads})
					},
				}
			})
		})
	}
}

func TestWhatIsScanned(t *testing.T) {
	c := newCloud(t, types.ResourceScanTypeEc2)
	a := inspector.NewEnable(c.Caller(inspector.NewEnable(nil).Spec().Permissions))
	actiontest.Want(t, c.Item(a, request(`{"resource_types":["EC2"]}`)), action.Unneeded, "already")
	actiontest.Want(t, c.Item(a, request(`{}`)), action.Change, "does not scan ECR, LAMBDA")
	if _, err := a.Plan(t.Context(), request(`{"resource_types":["VM"]}`)); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
		t.Errorf("a type that there is not: %v, want invalid with a hint", err)
	}
}

// Inspector answers with success also where it does nothing.
func TestWhatInspectorRefuses(t *testing.T) {
	c := newCloud(t)
	a := inspector.NewEnable(c.Caller(inspector.NewEnable(nil).Spec().Permissions))
	item := c.Item(a, request(`{}`))
	item.Calls[0].Input = json.RawMessage(`{"AccountIds":["` + actiontest.Management + `"],"ResourceTypes":["EC2"]}`)
	if _, err := a.Apply(t.Context(), item); fault.CodeOf(err) != fault.Denied || fault.Hint(err) == "" {
		t.Errorf("another account: %v, want denied with a hint", err)
	}
}

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
)

// cloud is a sandbox with Inspector.
type cloud struct {
	*actiontest.Cloud
	client *sdk.Client
}

func newCloud(t *testing.T, on ...types.ResourceScanType) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	if len(on) > 0 {
		if _, err := c.client.Enable(t.Context(), &sdk.EnableInput{ResourceTypes: on}); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c cloud) disable(kind types.ResourceScanType) {
	c.T.Helper()
	_, err := c.client.Disable(c.T.Context(), &sdk.DisableInput{ResourceTypes: []types.ResourceScanType{kind}})
	c.Must(err)
}

// state is what is scanned.
func (c cloud) state() string {
	c.T.Helper()
	out, err := c.client.BatchGetAccountStatus(c.T.Context(), &sdk.BatchGetAccountStatusInput{})
	c.Must(err)
	s := out.Accounts[0].ResourceState
	return fmt.Sprint(s.Ec2.Status, s.Ecr.Status, s.Lambda.Status)
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
				w := c.World(inspector.NewEnable, tt.params, "", c.state)
				w.Elsewhere = tt.elsewhere
				w.Interfere = func() { c.disable(tt.interfere) }
				return w
			})
		})
	}
}

func TestWhatIsScanned(t *testing.T) {
	c := newCloud(t, types.ResourceScanTypeEc2)
	a := c.Action(inspector.NewEnable)
	actiontest.Want(t, c.Item(a, actiontest.Request(`{"resource_types":["EC2"]}`)), action.Unneeded, "already")
	actiontest.Want(t, c.Item(a, actiontest.Request(`{}`)), action.Change, "does not scan ECR, LAMBDA")
	if _, err := a.Plan(t.Context(), actiontest.Request(`{"resource_types":["VM"]}`)); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
		t.Errorf("a type that there is not: %v, want invalid with a hint", err)
	}
}

// Inspector answers with success also where it does nothing.
func TestWhatInspectorRefuses(t *testing.T) {
	c := newCloud(t)
	a := c.Action(inspector.NewEnable)
	item := c.Item(a, actiontest.Request(`{}`))
	item.Calls[0].Input = json.RawMessage(`{"AccountIds":["` + actiontest.Management + `"],"ResourceTypes":["EC2"]}`)
	if _, err := a.Apply(t.Context(), item); fault.CodeOf(err) != fault.Denied || fault.Hint(err) == "" {
		t.Errorf("another account: %v, want denied with a hint", err)
	}
}

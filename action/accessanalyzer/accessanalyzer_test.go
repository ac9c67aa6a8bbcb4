package accessanalyzer_test

import (
	"encoding/json"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer/types"

	"riposte.dev/action"
	"riposte.dev/action/accessanalyzer"
	"riposte.dev/action/actiontest"
	"riposte.dev/sandbox"
)

// cloud is a sandbox with Access Analyzer.
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

func (c cloud) create(client *sdk.Client, name string, kind types.Type) {
	c.t.Helper()
	if _, err := client.CreateAnalyzer(c.t.Context(), &sdk.CreateAnalyzerInput{AnalyzerName: &name, Type: kind}); err != nil {
		c.t.Fatal(err)
	}
}

func (c cloud) remove(name string) {
	c.t.Helper()
	if _, err := c.client.DeleteAnalyzer(c.t.Context(), &sdk.DeleteAnalyzerInput{AnalyzerName: &name}); err != nil {
		c.t.Fatal(err)
	}
}

// state is the names and states of the analyzers.
func (c cloud) state() string {
	c.t.Helper()
	out, err := c.client.ListAnalyzers(c.t.Context(), &sdk.ListAnalyzersInput{})
	if err != nil {
		c.t.Fatal(err)
	}
	var all []string
	for _, a := range out.Analyzers {
		all = append(all, *a.Name+" "+string(a.Type))
	}
	return strings.Join(all, ", ")
}

func request(params string) action.Request {
	return action.Request{Account: actiontest.Account, Region: actiontest.Region, Params: json.RawMessage(params)}
}

func TestEnable(t *testing.T) {
	for params, name := range map[string]string{`{}`: "riposte", `{"name":"external-access"}`: "external-access"} {
		t.Run(params, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				return actiontest.World{
					Action:  func(permissions []string) action.Action { return accessanalyzer.NewEnable(c.Caller(permissions)) },
					Request: request(params), State: c.state, Writes: c.Writes,
					Interfere: func() { // somebody puts another one in its place
						c.remove(name)
						c.create(c.client, "theirs", types.TypeAccount)
					},
					Stale: func(reads int) {
						c.AddStaleness(sandbox.Staleness{Service: "accessanalyzer", Operation: "CreateAnalyzer", Reads: reads})
					},
				}
			})
		})
	}
}

func TestWhatThereIs(t *testing.T) {
	c := newCloud(t)
	a := accessanalyzer.NewEnable(c.Caller(accessanalyzer.NewEnable(nil).Spec().Permissions))
	c.create(c.client, "external", types.TypeAccount)
	actiontest.Want(t, c.Item(a, request(`{}`)), action.Unneeded, "the analyzer external already")

	// An analyzer of the organization is another one.
	c.create(sdk.NewFromConfig(c.Admin(actiontest.Management, actiontest.Region)), "all", types.TypeOrganization)
	inManagement := request(`{}`)
	inManagement.Account = actiontest.Management
	actiontest.Want(t, c.Item(a, inManagement), action.Change, "no analyzer")
}

// One that is there and looks at nothing takes the place of a new one.
func TestOneThatFailed(t *testing.T) {
	c := newCloud(t)
	c.create(c.client, "external", types.TypeAccount)
	if !c.FailAnalyzer(actiontest.Account, actiontest.Region, "external") {
		t.Fatal("there is no analyzer to fail")
	}
	a := accessanalyzer.NewEnable(c.Caller(accessanalyzer.NewEnable(nil).Spec().Permissions))
	actiontest.Want(t, c.Item(a, request(`{}`)), action.Escalated, "external is FAILED")
}

package accessanalyzer_test

import (
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer/types"

	"riposte.dev/action"
	"riposte.dev/action/accessanalyzer"
	"riposte.dev/action/actiontest"
)

// cloud is a sandbox with Access Analyzer.
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

func (c cloud) create(client *sdk.Client, name string, kind types.Type) {
	c.T.Helper()
	_, err := client.CreateAnalyzer(c.T.Context(), &sdk.CreateAnalyzerInput{AnalyzerName: &name, Type: kind})
	c.Must(err)
}

func (c cloud) remove(name string) {
	c.T.Helper()
	_, err := c.client.DeleteAnalyzer(c.T.Context(), &sdk.DeleteAnalyzerInput{AnalyzerName: &name})
	c.Must(err)
}

// state is the names and states of the analyzers.
func (c cloud) state() string {
	c.T.Helper()
	out, err := c.client.ListAnalyzers(c.T.Context(), &sdk.ListAnalyzersInput{})
	c.Must(err)
	var all []string
	for _, a := range out.Analyzers {
		all = append(all, *a.Name+" "+string(a.Type))
	}
	return strings.Join(all, ", ")
}

func TestEnable(t *testing.T) {
	for params, name := range map[string]string{`{}`: "riposte", `{"name":"external-access"}`: "external-access"} {
		t.Run(params, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				w := c.World(accessanalyzer.NewEnable, params, "", c.state)
				w.Interfere = func() { // somebody puts another one in its place
					c.remove(name)
					c.create(c.client, "theirs", types.TypeAccount)
				}
				return w
			})
		})
	}
}

func TestWhatThereIs(t *testing.T) {
	c := newCloud(t)
	a := c.Action(accessanalyzer.NewEnable)
	c.create(c.client, "external", types.TypeAccount)
	actiontest.Want(t, c.Item(a, actiontest.Request(`{}`)), action.Unneeded, "the analyzer external already")

	// An analyzer of the organization is another one.
	c.create(sdk.NewFromConfig(c.Admin(actiontest.Management, actiontest.Region)), "all", types.TypeOrganization)
	inManagement := actiontest.Request(`{}`)
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
	actiontest.Want(t, c.Plan(accessanalyzer.NewEnable, `{}`), action.Escalated, "external is FAILED")
}

package ecr_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/awscall"
	"riposte.dev/action/ecr"
	"riposte.dev/sandbox"
)

const (
	name   = "shop/checkout"
	own    = `{"Sid":"Own","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}`
	public = `{"Sid":"Everybody","Effect":"Allow","Principal":"*","Action":"ecr:BatchGetImage"}`
)

// cloud is a sandbox with a repository that needs all of the actions.
type cloud struct {
	*actiontest.Cloud
	t      *testing.T
	client *sdk.Client
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t), t: t}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	_, err := c.client.CreateRepository(t.Context(), &sdk.CreateRepositoryInput{
		RepositoryName: aws.String(name), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("payments")}},
	})
	c.must(err)
	c.policy(own, public)
	return c
}

func (c cloud) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c cloud) policy(statements ...string) {
	c.t.Helper()
	text := `{"Version":"2012-10-17","Statement":[`
	for i, s := range statements {
		if i > 0 {
			text += ","
		}
		text += s
	}
	_, err := c.client.SetRepositoryPolicy(c.t.Context(), &sdk.SetRepositoryPolicyInput{RepositoryName: aws.String(name), PolicyText: aws.String(text + "]}")})
	c.must(err)
}

func (c cloud) registry(scan types.ScanType, rules ...types.RegistryScanningRule) {
	c.t.Helper()
	_, err := c.client.PutRegistryScanningConfiguration(c.t.Context(), &sdk.PutRegistryScanningConfigurationInput{ScanType: scan, Rules: rules})
	c.must(err)
}

// rule has the registry scan the repositories that a filter takes.
func rule(frequency types.ScanFrequency, filter string) types.RegistryScanningRule {
	return types.RegistryScanningRule{ScanFrequency: frequency, RepositoryFilters: []types.ScanningRepositoryFilter{
		{Filter: &filter, FilterType: types.ScanningRepositoryFilterTypeWildcard},
	}}
}

// state is all that the undo of any of the actions must restore.
func (c cloud) state() string {
	c.t.Helper()
	out, err := c.client.DescribeRepositories(c.t.Context(), &sdk.DescribeRepositoriesInput{RepositoryNames: []string{name}})
	c.must(err)
	r := out.Repositories[0]
	policy, err := c.client.GetRepositoryPolicy(c.t.Context(), &sdk.GetRepositoryPolicyInput{RepositoryName: aws.String(name)})
	c.must(err)
	return fmt.Sprint(r.ImageScanningConfiguration.ScanOnPush, r.ImageTagMutability, *policy.PolicyText)
}

func request() action.Request {
	return action.Request{Account: actiontest.Account, Region: actiontest.Region, Params: fmt.Appendf(nil, `{"repository":%q}`, name)}
}

func TestConformance(t *testing.T) {
	for _, tt := range []struct {
		name, operation string
		newAction       func(*awscall.Caller) action.Action
		interfere       func(cloud)
		elsewhere       []string
	}{
		{"scan on push", "PutImageScanningConfiguration", ecr.NewEnableScanOnPush, func(c cloud) {
			c.registry(types.ScanTypeEnhanced, rule(types.ScanFrequencyContinuousScan, "shop"))
		}, nil},
		{"immutable tags", "PutImageTagMutability", ecr.NewMakeTagsImmutable, nil, nil},
		{"public statements", "SetRepositoryPolicy", ecr.NewRemovePublicStatements, func(c cloud) { c.policy(own, own) }, []string{"ecr:DeleteRepositoryPolicy"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				w := actiontest.World{
					Action:    func(permissions []string) action.Action { return tt.newAction(c.Caller(permissions)) },
					Request:   request(),
					Missing:   json.RawMessage(`{"repository":"arn:aws:ecr:eu-west-1:111122223333:repository/none"}`),
					State:     c.state,
					Writes:    c.Writes,
					Elsewhere: tt.elsewhere,
					Stale: func(reads int) {
						c.AddStaleness(sandbox.Staleness{Service: "ecr", Operation: tt.operation, Reads: reads})
					},
				}
				if tt.interfere != nil {
					w.Interfere = func() { tt.interfere(c) }
				}
				return w
			})
		})
	}
}

func TestAPolicyThatIsPublicOnlyIsDeleted(t *testing.T) {
	c := newCloud(t)
	c.policy(public)
	before := c.state()
	a := ecr.NewRemovePublicStatements(c.Caller(ecr.NewRemovePublicStatements(nil).Spec().Permissions))
	item := c.Item(a, request())
	actiontest.Want(t, item, action.Change, `statement 1 "Everybody" (ecr:BatchGetImage). Nothing else is in it`)
	c.Do(a, item)
	if _, err := c.client.GetRepositoryPolicy(t.Context(), &sdk.GetRepositoryPolicyInput{RepositoryName: aws.String(name)}); err == nil {
		t.Error("there is a policy still")
	}
	actiontest.Want(t, c.Item(a, request()), action.Unneeded, "no policy")
	c.Do(a, c.Undo(a, item))
	if c.state() != before {
		t.Errorf("the undo left\n%s\nwant\n%s", c.state(), before)
	}
}

func TestWhatIsLeft(t *testing.T) {
	for _, tt := range []struct {
		name      string
		newAction func(*awscall.Caller) action.Action
		spoil     func(cloud)
		status    action.Status
		says      string
	}{
		{"the registry scans it on push", ecr.NewEnableScanOnPush, func(c cloud) {
			c.registry(types.ScanTypeBasic, rule(types.ScanFrequencyScanOnPush, "shop/*"))
		}, action.Unneeded, "SCAN_ON_PUSH"},
		{"the registry scans it all the time", ecr.NewEnableScanOnPush, func(c cloud) {
			c.registry(types.ScanTypeEnhanced, rule(types.ScanFrequencyContinuousScan, "*"))
		}, action.Unneeded, "CONTINUOUS_SCAN"},
		{"the registry scans others", ecr.NewEnableScanOnPush, func(c cloud) {
			c.registry(types.ScanTypeEnhanced, rule(types.ScanFrequencyContinuousScan, "prod/*"))
		}, action.Escalated, "none of them is for shop/checkout"},
		{"immutable tags", ecr.NewMakeTagsImmutable, func(c cloud) {
			_, err := c.client.PutImageTagMutability(c.t.Context(), &sdk.PutImageTagMutabilityInput{RepositoryName: aws.String(name), ImageTagMutability: types.ImageTagMutabilityImmutable})
			c.must(err)
		}, action.Unneeded, "stay where they are"},
		{"a policy for some", ecr.NewRemovePublicStatements, func(c cloud) { c.policy(own) }, action.Unneeded, "No statement"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			tt.spoil(c)
			item := c.Item(tt.newAction(c.Caller(tt.newAction(nil).Spec().Permissions)), request())
			actiontest.Want(t, item, tt.status, tt.says)
			if item.Resource.Tags["team"] != "payments" {
				t.Errorf("%+v, want its tags", item.Resource)
			}
		})
	}
}

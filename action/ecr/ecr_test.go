package ecr_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/ecr"
)

const (
	name   = "shop/checkout"
	own    = `{"Sid":"Own","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}`
	public = `{"Sid":"Everybody","Effect":"Allow","Principal":"*","Action":"ecr:BatchGetImage"}`
)

// cloud is a sandbox with a repository that needs all of the actions.
type cloud struct {
	*actiontest.Cloud
	client *sdk.Client
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	_, err := c.client.CreateRepository(t.Context(), &sdk.CreateRepositoryInput{
		RepositoryName: aws.String(name), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("payments")}},
	})
	c.Must(err)
	c.policy(own, public)
	return c
}

func (c cloud) policy(statements ...string) {
	c.T.Helper()
	text := `{"Version":"2012-10-17","Statement":[`
	for i, s := range statements {
		if i > 0 {
			text += ","
		}
		text += s
	}
	_, err := c.client.SetRepositoryPolicy(c.T.Context(), &sdk.SetRepositoryPolicyInput{RepositoryName: aws.String(name), PolicyText: aws.String(text + "]}")})
	c.Must(err)
}

func (c cloud) registry(scan types.ScanType, rules ...types.RegistryScanningRule) {
	c.T.Helper()
	_, err := c.client.PutRegistryScanningConfiguration(c.T.Context(), &sdk.PutRegistryScanningConfigurationInput{ScanType: scan, Rules: rules})
	c.Must(err)
}

// rule has the registry scan the repositories that a filter takes.
func rule(frequency types.ScanFrequency, filter string) types.RegistryScanningRule {
	return types.RegistryScanningRule{ScanFrequency: frequency, RepositoryFilters: []types.ScanningRepositoryFilter{
		{Filter: &filter, FilterType: types.ScanningRepositoryFilterTypeWildcard},
	}}
}

// state is all that the undo of any of the actions must restore.
func (c cloud) state() string {
	c.T.Helper()
	out, err := c.client.DescribeRepositories(c.T.Context(), &sdk.DescribeRepositoriesInput{RepositoryNames: []string{name}})
	c.Must(err)
	r := out.Repositories[0]
	policy, err := c.client.GetRepositoryPolicy(c.T.Context(), &sdk.GetRepositoryPolicyInput{RepositoryName: aws.String(name)})
	c.Must(err)
	return fmt.Sprint(r.ImageScanningConfiguration.ScanOnPush, r.ImageTagMutability, *policy.PolicyText)
}

const params = `{"repository":"` + name + `"}`

func TestConformance(t *testing.T) {
	for _, tt := range []struct {
		name      string
		newAction actiontest.NewAction
		interfere func(cloud)
		elsewhere []string
	}{
		{"scan on push", ecr.NewEnableScanOnPush, func(c cloud) {
			c.registry(types.ScanTypeEnhanced, rule(types.ScanFrequencyContinuousScan, "shop"))
		}, nil},
		{"immutable tags", ecr.NewMakeTagsImmutable, nil, nil},
		{"public statements", ecr.NewRemovePublicStatements, func(c cloud) { c.policy(own, own) }, []string{"ecr:DeleteRepositoryPolicy"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				w := c.World(tt.newAction, params, `{"repository":"arn:aws:ecr:eu-west-1:111122223333:repository/none"}`, c.state)
				w.Elsewhere = tt.elsewhere
				w.Interfere = actiontest.On(c, tt.interfere)
				return w
			})
		})
	}
}

func TestAPolicyThatIsPublicOnlyIsDeleted(t *testing.T) {
	c := newCloud(t)
	c.policy(public)
	before := c.state()
	a := c.Action(ecr.NewRemovePublicStatements)
	item := c.Item(a, actiontest.Request(params))
	actiontest.Want(t, item, action.Change, `statement 1 "Everybody" (ecr:BatchGetImage). Nothing else is in it`)
	c.Do(a, item)
	if _, err := c.client.GetRepositoryPolicy(t.Context(), &sdk.GetRepositoryPolicyInput{RepositoryName: aws.String(name)}); err == nil {
		t.Error("there is a policy still")
	}
	actiontest.Want(t, c.Item(a, actiontest.Request(params)), action.Unneeded, "no policy")
	c.Do(a, c.Undo(a, item))
	if c.state() != before {
		t.Errorf("the undo left\n%s\nwant\n%s", c.state(), before)
	}
}

func TestWhatIsLeft(t *testing.T) {
	for _, tt := range []struct {
		name      string
		newAction actiontest.NewAction
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
			_, err := c.client.PutImageTagMutability(c.T.Context(), &sdk.PutImageTagMutabilityInput{RepositoryName: aws.String(name), ImageTagMutability: types.ImageTagMutabilityImmutable})
			c.Must(err)
		}, action.Unneeded, "stay where they are"},
		{"a policy for some", ecr.NewRemovePublicStatements, func(c cloud) { c.policy(own) }, action.Unneeded, "No statement"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			tt.spoil(c)
			item := c.Plan(tt.newAction, params)
			actiontest.Want(t, item, tt.status, tt.says)
			if item.Resource.Tags["team"] != "payments" {
				t.Errorf("%+v, want its tags", item.Resource)
			}
		})
	}
}

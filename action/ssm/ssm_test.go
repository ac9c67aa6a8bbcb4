package ssm_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/ssm"
)

const (
	document    = "install-agent"
	documentARN = "arn:aws:ssm:eu-west-1:111122223333:document/install-agent"
)

// cloud is a sandbox with a document that is shared with everybody and others.
type cloud struct {
	*actiontest.Cloud
	client *sdk.Client
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	_, err := c.client.CreateDocument(t.Context(), &sdk.CreateDocumentInput{
		Name: aws.String(document), Content: aws.String(`{"schemaVersion":"2.2"}`), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("web")}},
	})
	c.Must(err)
	c.share("$DEFAULT", "All", "123456789012")
	c.share("$ALL", "444455556666")
	return c
}

func (c cloud) share(version string, with ...string) {
	c.T.Helper()
	_, err := c.client.ModifyDocumentPermission(c.T.Context(), &sdk.ModifyDocumentPermissionInput{
		Name: aws.String(document), PermissionType: types.DocumentPermissionTypeShare, AccountIdsToAdd: with, SharedDocumentVersion: &version,
	})
	c.Must(err)
}

// withMany shares the document with so many that no call takes all of them.
func (c cloud) withMany() {
	for base := range 3 {
		var with []string
		for i := range 15 {
			with = append(with, fmt.Sprintf("%012d", 500000000000+100*base+i))
		}
		c.share("$LATEST", with...)
	}
}

func (c cloud) set(value string) {
	c.T.Helper()
	_, err := c.client.UpdateServiceSetting(c.T.Context(), &sdk.UpdateServiceSettingInput{
		SettingId: aws.String("/ssm/documents/console/public-sharing-permission"), SettingValue: &value,
	})
	c.Must(err)
}

// state is all that the undo of the actions on documents must restore.
func (c cloud) state() string {
	c.T.Helper()
	in := &sdk.DescribeDocumentPermissionInput{Name: aws.String(document), PermissionType: types.DocumentPermissionTypeShare}
	out, err := c.client.DescribeDocumentPermission(c.T.Context(), in)
	c.Must(err)
	with := map[string]string{}
	for _, s := range out.AccountSharingInfoList {
		with[*s.AccountId] = *s.SharedDocumentVersion
	}
	value, err := c.client.GetServiceSetting(c.T.Context(), &sdk.GetServiceSettingInput{SettingId: aws.String("/ssm/documents/console/public-sharing-permission")})
	c.Must(err)
	return fmt.Sprint(with, *value.ServiceSetting.SettingValue)
}

func TestDocuments(t *testing.T) {
	for _, tt := range []struct {
		name, params, missing string
		newAction             actiontest.NewAction
		spoil, interfere      func(cloud)
	}{
		{"make a document private", `{"document":"install-agent"}`, `{"document":"none"}`, ssm.NewMakeDocumentPrivate, nil,
			func(c cloud) { c.share("$DEFAULT", "777788889999") }},
		{"make a document private to an account", `{"document":"` + documentARN + `","trusted_accounts":["123456789012"]}`,
			`{"document":"AWS-RunShellScript"}`, ssm.NewMakeDocumentPrivate, nil, func(c cloud) { c.share("$LATEST", "123456789012") }},
		{"make a document of many private", `{"document":"install-agent","trusted_accounts":["123456789012"]}`,
			`{"document":"arn:aws:ssm:eu-west-1:444455556666:document/install-agent"}`, ssm.NewMakeDocumentPrivate, cloud.withMany, func(c cloud) { c.share("$ALL", "All") }},
		{"block public sharing", `{}`, "", ssm.NewBlockPublicSharing, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				if tt.spoil != nil {
					tt.spoil(c)
				}
				w := c.World(tt.newAction, tt.params, tt.missing, c.state)
				w.Interfere = actiontest.On(c, tt.interfere)
				return w
			})
		})
	}
}

func TestWhatIsLeft(t *testing.T) {
	c := newCloud(t)
	private := c.Action(ssm.NewMakeDocumentPrivate)
	item := c.Item(private, actiontest.Request(`{"document":"install-agent"}`))
	actiontest.Want(t, item, action.Change, "Everybody may use it")
	if item.Resource.Tags["team"] != "web" || item.Resource.ARN != documentARN {
		t.Errorf("%+v, want its ARN and tags", item.Resource)
	}
	c.Do(private, item)
	actiontest.Want(t, c.Item(private, actiontest.Request(`{"document":"install-agent"}`)), action.Unneeded, "not public")
	strangers := actiontest.Request(`{"document":"install-agent","trusted_accounts":["123456789012"]}`)
	actiontest.Want(t, c.Item(private, strangers), action.Change, "shared with 444455556666,")
	c.set("Disable")
	actiontest.Want(t, c.Plan(ssm.NewBlockPublicSharing, `{}`), action.Unneeded, "No document can")
}

// Each call takes what Systems Manager takes, and the accounts get the versions back that they had.
func TestSharesOfManyAccounts(t *testing.T) {
	c := newCloud(t)
	c.withMany()
	item := c.Plan(ssm.NewMakeDocumentPrivate, `{"document":"install-agent","trusted_accounts":["123456789012"]}`)
	var sizes []int
	for _, call := range item.Calls {
		var in sdk.ModifyDocumentPermissionInput
		c.Must(json.Unmarshal(call.Input, &in))
		sizes = append(sizes, len(in.AccountIdsToRemove))
	}
	if !slices.Equal(sizes, []int{20, 20, 7}) {
		t.Errorf("calls for %v accounts", sizes)
	}
}

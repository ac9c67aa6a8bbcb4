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
	"riposte.dev/action/awscall"
	"riposte.dev/action/ssm"
	"riposte.dev/sandbox"
)

const (
	document    = "install-agent"
	documentARN = "arn:aws:ssm:eu-west-1:111122223333:document/install-agent"
)

// cloud is a sandbox with a document that is shared with everybody and others.
type cloud struct {
	*actiontest.Cloud
	t      *testing.T
	client *sdk.Client
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t), t: t}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	_, err := c.client.CreateDocument(t.Context(), &sdk.CreateDocumentInput{
		Name: aws.String(document), Content: aws.String(`{"schemaVersion":"2.2"}`), Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("web")}},
	})
	c.must(err)
	c.share("$DEFAULT", "All", "123456789012")
	c.share("$ALL", "444455556666")
	return c
}

func (c cloud) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c cloud) share(version string, with ...string) {
	c.t.Helper()
	_, err := c.client.ModifyDocumentPermission(c.t.Context(), &sdk.ModifyDocumentPermissionInput{
		Name: aws.String(document), PermissionType: types.DocumentPermissionTypeShare, AccountIdsToAdd: with, SharedDocumentVersion: &version,
	})
	c.must(err)
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
	c.t.Helper()
	_, err := c.client.UpdateServiceSetting(c.t.Context(), &sdk.UpdateServiceSettingInput{
		SettingId: aws.String("/ssm/documents/console/public-sharing-permission"), SettingValue: &value,
	})
	c.must(err)
}

// state is all that the undo of the actions on documents must restore.
func (c cloud) state() string {
	c.t.Helper()
	in := &sdk.DescribeDocumentPermissionInput{Name: aws.String(document), PermissionType: types.DocumentPermissionTypeShare}
	out, err := c.client.DescribeDocumentPermission(c.t.Context(), in)
	c.must(err)
	with := map[string]string{}
	for _, s := range out.AccountSharingInfoList {
		with[*s.AccountId] = *s.SharedDocumentVersion
	}
	value, err := c.client.GetServiceSetting(c.t.Context(), &sdk.GetServiceSettingInput{SettingId: aws.String("/ssm/documents/console/public-sharing-permission")})
	c.must(err)
	return fmt.Sprint(with, *value.ServiceSetting.SettingValue)
}

func request(params string) action.Request {
	return action.Request{Account: actiontest.Account, Region: actiontest.Region, Params: json.RawMessage(params)}
}

func TestDocuments(t *testing.T) {
	for _, tt := range []struct {
		name, operation, params, missing string
		newAction                        func(*awscall.Caller) action.Action
		spoil, interfere                 func(cloud)
	}{
		{"make a document private", "ModifyDocumentPermission", `{"document":"install-agent"}`, `{"document":"none"}`, ssm.NewMakeDocumentPrivate, nil,
			func(c cloud) { c.share("$DEFAULT", "777788889999") }},
		{"make a document private to an account", "ModifyDocumentPermission", `{"document":"` + documentARN + `","trusted_accounts":["123456789012"]}`,
			`{"document":"AWS-RunShellScript"}`, ssm.NewMakeDocumentPrivate, nil, func(c cloud) { c.share("$LATEST", "123456789012") }},
		{"make a document of many private", "ModifyDocumentPermission", `{"document":"install-agent","trusted_accounts":["123456789012"]}`,
			`{"document":"arn:aws:ssm:eu-west-1:444455556666:document/install-agent"}`, ssm.NewMakeDocumentPrivate, cloud.withMany, func(c cloud) { c.share("$ALL", "All") }},
		{"block public sharing", "UpdateServiceSetting", `{}`, "", ssm.NewBlockPublicSharing, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				if tt.spoil != nil {
					tt.spoil(c)
				}
				w := actiontest.World{
					Action:  func(permissions []string) action.Action { return tt.newAction(c.Caller(permissions)) },
					Request: request(tt.params),
					State:   c.state,
					Writes:  c.Writes,
					Stale: func(reads int) {
						c.AddStaleness(sandbox.Staleness{Service: "ssm", Operation: tt.operation, Reads: reads})
					},
				}
				if tt.missing != "" {
					w.Missing = json.RawMessage(tt.missing)
				}
				if tt.interfere != nil {
					w.Interfere = func() { tt.interfere(c) }
				}
				return w
			})
		})
	}
}

func TestWhatIsLeft(t *testing.T) {
	c := newCloud(t)
	private := ssm.NewMakeDocumentPrivate(c.Caller(ssm.NewMakeDocumentPrivate(nil).Spec().Permissions))
	item := c.Item(private, request(`{"document":"install-agent"}`))
	actiontest.Want(t, item, action.Change, "Everybody may use it")
	if item.Resource.Tags["team"] != "web" || item.Resource.ARN != documentARN {
		t.Errorf("%+v, want its ARN and tags", item.Resource)
	}
	c.Do(private, item)
	actiontest.Want(t, c.Item(private, request(`{"document":"install-agent"}`)), action.Unneeded, "not public")
	strangers := request(`{"document":"install-agent","trusted_accounts":["123456789012"]}`)
	actiontest.Want(t, c.Item(private, strangers), action.Change, "shared with 444455556666,")
	c.set("Disable")
	block := ssm.NewBlockPublicSharing(c.Caller(ssm.NewBlockPublicSharing(nil).Spec().Permissions))
	actiontest.Want(t, c.Item(block, request(`{}`)), action.Unneeded, "No document can")
}

// Each call takes what Systems Manager takes, and the accounts get the versions back that they had.
func TestSharesOfManyAccounts(t *testing.T) {
	c := newCloud(t)
	c.withMany()
	a := ssm.NewMakeDocumentPrivate(c.Caller(ssm.NewMakeDocumentPrivate(nil).Spec().Permissions))
	item := c.Item(a, request(`{"document":"install-agent","trusted_accounts":["123456789012"]}`))
	var sizes []int
	for _, call := range item.Calls {
		var in sdk.ModifyDocumentPermissionInput
		c.must(json.Unmarshal(call.Input, &in))
		sizes = append(sizes, len(in.AccountIdsToRemove))
	}
	if !slices.Equal(sizes, []int{20, 20, 7}) {
		t.Errorf("calls for %v accounts", sizes)
	}
}

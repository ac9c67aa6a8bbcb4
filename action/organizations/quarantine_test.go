package organizations_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/awscall"
	"riposte.dev/action/organizations"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

// cloud is a sandbox whose organisation has an account that is to be stopped.
type cloud struct {
	*actiontest.Cloud
	client *sdk.Client
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Management, actiontest.Region))
	c.Member.SetTag("team", "payments")
	return c
}

// policies are the names of the service control policies on the account.
func (c cloud) policies() string {
	c.T.Helper()
	out, err := c.client.ListPoliciesForTarget(c.T.Context(), &sdk.ListPoliciesForTargetInput{
		TargetId: aws.String(actiontest.Account), Filter: types.PolicyTypeServiceControlPolicy,
	})
	c.Must(err)
	var names []string
	for _, p := range out.Policies {
		names = append(names, *p.Name)
	}
	return strings.Join(names, " ")
}

// responders are those of the first callers, and somebody for emergencies.
var responders = func() string {
	spare := `"arn:aws:iam::*:role/break-glass"`
	for i := range 9 {
		spare += fmt.Sprintf(`, "arn:aws:iam::*:user/responder-%d"`, i+1)
	}
	return spare
}()

func request(account, spare string) action.Request {
	return action.Request{
		Account: actiontest.Management, Region: actiontest.Region,
		Params: fmt.Appendf(nil, `{"account_id":%q,"spare":[%s]}`, account, spare),
	}
}

func quarantine(caller *awscall.Caller) action.Action {
	return organizations.NewQuarantine(caller, nil)
}

func (c cloud) action() action.Action {
	return c.Action(quarantine)
}

func TestConformance(t *testing.T) {
	actiontest.Run(t, func(t *testing.T) actiontest.World {
		c := newCloud(t)
		w := c.World(quarantine, "", `{"account_id":"123456789012","spare":[`+responders+`]}`, c.policies)
		w.Request = request(actiontest.Account, responders)
		w.Stale = c.StaleAfter("AttachPolicy")
		return w
	})
}

func TestQuarantineStopsAllButWhoIsSpared(t *testing.T) {
	c := newCloud(t)
	spared, err := c.Member.CreateUser("break-glass", sandbox.AdministratorAccess)
	c.Must(err)
	list := func(cfg aws.Config) error {
		_, err := sqs.NewFromConfig(cfg).ListQueues(t.Context(), nil)
		return err
	}
	a := c.action()
	item := c.Item(a, request(actiontest.Account, `"arn:aws:iam::*:user/responder-1", "arn:aws:iam::111122223333:user/break-glass"`))
	if want := "arn:aws:organizations::999988887777:account/"; !strings.HasPrefix(item.Resource.ARN, want) || item.Resource.Tags["team"] != "payments" {
		t.Errorf("%+v, want %s… with its tags", item.Resource, want)
	}
	c.Do(a, item)
	if err := list(c.Admin(actiontest.Account, actiontest.Region)); err == nil || !strings.Contains(err.Error(), "explicit deny in a service control policy") {
		t.Errorf("an administrator of the account: %v, want it denied", err)
	}
	c.Must(list(c.With(spared, actiontest.Region)))
	c.Must(list(c.Admin(actiontest.Management, actiontest.Region)))

	again := c.Item(a, request(actiontest.Account, `"arn:aws:iam::111122223333:user/break-glass", "arn:aws:iam::*:user/responder-1"`))
	actiontest.Want(t, again, action.Unneeded, "in quarantine already")
	item.Status = action.Changed
	c.Do(a, c.Undo(a, item))
	c.Must(list(c.Admin(actiontest.Account, actiontest.Region)))

	second := c.Item(a, request(actiontest.Account, `"arn:aws:iam::111122223333:user/break-glass", "arn:aws:iam::*:user/responder-1"`))
	if len(second.Calls) != 1 || second.Calls[0].Operation != "AttachPolicy" {
		t.Errorf("%+v, want the policy that is there attached", second.Calls)
	}
	other := c.Item(a, request(actiontest.Account, `"arn:aws:iam::*:user/responder-1"`))
	actiontest.Want(t, other, action.Escalated, "says something else")
}

func TestWhatIsNotQuarantined(t *testing.T) {
	c := newCloud(t)
	a := c.action()
	actiontest.Want(t, c.Item(a, request(actiontest.Management, responders)), action.Escalated, "management account")

	for name, tt := range map[string]struct {
		req  action.Request
		home organizations.Home
		code fault.Code
		says string
	}{
		"riposte is not spared": {request(actiontest.Account, `"arn:aws:iam::*:role/break-glass"`), nil, fault.Invalid, "spare doesn't name responder-"},
		"everybody is spared":   {request(actiontest.Account, `"*"`), nil, fault.Invalid, "not the ARN"},
		"a wildcard for all":    {request(actiontest.Account, `"arn:aws:iam::*:role/*"`), nil, fault.Invalid, "not the ARN"},
		"nobody is spared":      {request(actiontest.Account, ``), nil, fault.Invalid, "names nobody"},
		"no account":            {request("1234", responders), nil, fault.Invalid, "12 digits"},
		"riposte's own": {request(actiontest.Account, responders), func(context.Context) (string, error) { return actiontest.Account, nil },
			fault.Invalid, "riposte itself is in the account"},
		"its own is not known": {request(actiontest.Account, responders), func(context.Context) (string, error) { return "", errors.New("no answer") },
			fault.Internal, "no answer"},
	} {
		t.Run(name, func(t *testing.T) {
			a := organizations.NewQuarantine(c.Caller(a.Spec().Permissions), tt.home)
			if _, err := a.Plan(t.Context(), tt.req); fault.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v (%s), want %s that says %q", err, fault.CodeOf(err), tt.code, tt.says)
			}
		})
	}
	if c.policies() != "FullAWSAccess" {
		t.Errorf("%s is attached", c.policies())
	}
}

func TestRipostesOwnAccountWhenToldSo(t *testing.T) {
	c := newCloud(t)
	a := organizations.NewQuarantine(c.Caller(c.action().Spec().Permissions), func(context.Context) (string, error) { return actiontest.Account, nil })
	req := request(actiontest.Account, responders)
	req.Params = json.RawMessage(strings.Replace(string(req.Params), "{", `{"own_account":true,`, 1))
	actiontest.Want(t, c.Item(a, req), action.Change, "may do there")
}

package cloudtrail_test

import (
	"encoding/json"
	"strings"
	"testing"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

const (
	account = actiontest.Account
	region  = actiontest.Region
	other   = "us-east-1"
)

// items plans and returns the items by name.
func (c cloud) items(params string) map[string]action.Item {
	c.T.Helper()
	p, err := c.action().Plan(c.T.Context(), actiontest.Request(params))
	c.Must(err)
	byName := map[string]action.Item{}
	for _, item := range p.Items {
		if _, twice := byName[item.Resource.Name]; twice {
			c.T.Errorf("%s is counted twice", item.Resource.Name)
		}
		byName[item.Resource.Name] = item
	}
	return byName
}

// want checks an item's status and that its reason says something.
func want(t *testing.T, item action.Item, status action.Status, says string) {
	t.Helper()
	if item.Status != status || !strings.Contains(item.Reason+" "+item.Error, says) {
		t.Errorf("%s is %s (%s %s), want %s that says %q", item.Resource.Name, item.Status, item.Reason, item.Error, status, says)
	}
	if (status == action.Change) != (len(item.Calls) == 1) {
		t.Errorf("%s has %d calls", item.Resource.Name, len(item.Calls))
	}
}

func TestEveryTrailOfTheAccount(t *testing.T) {
	c := newCloud(t)
	c.trail(account, region, "here", false)
	c.trail(account, region, "logging", true)
	broken := c.trail(account, region, "broken", false)
	shadow := c.trail(account, other, "shadow", false, multiRegion)
	c.trail(account, other, "elsewhere", false)
	c.trail(actiontest.Management, other, "org-stopped", false, ofOrganization)
	c.trail(actiontest.Management, region, "org-logging", true, ofOrganization)
	c.AddFault(sandbox.Fault{
		Match: sandbox.Match{Operation: "GetTrailStatus", Resource: broken},
		Error: &sandbox.FaultError{Code: "InternalFailure", Status: 500},
	})

	items := c.items(`{"all":true}`)
	want(t, items["here"], action.Change, "does not log")
	want(t, items["logging"], action.Unneeded, "logs already")
	want(t, items["broken"], action.Failed, "InternalFailure")
	want(t, items["shadow"], action.Change, "does not log")
	want(t, items["org-stopped"], action.Escalated, "start it from account "+actiontest.Management)
	want(t, items["org-logging"], action.Unneeded, "logs already")
	if len(items) != 6 {
		t.Errorf("%d items, want 6: a trail of another region that doesn't show here is another plan's", len(items))
	}
	if call := items["shadow"].Calls[0]; call.Region != other || string(call.Input) != `{"Name":"`+shadow+`"}` {
		t.Errorf("the shadow is started by %+v, want its home region and its ARN", call)
	}

	a := c.action()
	for _, name := range []string{"here", "shadow"} {
		if _, err := a.Apply(t.Context(), items[name]); err != nil {
			t.Errorf("start %s: %v", name, err)
		}
		if err := a.Verify(t.Context(), items[name]); err != nil {
			t.Errorf("verify %s: %v", name, err)
		}
	}
	asked := c.Calls(sandbox.Match{Operation: "GetTrailStatus", Resource: shadow})
	for _, call := range asked {
		if call.Region != other {
			t.Errorf("the shadow's status was read in %s, want its home region", call.Region)
		}
	}
	if len(asked) != 2 || !c.logging(account, other, shadow) {
		t.Errorf("%d looks at the shadow's status, want 2 and the trail logging", len(asked))
	}
}

func TestNoTrailAtAll(t *testing.T) {
	want(t, newCloud(t).items(`{"all":true}`)["account "+account], action.Escalated, "Create a trail")
}

func TestOneTrail(t *testing.T) {
	c := newCloud(t)
	far := c.trail(account, other, "far", false)
	c.trail(account, other, "shadow", false, multiRegion)
	c.trail(account, region, "twin", false)
	c.trail(account, other, "twin", false)
	org := c.trail(actiontest.Management, other, "org", false, ofOrganization)

	tests := []struct {
		name, params string
		trail        string // name
		status       action.Status
		region       string // of the call
	}{
		{"by ARN in another region", `{"trail":"` + far + `"}`, "far", action.Change, other},
		{"by the name of a shadow", `{"trail":"shadow"}`, "shadow", action.Change, other},
		{"by a name that another region has too", `{"trail":"twin"}`, "twin", action.Change, region},
		{"of the organisation", `{"trail":"` + org + `"}`, "org", action.Escalated, ""},
		{"of the organisation, by name", `{"trail":"org"}`, "org", action.Escalated, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			item := c.items(tt.params)[tt.trail]
			want(t, item, tt.status, "does not log")
			if len(item.Calls) == 1 && item.Calls[0].Region != tt.region {
				t.Errorf("the call goes to %s, want %s", item.Calls[0].Region, tt.region)
			}
		})
	}
}

func TestTheOrganisationsTrailFromItsManagementAccount(t *testing.T) {
	c := newCloud(t)
	arn := c.trail(actiontest.Management, other, "org", false, ofOrganization)
	req := action.Request{Account: actiontest.Management, Region: region, Params: json.RawMessage(`{"all":true}`)}
	p, err := c.action().Plan(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	want(t, p.Items[0], action.Change, "does not log")
	if _, err := c.action().Apply(t.Context(), p.Items[0]); err != nil || !c.logging(actiontest.Management, other, arn) {
		t.Errorf("start it: %v", err)
	}
}

func TestPlanFailures(t *testing.T) {
	c := newCloud(t)
	c.trail(account, region, "main", false)
	c.trail(account, "eu-central-1", "twin", false, multiRegion)
	org := c.trail(actiontest.Management, other, "twin", false, ofOrganization)
	tests := []struct {
		name, params string
		code         fault.Code
		says         string
	}{
		{"both", `{"trail":"main","all":true}`, fault.Invalid, "either trail or all"},
		{"neither", `{"all":false}`, fault.Invalid, "either trail or all"},
		{"too short", `{"trail":"ab"}`, fault.Invalid, "3 to 128"},
		{"another ARN", `{"trail":"arn:aws:s3:::bucket"}`, fault.Invalid, "not the ARN of a trail"},
		{"a deleted trail's ARN", `{"trail":"` + strings.Replace(org, "trail/twin", "trail/gone", 1) + `"}`, fault.NotFound, "DeleteTrail"},
		{"a name that two shadows have", `{"trail":"twin"}`, fault.Invalid, "give the ARN"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := c.action().Plan(t.Context(), actiontest.Request(tt.params))
			if fault.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("plan: %v (%s), want %s that says %q", err, fault.CodeOf(err), tt.code, tt.says)
			}
		})
	}
}

func TestAStatusThatCannotBeRead(t *testing.T) {
	c := newCloud(t)
	c.trail(account, region, "main", false)
	org := c.trail(actiontest.Management, other, "org", false, ofOrganization)
	c.AddFault(sandbox.Fault{Match: sandbox.Match{Operation: "GetTrailStatus"}, Error: &sandbox.FaultError{Code: "AccessDeniedException"}})

	if _, err := c.action().Plan(t.Context(), actiontest.Request(`{"trail":"main"}`)); fault.CodeOf(err) != fault.Denied {
		t.Errorf("one trail: %v, want denied", err)
	}
	want(t, c.items(`{"trail":"` + org + `"}`)["org"], action.Escalated, "may not see")
	items := c.items(`{"all":true}`)
	want(t, items["main"], action.Failed, "AccessDeniedException")
	want(t, items["org"], action.Escalated, "may not see")
}

// A trail that somebody stopped again is as it was before: nothing is left to undo, and nobody is overruled.
func TestUndoOfATrailThatIsStoppedAgain(t *testing.T) {
	c := newCloud(t)
	c.trail(account, region, "main", false)
	item := c.items(`{"trail":"main"}`)["main"]
	p, err := c.action().Undo(t.Context(), item)
	if err != nil {
		t.Fatal(err)
	}
	want(t, p.Items[0], action.Unneeded, "as it was before")
}

func TestApplyMakesNoOtherCalls(t *testing.T) {
	c := newCloud(t)
	c.trail(account, region, "main", true)
	item := c.items(`{"trail":"main"}`)["main"]
	item.Calls = []action.Call{{Service: "cloudtrail", Operation: "DeleteTrail", Account: account, Region: region, Input: json.RawMessage(`{"Name":"main"}`)}}
	if _, err := c.action().Apply(t.Context(), item); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("apply: %v, want invalid", err)
	}
}

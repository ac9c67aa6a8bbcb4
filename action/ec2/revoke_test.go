package ec2_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/ec2"
	"riposte.dev/fault"
)

// apply applies and verifies the item.
func (c cloud) apply(a action.Action, item action.Item) {
	c.T.Helper()
	if _, err := a.Apply(c.T.Context(), item); err != nil {
		c.T.Fatal(err)
	}
	if err := a.Verify(c.T.Context(), item); err != nil {
		c.T.Fatalf("verify: %v", err)
	}
}

func TestExactlyWhatOffendsIsRevoked(t *testing.T) {
	c := newCloud(t)
	everything := types.IpPermission{IpProtocol: aws.String("-1"), Ipv6Ranges: []types.Ipv6Range{{CidrIpv6: aws.String("::/0")}}}
	bad := []string{
		c.allow(tcp(20, 25, "0.0.0.0/0", "a range")), c.allow(everything),
		c.allow(tcp(3389, 3389, "0.0.0.0/1", "half")), c.allow(tcp(3000, 4000, "128.0.0.0/1", "the other half")),
	}
	c.allow(tcp(443, 443, "0.0.0.0/0", "https"))
	c.allow(tcp(22, 22, "203.0.113.0/24", "office"))
	c.allow(tcp(22, 22, "128.0.0.0/2", "a quarter"))
	stay := `tcp 22-22 128.0.0.0/2 "a quarter" []
tcp 22-22 203.0.113.0/24 "office" []
tcp 443-443 0.0.0.0/0 "https" []`

	a := c.action(ec2.Options{})
	item := c.item(a)
	var input struct{ SecurityGroupRuleIds []string }
	if err := json.Unmarshal(item.Calls[0].Input, &input); err != nil {
		t.Fatal(err)
	}
	for _, id := range bad {
		if !strings.Contains(strings.Join(input.SecurityGroupRuleIds, " "), id) || !strings.Contains(item.Reason, id) {
			t.Errorf("%s is not revoked by %v or not named: %s", id, input.SecurityGroupRuleIds, item.Reason)
		}
	}
	if strings.Contains(item.Reason, "Left as they are") {
		t.Errorf("every rule here has addresses to judge: %s", item.Reason)
	}
	if len(input.SecurityGroupRuleIds) != len(bad) || len(item.Calls) != 1 {
		t.Errorf("%d calls revoke %v, want one and only %v", len(item.Calls), input.SecurityGroupRuleIds, bad)
	}
	c.apply(a, item)
	if d := cmp.Diff(stay, c.rules()); d != "" {
		t.Errorf("rules that stay (-want +got)\n%s", d)
	}
}

func TestGroupReferencesAreLeftAndNamed(t *testing.T) {
	c := newCloud(t)
	id := c.allow(types.IpPermission{
		IpProtocol: aws.String("tcp"), FromPort: aws.Int32(22), ToPort: aws.Int32(22),
		UserIdGroupPairs: []types.UserIdGroupPair{{GroupId: aws.String(c.group)}},
	})
	item := c.item(c.action(ec2.Options{}))
	if item.Status != action.Unneeded || !strings.Contains(item.Reason, "Left as they are") || !strings.Contains(item.Reason, id+" (tcp 22 from group "+c.group+")") {
		t.Errorf("item is %s: %s", item.Status, item.Reason)
	}
}

func TestRulesComeInPages(t *testing.T) {
	c := newCloud(t)
	for i := range 12 {
		c.allow(tcp(22, 22, fmt.Sprintf("203.0.113.%d/32", i), ""))
	}
	c.allow(tcp(22, 22, "0.0.0.0/0", ""))
	item := c.item(c.action(ec2.Options{}).WithPageSize(5))
	var before struct{ Ingress []any }
	if err := json.Unmarshal(item.Before, &before); err != nil || len(before.Ingress) != 13 {
		t.Errorf("%d rules were read (%v), want 13", len(before.Ingress), err)
	}
	if item.Status != action.Change {
		t.Errorf("item is %s: %s", item.Status, item.Reason)
	}
}

func TestARuleThatIsGoneRevokesNothing(t *testing.T) {
	c := newCloud(t)
	gone := c.allow(tcp(22, 22, "0.0.0.0/0", ""))
	c.allow(tcp(3389, 3389, "0.0.0.0/0", ""))
	a := c.action(ec2.Options{})
	item := c.item(a)
	c.revoke(gone)
	if _, err := a.Apply(t.Context(), item); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("apply: %v, want not_found", err)
	}
	if !strings.Contains(c.rules(), "3389") {
		t.Error("the other rule was revoked by a plan that no longer held")
	}
	c.apply(a, c.item(a))
	if c.rules() != "" {
		t.Errorf("planned again, it left %s", c.rules())
	}
}

func TestUndo(t *testing.T) {
	const both = `tcp 22-22 0.0.0.0/0 "ssh" [team=web]
tcp 3389-3389 ::/0 "" []`
	tests := []struct {
		name   string
		since  func(c cloud) // what happened after the rules were revoked
		status action.Status
		says   string
		rules  string // in the end
	}{
		{"nothing", func(cloud) {}, action.Change, "Restores", both},
		{"one is back", func(c cloud) { c.allow(tcp(3389, 3389, "::/0", "")) }, action.Change, "Restores tcp 22", both},
		{"both are back", func(c cloud) {
			c.allow(tcp(3389, 3389, "::/0", ""))
			c.allow(tcp(22, 22, "0.0.0.0/0", "ssh"), "team", "web")
		}, action.Unneeded, "there again", both},
		{"another rule came", func(c cloud) { c.allow(tcp(22, 22, "203.0.113.0/24", "office")) }, action.Change, "Restores", `tcp 22-22 0.0.0.0/0 "ssh" [team=web]
tcp 22-22 203.0.113.0/24 "office" []
tcp 3389-3389 ::/0 "" []`},
		{"one is back with another description", func(c cloud) { c.allow(tcp(22, 22, "0.0.0.0/0", "mine"), "team", "web") }, action.Conflict, "Somebody made", `tcp 22-22 0.0.0.0/0 "mine" [team=web]`},
		{"one is back with other tags", func(c cloud) { c.allow(tcp(22, 22, "0.0.0.0/0", "ssh")) }, action.Conflict, "Somebody made", `tcp 22-22 0.0.0.0/0 "ssh" []`},
		{"the group is gone", cloud.deleteGroup, action.Conflict, "deleted", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			c.allow(tcp(22, 22, "0.0.0.0/0", "ssh"), "team", "web")
			c.allow(tcp(3389, 3389, "::/0", ""))
			a := c.action(ec2.Options{})
			item := c.item(a)
			c.apply(a, item)
			tt.since(c)
			p, err := a.Undo(t.Context(), item)
			if err != nil {
				t.Fatal(err)
			}
			undo := p.Items[0]
			if undo.Status != tt.status || !strings.Contains(undo.Reason, tt.says) {
				t.Errorf("undo is %s: %s, want %s that says %q", undo.Status, undo.Reason, tt.status, tt.says)
			}
			if undo.Status == action.Change {
				c.apply(a, undo)
			}
			if d := cmp.Diff(tt.rules, c.rules()); d != "" {
				t.Errorf("rules in the end (-want +got)\n%s", d)
			}
		})
	}
}

func TestRulesThatLetEverythingOutAreLeftToPeople(t *testing.T) {
	c := newCloud(t)
	c.letOut(tcp(25, 25, "0.0.0.0/0", "mail"))
	c.letOut(types.IpPermission{IpProtocol: aws.String("udp"), FromPort: aws.Int32(53), ToPort: aws.Int32(53), IpRanges: []types.IpRange{{CidrIp: aws.String("198.51.100.0/24")}}})
	a := ec2.NewRevokeEgress(c.Caller(ec2.NewRevokeEgress(nil, ec2.Options{}).Spec().Permissions), ec2.Options{})
	plan := func(params string) action.Item {
		return c.Item(a, actiontest.Request(fmt.Sprintf(`{"group":%q,%s}`, c.group, params)))
	}
	actiontest.Want(t, plan(`"ports":[25]`), action.Escalated, "(everything to 0.0.0.0/0), without which")
	actiontest.Want(t, plan(`"ports":[53],"protocol":"udp","cidrs":["198.51.100.9/32"]`), action.Escalated, "Outgoing UDP port 53 is open to 198.51.100.9/32")
	c.apply(a, plan(`"ports":[443],"even_everything":true`))
	actiontest.Want(t, plan(`"ports":[53]`), action.Unneeded, "outgoing port 53 is not open to the world")
	c.apply(a, plan(`"ports":[53],"protocol":"udp","cidrs":["198.51.100.9/32"]`))
	if left := c.rulesOf(true); left != `tcp 25-25 0.0.0.0/0 "mail" []` {
		t.Errorf("left are %s", left)
	}
}

package ec2_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/ec2"
	"riposte.dev/fault"
)

func revertParams(group string, event json.RawMessage) string {
	return fmt.Sprintf(`{"group_id":%q,"event":%s}`, group, event)
}

func (c cloud) revert() action.Action {
	return c.Action(ec2.NewRevertGroup)
}

// planRevert plans to take back the event and returns the one item.
func (c cloud) planRevert(a action.Action, event json.RawMessage) action.Item {
	c.T.Helper()
	return c.Item(a, actiontest.Request(revertParams(c.group, event)))
}

// change makes one of the four changes by permissions, as somebody whose call is to be taken back.
func (c cloud) change(operation string, permissions ...types.IpPermission) {
	c.T.Helper()
	var err error
	switch operation {
	case "AuthorizeSecurityGroupIngress":
		_, err = c.client.AuthorizeSecurityGroupIngress(c.T.Context(), &sdk.AuthorizeSecurityGroupIngressInput{GroupId: &c.group, IpPermissions: permissions})
	case "AuthorizeSecurityGroupEgress":
		_, err = c.client.AuthorizeSecurityGroupEgress(c.T.Context(), &sdk.AuthorizeSecurityGroupEgressInput{GroupId: &c.group, IpPermissions: permissions})
	case "RevokeSecurityGroupIngress":
		_, err = c.client.RevokeSecurityGroupIngress(c.T.Context(), &sdk.RevokeSecurityGroupIngressInput{GroupId: &c.group, IpPermissions: permissions})
	case "RevokeSecurityGroupEgress":
		_, err = c.client.RevokeSecurityGroupEgress(c.T.Context(), &sdk.RevokeSecurityGroupEgressInput{GroupId: &c.group, IpPermissions: permissions})
	}
	c.Must(err)
}

// modify gives the rules of one direction another description.
func (c cloud) modify(egress bool, text string) {
	c.T.Helper()
	out, err := c.client.DescribeSecurityGroupRules(c.T.Context(), &sdk.DescribeSecurityGroupRulesInput{
		Filters: []types.Filter{{Name: aws.String("group-id"), Values: []string{c.group}}},
	})
	c.Must(err)
	for _, r := range out.SecurityGroupRules {
		if aws.ToBool(r.IsEgress) != egress {
			continue
		}
		_, err := c.client.ModifySecurityGroupRules(c.T.Context(), &sdk.ModifySecurityGroupRulesInput{
			GroupId: &c.group, SecurityGroupRules: []types.SecurityGroupRuleUpdate{{
				SecurityGroupRuleId: r.SecurityGroupRuleId,
				SecurityGroupRule: &types.SecurityGroupRuleRequest{
					IpProtocol: r.IpProtocol, FromPort: r.FromPort, ToPort: r.ToPort, CidrIpv4: r.CidrIpv4, CidrIpv6: r.CidrIpv6,
					PrefixListId: r.PrefixListId, Description: &text,
				},
			}},
		})
		c.Must(err)
	}
}

func TestRevertConformance(t *testing.T) {
	bad := []types.IpPermission{tcp(22, 22, "0.0.0.0/0", "oops"), tcp(3389, 3390, "::/0", "")}
	needed := map[string][]string{ // by what is taken back
		"AuthorizeSecurityGroupIngress": {"ec2:RevokeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupIngress", "ec2:CreateTags"},
		"AuthorizeSecurityGroupEgress":  {"ec2:RevokeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupEgress", "ec2:CreateTags"},
		"RevokeSecurityGroupIngress":    {"ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"},
		"RevokeSecurityGroupEgress":     {"ec2:AuthorizeSecurityGroupEgress", "ec2:RevokeSecurityGroupEgress"},
	}
	for operation := range needed {
		t.Run(operation, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				egress, revoked := strings.HasSuffix(operation, "Egress"), strings.HasPrefix(operation, "Revoke")
				c.change("RevokeSecurityGroupEgress", types.IpPermission{IpProtocol: aws.String("-1"), IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}})
				if revoked {
					c.change(opposite(operation), bad...)
				}
				c.change(operation, bad...)
				if !revoked {
					c.tagRules("team", "web")
				}
				event := c.LastEvent(region, operation)
				params := revertParams(c.group, event)
				w := c.World(ec2.NewRevertGroup, params, strings.ReplaceAll(params, c.group, "sg-0123456789abcdef0"), func() string { return c.rulesOf(egress) })
				w.Interfere = func() {
					if !revoked {
						c.change(operation, bad...) // without the tags
					} else {
						c.modify(egress, "mine")
					}
				}
				w.Elsewhere = slices.DeleteFunc(slices.Clone(ec2.NewRevertGroup(nil).Spec().Permissions[2:]), func(p string) bool { return slices.Contains(needed[operation], p) })
				return w
			})
		})
	}
}

func TestRevertTouchesOnlyWhatTheEventDid(t *testing.T) {
	c := newCloud(t)
	c.allow(tcp(443, 443, "0.0.0.0/0", "https"))
	c.allow(tcp(22, 22, "203.0.113.0/24", "office"))
	before := c.rules()
	c.change("AuthorizeSecurityGroupIngress", tcp(22, 22, "0.0.0.0/0", ""), tcp(22, 22, "::/0", ""))
	event := c.LastEvent(region, "AuthorizeSecurityGroupIngress")
	c.allow(tcp(80, 80, "0.0.0.0/0", "came later"))

	a := c.revert()
	item := c.planRevert(a, event)
	c.apply(a, item)
	if got, want := c.rules(), before+"\n"+`tcp 80-80 0.0.0.0/0 "came later" []`; got != want {
		t.Errorf("rules are\n%s\nwant\n%s", got, want)
	}
	if again := c.planRevert(a, event); again.Status != action.Unneeded {
		t.Errorf("planned again it is %s: %s", again.Status, again.Reason)
	}
}

func TestRevertSinceTheEvent(t *testing.T) {
	group := func(id string) types.IpPermission {
		return types.IpPermission{IpProtocol: aws.String("-1"), UserIdGroupPairs: []types.UserIdGroupPair{{GroupId: &id}}}
	}
	ssh := tcp(22, 22, "0.0.0.0/0", "")
	tests := []struct {
		name, operation string
		prepare         func(c cloud)
		permissions     []types.IpPermission
		since           func(c cloud)
		status          action.Status
		says            string
		rules           string // in the end; "*" for any
	}{
		{"a group added", "AuthorizeSecurityGroupIngress", nil, []types.IpPermission{group("")}, nil, action.Change, "from group", ""},
		{"one of two is gone", "AuthorizeSecurityGroupIngress", nil, []types.IpPermission{ssh, tcp(80, 80, "::/0", "")},
			func(c cloud) { c.change("RevokeSecurityGroupIngress", ssh) }, action.Change, "tcp 80", ""},
		{"it is gone", "AuthorizeSecurityGroupIngress", nil, []types.IpPermission{ssh},
			func(c cloud) { c.change("RevokeSecurityGroupIngress", ssh) }, action.Unneeded, "None of the rules", ""},
		{"another call made it again", "AuthorizeSecurityGroupIngress", nil, []types.IpPermission{ssh},
			func(c cloud) {
				c.change("RevokeSecurityGroupIngress", ssh)
				c.change("AuthorizeSecurityGroupIngress", ssh)
			}, action.Unneeded, "None of the rules", `tcp 22-22 0.0.0.0/0 "" []`},
		{"it was described", "AuthorizeSecurityGroupIngress", nil, []types.IpPermission{ssh},
			func(c cloud) { c.modify(false, "mine") }, action.Change, "tcp 22", ""},
		{"it was narrowed", "AuthorizeSecurityGroupIngress", nil, []types.IpPermission{ssh}, cloud.narrow, action.Escalated, "changed it since", `tcp 22-22 203.0.113.0/24 "" []`},
		{"a group revoked", "RevokeSecurityGroupIngress", func(c cloud) { c.change("AuthorizeSecurityGroupIngress", group(c.group)) }, []types.IpPermission{group("")}, nil,
			action.Change, "from group", "*"},
		{"it is back", "RevokeSecurityGroupIngress", func(c cloud) { c.allow(ssh) }, []types.IpPermission{ssh}, func(c cloud) { c.allow(ssh) },
			action.Unneeded, "there again", `tcp 22-22 0.0.0.0/0 "" []`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			for i := range tt.permissions {
				tt.permissions[i] = ofGroup(tt.permissions[i], c.group)
			}
			if tt.prepare != nil {
				tt.prepare(c)
			}
			c.change(tt.operation, tt.permissions...)
			event := c.LastEvent(region, tt.operation)
			if tt.since != nil {
				tt.since(c)
			}
			a := c.revert()
			item := c.planRevert(a, event)
			if item.Status != tt.status || !strings.Contains(item.Reason, tt.says) {
				t.Errorf("it is %s: %s, want %s that says %q", item.Status, item.Reason, tt.status, tt.says)
			}
			if item.Status == action.Change {
				c.apply(a, item)
			}
			if got := c.rules(); tt.rules != "*" && got != tt.rules {
				t.Errorf("rules are %s, want %s", got, tt.rules)
			}
		})
	}
}

func TestWhatAnEventDoesNotTellIsEscalated(t *testing.T) {
	c := newCloud(t)
	id := c.allow(tcp(22, 22, "203.0.113.0/24", "office"))
	c.narrow()
	item := c.planRevert(c.revert(), c.LastEvent(region, "ModifySecurityGroupRules"))
	if item.Status != action.Escalated || !strings.Contains(item.Reason, id) {
		t.Errorf("a modified rule is %s: %s", item.Status, item.Reason)
	}
	c.revoke(id)
	item = c.planRevert(c.revert(), c.LastEvent(region, "ModifySecurityGroupRules"))
	if item.Status != action.Unneeded {
		t.Errorf("a modified rule that is gone is %s: %s", item.Status, item.Reason)
	}
	item = c.planRevert(c.revert(), c.LastEvent(region, "RevokeSecurityGroupIngress"))
	if item.Status != action.Escalated || !strings.Contains(item.Reason, id) {
		t.Errorf("a rule that was revoked by its id is %s: %s", item.Status, item.Reason)
	}
}

func TestAnAnswerThatTellsTheRevokedRules(t *testing.T) {
	c := newCloud(t)
	event := json.RawMessage(`{"eventName":"RevokeSecurityGroupIngress","requestParameters":{"groupId":"` + c.group + `","ipPermissions":{},
		"securityGroupRuleIds":{"items":[{"securityGroupRuleId":"sgr-0123456789abcdef0"}]}},
		"responseElements":{"requestId":"r","_return":true,"revokedSecurityGroupRuleSet":{"items":[{"securityGroupRuleId":"sgr-0123456789abcdef0",
		"groupId":"` + c.group + `","isEgress":false,"ipProtocol":"tcp","fromPort":22,"toPort":22,"cidrIpv4":"203.0.113.0/24","description":"office"}]}}}`)
	a := c.revert()
	c.apply(a, c.planRevert(a, event))
	if got, want := c.rules(), `tcp 22-22 203.0.113.0/24 "office" []`; got != want {
		t.Errorf("rules are %s, want %s", got, want)
	}
}

func TestAPlanThatNoLongerHoldsIsNotApplied(t *testing.T) {
	c := newCloud(t)
	c.change("AuthorizeSecurityGroupIngress", tcp(22, 22, "0.0.0.0/0", ""), tcp(80, 80, "0.0.0.0/0", ""))
	a := c.revert()
	item := c.planRevert(a, c.LastEvent(region, "AuthorizeSecurityGroupIngress"))
	c.change("RevokeSecurityGroupIngress", tcp(22, 22, "0.0.0.0/0", ""))
	writes := c.Writes()
	if _, err := a.Apply(t.Context(), item); fault.CodeOf(err) != fault.Conflict || c.Writes() != writes {
		t.Errorf("apply: %v after %d writes, want a conflict and none", err, c.Writes()-writes)
	}
	c.change("RevokeSecurityGroupIngress", tcp(80, 80, "0.0.0.0/0", ""))
	writes = c.Writes()
	if _, err := a.Apply(t.Context(), item); err != nil || c.Writes() != writes {
		t.Errorf("apply what somebody else did: %v after %d writes, want nothing to do", err, c.Writes()-writes)
	}
}

// opposite is the operation that takes back what another did.
func opposite(operation string) string {
	if rest, ok := strings.CutPrefix(operation, "Authorize"); ok {
		return "Revoke" + rest
	}
	return strings.Replace(operation, "Revoke", "Authorize", 1)
}

// narrow changes where the one ingress rule lets in from.
func (c cloud) narrow() {
	c.T.Helper()
	out, err := c.client.DescribeSecurityGroupRules(c.T.Context(), &sdk.DescribeSecurityGroupRulesInput{
		Filters: []types.Filter{{Name: aws.String("group-id"), Values: []string{c.group}}},
	})
	c.Must(err)
	for _, r := range out.SecurityGroupRules {
		if !aws.ToBool(r.IsEgress) {
			_, err := c.client.ModifySecurityGroupRules(c.T.Context(), &sdk.ModifySecurityGroupRulesInput{GroupId: &c.group, SecurityGroupRules: []types.SecurityGroupRuleUpdate{{
				SecurityGroupRuleId: r.SecurityGroupRuleId,
				SecurityGroupRule:   &types.SecurityGroupRuleRequest{IpProtocol: r.IpProtocol, FromPort: r.FromPort, ToPort: r.ToPort, CidrIpv4: aws.String("203.0.113.0/24")},
			}}})
			c.Must(err)
		}
	}
}

// ofGroup puts the group's id where a permission names a group without one.
func ofGroup(p types.IpPermission, id string) types.IpPermission {
	for i := range p.UserIdGroupPairs {
		p.UserIdGroupPairs[i].GroupId = &id
	}
	return p
}

package ec2_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/ec2"
	"riposte.dev/fault"
)

// lists is a plant with a network ACL and a route table.
type lists struct {
	plant
	acl, table, gateway string
}

func newLists(t *testing.T) lists {
	t.Helper()
	l := lists{plant: newPlant(t)}
	acl, err := l.client.CreateNetworkAcl(t.Context(), &sdk.CreateNetworkAclInput{VpcId: &l.vpc})
	l.Must(err)
	table, err := l.client.CreateRouteTable(t.Context(), &sdk.CreateRouteTableInput{VpcId: &l.vpc})
	l.Must(err)
	gateway, err := l.client.CreateInternetGateway(t.Context(), nil)
	l.Must(err)
	l.acl, l.table, l.gateway = *acl.NetworkAcl.NetworkAclId, *table.RouteTable.RouteTableId, *gateway.InternetGateway.InternetGatewayId
	_, err = l.client.AttachInternetGateway(t.Context(), &sdk.AttachInternetGatewayInput{VpcId: &l.vpc, InternetGatewayId: &l.gateway})
	l.Must(err)
	return l
}

// The ways to change the entry 100 of the ACL, and the route to everywhere. ICMP and ports are both to come back.
func (l lists) createEntry(cidr string) {
	_, err := l.client.CreateNetworkAclEntry(l.T.Context(), &sdk.CreateNetworkAclEntryInput{
		NetworkAclId: &l.acl, RuleNumber: aws.Int32(100), Egress: aws.Bool(true), Protocol: aws.String("6"), RuleAction: types.RuleActionAllow,
		CidrBlock: &cidr, PortRange: &types.PortRange{From: aws.Int32(443), To: aws.Int32(444)},
	})
	l.Must(err)
}

func (l lists) replaceEntry(cidr string) {
	_, err := l.client.ReplaceNetworkAclEntry(l.T.Context(), &sdk.ReplaceNetworkAclEntryInput{
		NetworkAclId: &l.acl, RuleNumber: aws.Int32(100), Egress: aws.Bool(true), Protocol: aws.String("58"), RuleAction: types.RuleActionDeny,
		Ipv6CidrBlock: &cidr, IcmpTypeCode: &types.IcmpTypeCode{Type: aws.Int32(128), Code: aws.Int32(-1)},
	})
	l.Must(err)
}

func (l lists) deleteEntry() {
	_, err := l.client.DeleteNetworkAclEntry(l.T.Context(), &sdk.DeleteNetworkAclEntryInput{NetworkAclId: &l.acl, RuleNumber: aws.Int32(100), Egress: aws.Bool(true)})
	l.Must(err)
}

func (l lists) createRoute() {
	_, err := l.client.CreateRoute(l.T.Context(), &sdk.CreateRouteInput{RouteTableId: &l.table, DestinationCidrBlock: aws.String("0.0.0.0/0"), GatewayId: &l.gateway})
	l.Must(err)
}

func (l lists) replaceRoute(in sdk.ReplaceRouteInput) {
	in.RouteTableId, in.DestinationCidrBlock = &l.table, aws.String("0.0.0.0/0")
	_, err := l.client.ReplaceRoute(l.T.Context(), &in)
	l.Must(err)
}

func (l lists) deleteRoute() {
	_, err := l.client.DeleteRoute(l.T.Context(), &sdk.DeleteRouteInput{RouteTableId: &l.table, DestinationCidrBlock: aws.String("0.0.0.0/0")})
	l.Must(err)
}

// params are those for the newest record of the operation, as if it had come an hour later than what was before.
func (l lists) params(operation string) string {
	return l.EventParams(region, operation, actiontest.AnHourLater)
}

// text is all that the undo must restore.
func (l lists) text() string {
	l.T.Helper()
	acls, err := l.client.DescribeNetworkAcls(l.T.Context(), &sdk.DescribeNetworkAclsInput{NetworkAclIds: []string{l.acl}})
	l.Must(err)
	tables, err := l.client.DescribeRouteTables(l.T.Context(), &sdk.DescribeRouteTablesInput{RouteTableIds: []string{l.table}})
	l.Must(err)
	raw, err := json.Marshal([]any{acls.NetworkAcls[0].Entries, tables.RouteTables[0].Routes})
	l.Must(err)
	return string(raw)
}

// partCase is an event that is taken back.
type partCase struct {
	operation, takenBackBy string
	newAction              actiontest.NewAction
	happen                 func(l lists) // the event, the last of its operation
	interfere              func(l lists)
}

var partCases = []partCase{
	{"CreateNetworkAclEntry", "DeleteNetworkAclEntry", ec2.NewRevertNetworkACLEntry,
		func(l lists) { l.createEntry("0.0.0.0/0") }, func(l lists) { l.createEntry("192.0.2.0/24") }},
	{"ReplaceNetworkAclEntry", "ReplaceNetworkAclEntry", ec2.NewRevertNetworkACLEntry,
		func(l lists) { l.createEntry("192.0.2.0/24"); l.replaceEntry("::/0") }, func(l lists) { l.replaceEntry("2001:db8::/32") }},
	{"DeleteNetworkAclEntry", "CreateNetworkAclEntry", ec2.NewRevertNetworkACLEntry,
		func(l lists) { l.createEntry("192.0.2.0/24"); l.deleteEntry() }, func(l lists) { l.replaceEntry("2001:db8::/32") }},
	{"CreateRoute", "DeleteRoute", ec2.NewRevertRoute, lists.createRoute, lists.createRouteToInstance},
	{"ReplaceRoute", "ReplaceRoute", ec2.NewRevertRoute,
		func(l lists) { l.createRoute(); l.replaceRoute(sdk.ReplaceRouteInput{InstanceId: &l.instance}) },
		func(l lists) { l.replaceRoute(sdk.ReplaceRouteInput{InstanceId: aws.String(l.run(l.group))}) }},
	{"DeleteRoute", "CreateRoute", ec2.NewRevertRoute,
		func(l lists) { l.createRoute(); l.deleteRoute() }, func(l lists) { l.replaceRoute(sdk.ReplaceRouteInput{InstanceId: &l.instance}) }},
}

func (l lists) createRouteToInstance() {
	l.createRoute()
	l.replaceRoute(sdk.ReplaceRouteInput{InstanceId: &l.instance})
}

func TestWhatEventsDidToLists(t *testing.T) {
	for _, tt := range partCases {
		t.Run(tt.operation, func(t *testing.T) {
			var elsewhere []string
			for _, p := range tt.newAction(nil).Spec().Permissions {
				_, name, _ := strings.Cut(p, ":")
				undone := map[string]string{"Create": "Delete", "Delete": "Create"}[tt.takenBackBy[:6]] + tt.takenBackBy[6:]
				switch {
				case name == tt.takenBackBy, name == undone, strings.HasPrefix(name, "Describe"):
				case name == "LookupEvents" && !strings.HasPrefix(tt.operation, "Create"):
				default:
					elsewhere = append(elsewhere, p)
				}
			}
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				l := newLists(t)
				tt.happen(l)
				params := l.params(tt.operation)
				missing := strings.NewReplacer(l.acl, "acl-"+nobody, l.table, "rtb-"+nobody).Replace(params)
				w := l.World(tt.newAction, params, missing, l.text)
				w.Interfere = actiontest.On(l, tt.interfere)
				w.Elsewhere = elsewhere
				return w
			})
		})
	}
}

func TestWhatIsNotTakenBackFromLists(t *testing.T) {
	for _, tt := range []struct {
		name      string
		newAction actiontest.NewAction
		happen    func(l lists) string // parameters
		status    action.Status
		says      string
	}{
		{"changed since", ec2.NewRevertNetworkACLEntry, func(l lists) string {
			l.createEntry("0.0.0.0/0")
			params := l.params("CreateNetworkAclEntry")
			l.replaceEntry("::/0")
			return params
		}, action.Escalated, "Somebody changed it since"},
		{"gone already", ec2.NewRevertRoute, func(l lists) string {
			l.createRoute()
			l.deleteRoute()
			return l.params("CreateRoute")
		}, action.Unneeded, "as it was before"},
		{"no earlier event", ec2.NewRevertRoute, func(l lists) string {
			l.createRoute()
			l.deleteRoute()
			return strings.ReplaceAll(l.params("DeleteRoute"), "0.0.0.0/0", "198.51.100.0/24")
		}, action.Escalated, "history has no event"},
		{"the record says neither when nor which", ec2.NewRevertRoute, func(l lists) string {
			l.createRoute()
			l.deleteRoute()
			return strings.Replace(strings.Replace(l.params("DeleteRoute"), `"eventID"`, `"x"`, 1), `"eventTime"`, `"y"`, 1)
		}, action.Escalated, "history has no event"},
		{"it led to an instance", ec2.NewRevertRoute, func(l lists) string {
			_, err := l.client.CreateRoute(l.T.Context(), &sdk.CreateRouteInput{RouteTableId: &l.table, DestinationCidrBlock: aws.String("0.0.0.0/0"), InstanceId: &l.instance})
			l.Must(err)
			l.deleteRoute()
			return l.params("DeleteRoute")
		}, action.Escalated, "history has no event"},
		{"two in one second", ec2.NewRevertRoute, func(l lists) string {
			l.createRoute()
			for l.second("CreateRoute") != l.second("ReplaceRoute") { // where the clock came in between
				l.replaceRoute(sdk.ReplaceRouteInput{InstanceId: &l.instance})
				l.deleteRoute()
				l.createRoute()
			}
			l.deleteRoute()
			return l.params("DeleteRoute")
		}, action.Escalated, "history has no event"},
		{"a refused call", ec2.NewRevertRoute, func(l lists) string {
			l.createRoute()
			return strings.Replace(l.params("CreateRoute"), `"eventName"`, `"errorCode":"Client.UnauthorizedOperation","eventName"`, 1)
		}, action.Unneeded, "changed nothing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLists(t)
			params := tt.happen(l)
			actiontest.Want(t, l.Plan(tt.newAction, params), tt.status, tt.says)
		})
	}
}

// second is when the newest record of the operation says that it was.
func (l lists) second(operation string) string {
	out, err := cloudtrail.NewFromConfig(l.Admin(account, region)).LookupEvents(l.T.Context(), &cloudtrail.LookupEventsInput{
		LookupAttributes: []trailtypes.LookupAttribute{{AttributeKey: trailtypes.LookupAttributeKeyEventName, AttributeValue: &operation}},
	})
	l.Must(err)
	if len(out.Events) == 0 {
		return ""
	}
	return fmt.Sprint(out.Events[0].EventTime.Unix())
}

func TestEventsAboutListsThatAreWrong(t *testing.T) {
	l := newLists(t)
	for _, event := range []string{
		`{"eventName":"CreateVpc","requestParameters":{}}`,
		`{"eventName":"CreateRoute","requestParameters":{"routeTableId":"rtb-1"}}`,
		`{"eventName":"CreateRoute","requestParameters":{"routeTableId":"` + l.table + `"}}`,
		`{"eventName":"CreateRoute","requestParameters":null}`,
		`{"eventName":"CreateRoute","eventTime":"now","requestParameters":{}}`,
		`[]`,
	} {
		_, err := l.Action(ec2.NewRevertRoute).Plan(t.Context(), l.request(`{"event":%s}`, event))
		if fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want it refused with a hint", event, err)
		}
	}
}

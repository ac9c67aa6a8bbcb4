package sandbox_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/sandbox"
)

// requested is the request parameters of the newest record of an operation.
func (n network) requested(operation string) string {
	n.t.Helper()
	out := n.cli("us-east-1", "cloudtrail", "lookup-events", "--lookup-attributes", "AttributeKey=EventName,AttributeValue="+operation, "--query", "Events[0].CloudTrailEvent", "--output", "text")
	var record struct{ RequestParameters json.RawMessage }
	if err := json.Unmarshal([]byte(out), &record); err != nil {
		n.t.Fatalf("%v: %s", err, out)
	}
	return string(record.RequestParameters)
}

func TestRoutes(t *testing.T) {
	n, ctx := newNetwork(t, sandbox.Options{}), t.Context()
	made, err := n.client.CreateRouteTable(ctx, &ec2.CreateRouteTableInput{VpcId: &n.vpc})
	n.must(err)
	table := *made.RouteTable.RouteTableId
	gateway, err := n.client.CreateInternetGateway(ctx, nil)
	n.must(err)
	id := gateway.InternetGateway.InternetGatewayId
	everywhere := aws.String("0.0.0.0/0")
	create := func(target *string) error {
		_, err := n.client.CreateRoute(ctx, &ec2.CreateRouteInput{RouteTableId: &table, DestinationCidrBlock: everywhere, GatewayId: target})
		return err
	}
	wantCode(t, create(id), "InvalidGatewayID.NotFound") // attached to no VPC
	attach := func() error {
		_, err := n.client.AttachInternetGateway(ctx, &ec2.AttachInternetGatewayInput{InternetGatewayId: id, VpcId: &n.vpc})
		return err
	}
	n.must(attach())
	wantCode(t, attach(), "Resource.AlreadyAssociated")
	n.must(create(id))
	if got := n.requested("CreateRoute"); !strings.Contains(got, `"destinationCidrBlock":"0.0.0.0/0"`) || !strings.Contains(got, `"gatewayId":"`+*id) {
		t.Errorf("the record has %s", got)
	}
	wantCode(t, create(id), "RouteAlreadyExists")
	instance := n.run()
	_, err = n.client.ReplaceRoute(ctx, &ec2.ReplaceRouteInput{RouteTableId: &table, DestinationCidrBlock: everywhere, InstanceId: instance.InstanceId})
	n.must(err)
	n.cli("us-east-1", "ec2", "create-route", "--route-table-id", table, "--destination-ipv6-cidr-block", "::/0", "--gateway-id", *id)
	routes := n.cli("us-east-1", "ec2", "describe-route-tables", "--route-table-ids", table, "--query", "RouteTables[].Routes[].[Origin, DestinationCidrBlock || DestinationIpv6CidrBlock, GatewayId || InstanceId]", "--output", "text")
	for _, want := range []string{"CreateRouteTable\t10.0.0.0/16\tlocal", "CreateRoute\t0.0.0.0/0\t" + *instance.InstanceId, "CreateRoute\t::/0\t" + *id} {
		if !strings.Contains(routes, want) {
			t.Errorf("routes are %s, want %s", routes, want)
		}
	}
	remove := func(destination string) error {
		_, err := n.client.DeleteRoute(ctx, &ec2.DeleteRouteInput{RouteTableId: &table, DestinationCidrBlock: &destination})
		return err
	}
	n.must(remove("0.0.0.0/0"))
	wantCode(t, remove("0.0.0.0/0"), "InvalidRoute.NotFound")
	wantCode(t, remove("10.0.0.0/16"), "InvalidParameterValue")
}

func TestNetworkACLEntries(t *testing.T) {
	n, ctx := newNetwork(t, sandbox.Options{}), t.Context()
	made, err := n.client.CreateNetworkAcl(ctx, &ec2.CreateNetworkAclInput{VpcId: &n.vpc})
	n.must(err)
	acl := made.NetworkAcl.NetworkAclId
	n.cli("us-east-1", "ec2", "create-network-acl-entry", "--network-acl-id", *acl, "--ingress", "--rule-number", "12", "--protocol", "tcp",
		"--port-range", "From=700,To=702", "--rule-action", "allow", "--cidr-block", "0.0.0.0/0")
	for _, want := range []string{`"aclProtocol":"6"`, `"icmpTypeCode":{}`, `"portRange":{"from":700,"to":702}`, `"ruleNumber":12`, `"egress":false`} {
		if got := n.requested("CreateNetworkAclEntry"); !strings.Contains(got, want) {
			t.Errorf("the record has %s, want %s", got, want)
		}
	}
	replace := func(number int32, icmp *types.IcmpTypeCode) error {
		_, err := n.client.ReplaceNetworkAclEntry(ctx, &ec2.ReplaceNetworkAclEntryInput{
			NetworkAclId: acl, RuleNumber: &number, Egress: aws.Bool(false), Protocol: aws.String("1"), RuleAction: types.RuleActionDeny,
			CidrBlock: aws.String("192.0.2.0/24"), IcmpTypeCode: icmp,
		})
		return err
	}
	echo := &types.IcmpTypeCode{Type: aws.Int32(8), Code: aws.Int32(-1)}
	wantCode(t, replace(12, nil), "MissingParameter")
	wantCode(t, replace(13, echo), "InvalidNetworkAclEntry.NotFound")
	n.must(replace(12, echo))
	out, err := n.client.DescribeNetworkAcls(ctx, &ec2.DescribeNetworkAclsInput{NetworkAclIds: []string{*acl}})
	n.must(err)
	for _, e := range out.NetworkAcls[0].Entries {
		if *e.RuleNumber == 12 && (e.RuleAction != types.RuleActionDeny || e.PortRange != nil || e.IcmpTypeCode == nil || *e.IcmpTypeCode.Type != 8) {
			t.Errorf("the entry became %+v", e)
		}
	}
}

func TestBlockedSharing(t *testing.T) {
	n, ctx := newNetwork(t, sandbox.Options{}), t.Context()
	image, err := n.client.RegisterImage(ctx, &ec2.RegisterImageInput{Name: aws.String("web")})
	n.must(err)
	share := func(ctx context.Context, with types.LaunchPermission) error {
		_, err := n.client.ModifyImageAttribute(ctx, &ec2.ModifyImageAttributeInput{ImageId: image.ImageId, LaunchPermission: &types.LaunchPermissionModifications{
			Add: []types.LaunchPermission{with},
		}})
		return err
	}
	_, err = n.client.EnableImageBlockPublicAccess(ctx, &ec2.EnableImageBlockPublicAccessInput{ImageBlockPublicAccessState: types.ImageBlockPublicAccessEnabledStateBlockNewSharing})
	n.must(err)
	wantCode(t, share(ctx, types.LaunchPermission{Group: types.PermissionGroupAll}), "OperationNotPermitted")
	n.must(share(ctx, types.LaunchPermission{UserId: aws.String("123456789012")}))
	_, err = n.client.DisableImageBlockPublicAccess(ctx, nil)
	n.must(err)
	n.must(share(ctx, types.LaunchPermission{Group: types.PermissionGroupAll}))
	_, err = n.client.EnableSnapshotBlockPublicAccess(ctx, &ec2.EnableSnapshotBlockPublicAccessInput{State: types.SnapshotBlockPublicAccessStateUnblocked})
	wantCode(t, err, "InvalidParameterValue")
}

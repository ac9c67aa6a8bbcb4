package ec2

import (
	"context"
	"encoding/json"
	"net/netip"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
)

// route is where a route leads (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html).
type route struct {
	Kind   string `json:"kind"` // GatewayId, NatGatewayId, …
	Target string `json:"target"`

	instance string // that has the network interface
}

// routeTargets are the kinds of targets, as EC2 describes them. A record, and an input, may name an instance in place of its
// network interface, and a VPC endpoint in place of a gateway.
var routeTargets = []struct {
	kind string
	of   func(types.Route) *string
}{
	{"GatewayId", func(r types.Route) *string { return r.GatewayId }},
	{"NatGatewayId", func(r types.Route) *string { return r.NatGatewayId }},
	{"NetworkInterfaceId", func(r types.Route) *string { return r.NetworkInterfaceId }},
	{"TransitGatewayId", func(r types.Route) *string { return r.TransitGatewayId }},
	{"VpcPeeringConnectionId", func(r types.Route) *string { return r.VpcPeeringConnectionId }},
	{"EgressOnlyInternetGatewayId", func(r types.Route) *string { return r.EgressOnlyInternetGatewayId }},
	{"LocalGatewayId", func(r types.Route) *string { return r.LocalGatewayId }},
	{"CarrierGatewayId", func(r types.Route) *string { return r.CarrierGatewayId }},
	{"CoreNetworkArn", func(r types.Route) *string { return r.CoreNetworkArn }},
	{kindInstance, func(r types.Route) *string { return r.InstanceId }},
}

const (
	kindInstance = "InstanceId"
	kindEndpoint = "VpcEndpointId"
)

// NewRevertRoute returns the action ec2.revert-route.
func NewRevertRoute(caller *awscall.Caller) action.Action {
	return newRevertPart(caller, action.Spec{
		Name:  "ec2.revert-route",
		Title: "Take back what an event did to a route table",
		Description: "Deletes the route that a CloudTrail event added to a route table, or brings back the one that it changed or deleted, as the last " +
			"earlier event in CloudTrail's history of 90 days made it. Where there is none, as for the local route, where it led to an instance by " +
			"the instance's id, or somebody changed the route since, that is left to people. Traffic of all subnets of the table takes another way at once.",
		Parameters:  awscall.EventSchema("CreateRoute", "ReplaceRoute", "DeleteRoute"),
		Permissions: []string{"ec2:DescribeRouteTables", "ec2:CreateRoute", "ec2:ReplaceRoute", "ec2:DeleteRoute", "cloudtrail:LookupEvents"},
		Effect:      action.StateChecked,
		Evidence:    action.EventEvidence,
	}, partKind[route]{
		noun: "Route", prefix: "rtb", member: "routeTableId", words: "route table",
		cloudFormation: "AWS::EC2::RouteTable", resource: "route-table",
		request: recordedRoute, describe: describeRoutes,
		same: func(now, recorded route) bool {
			if recorded.Kind == kindInstance {
				return now.instance == recorded.Target
			}
			return now.Kind == recorded.Kind && now.Target == recorded.Target
		},
		exact: func(recorded route) bool { return recorded.Kind != kindInstance },
		name: func(key string) map[string]any {
			switch {
			case strings.HasPrefix(key, "pl-"):
				return map[string]any{"DestinationPrefixListId": key}
			case strings.Contains(key, ":"):
				return map[string]any{"DestinationIpv6CidrBlock": key}
			}
			return map[string]any{"DestinationCidrBlock": key}
		},
		input: func(r route) map[string]any {
			switch {
			case r.Target == "local":
				return map[string]any{"LocalTarget": true}
			case strings.HasPrefix(r.Target, "vpce-"):
				return map[string]any{kindEndpoint: r.Target}
			}
			return map[string]any{r.Kind: r.Target}
		},
	})
}

// masked writes a network as EC2 keeps it.
func masked(cidr string) string {
	if p, err := netip.ParsePrefix(cidr); err == nil {
		return p.Masked().String()
	}
	return cidr
}

func recordedRoute(raw json.RawMessage) (string, route, error) {
	var request map[string]any
	if err := json.Unmarshal(raw, &request); err != nil {
		return "", route{}, err
	}
	member := func(name string) string {
		text, _ := request[strings.ToLower(name[:1])+name[1:]].(string)
		return text
	}
	var key string
	for _, name := range []string{"DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"} {
		key += masked(member(name))
	}
	if key == "" {
		return "", route{}, errNoKey
	}
	r := route{Kind: "GatewayId", Target: member(kindEndpoint)}
	if local, _ := request["localTarget"].(bool); local {
		r.Target = "local"
	}
	for _, target := range routeTargets {
		if id := member(target.kind); id != "" {
			r = route{Kind: target.kind, Target: id}
		}
	}
	return key, r, nil
}

// describeRoutes reads a route table. Routes that a virtual private gateway made known are not those that events are about.
func describeRoutes(ctx context.Context, cfg aws.Config, id string) ([]types.Tag, func(string) *route, error) {
	out, err := ec2.NewFromConfig(cfg).DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{RouteTableIds: []string{id}})
	if err != nil || len(out.RouteTables) == 0 {
		return nil, nil, missing(err, "ec2:DescribeRouteTables", "route table", id)
	}
	table := out.RouteTables[0]
	return table.Tags, func(key string) *route {
		for _, r := range table.Routes {
			destination := aws.ToString(r.DestinationCidrBlock) + aws.ToString(r.DestinationIpv6CidrBlock) + aws.ToString(r.DestinationPrefixListId)
			if r.Origin == types.RouteOriginEnableVgwRoutePropagation || destination != key {
				continue
			}
			now := route{instance: aws.ToString(r.InstanceId)}
			for _, target := range routeTargets {
				if id := aws.ToString(target.of(r)); id != "" && now.Target == "" {
					now.Kind, now.Target = target.kind, id
				}
			}
			return &now
		}
		return nil
	}, nil
}

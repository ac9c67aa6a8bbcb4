package sandbox

import (
	"slices"
	"strings"

	"riposte.dev/sandbox/wire"
)

// routeOperations are those on route tables, whose routes lead to internet
// gateways and network interfaces
// (https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html).
func routeOperations() []operation {
	table := func(c *call) []string { return []string{c.arn("route-table/" + c.in.str("RouteTableId"))} }
	gateway := func(c *call) []string {
		return []string{c.arn("internet-gateway/" + orElse(c.in.str("InternetGatewayId"), "*"))}
	}
	return []operation{
		{name: "CreateRouteTable", resources: func(c *call) []string { return append(vpcOfInput(c), c.arn("route-table/*")) },
			also: tagsOnCreateEC2, conditions: ec2TagRequest, handle: createRouteTable},
		{name: "DescribeRouteTables", handle: describeRouteTables},
		{name: "CreateRoute", resources: table, handle: createRoute},
		{name: "ReplaceRoute", resources: table, handle: replaceRoute},
		{name: "DeleteRoute", resources: table, handle: deleteRoute},
		{name: "CreateInternetGateway", resources: gateway, also: tagsOnCreateEC2, conditions: ec2TagRequest, handle: createInternetGateway},
		{name: "AttachInternetGateway", resources: func(c *call) []string { return append(gateway(c), vpcOfInput(c)...) }, handle: attachInternetGateway},
	}
}

type internetGateway struct {
	id, vpc string
	tags    map[string]string
}

type routeTable struct {
	id, vpc string
	routes  []route
	tags    map[string]string
}

// route is one of a route table. Its target is a gateway, local for the first
// one of every table, or a network interface, perhaps of an instance.
type route struct{ destination, gateway, networkInterface, instance string }

// with is the table with the route at its place, or without it where the route
// leads nowhere.
func (t *routeTable) with(r route) *routeTable {
	out := *t
	out.routes = slices.DeleteFunc(slices.Clone(t.routes), func(o route) bool { return o.destination == r.destination })
	if r.gateway+r.networkInterface != "" {
		out.routes = append(out.routes, r)
	}
	return &out
}

func (t *routeTable) to(destination string) (route, bool) {
	i := slices.IndexFunc(t.routes, func(r route) bool { return r.destination == destination })
	if i < 0 {
		return route{destination: destination}, false
	}
	return t.routes[i], true
}

func createRouteTable(c *call) (wire.Object, error) {
	v, err := c.existingVPC(c.in.str("VpcId"))
	if err != nil {
		return nil, err
	}
	tags, err := c.tagsFor("route-table")
	if err != nil {
		return nil, err
	}
	t := &routeTable{id: c.sb.ec2ID("rtb-"), vpc: v.id, routes: []route{{destination: v.cidr, gateway: "local"}}, tags: tags}
	c.ec2().routes = append(c.ec2().routes, t)
	c.subject("AWS::EC2::RouteTable", t.id)
	return wire.Object{"RouteTable": c.routeTableObject(t)}, nil
}

func (c *call) routeTableObject(t *routeTable) wire.Object {
	return wire.Object{
		"RouteTableId": t.id, "VpcId": t.vpc, "OwnerId": c.account.id, "Associations": wire.List{}, "PropagatingVgws": wire.List{}, "Tags": tagList(t.tags),
		"Routes": list(t.routes, func(r route) any {
			out := wire.Object{"State": "active", "Origin": "CreateRoute"}
			if r.gateway == "local" {
				out["Origin"] = "CreateRouteTable"
			}
			put(out, destinationMember(r.destination), r.destination)
			put(out, "GatewayId", r.gateway)
			put(out, "NetworkInterfaceId", r.networkInterface)
			if r.instance != "" {
				out["InstanceId"], out["InstanceOwnerId"] = r.instance, c.account.id
			}
			return out
		}),
	}
}

func destinationMember(destination string) string {
	if strings.Contains(destination, ":") {
		return "DestinationIpv6CidrBlock"
	}
	return "DestinationCidrBlock"
}

func (c *call) existingRouteTable(id string) (*routeTable, error) {
	t := firstWhere(c.ec2().routes, func(t *routeTable) bool { return t.id == id })
	if t == nil {
		return nil, wire.Errorf("InvalidRouteTableID.NotFound", "The routeTable ID '%s' does not exist", id)
	}
	return t, nil
}

func describeRouteTables(c *call) (wire.Object, error) {
	all, err := selected(c, "RouteTableIds", c.ec2().routes, c.existingRouteTable)
	if err != nil {
		return nil, err
	}
	found, err := filtered(c, all, func(t *routeTable) ec2Attributes {
		return ec2Attributes{"route-table-id": {t.id}, "vpc-id": {t.vpc}}.tagged(t.tags)
	})
	if err != nil {
		return nil, err
	}
	return ec2Page(c, found, "RouteTables", func(t *routeTable) any { return c.routeTableObject(t) })
}

// inputRoute is the table of the input, and the route that it has to the
// input's destination.
func (c *call) inputRoute() (t *routeTable, now route, found bool, err error) {
	t, err = c.existingRouteTable(c.in.str("RouteTableId"))
	if err != nil {
		return nil, now, false, err
	}
	destination := orElse(c.in.str("DestinationCidrBlock"), c.in.str("DestinationIpv6CidrBlock"))
	if destination == "" {
		return nil, now, false, wire.Errorf("MissingParameter", "The request must contain a destination")
	}
	now, found = t.to(destination)
	return t, now, found, nil
}

// routeTarget is where the input's route leads.
func (c *call) routeTarget(t *routeTable, destination string) (route, error) {
	r := route{destination: destination, gateway: c.in.str("GatewayId"), networkInterface: c.in.str("NetworkInterfaceId")}
	n := c.ec2()
	if id := c.in.str("InstanceId"); id != "" {
		i, err := c.existingInstance(id)
		if err != nil {
			return r, err
		}
		r.networkInterface = i.interfaces[0].id
	}
	switch {
	case r.gateway != "":
		if g := firstWhere(n.gateways, func(g *internetGateway) bool { return g.id == r.gateway }); g == nil || g.vpc != t.vpc {
			return r, wire.Errorf("InvalidGatewayID.NotFound", "The gateway ID '%s' does not exist", r.gateway)
		}
	case r.networkInterface != "":
		for _, i := range n.instances {
			if slices.ContainsFunc(i.interfaces, func(x *networkInterface) bool { return x.id == r.networkInterface }) {
				r.instance = i.id
			}
		}
		if r.instance == "" {
			return r, wire.Errorf("InvalidNetworkInterfaceID.NotFound", "The networkInterface ID '%s' does not exist", r.networkInterface)
		}
	default:
		return r, wire.Errorf("MissingParameter", "The sandbox has routes to internet gateways, instances and network interfaces only")
	}
	return r, nil
}

func (c *call) setRoute(t *routeTable, r route) {
	n := c.ec2()
	n.routes = slices.Clone(n.routes)
	n.routes[slices.Index(n.routes, t)] = t.with(r)
	c.subject("AWS::EC2::RouteTable", t.id)
}

func createRoute(c *call) (wire.Object, error) {
	t, now, found, err := c.inputRoute()
	if err != nil {
		return nil, err
	}
	if found {
		return nil, wire.Errorf("RouteAlreadyExists", "The route identified by %s already exists.", now.destination)
	}
	r, err := c.routeTarget(t, now.destination)
	if err != nil {
		return nil, err
	}
	c.setRoute(t, r)
	return wire.Object{"Return": true}, nil
}

func replaceRoute(c *call) (wire.Object, error) {
	t, now, found, err := c.inputRoute()
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, noRoute(t, now)
	}
	r, err := c.routeTarget(t, now.destination)
	if err != nil {
		return nil, err
	}
	c.setRoute(t, r)
	return nil, nil
}

func noRoute(t *routeTable, r route) error {
	return wire.Errorf("InvalidRoute.NotFound", "no route with destination-cidr-block %s in route table %s", r.destination, t.id)
}

func deleteRoute(c *call) (wire.Object, error) {
	t, now, found, err := c.inputRoute()
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, noRoute(t, now)
	case now.gateway == "local":
		return nil, c.fail(wire.Invalid, "cannot remove local route %s in route table %s", now.destination, t.id)
	}
	c.setRoute(t, route{destination: now.destination})
	return nil, nil
}

func createInternetGateway(c *call) (wire.Object, error) {
	tags, err := c.tagsFor("internet-gateway")
	if err != nil {
		return nil, err
	}
	g := &internetGateway{id: c.sb.ec2ID("igw-"), tags: tags}
	c.ec2().gateways = append(c.ec2().gateways, g)
	c.subject("AWS::EC2::InternetGateway", g.id)
	return wire.Object{"InternetGateway": wire.Object{"InternetGatewayId": g.id, "OwnerId": c.account.id, "Attachments": wire.List{}, "Tags": tagList(tags)}}, nil
}

func attachInternetGateway(c *call) (wire.Object, error) {
	n, id := c.ec2(), c.in.str("InternetGatewayId")
	i := slices.IndexFunc(n.gateways, func(g *internetGateway) bool { return g.id == id })
	if i < 0 {
		return nil, wire.Errorf("InvalidInternetGatewayID.NotFound", "The internetGateway ID '%s' does not exist", id)
	}
	v, err := c.existingVPC(c.in.str("VpcId"))
	if err != nil {
		return nil, err
	}
	g := *n.gateways[i]
	if g.vpc != "" || firstWhere(n.gateways, func(o *internetGateway) bool { return o.vpc == v.id }) != nil {
		return nil, wire.Errorf("Resource.AlreadyAssociated", "resource %s is already attached to network %s", id, v.id)
	}
	g.vpc = v.id
	n.gateways = slices.Clone(n.gateways)
	n.gateways[i] = &g
	c.subject("AWS::EC2::InternetGateway", g.id)
	return nil, nil
}

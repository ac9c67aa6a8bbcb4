package sandbox

import (
	"regexp"
	"slices"

	"riposte.dev/sandbox/wire"
)

// elbv2Service answers for load balancers, their listeners and rules, and for
// target groups of instances; no request ever reaches them
// (https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Operations.html).
// Actions are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html.
func elbv2Service() *service {
	return &service{
		name: "elbv2", prefix: "elasticloadbalancing", versioned: true,
		operations: slices.Concat(loadBalancerOperations(), listenerOperations(), ruleOperations(), []operation{
			{name: "CreateTargetGroup", resources: func(c *call) []string { return []string{c.arn("targetgroup/" + c.in.str("Name") + "/*")} }, handle: createTargetGroup},
			{name: "DescribeTargetGroups", handle: describeTargetGroups},
			{name: "RegisterTargets", resources: targetGroupOfInput, handle: registerTargets},
			{name: "DeregisterTargets", resources: targetGroupOfInput, handle: deregisterTargets},
			{name: "DescribeTargetHealth", handle: describeTargetHealth},
			{name: "DeleteTargetGroup", resources: targetGroupOfInput, handle: deleteTargetGroup},
		}),
	}
}

// targetGroups are those of an account in a region, and its load balancers with
// their listeners.
type targetGroups struct {
	groups    []*targetGroup
	balancers []*loadBalancer
	listeners []*balancerListener
}

type targetGroup struct {
	arn, name, vpc, protocol string
	port                     int
	targets                  []balanced
}

// balanced is a target: an instance and its port.
type balanced struct {
	id   string
	port int
}

func newTargetGroups() *targetGroups { return &targetGroups{} }

func (s *targetGroups) clone() stater {
	out := newTargetGroups()
	out.balancers, out.listeners = slices.Clone(s.balancers), slices.Clone(s.listeners)
	for _, g := range s.groups {
		c := *g
		c.targets = slices.Clone(g.targets)
		out.groups = append(out.groups, &c)
	}
	return out
}

func (c *call) targetGroups() *targetGroups {
	return stateOf(c, stateKey{"elbv2", c.account.id, c.region}, newTargetGroups)
}

func targetGroupOfInput(c *call) []string { return []string{c.in.str("TargetGroupArn")} }

func (c *call) existingTargetGroup(arn string) (*targetGroup, error) {
	g := firstWhere(c.targetGroups().groups, func(g *targetGroup) bool { return g.arn == arn })
	if g == nil {
		return nil, wire.Errorf("TargetGroupNotFoundException", "One or more target groups not found")
	}
	return g, nil
}

var targetGroupName = regexp.MustCompile(`^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,30}[a-zA-Z0-9])?$`)

func createTargetGroup(c *call) (wire.Object, error) {
	name, vpc := c.in.str("Name"), c.in.str("VpcId")
	switch {
	case !targetGroupName.MatchString(name):
		return nil, c.fail(wire.Invalid, "Target group name '%s' is not valid", name)
	case orElse(c.in.str("TargetType"), "instance") != "instance":
		return nil, c.fail(wire.Invalid, "The sandbox knows target groups of instances only")
	case c.in.str("Protocol") == "" || !c.in.has("Port"):
		return nil, c.fail(wire.Invalid, "A protocol and a port must be specified")
	case c.ec2().vpc(vpc) == nil:
		return nil, c.fail(wire.Invalid, "The VPC ID '%s' is not found", vpc)
	}
	s := c.targetGroups()
	if slices.ContainsFunc(s.groups, func(g *targetGroup) bool { return g.name == name }) {
		return nil, wire.Errorf("DuplicateTargetGroupNameException", "A target group with the same name '%s' exists, but with different settings", name)
	}
	g := &targetGroup{name: name, vpc: vpc, protocol: c.in.str("Protocol"), port: c.in.number("Port", 0)}
	g.arn = c.arn("targetgroup/" + name + "/" + c.sb.ec2ID("")[:16])
	s.groups = append(s.groups, g)
	return wire.Object{"TargetGroups": wire.List{g.object(s)}}, nil
}

func (g *targetGroup) object(s *targetGroups) wire.Object {
	return wire.Object{
		"TargetGroupArn": g.arn, "TargetGroupName": g.name, "Protocol": g.protocol, "Port": int64(g.port), "VpcId": g.vpc, "TargetType": "instance",
		"HealthCheckEnabled": true, "LoadBalancerArns": strList(s.users(g.arn)),
	}
}

func describeTargetGroups(c *call) (wire.Object, error) {
	all, arns, names := c.targetGroups().groups, c.in.strs("TargetGroupArns"), c.in.strs("Names")
	if len(arns)+len(names) > 0 {
		all = nil
		for _, g := range c.targetGroups().groups {
			if slices.Contains(arns, g.arn) || slices.Contains(names, g.name) {
				all = append(all, g)
			}
		}
		if len(all) < len(arns)+len(names) {
			return nil, wire.Errorf("TargetGroupNotFoundException", "One or more target groups not found")
		}
	}
	page, next, err := paginate(c, all, c.in.str("Marker"), c.in.number("PageSize", 400))
	if err != nil {
		return nil, c.fail(wire.Invalid, "The marker is not valid")
	}
	out := wire.Object{"TargetGroups": list(page, func(g *targetGroup) any { return g.object(c.targetGroups()) })}
	put(out, "NextMarker", next)
	return out, nil
}

// targetsOfInput are the targets with their ports; 0 for any.
func targetsOfInput(c *call) []balanced {
	var out []balanced
	for _, t := range c.in.objects("Targets") {
		out = append(out, balanced{t.str("Id"), t.number("Port", 0)})
	}
	return out
}

func registerTargets(c *call) (wire.Object, error) {
	g, err := c.existingTargetGroup(c.in.str("TargetGroupArn"))
	if err != nil {
		return nil, err
	}
	wanted := targetsOfInput(c)
	for k, t := range wanted {
		i := c.ec2().instance(t.id)
		if i == nil || i.state != running || i.vpc != g.vpc {
			return nil, wire.Errorf("InvalidTargetException", "The following targets are not in a running state and cannot be registered: '%s'", t.id)
		}
		if t.port == 0 {
			wanted[k].port = g.port
		}
	}
	for _, t := range wanted {
		if !slices.Contains(g.targets, t) {
			g.targets = append(g.targets, t)
		}
	}
	return wire.Object{}, nil
}

func deregisterTargets(c *call) (wire.Object, error) {
	g, err := c.existingTargetGroup(c.in.str("TargetGroupArn"))
	if err != nil {
		return nil, err
	}
	for _, t := range targetsOfInput(c) {
		g.targets = slices.DeleteFunc(g.targets, func(o balanced) bool { return o.id == t.id && (t.port == 0 || t.port == o.port) })
	}
	return wire.Object{}, nil
}

func describeTargetHealth(c *call) (wire.Object, error) {
	g, err := c.existingTargetGroup(c.in.str("TargetGroupArn"))
	if err != nil {
		return nil, err
	}
	shown := g.targets
	if wanted := targetsOfInput(c); len(wanted) > 0 {
		shown = nil
		for _, w := range wanted {
			for _, t := range g.targets {
				if t.id == w.id && (w.port == 0 || w.port == t.port) {
					shown = append(shown, t)
				}
			}
		}
	}
	health := wire.Object{"State": "healthy"}
	if len(c.targetGroups().users(g.arn)) == 0 {
		health = wire.Object{
			"State": "unused", "Reason": "Target.NotInUse", "Description": "Target group is not configured to receive traffic from the load balancer",
		}
	}
	return wire.Object{"TargetHealthDescriptions": list(shown, func(t balanced) any {
		return wire.Object{"Target": wire.Object{"Id": t.id, "Port": int64(t.port)}, "TargetHealth": health}
	})}, nil
}

func deleteTargetGroup(c *call) (wire.Object, error) {
	s, arn := c.targetGroups(), c.in.str("TargetGroupArn")
	if len(s.users(arn)) > 0 {
		return nil, wire.Errorf("ResourceInUseException", "Target group '%s' is currently in use by a listener or a rule", arn)
	}
	s.groups = slices.DeleteFunc(s.groups, func(g *targetGroup) bool { return g.arn == arn })
	return wire.Object{}, nil
}

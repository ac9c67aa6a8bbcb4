package sandbox

import (
	"maps"
	"slices"
	"strings"

	"riposte.dev/sandbox/wire"
)

// loadBalancerOperations are those on load balancers and their attributes.
func loadBalancerOperations() []operation {
	ofInput := func(c *call) []string { return []string{c.in.str("LoadBalancerArn")} }
	return []operation{
		{name: "CreateLoadBalancer", resources: func(c *call) []string {
			return []string{c.arn("loadbalancer/" + balancerKind[c.balancerType()] + "/" + c.in.str("Name") + "/*")}
		}, handle: createLoadBalancer},
		{name: "DescribeLoadBalancers", handle: describeLoadBalancers},
		{name: "DescribeLoadBalancerAttributes", handle: describeBalancerAttributes},
		{name: "ModifyLoadBalancerAttributes", resources: ofInput, handle: modifyBalancerAttributes},
		{name: "DescribeTags", handle: describeBalancerTags},
		{name: "DeleteLoadBalancer", resources: ofInput, handle: deleteLoadBalancer},
	}
}

// loadBalancer is replaced, never changed.
type loadBalancer struct {
	arn, name, kind string
	attributes      map[string]string
	tags            map[string]string
}

func (c *call) balancerType() string { return orElse(c.in.str("Type"), "application") }

// balancerKind is a type's name in ARNs.
var balancerKind = map[string]string{"application": "app", "network": "net", "gateway": "gwy"}

// attributesOf are the attributes that balancers of a type have, with what
// they are at first
// (https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html).
func attributesOf(kind string) map[string]string {
	out := map[string]string{"deletion_protection.enabled": "false", "load_balancing.cross_zone.enabled": "false"}
	if kind == "gateway" {
		return out
	}
	out["access_logs.s3.enabled"], out["access_logs.s3.bucket"], out["access_logs.s3.prefix"] = "false", "", ""
	if kind == "application" {
		out["load_balancing.cross_zone.enabled"] = "true"
		out["routing.http.drop_invalid_header_fields.enabled"] = "false"
		out["routing.http.desync_mitigation_mode"] = "defensive"
	}
	return out
}

func createLoadBalancer(c *call) (wire.Object, error) {
	name, kind := c.in.str("Name"), c.balancerType()
	if !targetGroupName.MatchString(name) {
		return nil, c.fail(wire.Invalid, "Load balancer name '%s' is not valid", name)
	}
	s := c.targetGroups()
	if firstWhere(s.balancers, func(b *loadBalancer) bool { return b.name == name }) != nil {
		return nil, wire.Errorf("DuplicateLoadBalancerNameException", "A load balancer with the same name '%s' exists, but with different settings", name)
	}
	b := &loadBalancer{name: name, kind: kind, attributes: attributesOf(kind), tags: c.inputTags()}
	b.arn = c.arn("loadbalancer/" + balancerKind[kind] + "/" + name + "/" + c.sb.ec2ID("")[:16])
	s.balancers = append(s.balancers, b)
	return wire.Object{"LoadBalancers": wire.List{b.object()}}, nil
}

func (b *loadBalancer) object() wire.Object {
	return wire.Object{"LoadBalancerArn": b.arn, "LoadBalancerName": b.name, "Type": b.kind, "Scheme": "internal", "State": wire.Object{"Code": "active"}}
}

func noBalancer(arn string) error {
	return wire.Errorf("LoadBalancerNotFoundException", "Load balancer '%s' not found", arn)
}

func (c *call) existingBalancer(arn string) (*loadBalancer, error) {
	b := firstWhere(c.targetGroups().balancers, func(b *loadBalancer) bool { return b.arn == arn })
	if b == nil {
		return nil, noBalancer(arn)
	}
	return b, nil
}

func describeLoadBalancers(c *call) (wire.Object, error) {
	all := c.targetGroups().balancers
	if arns := c.in.strs("LoadBalancerArns"); len(arns) > 0 {
		all = nil
		for _, arn := range arns {
			b, err := c.existingBalancer(arn)
			if err != nil {
				return nil, err
			}
			all = append(all, b)
		}
	}
	page, next, err := paginate(c, all, c.in.str("Marker"), c.in.number("PageSize", 400))
	if err != nil {
		return nil, c.fail(wire.Invalid, "The marker is not valid")
	}
	out := wire.Object{"LoadBalancers": list(page, func(b *loadBalancer) any { return b.object() })}
	put(out, "NextMarker", next)
	return out, nil
}

func (b *loadBalancer) attributeList() wire.Object {
	return wire.Object{"Attributes": list(slices.Sorted(maps.Keys(b.attributes)), func(key string) any {
		return wire.Object{"Key": key, "Value": b.attributes[key]}
	})}
}

func describeBalancerAttributes(c *call) (wire.Object, error) {
	b, err := c.existingBalancer(c.in.str("LoadBalancerArn"))
	if err != nil {
		return nil, err
	}
	return b.attributeList(), nil
}

func modifyBalancerAttributes(c *call) (wire.Object, error) {
	b, err := c.existingBalancer(c.in.str("LoadBalancerArn"))
	if err != nil {
		return nil, err
	}
	changed := *b
	changed.attributes = maps.Clone(b.attributes)
	for _, a := range c.in.objects("Attributes") {
		if _, known := changed.attributes[a.str("Key")]; !known {
			return nil, wire.Errorf("InvalidConfigurationRequest", "Load balancer attribute key '%s' is not recognized or not valid for load balancers of type '%s'", a.str("Key"), b.kind)
		}
		changed.attributes[a.str("Key")] = a.str("Value")
	}
	if changed.attributes["access_logs.s3.enabled"] == "true" && changed.attributes["access_logs.s3.bucket"] == "" {
		return nil, wire.Errorf("InvalidConfigurationRequest", "The value of 'access_logs.s3.bucket' cannot be empty")
	}
	s := c.targetGroups()
	s.balancers = slices.Clone(s.balancers)
	s.balancers[slices.Index(s.balancers, b)] = &changed
	return changed.attributeList(), nil
}

func describeBalancerTags(c *call) (wire.Object, error) {
	arns, out := c.in.strs("ResourceArns"), wire.List{}
	if len(arns) > 20 {
		return nil, c.fail(wire.Invalid, "The number of resource ARNs must not exceed 20")
	}
	for _, arn := range arns {
		tags, err := c.balancingTags(arn)
		if err != nil {
			return nil, err
		}
		out = append(out, wire.Object{"ResourceArn": arn, "Tags": tagList(tags)})
	}
	return wire.Object{"TagDescriptions": out}, nil
}

// balancingTags are those of a load balancer, a listener or a rule.
func (c *call) balancingTags(arn string) (map[string]string, error) {
	switch {
	case strings.Contains(arn, ":listener/"):
		l, err := c.existingListener(arn)
		if err != nil {
			return nil, err
		}
		return l.tags, nil
	case strings.Contains(arn, ":listener-rule/"):
		_, r, err := c.existingRule(arn)
		if err != nil {
			return nil, err
		}
		return r.tags, nil
	}
	b, err := c.existingBalancer(arn)
	if err != nil {
		return nil, err
	}
	return b.tags, nil
}

// deleteLoadBalancer takes the listeners along. One that isn't there is deleted
// already.
func deleteLoadBalancer(c *call) (wire.Object, error) {
	s, arn := c.targetGroups(), c.in.str("LoadBalancerArn")
	b := firstWhere(s.balancers, func(b *loadBalancer) bool { return b.arn == arn })
	if b == nil {
		return wire.Object{}, nil
	}
	if b.attributes["deletion_protection.enabled"] == "true" {
		return nil, wire.Errorf("OperationNotPermittedException", "Load balancer '%s' cannot be deleted because deletion protection is enabled", arn)
	}
	s.balancers = without(s.balancers, b)
	s.listeners = slices.DeleteFunc(slices.Clone(s.listeners), func(l *balancerListener) bool { return l.balancer == arn })
	return wire.Object{}, nil
}

package sandbox

import (
	"slices"
	"strings"

	"riposte.dev/sandbox/wire"
)

// listenerOperations are those on listeners.
func listenerOperations() []operation {
	ofInput := func(c *call) []string { return []string{c.in.str("ListenerArn")} }
	return []operation{
		{name: "CreateListener", resources: func(c *call) []string { return []string{c.in.str("LoadBalancerArn")} }, handle: createListener},
		{name: "DescribeListeners", handle: describeListeners},
		{name: "ModifyListener", resources: ofInput, handle: modifyListener},
		{name: "DeleteListener", resources: ofInput, handle: deleteListener},
	}
}

// balancerListener is replaced, never changed.
type balancerListener struct {
	arn, balancer string
	protocol      string // "" for those of gateways, which have no port either
	port          int
	policy        string // SslPolicy
	certificates  wire.List
	byDefault     balancerRule
	rules         []*balancerRule // by priority
	tags          map[string]string
}

// balancerRule is replaced, never changed. The default has no conditions.
type balancerRule struct {
	arn        string
	priority   int // 0 for the default
	conditions any // as they were given
	actions    wire.List
	tags       map[string]string
}

// protocolsOf are those that listeners of a type of load balancer may have.
var protocolsOf = map[string][]string{
	"application": {"HTTP", "HTTPS"}, "network": {"TCP", "TLS", "UDP", "TCP_UDP"}, "gateway": {""},
}

func (c *call) existingListener(arn string) (*balancerListener, error) {
	l := firstWhere(c.targetGroups().listeners, func(l *balancerListener) bool { return l.arn == arn })
	if l == nil {
		return nil, wire.Errorf("ListenerNotFoundException", "One or more listeners not found")
	}
	return l, nil
}

// below is the ARN of what a load balancer, or a listener, has.
func (c *call) below(parent, from, to string) string {
	return strings.Replace(parent, ":"+from+"/", ":"+to+"/", 1) + "/" + c.sb.ec2ID("")[:16]
}

func createListener(c *call) (wire.Object, error) {
	b, err := c.existingBalancer(c.in.str("LoadBalancerArn"))
	if err != nil {
		return nil, err
	}
	l := &balancerListener{balancer: b.arn, arn: c.below(b.arn, "loadbalancer", "listener"), tags: c.inputTags()}
	l.byDefault.arn = c.below(l.arn, "listener", "listener-rule")
	if err := l.set(c, b); err != nil {
		return nil, err
	}
	s := c.targetGroups()
	s.listeners = append(slices.Clone(s.listeners), l)
	return wire.Object{"Listeners": wire.List{l.object()}}, nil
}

// modifyListener replaces what the input names.
func modifyListener(c *call) (wire.Object, error) {
	l, err := c.existingListener(c.in.str("ListenerArn"))
	if err != nil {
		return nil, err
	}
	b, err := c.existingBalancer(l.balancer)
	if err != nil {
		return nil, err
	}
	changed := *l
	if err := changed.set(c, b); err != nil {
		return nil, err
	}
	c.targetGroups().replace(l, &changed)
	return wire.Object{"Listeners": wire.List{changed.object()}}, nil
}

func (s *targetGroups) replace(l, by *balancerListener) {
	s.listeners = slices.Clone(s.listeners)
	s.listeners[slices.Index(s.listeners, l)] = by
}

// set takes from the input what it has.
func (l *balancerListener) set(c *call, b *loadBalancer) error {
	l.protocol, l.port, l.policy = orElse(c.in.str("Protocol"), l.protocol), c.in.number("Port", l.port), orElse(c.in.str("SslPolicy"), l.policy)
	if c.in.has("Certificates") {
		l.certificates, _ = c.in["Certificates"].(wire.List)
	}
	secure := l.protocol == "HTTPS" || l.protocol == "TLS"
	taken := firstWhere(c.targetGroups().listeners, func(o *balancerListener) bool { return o.balancer == b.arn && o.port == l.port && o.arn != l.arn })
	switch {
	case !slices.Contains(protocolsOf[b.kind], l.protocol):
		return wire.Errorf("UnsupportedProtocolException", "Listener protocol '%s' is not supported for load balancers of type '%s'", l.protocol, b.kind)
	case b.kind != "gateway" && (l.port < 1 || l.port > 65535):
		return c.fail(wire.Invalid, "A listener port must be specified")
	case taken != nil:
		return wire.Errorf("DuplicateListenerException", "A listener already exists on this port for this load balancer '%s'", b.arn)
	case secure && len(l.certificates) != 1:
		return c.fail(wire.Invalid, "A certificate must be specified for %s listeners", l.protocol)
	case !secure:
		l.policy, l.certificates = "", nil
	default:
		l.policy = orElse(l.policy, "ELBSecurityPolicy-2016-08")
	}
	if !c.in.has("DefaultActions") {
		return nil
	}
	actions, err := c.balancerActions("DefaultActions", l)
	if err == nil {
		l.byDefault.actions = actions
	}
	return err
}

func (l *balancerListener) object() wire.Object {
	out := wire.Object{"ListenerArn": l.arn, "LoadBalancerArn": l.balancer, "DefaultActions": l.byDefault.actions}
	if l.port != 0 {
		out["Port"], out["Protocol"] = int64(l.port), l.protocol
	}
	if len(l.certificates) > 0 {
		out["SslPolicy"], out["Certificates"] = l.policy, l.certificates
	}
	return out
}

func describeListeners(c *call) (wire.Object, error) {
	balancer, arns := c.in.str("LoadBalancerArn"), c.in.strs("ListenerArns")
	var found []*balancerListener
	switch {
	case (balancer == "") == (len(arns) == 0):
		return nil, c.fail(wire.Invalid, "You must specify either listener ARNs or a load balancer ARN")
	case balancer != "":
		if _, err := c.existingBalancer(balancer); err != nil {
			return nil, err
		}
		for _, l := range c.targetGroups().listeners {
			if l.balancer == balancer {
				found = append(found, l)
			}
		}
	}
	for _, arn := range arns {
		l, err := c.existingListener(arn)
		if err != nil {
			return nil, err
		}
		found = append(found, l)
	}
	page, next, err := paginate(c, found, c.in.str("Marker"), c.in.number("PageSize", 400))
	if err != nil {
		return nil, c.fail(wire.Invalid, "The marker is not valid")
	}
	out := wire.Object{"Listeners": list(page, func(l *balancerListener) any { return l.object() })}
	put(out, "NextMarker", next)
	return out, nil
}

func deleteListener(c *call) (wire.Object, error) {
	l, err := c.existingListener(c.in.str("ListenerArn"))
	if err != nil {
		return nil, err
	}
	s := c.targetGroups()
	s.listeners = without(s.listeners, l)
	return wire.Object{}, nil
}

package sandbox

import (
	"slices"
	"strconv"
	"strings"

	"riposte.dev/sandbox/wire"
)

// balancerActions are the actions of the input's member as Elastic Load Balancing
// answers them: a forward names its target groups with their weights, a redirect
// every part of the address
// (https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Action.html).
func (c *call) balancerActions(member string, l *balancerListener) (wire.List, error) {
	out, last := wire.List{}, 0
	for _, a := range c.in.objects(member) {
		kind := a.str("Type")
		spelt := wire.Object{}
		for k, v := range a {
			spelt[k] = v
		}
		var err error
		switch kind {
		case "forward":
			err = c.forward(spelt, l)
		case "redirect":
			err = redirect(spelt, l)
		case "fixed-response":
			if len(a.object("FixedResponseConfig")) == 0 {
				err = wire.Errorf("InvalidLoadBalancerActionException", "You must specify a fixed response configuration for a fixed-response action")
			}
		default:
			if l.protocol != "HTTPS" {
				err = wire.Errorf("InvalidLoadBalancerActionException", "Actions of type '%s' are supported only on HTTPS listeners", kind)
			}
			last--
		}
		if err != nil {
			return nil, err
		}
		last++
		out = append(out, spelt)
	}
	if last != 1 {
		return nil, wire.Errorf("InvalidLoadBalancerActionException", "You must specify exactly one forward, redirect or fixed-response action")
	}
	return out, nil
}

func (c *call) forward(a wire.Object, l *balancerListener) error {
	in := input(a)
	config := in.object("ForwardConfig")
	groups := config.objects("TargetGroups")
	if one := in.str("TargetGroupArn"); len(groups) == 0 && one != "" {
		groups = []input{{"TargetGroupArn": one}}
	} else if one != "" && (len(groups) != 1 || groups[0].str("TargetGroupArn") != one) {
		return wire.Errorf("InvalidLoadBalancerActionException", "If you specify both a target group ARN and a forward configuration, they must name the same target group")
	}
	if len(groups) == 0 || len(groups) > 5 {
		return wire.Errorf("InvalidLoadBalancerActionException", "You must specify between 1 and 5 target groups for a forward action")
	}
	weighed := wire.List{}
	for _, g := range groups {
		arn := g.str("TargetGroupArn")
		if _, err := c.existingTargetGroup(arn); err != nil {
			return err
		}
		if slices.ContainsFunc(c.targetGroups().users(arn), func(balancer string) bool { return balancer != l.balancer }) {
			return wire.Errorf("TargetGroupAssociationLimitException", "The following target groups cannot be associated with more than one load balancer: %s", arn)
		}
		weighed = append(weighed, wire.Object{"TargetGroupArn": arn, "Weight": int64(g.number("Weight", 1))})
	}
	sticky := wire.Object(config.object("TargetGroupStickinessConfig"))
	if len(sticky) == 0 {
		sticky = wire.Object{"Enabled": false}
	}
	a["ForwardConfig"] = wire.Object{"TargetGroups": weighed, "TargetGroupStickinessConfig": sticky}
	if len(groups) == 1 {
		a["TargetGroupArn"] = groups[0].str("TargetGroupArn")
	}
	return nil
}

func redirect(a wire.Object, l *balancerListener) error {
	to := input(a).object("RedirectConfig")
	if len(to) == 0 {
		return wire.Errorf("InvalidLoadBalancerActionException", "You must specify a redirect configuration for a redirect action")
	}
	spelt := wire.Object{
		"Protocol": "#{protocol}", "Port": "#{port}", "Host": "#{host}", "Path": "/#{path}", "Query": "#{query}",
	}
	for k, v := range to {
		spelt[k] = v
	}
	of := input(spelt)
	protocol := strings.Replace(of.str("Protocol"), "#{protocol}", l.protocol, 1)
	port := strings.Replace(of.str("Port"), "#{port}", strconv.Itoa(l.port), 1)
	switch {
	case protocol == l.protocol && port == strconv.Itoa(l.port) && of.str("Host") == "#{host}" && of.str("Path") == "/#{path}":
		return wire.Errorf("InvalidLoadBalancerActionException", "The redirect configuration is not valid because it creates a loop.")
	case l.protocol == "HTTPS" && protocol == "HTTP":
		return wire.Errorf("InvalidLoadBalancerActionException", "HTTPS listeners cannot redirect to HTTP")
	}
	a["RedirectConfig"] = spelt
	return nil
}

// users are the load balancers that hand requests to a target group.
func (s *targetGroups) users(group string) []string {
	var out []string
	for _, l := range s.listeners {
		for _, r := range append([]*balancerRule{&l.byDefault}, l.rules...) {
			if r.forwardsTo(group) && !slices.Contains(out, l.balancer) {
				out = append(out, l.balancer)
			}
		}
	}
	return out
}

func (r *balancerRule) forwardsTo(group string) bool {
	for _, a := range (input{"Actions": r.actions}).objects("Actions") {
		for _, g := range a.object("ForwardConfig").objects("TargetGroups") {
			if g.str("TargetGroupArn") == group {
				return true
			}
		}
	}
	return false
}

package sandbox

import (
	"maps"
	"slices"
	"time"

	"riposte.dev/sandbox/wire"
)

// autoscalingService answers for Auto Scaling groups, which launch and end
// nothing: their instances are those that are attached
// (https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Operations.html).
// Actions and resources are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2autoscaling.html.
func autoscalingService() *service {
	return &service{
		name: "autoscaling", prefix: "autoscaling",
		operations: []operation{
			{name: "CreateAutoScalingGroup", resources: scalingGroupOfInput, handle: createScalingGroup},
			{name: "DescribeAutoScalingGroups", handle: describeScalingGroups},
			{name: "DescribeAutoScalingInstances", handle: describeScalingInstances},
			{name: "AttachInstances", resources: scalingGroupOfInput, handle: attachInstances},
			{name: "DetachInstances", resources: scalingGroupOfInput, handle: detachInstances},
			{name: "UpdateAutoScalingGroup", resources: scalingGroupOfInput, handle: updateScalingGroup},
			{name: "AttachLoadBalancerTargetGroups", resources: scalingGroupOfInput, handle: attachTargetGroups},
			{name: "SuspendProcesses", resources: scalingGroupOfInput, handle: setProcesses(true)},
			{name: "ResumeProcesses", resources: scalingGroupOfInput, handle: setProcesses(false)},
		},
	}
}

// scalingGroups are those of an account in a region.
type scalingGroups struct{ groups []*scalingGroup }

type scalingGroup struct {
	name, arn         string
	min, max, desired int
	created           time.Time
	instances         []string
	healthCheck       string
	targetGroups      []string // ARNs
	suspended         []string // processes
	tags              map[string]string
}

func newScalingGroups() *scalingGroups { return &scalingGroups{} }

func (s *scalingGroups) clone() stater {
	out := newScalingGroups()
	for _, g := range s.groups {
		c := *g
		c.instances, c.targetGroups, c.suspended = slices.Clone(g.instances), slices.Clone(g.targetGroups), slices.Clone(g.suspended)
		c.tags = maps.Clone(g.tags)
		out.groups = append(out.groups, &c)
	}
	return out
}

func (c *call) scalingGroups() *scalingGroups {
	return stateOf(c, stateKey{"autoscaling", c.account.id, c.region}, newScalingGroups)
}

func (s *scalingGroups) named(name string) *scalingGroup {
	return firstWhere(s.groups, func(g *scalingGroup) bool { return g.name == name })
}

// of is the group that has the instance; nil without.
func (s *scalingGroups) of(instance string) *scalingGroup {
	return firstWhere(s.groups, func(g *scalingGroup) bool { return slices.Contains(g.instances, instance) })
}

func scalingGroupOfInput(c *call) []string {
	name := c.in.str("AutoScalingGroupName")
	if g := c.scalingGroups().named(name); g != nil {
		return []string{g.arn}
	}
	return []string{c.arn("autoScalingGroup:*:autoScalingGroupName/" + name)}
}

func createScalingGroup(c *call) (wire.Object, error) {
	s, name := c.scalingGroups(), c.in.str("AutoScalingGroupName")
	if s.named(name) != nil {
		return nil, wire.Errorf("AlreadyExistsFault", "AutoScalingGroup by this name already exists - A group with the name %s already exists", name)
	}
	g := &scalingGroup{name: name, min: c.in.number("MinSize", 0), max: c.in.number("MaxSize", 0), created: c.time.UTC(), tags: c.inputTags()}
	g.healthCheck, g.targetGroups = orElse(c.in.str("HealthCheckType"), "EC2"), c.in.strs("TargetGroupARNs")
	g.desired = c.in.number("DesiredCapacity", g.min)
	if g.min < 0 || g.desired < g.min || g.desired > g.max {
		return nil, c.fail(wire.Invalid, "Desired capacity:%d must be between the specified min size:%d and max size:%d", g.desired, g.min, g.max)
	}
	g.arn = c.arn("autoScalingGroup:" + c.sb.newUUID() + ":autoScalingGroupName/" + name)
	s.groups = append(s.groups, g)
	return nil, nil
}

func describeScalingGroups(c *call) (wire.Object, error) {
	names := c.in.strs("AutoScalingGroupNames")
	var found []*scalingGroup
	for _, g := range c.scalingGroups().groups {
		if len(names) == 0 || slices.Contains(names, g.name) {
			found = append(found, g)
		}
	}
	page, next, err := paginate(c, found, c.in.str("NextToken"), c.in.number("MaxRecords", 50))
	if err != nil {
		return nil, wire.Errorf("InvalidNextToken", "The token '%s' is invalid.", c.in.str("NextToken"))
	}
	out := wire.Object{"AutoScalingGroups": list(page, func(g *scalingGroup) any {
		return wire.Object{
			"AutoScalingGroupName": g.name, "AutoScalingGroupARN": g.arn, "MinSize": int64(g.min), "MaxSize": int64(g.max), "DesiredCapacity": int64(g.desired),
			"DefaultCooldown": int64(300), "AvailabilityZones": strList([]string{c.region + "a"}), "HealthCheckType": g.healthCheck, "CreatedTime": g.created,
			"TargetGroupARNs": strList(g.targetGroups), "LoadBalancerNames": wire.List{}, "HealthCheckGracePeriod": int64(0),
			"SuspendedProcesses": list(g.suspended, func(p string) any { return wire.Object{"ProcessName": p, "SuspensionReason": "User suspended"} }),
			"Tags": list(slices.Sorted(maps.Keys(g.tags)), func(key string) any {
				return wire.Object{"Key": key, "Value": g.tags[key], "ResourceId": g.name, "ResourceType": "auto-scaling-group", "PropagateAtLaunch": false}
			}),
			"Instances": list(g.instances, func(id string) any { return c.scalingInstance(id) }),
		}
	})}
	put(out, "NextToken", next)
	return out, nil
}

func (c *call) scalingInstance(id string) wire.Object {
	return wire.Object{
		"InstanceId": id, "AvailabilityZone": c.region + "a", "LifecycleState": "InService", "HealthStatus": "HEALTHY",
		"ProtectedFromScaleIn": false,
	}
}

func describeScalingInstances(c *call) (wire.Object, error) {
	ids, out := c.in.strs("InstanceIds"), wire.List{}
	for _, g := range c.scalingGroups().groups {
		for _, id := range g.instances {
			if len(ids) == 0 || slices.Contains(ids, id) {
				i := c.scalingInstance(id)
				i["AutoScalingGroupName"] = g.name
				out = append(out, i)
			}
		}
	}
	return wire.Object{"AutoScalingInstances": out}, nil
}

func (c *call) scalingGroup() (*scalingGroup, error) {
	g := c.scalingGroups().named(c.in.str("AutoScalingGroupName"))
	if g == nil {
		return nil, c.fail(wire.Invalid, "AutoScalingGroup name not found - AutoScalingGroup '%s' not found", c.in.str("AutoScalingGroupName"))
	}
	return g, nil
}

// attachInstances raises the desired capacity by the number of instances.
func attachInstances(c *call) (wire.Object, error) {
	g, err := c.scalingGroup()
	if err != nil {
		return nil, err
	}
	ids := c.in.strs("InstanceIds")
	for _, id := range ids {
		i := c.ec2().instance(id)
		if i == nil || i.state != running {
			return nil, c.fail(wire.Invalid, "Invalid Instance ID(s): [%s]. Instances must be running.", id)
		}
		if other := c.scalingGroups().of(id); other != nil {
			return nil, c.fail(wire.Invalid, "Instance %s is already part of AutoScalingGroup:%s.", id, other.name)
		}
	}
	if g.desired+len(ids) > g.max {
		return nil, c.fail(wire.Invalid, "AutoScalingGroup %s has max-size=%d, so it can't take %d more instances.", g.name, g.max, len(ids))
	}
	g.instances, g.desired = append(g.instances, ids...), g.desired+len(ids)
	return nil, nil
}

func detachInstances(c *call) (wire.Object, error) {
	g, err := c.scalingGroup()
	if err != nil {
		return nil, err
	}
	ids, decrement := c.in.strs("InstanceIds"), c.in.flag("ShouldDecrementDesiredCapacity", false)
	for _, id := range ids {
		if !slices.Contains(g.instances, id) {
			return nil, c.fail(wire.Invalid, "The instance %s is not part of Auto Scaling group %s.", id, g.name)
		}
	}
	if decrement && g.desired-len(ids) < g.min {
		return nil, c.fail(wire.Invalid, "AutoScalingGroup %s has min-size=%d, and cannot be decremented by %d.", g.name, g.min, len(ids))
	}
	if decrement {
		g.desired -= len(ids)
	}
	g.instances = slices.DeleteFunc(g.instances, func(id string) bool { return slices.Contains(ids, id) })
	return wire.Object{"Activities": list(ids, func(id string) any {
		return wire.Object{
			"ActivityId": c.sb.newUUID(), "AutoScalingGroupName": g.name, "Description": "Detaching EC2 instance: " + id, "StatusCode": "InProgress", "Progress": int64(50),
			"Cause": "At " + c.time.UTC().Format(time.RFC3339) + " instance " + id + " was detached in response to a user request.", "StartTime": c.time.UTC(),
		}
	})}, nil
}

package sandbox

import (
	"slices"

	"riposte.dev/sandbox/wire"
)

// processes are what a group does by itself
// (https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-suspend-resume-processes.html).
var processes = []string{
	"AZRebalance", "AddToLoadBalancer", "AlarmNotification", "HealthCheck", "InstanceRefresh", "Launch", "ReplaceUnhealthy", "ScheduledActions", "Terminate",
}

// updateScalingGroup changes the health check; the sandbox's groups have
// nothing else to update.
func updateScalingGroup(c *call) (wire.Object, error) {
	g, err := c.scalingGroup()
	if err != nil {
		return nil, err
	}
	g.healthCheck = orElse(c.in.str("HealthCheckType"), g.healthCheck)
	c.subject("AWS::AutoScaling::AutoScalingGroup", g.name)
	return nil, nil
}

func attachTargetGroups(c *call) (wire.Object, error) {
	g, err := c.scalingGroup()
	if err != nil {
		return nil, err
	}
	for _, arn := range c.in.strs("TargetGroupARNs") {
		if _, err := c.existingTargetGroup(arn); err != nil {
			return nil, c.fail(wire.Invalid, "Provided Target Groups may not be valid. Please ensure they exist and try again.")
		}
		if !slices.Contains(g.targetGroups, arn) {
			g.targetGroups = append(slices.Clone(g.targetGroups), arn)
		}
	}
	return wire.Object{}, nil
}

// setProcesses suspends or resumes the processes of the input; without any, all.
func setProcesses(suspend bool) func(*call) (wire.Object, error) {
	return func(c *call) (wire.Object, error) {
		g, err := c.scalingGroup()
		if err != nil {
			return nil, err
		}
		named := c.in.strs("ScalingProcesses")
		if len(named) == 0 {
			named = processes
		}
		for _, p := range named {
			if !slices.Contains(processes, p) {
				return nil, c.fail(wire.Invalid, "%s is not a valid process type.", p)
			}
		}
		kept := slices.DeleteFunc(slices.Clone(g.suspended), func(p string) bool { return slices.Contains(named, p) })
		if suspend {
			kept = append(kept, named...)
		}
		g.suspended = kept
		c.subject("AWS::AutoScaling::AutoScalingGroup", g.name)
		return nil, nil
	}
}

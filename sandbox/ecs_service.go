package sandbox

import (
	"maps"
	"slices"

	"riposte.dev/sandbox/wire"
)

// ecsServices are the services of a cluster. One that changes is replaced, so
// that an older state keeps what it had.
type ecsServices []wire.Object // Service structures

func (s ecsServices) named(name string) int {
	return slices.IndexFunc(s, func(o wire.Object) bool { return o["serviceName"] == name && o["status"] == "ACTIVE" })
}

func (c *call) ecsServiceARN(name string) string {
	return c.arn("service/" + orElse(ecsName(c.in.str("cluster")), "default") + "/" + ecsName(name))
}

func ecsServicesOfInput(c *call) []string {
	var out []string
	for _, name := range append(c.in.strs("services"), c.in.str("service"), c.in.str("serviceName")) {
		if name != "" {
			out = append(out, c.ecsServiceARN(name))
		}
	}
	return out
}

func createECSService(c *call) (wire.Object, error) {
	cl, err := c.clusterOf()
	if err != nil {
		return nil, err
	}
	d, name := input(c.definition()), c.in.str("serviceName")
	network := c.in.object("networkConfiguration")
	switch {
	case cl.services.named(name) >= 0:
		return nil, wire.Errorf("InvalidParameterException", "Creation of service was not idempotent.")
	case d == nil:
		return nil, wire.Errorf("ClientException", "TaskDefinition not found.")
	case d.str("networkMode") == "awsvpc" && network.object("awsvpcConfiguration") == nil:
		return nil, wire.Errorf("InvalidParameterException", "Network Configuration must be provided when networkMode 'awsvpc' is specified.")
	}
	deployment := c.in.object("deploymentConfiguration")
	service := wire.Object{
		"serviceArn": c.ecsServiceARN(name), "serviceName": name, "clusterArn": c.clusterARN(cl.name), "status": "ACTIVE", "createdAt": c.time.UTC(),
		"desiredCount": int64(c.in.number("desiredCount", 0)), "runningCount": int64(c.in.number("desiredCount", 0)), "pendingCount": int64(0),
		"launchType": orElse(c.in.str("launchType"), "FARGATE"), "taskDefinition": d["taskDefinitionArn"],
		"schedulingStrategy": orElse(c.in.str("schedulingStrategy"), "REPLICA"),
		"deploymentConfiguration": wire.Object{
			"maximumPercent":        int64(deployment.number("maximumPercent", 200)),
			"minimumHealthyPercent": int64(deployment.number("minimumHealthyPercent", 100)),
		},
		"deploymentController": wire.Object{"type": orElse(c.in.object("deploymentController").str("type"), "ECS")},
	}
	for _, member := range []string{"tags", "networkConfiguration"} {
		if v := c.in[member]; v != nil {
			service[member] = v
		}
	}
	cl.services = append(cl.services[:len(cl.services):len(cl.services)], service)
	c.subject("AWS::ECS::Service", name)
	return wire.Object{"service": service}, nil
}

func describeECSServices(c *call) (wire.Object, error) {
	cl, err := c.clusterOf()
	if err != nil {
		return nil, err
	}
	found, failures := wire.List{}, wire.List{}
	for _, name := range c.in.strs("services") {
		if i := cl.services.named(ecsName(name)); i >= 0 {
			found = append(found, c.included(cl.services[i], "TAGS", "tags"))
			continue
		}
		failures = append(failures, wire.Object{"arn": c.ecsServiceARN(name), "reason": "MISSING"})
	}
	return wire.Object{"services": found, "failures": failures}, nil
}

// included is what is described, without the member if the input doesn't ask
// for it.
func (c *call) included(o wire.Object, wanted, member string) wire.Object {
	if slices.Contains(c.in.strs("include"), wanted) {
		return o
	}
	o = maps.Clone(o)
	delete(o, member)
	return o
}

// updateECSService changes the network and how many tasks there are.
func updateECSService(c *call) (wire.Object, error) {
	cl, err := c.clusterOf()
	if err != nil {
		return nil, err
	}
	i := cl.services.named(ecsName(c.in.str("service")))
	if i < 0 {
		return nil, wire.Errorf("ServiceNotFoundException", "Service not found.")
	}
	service := maps.Clone(cl.services[i])
	if controller := input(service).object("deploymentController").str("type"); controller != "ECS" && c.in.has("networkConfiguration") {
		return nil, wire.Errorf("InvalidParameterException", "Unable to update network parameters on services with a %s deployment controller.", controller)
	}
	if network := c.in["networkConfiguration"]; network != nil {
		service["networkConfiguration"] = network
	}
	if c.in.has("desiredCount") {
		service["desiredCount"] = int64(c.in.number("desiredCount", 0))
		service["runningCount"] = service["desiredCount"]
	}
	cl.services = slices.Clone(cl.services)
	cl.services[i] = service
	c.subject("AWS::ECS::Service", ecsName(c.in.str("service")))
	return wire.Object{"service": service}, nil
}

func updateClusterSettings(c *call) (wire.Object, error) {
	cl, err := c.clusterOf()
	if err != nil {
		return nil, err
	}
	for _, s := range c.in.objects("settings") {
		value := s.str("value")
		if !slices.Contains([]string{"enabled", "disabled", "enhanced"}, value) {
			return nil, wire.Errorf("InvalidParameterException", "Invalid value for setting %s: %s", s.str("name"), value)
		}
		cl.insights = value
	}
	c.subject("AWS::ECS::Cluster", cl.name)
	return wire.Object{"cluster": c.describeCluster(cl)}, nil
}

// stopTask ends a task at once.
func stopTask(c *call) (wire.Object, error) {
	cl, err := c.clusterOf()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(cl.tasks, func(t *ecsTask) bool { return t.id == ecsName(c.in.str("task")) })
	if i < 0 {
		return nil, wire.Errorf("InvalidParameterException", "The referenced task was not found.")
	}
	stopped := *cl.tasks[i]
	stopped.describe = maps.Clone(stopped.describe)
	for name, value := range map[string]any{
		"desiredStatus": "STOPPED", "lastStatus": "STOPPED", "stopCode": "UserInitiated", "stoppedReason": orElse(c.in.str("reason"), "Task stopped by user"),
		"stoppingAt": c.time.UTC(), "stoppedAt": c.time.UTC(),
	} {
		stopped.describe[name] = value
	}
	cl.tasks = slices.Clone(cl.tasks)
	cl.tasks[i] = &stopped
	return wire.Object{"task": stopped.describe}, nil
}

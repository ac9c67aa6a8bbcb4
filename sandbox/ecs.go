package sandbox

import (
	"maps"
	"strings"
	"time"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

// ecsService answers for clusters, task definitions, services and tasks, which run
// nothing: a task is RUNNING from the start
// (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Operations.html).
// There are no container instances, so that tasks need the launch type FARGATE.
// Actions are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html.
func ecsService() *service {
	return &service{
		name: "ecs", prefix: "ecs",
		operations: []operation{
			{name: "CreateCluster", handle: createCluster},
			{name: "DescribeClusters", resources: clustersOfInput, handle: describeClusters},
			{name: "RegisterTaskDefinition", also: passesTaskRoles, handle: registerTaskDefinition},
			{name: "DescribeTaskDefinition", handle: describeTaskDefinition},
			{name: "RunTask", resources: definitionOfInput, also: passesOverrides, passedTo: "ecs-tasks.amazonaws.com", conditions: clusterCondition, writes: true, handle: runTask},
			{name: "ListTasks", conditions: clusterCondition, handle: listTasks},
			{name: "DescribeTasks", resources: tasksOfInput, conditions: clusterCondition, handle: describeTasks},
			{name: "StopTask", resources: tasksOfInput, conditions: clusterCondition, handle: stopTask},
			{name: "UpdateClusterSettings", resources: func(c *call) []string { return []string{c.clusterARN(c.in.str("cluster"))} }, handle: updateClusterSettings},
			{name: "CreateService", resources: ecsServicesOfInput, conditions: clusterCondition, handle: createECSService},
			{name: "DescribeServices", resources: ecsServicesOfInput, conditions: clusterCondition, handle: describeECSServices},
			{name: "UpdateService", resources: ecsServicesOfInput, conditions: clusterCondition, handle: updateECSService},
		},
	}
}

// ecsState is the ECS of an account in a region.
type ecsState struct {
	clusters    map[string]*ecsCluster
	definitions map[string][]wire.Object // TaskDefinition structures by family and revision, which never change
}

type ecsCluster struct {
	name     string
	insights string // of Container Insights
	tags     wire.List
	tasks    []*ecsTask // oldest out first
	services ecsServices
}

type ecsTask struct {
	id, family, startedBy string
	describe              wire.Object // Task structure
}

// maxTasks bounds the tasks of a cluster.
const maxTasks = 1000

func newECSState() *ecsState {
	return &ecsState{clusters: map[string]*ecsCluster{}, definitions: map[string][]wire.Object{}}
}

func (s *ecsState) clone() stater {
	out := newECSState()
	out.definitions = maps.Clone(s.definitions)
	for name, cl := range s.clusters {
		c := *cl
		out.clusters[name] = &c
	}
	return out
}

func (c *call) ecs() *ecsState {
	return stateOf(c, stateKey{"ecs", c.account.id, c.region}, newECSState)
}

// ecsName is the last part of an ARN, or the name itself.
func ecsName(nameOrARN string) string { return nameOrARN[strings.LastIndex(nameOrARN, "/")+1:] }

func (c *call) clusterARN(nameOrARN string) string {
	return c.arn("cluster/" + orElse(ecsName(nameOrARN), "default"))
}

// clusterOf is the cluster that the input names, "default" without a name.
func (c *call) clusterOf() (*ecsCluster, error) {
	cl := c.ecs().clusters[orElse(ecsName(c.in.str("cluster")), "default")]
	if cl == nil {
		return nil, wire.Errorf("ClusterNotFoundException", "Cluster not found.")
	}
	return cl, nil
}

func clusterCondition(c *call) policy.Context {
	return policy.Context{"ecs:cluster": {c.clusterARN(c.in.str("cluster"))}}
}

func clustersOfInput(c *call) []string {
	out := []string{}
	for _, name := range c.in.strs("clusters") {
		out = append(out, c.clusterARN(name))
	}
	if len(out) == 0 {
		out = append(out, c.clusterARN(""))
	}
	return out
}

func createCluster(c *call) (wire.Object, error) {
	name, state := orElse(c.in.str("clusterName"), "default"), c.ecs()
	cl := state.clusters[name]
	if cl == nil {
		cl = &ecsCluster{name: name, insights: "disabled", tags: wire.List{}}
		if tags, ok := c.in["tags"].(wire.List); ok {
			cl.tags = tags
		}
		for _, set := range c.in.objects("settings") {
			cl.insights = set.str("value")
		}
		state.clusters[name] = cl
	}
	c.subject("AWS::ECS::Cluster", name)
	return wire.Object{"cluster": c.describeCluster(cl)}, nil
}

func (c *call) describeCluster(cl *ecsCluster) wire.Object {
	running := 0
	for _, t := range cl.tasks {
		if t.describe["lastStatus"] == "RUNNING" {
			running++
		}
	}
	return wire.Object{
		"clusterArn": c.clusterARN(cl.name), "clusterName": cl.name, "status": "ACTIVE", "registeredContainerInstancesCount": int64(0),
		"runningTasksCount": int64(running), "pendingTasksCount": int64(0), "activeServicesCount": int64(len(cl.services)), "tags": cl.tags,
		"settings": wire.List{wire.Object{"name": "containerInsights", "value": cl.insights}},
	}
}

func describeClusters(c *call) (wire.Object, error) {
	wanted := c.in.strs("clusters")
	if len(wanted) == 0 {
		wanted = []string{"default"}
	}
	found, failures := wire.List{}, wire.List{}
	for _, name := range wanted {
		if cl := c.ecs().clusters[ecsName(name)]; cl != nil {
			found = append(found, c.included(c.included(c.describeCluster(cl), "SETTINGS", "settings"), "TAGS", "tags"))
			continue
		}
		failures = append(failures, wire.Object{"arn": c.clusterARN(name), "reason": "MISSING"})
	}
	return wire.Object{"clusters": found, "failures": failures}, nil
}

// newTask makes a task that runs. The lock is held.
func (c *call) newTask(cl *ecsCluster, definition input, now time.Time) *ecsTask {
	t := &ecsTask{id: strings.ReplaceAll(c.sb.newUUID(), "-", ""), family: definition.str("family"), startedBy: c.in.str("startedBy")}
	taskARN := c.arn("task/" + cl.name + "/" + t.id)
	overrides := c.in.object("overrides")
	t.describe = wire.Object{
		"taskArn": taskARN, "clusterArn": c.clusterARN(cl.name), "taskDefinitionArn": definition["taskDefinitionArn"], "createdAt": now, "startedAt": now,
		"desiredStatus": "RUNNING", "lastStatus": "RUNNING", "launchType": "FARGATE", "group": orElse(c.in.str("group"), "family:"+t.family),
		"version": int64(1), "overrides": wire.Object{"containerOverrides": wire.List{}}, "cpu": orElse(overrides.str("cpu"), definition.str("cpu")),
		"memory": orElse(overrides.str("memory"), definition.str("memory")), "platformVersion": orElse(c.in.str("platformVersion"), "1.4.0"),
		"containers": list(definition.objects("containerDefinitions"), func(d input) any {
			return wire.Object{
				"containerArn": c.arn("container/" + cl.name + "/" + t.id + "/" + c.sb.newUUID()), "taskArn": taskARN, "name": d.str("name"),
				"image": d.str("image"), "lastStatus": "RUNNING",
			}
		}),
	}
	if overrides != nil {
		t.describe["overrides"] = wire.Object(overrides)
	}
	put(t.describe, "startedBy", t.startedBy)
	if tags := c.in["tags"]; tags != nil {
		t.describe["tags"] = tags
	}
	return t
}

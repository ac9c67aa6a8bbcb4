package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"riposte.dev/sandbox/wire"
)

// passRoles are the permissions to hand out the roles of a definition or of
// overrides.
func passRoles(in input) []need {
	var out []need
	for _, member := range []string{"taskRoleArn", "executionRoleArn"} {
		if role := in.str(member); role != "" {
			out = append(out, need{"iam:PassRole", role})
		}
	}
	return out
}

func passesTaskRoles(c *call) []need { return passRoles(c.in) }

// passesOverrides are the permissions for the roles that a task runs with.
func passesOverrides(c *call) []need {
	out := passRoles(c.in.object("overrides"))
	if d := c.definition(); d != nil {
		out = append(out, passRoles(input(d))...)
	}
	return out
}

// maxRevisions bounds the definitions of a family.
const maxRevisions = 1000

func registerTaskDefinition(c *call) (wire.Object, error) {
	family, state := c.in.str("family"), c.ecs()
	revisions := state.definitions[family]
	fargate := slices.Contains(c.in.strs("requiresCompatibilities"), "FARGATE")
	switch {
	case len(c.in.objects("containerDefinitions")) == 0:
		return nil, wire.Errorf("ClientException", "Container list cannot be empty.")
	case fargate && c.in.str("networkMode") != "awsvpc":
		return nil, wire.Errorf("ClientException", "Fargate only supports network mode ‘awsvpc’.")
	case fargate && (c.in.str("cpu") == "" || c.in.str("memory") == ""):
		return nil, wire.Errorf("ClientException", "Fargate requires that 'cpu' and 'memory' be defined at the task level.")
	case len(revisions) >= maxRevisions:
		return nil, wire.Errorf("LimitExceededException", "The sandbox keeps at most %d revisions of a family.", maxRevisions)
	}
	definition := wire.Object{"volumes": wire.List{}, "placementConstraints": wire.List{}}
	for _, m := range c.target.Operation.Input.Type().Members {
		if v := c.in[m.Name]; v != nil && m.Name != "tags" {
			definition[m.Name] = v
		}
	}
	revision := len(revisions) + 1
	definition["taskDefinitionArn"] = c.arn("task-definition/" + family + ":" + strconv.Itoa(revision))
	definition["revision"], definition["status"] = int64(revision), "ACTIVE"
	definition["registeredAt"], definition["registeredBy"] = c.time.UTC(), c.caller.arn
	definition["compatibilities"] = wire.List{"EC2"}
	if fargate {
		definition["compatibilities"] = wire.List{"EC2", "FARGATE"}
	}
	state.definitions[family] = append(revisions[:len(revisions):len(revisions)], definition)
	return wire.Object{"taskDefinition": definition}, nil
}

// definition is the one that the input names as "family", "family:revision" or
// by ARN; nil without.
func (c *call) definition() wire.Object {
	family, revision, exact := strings.Cut(ecsName(c.in.str("taskDefinition")), ":")
	all := c.ecs().definitions[family]
	n := len(all)
	if exact {
		var err error
		if n, err = strconv.Atoi(revision); err != nil {
			return nil
		}
	}
	if n < 1 || n > len(all) {
		return nil
	}
	return all[n-1]
}

// definitionOfInput is the ARN of the definition, whether it exists or not.
func definitionOfInput(c *call) []string {
	if d := c.definition(); d != nil {
		return []string{input(d).str("taskDefinitionArn")}
	}
	name := ecsName(c.in.str("taskDefinition"))
	if !strings.Contains(name, ":") {
		name += ":*"
	}
	return []string{c.arn("task-definition/" + name)}
}

func describeTaskDefinition(c *call) (wire.Object, error) {
	d := c.definition()
	if d == nil {
		return nil, wire.Errorf("ClientException", "Unable to describe task definition.")
	}
	return wire.Object{"taskDefinition": d}, nil
}

func runTask(c *call) (wire.Object, error) {
	cl, err := c.clusterOf()
	if err != nil {
		return nil, err
	}
	d := input(c.definition())
	count := c.in.number("count", 1)
	switch {
	case d == nil:
		return nil, wire.Errorf("ClientException", "TaskDefinition not found.")
	case count < 1 || count > 10:
		return nil, wire.Errorf("InvalidParameterException", "Count must be between 1 and 10.")
	case c.in.str("launchType") != "FARGATE":
		return nil, wire.Errorf("InvalidParameterException", "No Container Instances were found in your cluster.")
	case !slices.Contains(d.strs("compatibilities"), "FARGATE"):
		return nil, wire.Errorf("InvalidParameterException", "Task definition does not support launch_type FARGATE.")
	case c.in.object("networkConfiguration").object("awsvpcConfiguration") == nil:
		return nil, wire.Errorf("InvalidParameterException", "Network Configuration must be provided when networkMode 'awsvpc' is specified.")
	}
	for _, o := range c.in.object("overrides").objects("containerOverrides") {
		known := slices.ContainsFunc(d.objects("containerDefinitions"), func(have input) bool { return have.str("name") == o.str("name") })
		if !known {
			return nil, wire.Errorf("InvalidParameterException", "Override for container named %s is not a container in the TaskDefinition.", o.str("name"))
		}
	}
	tasks := wire.List{}
	for range count {
		t := c.newTask(cl, d, c.time.UTC())
		cl.tasks = newest(append(cl.tasks, t), maxTasks)
		tasks = append(tasks, t.describe)
	}
	return wire.Object{"tasks": tasks, "failures": wire.List{}}, nil
}

func listTasks(c *call) (wire.Object, error) {
	cl, err := c.clusterOf()
	if err != nil {
		return nil, err
	}
	var arns []string
	for _, t := range cl.tasks {
		switch {
		case c.in.has("family") && t.family != c.in.str("family"), c.in.has("startedBy") && t.startedBy != c.in.str("startedBy"),
			orElse(c.in.str("desiredStatus"), "RUNNING") != t.describe["desiredStatus"], orElse(c.in.str("launchType"), "FARGATE") != "FARGATE":
			continue
		}
		arns = append(arns, fmt.Sprint(t.describe["taskArn"]))
	}
	page, next, err := paginate(c, arns, c.in.str("nextToken"), min(c.in.number("maxResults", 100), 100))
	if err != nil {
		return nil, wire.Errorf("InvalidParameterException", "Invalid token.")
	}
	out := wire.Object{"taskArns": strList(page)}
	put(out, "nextToken", next)
	return out, nil
}

func tasksOfInput(c *call) []string {
	var out []string
	for _, id := range append(c.in.strs("tasks"), c.in.str("task")) {
		if id == "" {
			continue
		}
		out = append(out, c.arn("task/"+orElse(ecsName(c.in.str("cluster")), "default")+"/"+ecsName(id)))
	}
	return out
}

func describeTasks(c *call) (wire.Object, error) {
	cl, err := c.clusterOf()
	if err != nil {
		return nil, err
	}
	found, failures := wire.List{}, wire.List{}
	for i, id := range c.in.strs("tasks") {
		at := slices.IndexFunc(cl.tasks, func(t *ecsTask) bool { return t.id == ecsName(id) })
		if at < 0 {
			failures = append(failures, wire.Object{"arn": tasksOfInput(c)[i], "reason": "MISSING"})
			continue
		}
		found = append(found, c.included(cl.tasks[at].describe, "TAGS", "tags"))
	}
	return wire.Object{"tasks": found, "failures": failures}, nil
}

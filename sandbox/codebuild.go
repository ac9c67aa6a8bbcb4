package sandbox

import (
	"maps"
	"slices"

	"riposte.dev/sandbox/wire"
)

// codebuildService answers for projects, and builds nothing
// (https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Operations.html).
// Actions and resources are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodebuild.html.
func codebuildService() *service {
	named := func(c *call) []string { return []string{c.arn("project/" + c.in.str("name"))} }
	return &service{
		name: "codebuild", prefix: "codebuild",
		operations: []operation{
			{name: "CreateProject", resources: named, also: passes("serviceRole"), handle: createProject},
			{name: "UpdateProject", resources: named, also: passes("serviceRole"), handle: updateProject},
			{name: "UpdateProjectVisibility", resources: func(c *call) []string { return []string{c.in.str("projectArn")} }, handle: updateProjectVisibility},
			{
				name: "BatchGetProjects", handle: getProjects,
				resources: func(c *call) []string {
					var out []string
					for _, name := range c.in.strs("names") {
						out = append(out, c.projectARN(name))
					}
					return out
				},
			},
			{name: "ListProjects", handle: listProjects},
		},
	}
}

// projects are those of an account in a region.
type projects struct{ byName map[string]wire.Object } // Project structures; replaced, never changed

func newProjects() *projects { return &projects{map[string]wire.Object{}} }

func (s *projects) clone() stater { return &projects{maps.Clone(s.byName)} }

func (c *call) projects() map[string]wire.Object {
	return stateOf(c, stateKey{"codebuild", c.account.id, c.region}, newProjects).byName
}

// projectARN is the ARN of a project that an input names by it or by name.
func (c *call) projectARN(name string) string {
	if isARN(name) {
		return name
	}
	return c.arn("project/" + name)
}

// project is the one of an ARN or name.
func (c *call) project(name string) (wire.Object, error) {
	region, account, plain, ok := cutARN(c.projectARN(name), "codebuild", "project/")
	p := c.projects()[plain]
	if !ok || region != c.region || account != c.account.id || p == nil {
		return nil, wire.Errorf("ResourceNotFoundException", "Project cannot be found: %s", c.projectARN(name))
	}
	return p, nil
}

// changedProject puts the members of the input into a project.
func (c *call) changedProject(p wire.Object) wire.Object {
	out := maps.Clone(p)
	for name, v := range c.in {
		if name != "badgeEnabled" {
			out[name] = v
		}
	}
	out["lastModified"] = c.time.UTC()
	c.projects()[c.in.str("name")] = out
	return wire.Object{"project": out}
}

func createProject(c *call) (wire.Object, error) {
	name := c.in.str("name")
	if c.projects()[name] != nil {
		return nil, wire.Errorf("ResourceAlreadyExistsException", "Project already exists: %s", c.projectARN(name))
	}
	return c.changedProject(wire.Object{
		"arn": c.projectARN(name), "created": c.time.UTC(), "projectVisibility": "PRIVATE", "timeoutInMinutes": int64(60), "queuedTimeoutInMinutes": int64(480),
		"badge": wire.Object{"badgeEnabled": false},
	}), nil
}

func updateProject(c *call) (wire.Object, error) {
	p, err := c.project(c.in.str("name"))
	if err != nil {
		return nil, err
	}
	return c.changedProject(p), nil
}

func updateProjectVisibility(c *call) (wire.Object, error) {
	p, err := c.project(c.in.str("projectArn"))
	if err != nil {
		return nil, err
	}
	out, visibility := maps.Clone(p), c.in.str("projectVisibility")
	out["projectVisibility"], out["lastModified"] = visibility, c.time.UTC()
	answer := wire.Object{"projectArn": p["arn"], "projectVisibility": visibility}
	if role := c.in.str("resourceAccessRole"); role != "" {
		out["resourceAccessRole"] = role
	}
	delete(out, "publicProjectAlias")
	if visibility == "PUBLIC_READ" {
		out["publicProjectAlias"] = c.sb.newUUID()
		answer["publicProjectAlias"] = out["publicProjectAlias"]
	}
	c.projects()[input(p).str("name")] = out
	return answer, nil
}

func getProjects(c *call) (wire.Object, error) {
	found, missing := wire.List{}, wire.List{}
	for _, name := range c.in.strs("names") {
		if p, err := c.project(name); err == nil {
			found = append(found, p)
		} else {
			missing = append(missing, name)
		}
	}
	return wire.Object{"projects": found, "projectsNotFound": missing}, nil
}

func listProjects(c *call) (wire.Object, error) {
	page, next, err := paginate(c, slices.Sorted(maps.Keys(c.projects())), c.in.str("nextToken"), 100)
	if err != nil {
		return nil, wire.Errorf("InvalidInputException", "Invalid token")
	}
	out := wire.Object{"projects": strList(page)}
	put(out, "nextToken", next)
	return out, nil
}

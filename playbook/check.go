package playbook

import (
	"fmt"
	"strings"

	"riposte.dev/asl"
	"riposte.dev/conf"
	"riposte.dev/fault"
)

// Check reports what keeps a playbook from running here: tasks with resources or actions that do not exist. Its error is
// conf.Problems, at the places in the definition's file. resources may be nil.
func Check(m *asl.Machine, actions Actions, resources Resources) error {
	var problems conf.Problems
	if size := len(m.Text()); size > maxDefinition {
		problems = append(problems, conf.Problem{Message: fmt.Sprintf("the definition has %d bytes, over the limit of %d", size, maxDefinition), Hint: "split the playbook"})
	}
	for at, s := range m.All() {
		if s.Type != asl.Task {
			continue
		}
		field, err := checkTask(s, actions, resources)
		if err != nil {
			problems = append(problems, conf.Problem{Position: s.At, Path: at + field, Message: fault.Message(err), Hint: fault.Hint(err)})
		}
	}
	return problems.Err()
}

// checkTask reports what is wrong with a task, and in which of its fields.
func checkTask(s *asl.State, actions Actions, resources Resources) (field string, err error) {
	const resource, parameters = ".Resource", ".Parameters"
	name := strings.TrimSuffix(s.Resource, callback)
	switch name {
	case NotifyResource, ApprovalResource, QueryResource:
		return "", nil
	}
	if wanted, ours := strings.CutPrefix(name, ActionResource); ours {
		a, err := actions.Action(wanted)
		if err != nil {
			return resource, err
		}
		return parameters, checkExpiry(s, a.Spec())
	}
	if resources == nil {
		return resource, fault.New(fault.NotFound, "riposte has no resource %q", s.Resource).WithHint("write %s<action> or %s", ActionResource, NotifyResource)
	}
	_, err = resources.Resource(s.Resource)
	return resource, err
}

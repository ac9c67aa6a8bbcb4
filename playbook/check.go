package playbook

import (
	"fmt"
	"slices"
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
		problems = append(problems, checkParameters(at, s, resources)...)
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

// checkParameters reports parameters of a call that it does not take, as far as their names are written.
func checkParameters(at string, s *asl.State, resources Resources) (problems conf.Problems) {
	if resources == nil || s.Parameters == nil || s.Parameters.Kind != conf.Object || strings.HasPrefix(s.Resource, "riposte:") {
		return nil
	}
	r, err := resources.Resource(s.Resource)
	var known []string
	if err == nil { // else checkTask has said so
		known = r.Parameters()
	}
	if known == nil {
		return nil
	}
	for _, f := range s.Parameters.Fields {
		name := strings.TrimSuffix(f.Name, ".$")
		if !slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, name) }) {
			problems = append(problems, conf.Problem{Position: f.At, Path: conf.FieldPath(at+".Parameters", f.Name),
				Message: fmt.Sprintf("%s has no parameter %q", r.Spec().Name, name), Hint: conf.Suggest(name, known)})
		}
	}
	return problems
}

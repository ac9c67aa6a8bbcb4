package stepfunctions

import (
	"context"
	"maps"
	"slices"
	"strings"

	"riposte.dev/asl"
	"riposte.dev/fault"
	"riposte.dev/playbook"
)

// machine is a state machine of the API, or a playbook of the configuration, which comes first.
func (h *Handler) machine(ctx context.Context, arn string) (playbook.StateMachine, *asl.Machine, error) {
	name, err := h.machineName(arn)
	if err != nil {
		return playbook.StateMachine{}, nil, err
	}
	if m, ours := h.Playbooks()[name]; ours {
		return h.ofPlaybook(name, m), m, nil
	}
	x, err := h.Machines.Get(ctx, name)
	if err != nil {
		if fault.CodeOf(err) == fault.NotFound {
			err = noMachine(arn)
		}
		return x, nil, err
	}
	m, err := asl.Parse(name+".json", []byte(x.Definition))
	if err != nil {
		err = fault.New(fault.Internal, "the state machine %s is stored with a definition that can't be read: %w", name, err)
	}
	return x, m, err
}

func (h *Handler) ofPlaybook(name string, m *asl.Machine) playbook.StateMachine {
	definition := string(m.Text())
	return playbook.StateMachine{Name: name, Type: standard, Role: h.playbookRole(), Definition: definition, Hash: m.Hash(),
		Revision: revision(definition, ""), Created: h.Since, Updated: h.Since}
}

// playbookRole stands where clients expect the role of a playbook: it acts as riposte.
func (h *Handler) playbookRole() string {
	return strings.Replace(h.arn(""), ":states:"+h.Region+":", ":iam::", 1) + "role/riposte"
}

type off struct {
	Level   string `json:"level,omitempty"`
	Enabled *bool  `json:"enabled,omitempty"`
}

type describedMachine struct {
	ARN          string  `json:"stateMachineArn"`
	Name         string  `json:"name"`
	Status       string  `json:"status,omitempty"`
	Definition   string  `json:"definition"`
	RoleARN      string  `json:"roleArn"`
	Type         string  `json:"type,omitempty"`
	CreationDate float64 `json:"creationDate,omitempty"`
	UpdateDate   float64 `json:"updateDate,omitempty"`
	Logging      off     `json:"loggingConfiguration"`
	Tracing      off     `json:"tracingConfiguration"`
	RevisionID   string  `json:"revisionId,omitempty"`
}

func (h *Handler) describeStateMachine(ctx context.Context, _ Caller, in machineInput) (any, error) {
	x, _, err := h.machine(ctx, in.ARN)
	if err != nil {
		return nil, err
	}
	return describedMachine{ARN: h.machineARN(x.Name), Name: x.Name, Status: "ACTIVE", Definition: x.Definition, RoleARN: x.Role, Type: x.Type,
		CreationDate: seconds(x.Created), Logging: off{Level: "OFF"}, Tracing: off{Enabled: new(bool)}, RevisionID: x.Revision}, nil
}

type listedMachine struct {
	ARN          string  `json:"stateMachineArn"`
	Name         string  `json:"name"`
	Type         string  `json:"type"`
	CreationDate float64 `json:"creationDate"`
}

type listMachinesOutput struct {
	StateMachines []listedMachine `json:"stateMachines"`
	NextToken     string          `json:"nextToken,omitempty"`
}

func (h *Handler) listStateMachines(ctx context.Context, _ Caller, in paged) (any, error) {
	created, err := h.Machines.List(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string]playbook.StateMachine{}
	for _, x := range created {
		all[x.Name] = x
	}
	for name, m := range h.Playbooks() {
		all[name] = h.ofPlaybook(name, m)
	}
	var list []listedMachine
	for _, name := range slices.Sorted(maps.Keys(all)) {
		x := all[name]
		list = append(list, listedMachine{h.machineARN(name), name, x.Type, seconds(x.Created)})
	}
	part, next, err := page(list, in, "stateMachines")
	return listMachinesOutput{part, next}, err
}

type tagsInput struct {
	ARN string `json:"resourceArn"`
}

type tagsOutput struct {
	Tags []tag `json:"tags"`
}

func (h *Handler) listTagsForResource(ctx context.Context, _ Caller, in tagsInput) (any, error) {
	x, _, err := h.machine(ctx, in.ARN)
	if err != nil {
		if asAPIError(err).code == "StateMachineDoesNotExist" {
			err = refuse("ResourceNotFound", "there is no %s", in.ARN)
		}
		return nil, err
	}
	out := tagsOutput{[]tag{}}
	for _, key := range slices.Sorted(maps.Keys(x.Tags)) {
		out.Tags = append(out.Tags, tag{key, x.Tags[key]})
	}
	return out, nil
}

package stepfunctions

import (
	"cmp"
	"context"
	"encoding/json"
	"math/rand/v2"
	"strings"

	"riposte.dev/asl"
	"riposte.dev/guard"
	"riposte.dev/playbook"
)

type testInput struct {
	Definition string  `json:"definition"`
	Input      *string `json:"input"`
	Variables  string  `json:"variables"` // a JSON object
	Level      string  `json:"inspectionLevel"`

	Mock      json.RawMessage `json:"mock"`
	Context   string          `json:"context"`
	StateName string          `json:"stateName"`
}

type testOutput struct {
	Status     string      `json:"status"`
	Output     *string     `json:"output,omitempty"`
	Error      string      `json:"error,omitempty"`
	Cause      string      `json:"cause,omitempty"`
	NextState  string      `json:"nextState,omitempty"`
	Inspection *inspection `json:"inspectionData,omitempty"`
}

// testState runs one state, in mode dry-run: actions and calls plan, and the guard says what it thinks of it. Nothing is kept.
func (h *Handler) testState(ctx context.Context, c Caller, in testInput) (any, error) {
	if err := check(member{"definition", in.Definition, true, asl.MaxDefinition}); err != nil {
		return nil, err
	}
	if in.Mock != nil || in.Context != "" || in.StateName != "" {
		return nil, refuse("ValidationException", "riposte tests one state with input and variables; mock, context and stateName are not taken: see riposte playbook run --mocks")
	}
	_, input, err := h.nameAndInput(startInput{Input: in.Input})
	if err != nil {
		return nil, err
	}
	state, err := h.stateToTest(in.Definition)
	if err != nil {
		return nil, err
	}
	t := &trial{h: h, input: input, variables: json.RawMessage(in.Variables), task: h.Runtime.DryRun(ctx, playbook.Start{Rule: playbook.StepFunctionsRule,
		Playbook: "TestState", Account: cmp.Or(c.Account, h.Account), Region: cmp.Or(c.Region, h.Region), Mode: guard.DryRun, Input: input, By: c.Name})}
	out, seen, err := t.run(state)
	if err != nil {
		return nil, err
	}
	switch in.Level {
	case "", "INFO":
	case "DEBUG", "TRACE":
		out.Inspection = t.inspect(state, seen)
	default:
		return nil, refuse("ValidationException", "1 validation error detected: Value '%s' at 'inspectionLevel' failed to satisfy constraint: "+
			"Member must satisfy enum value set: [INFO, DEBUG, TRACE]", in.Level)
	}
	return out, nil
}

// object is a state as written.
type object = map[string]json.RawMessage

func (h *Handler) stateToTest(definition string) (object, error) {
	var state object
	if at, err := syntax(definition); err != nil {
		return nil, refuse("InvalidDefinition", "Invalid State Machine Definition: '%s: %s: %s'", notJSON, at, err)
	}
	if err := json.Unmarshal([]byte(definition), &state); err != nil || state["Type"] == nil {
		return nil, refuse("InvalidDefinition", "Invalid State Machine Definition: '%s: it must be one state, such as {\"Type\": \"Pass\", \"End\": true}'", notSchema)
	}
	return state, nil
}

// trial runs a state in a machine that is made for it.
type trial struct {
	h         *Handler
	input     json.RawMessage
	variables json.RawMessage // nil or "": none
	task      func(asl.Command) asl.Mock
}

// mostTasks bounds the tasks of a test: a Map can have many.
const mostTasks = 50

// seen is what went through the state.
type seen struct{ arguments, result json.RawMessage }

// run tests a state. Its error is InvalidDefinition with all that is wrong with it.
func (t *trial) run(state object) (testOutput, seen, error) {
	machine, name, input, err := t.machine(state)
	if err != nil {
		return testOutput{}, seen{}, err
	}
	tasks := 0
	_, records := machine.Rehearse(input, asl.Env{Now: t.h.Now(), Random: rand.Uint64, Context: t.h.testContext()}, func(c asl.Command) asl.Mock {
		if tasks++; tasks > mostTasks {
			return asl.Mock{Error: asl.ErrTaskFailed, Cause: "A test ends after 50 tasks."}
		}
		return t.task(c)
	})
	out, what := told(records, name)
	return out, what, nil
}

func (h *Handler) testContext() asl.Context {
	return asl.Context{ExecutionID: h.executionARN("TestState", "test"), ExecutionName: "test", RoleARN: h.playbookRole(),
		MachineID: h.machineARN("TestState"), MachineName: "TestState"}
}

// machine puts a state between one that sets the variables and those that it leads to.
func (t *trial) machine(state object) (machine *asl.Machine, name string, input json.RawMessage, err error) {
	states := map[string]any{}
	for _, next := range leadsTo(state) {
		states[next] = map[string]any{"Type": "Succeed"}
	}
	name = "StateToTest"
	for states[name] != nil {
		name += "_"
	}
	states[name] = state
	first, input := name, t.input
	if len(t.variables) > 0 {
		var variables object
		if err := json.Unmarshal(t.variables, &variables); err != nil {
			return nil, "", nil, refuse("ValidationException", "variables must be a JSON object: %s", err)
		}
		first = name + " with variables"
		assign := map[string]string{}
		for v := range variables {
			assign[v+".$"] = "$.variables." + v
		}
		states[first] = map[string]any{"Type": "Pass", "Assign": assign, "OutputPath": "$.input", "Next": name}
		input, _ = json.Marshal(map[string]json.RawMessage{"variables": t.variables, "input": t.input}) // both were checked to be JSON
	}
	definition, err := json.Marshal(map[string]any{"StartAt": first, "States": states})
	if err != nil {
		return nil, "", nil, err
	}
	machine, wrong := t.h.diagnose(string(definition))
	if len(wrong) == 0 {
		return machine, name, input, nil
	}
	var texts []string
	for _, d := range wrong {
		_, message, _ := strings.Cut(d.Message, ": ") // the place is in a text that nobody wrote
		texts = append(texts, "'"+d.Code+": "+message+" at "+strings.TrimPrefix(d.Location, "/States/"+name)+"'")
	}
	return nil, "", nil, refuse("InvalidDefinition", "Invalid State Machine Definition: %s", strings.Join(texts, ", "))
}

// leadsTo names the states that a state can go to.
func leadsTo(state object) []string {
	var shape struct {
		Next, Default  string
		Choices, Catch []struct{ Next string }
	}
	raw, err := json.Marshal(state)
	if err == nil {
		err = json.Unmarshal(raw, &shape)
	}
	if err != nil { // a member of another type is reported when the state is read
		return nil
	}
	var names []string
	for _, name := range []string{shape.Next, shape.Default} {
		if name != "" {
			names = append(names, name)
		}
	}
	for _, to := range append(shape.Choices, shape.Catch...) {
		if to.Next != "" {
			names = append(names, to.Next)
		}
	}
	return names
}

// told says what the records tell of the first time in the state.
func told(records []asl.Record, name string) (out testOutput, what seen) {
	inside := false
	for _, r := range records {
		if r.Path != "" {
			continue
		}
		switch {
		case r.Kind == asl.Entered && r.State == name && !inside:
			inside = true
			what.arguments = r.Arguments
			out.Error, out.Cause = r.Error, r.Cause
		case !inside:
		case r.Kind == asl.Entered && r.State == name:
			out.Status = "RETRIABLE"
			return out, what
		case r.Kind == asl.Entered:
			out.Status, out.NextState, out.Output = "SUCCEEDED", r.State, text(r.Input)
			if out.Error != "" {
				out.Status = "CAUGHT_ERROR"
			}
			return out, what
		case r.Kind == asl.Outcome:
			what.result, out.Error, out.Cause = r.Output, r.Error, r.Cause
		case r.Kind == asl.Ended:
			out.Status, out.Output, out.Error, out.Cause = string(asl.Succeeded), text(r.Output), r.Error, r.Cause
			if r.Status != asl.Succeeded {
				out.Status = string(asl.Failed)
			}
			return out, what
		}
	}
	out.Status = string(asl.Failed)
	return out, what
}

func text(raw json.RawMessage) *string {
	if raw == nil {
		return nil
	}
	s := string(raw)
	return &s
}

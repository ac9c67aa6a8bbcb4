package sandbox

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"riposte.dev/sandbox/wire"
)

// startExecution starts an execution once per name: the same name and input
// again is the same execution, another input is refused.
func startExecution(c *call) (wire.Object, error) {
	m, err := c.machine()
	if err != nil {
		return nil, err
	}
	name, input := c.in.str("name"), orElse(c.in.str("input"), "{}")
	switch {
	case name == "":
		name = c.sb.newUUID()
	case !machineName.MatchString(name):
		return nil, wire.Errorf("InvalidName", "Invalid Name: '%s'", name)
	}
	if !json.Valid([]byte(input)) {
		return nil, wire.Errorf("InvalidExecutionInput", "Invalid State Machine Execution Input: 'the input is not JSON'")
	}
	if old := m.executions.byName[name]; old != nil && m.kind == "STANDARD" {
		if old.input != input {
			return nil, wire.Errorf("ExecutionAlreadyExists", "Execution Already Exists: '%s'", old.arn)
		}
		return wire.Object{"executionArn": old.arn, "startDate": old.at}, nil
	}
	e := c.sb.execute(m, name, input)
	return wire.Object{"executionArn": e.arn, "startDate": e.at}, nil
}

// execute notes an execution. The lock is held.
func (s *Sandbox) execute(m *machine, name, input string) *execution {
	kind := "execution:"
	if m.kind == "EXPRESS" {
		kind, name = "express:", name+":"+s.newUUID()
	}
	e := &execution{
		arn: strings.Replace(m.arn, "stateMachine:", kind, 1) + ":" + name, machine: m.arn, name: executionName(name), input: input,
		at: s.opts.Clock.Now().UTC(),
	}
	m.executions.add(e)
	return e
}

func describeExecution(c *call) (wire.Object, error) {
	text := c.in.str("executionArn")
	region, account, rest, ok := cutARN(text, "states", "execution:")
	machine, name, ok2 := strings.Cut(rest, ":")
	if !ok || !ok2 || account != c.account.id || region != c.region {
		return nil, wire.Errorf("InvalidArn", "Invalid Arn: '%s'", text)
	}
	m := c.machines().byName[machine]
	if m == nil || m.executions.byName[name] == nil {
		return nil, wire.Errorf("ExecutionDoesNotExist", "Execution Does Not Exist: '%s'", text)
	}
	e := m.executions.byName[name]
	out := e.describe(m.executions.answer)
	out["input"], out["inputDetails"] = e.input, wire.Object{"included": true}
	switch a := m.executions.answer; a.status {
	case "":
		out["output"] = e.input
	case "SUCCEEDED":
		out["output"] = a.output
	case "FAILED":
		out["error"], out["cause"] = a.err, a.cause
	}
	if out["output"] != nil {
		out["outputDetails"] = wire.Object{"included": true}
	}
	return out, nil
}

func (e *execution) describe(a executionAnswer) wire.Object {
	out := wire.Object{"executionArn": e.arn, "stateMachineArn": e.machine, "name": e.name, "status": orElse(a.status, "SUCCEEDED"), "startDate": e.at}
	if a.status != "RUNNING" {
		out["stopDate"] = e.at
	}
	return out
}

// AnswerExecutions sets how the executions of a state machine end, also those that
// have begun: SUCCEEDED with an output, FAILED with an error and its cause, or
// RUNNING for not yet.
func (s *Sandbox) AnswerExecutions(machineARN, status string, output json.RawMessage, failure, cause string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	region, account, name, ok := cutARN(machineARN, "states", "stateMachine:")
	if !ok || s.accounts[account] == nil {
		return fmt.Errorf("sandbox: %q is not the ARN of a state machine", machineARN)
	}
	m := liveState(s, stateKey{"stepfunctions", account, region}, newMachines).byName[name]
	if m == nil {
		return fmt.Errorf("sandbox: no state machine %s: create it first", machineARN)
	}
	m.executions.answer = executionAnswer{status, string(output), failure, cause}
	return nil
}

// listExecutions lists the latest first.
func listExecutions(c *call) (wire.Object, error) {
	m, err := c.machine()
	if err != nil {
		return nil, err
	}
	if m.kind == "EXPRESS" {
		return nil, wire.Errorf("StateMachineTypeNotSupported", "This operation is not supported by this type of state machine")
	}
	var found []*execution
	if status := orElse(m.executions.answer.status, "SUCCEEDED"); orElse(c.in.str("statusFilter"), status) == status {
		found = slices.Clone(m.executions.order)
		slices.Reverse(found)
	}
	return statesPage(c, "executions", found, func(e *execution) any { return e.describe(m.executions.answer) })
}

// takeExecution takes what another service delivers: the input of an execution.
func (s *Sandbox) takeExecution(d delivery) error {
	region, account, name, ok := cutARN(d.arn, "states", "stateMachine:")
	if !ok {
		return refused("INVALID_PARAMETER", "%q is not the ARN of a state machine", d.arn)
	}
	m := liveState(s, stateKey{"stepfunctions", account, region}, newMachines).byName[name]
	if m == nil {
		return refused("NO_RESOURCE", "there is no state machine %s", d.arn)
	}
	if err := s.permits(d.from, "states:StartExecution", d.arn, nil); err != nil {
		return err
	}
	s.execute(m, s.newUUID(), string(d.payload))
	return nil
}

package stepfunctions

import (
	"strings"

	"riposte.dev/action/awscall"
	"riposte.dev/playbook"
)

const maxARN = 256

func (h *Handler) arn(resource string) string {
	return "arn:" + awscall.Partition(h.Region) + ":states:" + h.Region + ":" + h.Account + ":" + resource
}

func (h *Handler) machineARN(name string) string { return h.arn("stateMachine:" + name) }

func (h *Handler) executionARN(machine, name string) string {
	return h.arn("execution:" + machine + ":" + name)
}

// parse takes an ARN of ours apart: what follows its kind. ours is false for one of another account or region.
func (h *Handler) parse(arn, kind string) (parts []string, ours bool, err error) {
	if err := check(member{kind + "Arn", arn, true, maxARN}); err != nil {
		return nil, false, err
	}
	all := strings.Split(arn, ":")
	if len(all) < 7 || all[0] != "arn" || all[2] != "states" || all[5] != kind || strings.Contains(arn, " ") || all[6] == "" {
		return nil, false, refuse("InvalidArn", "Invalid Arn: '%s' is not that of a %s, such as %s", arn, kind, h.arn(kind+":NAME"))
	}
	return all[6:], strings.HasPrefix(arn, h.arn("")), nil
}

// machineName is the state machine that an ARN names.
func (h *Handler) machineName(arn string) (string, error) {
	parts, ours, err := h.parse(arn, "stateMachine")
	if err == nil && (!ours || len(parts) != 1) {
		err = noMachine(arn)
	}
	if err != nil {
		return "", err
	}
	return parts[0], nil
}

func noMachine(arn string) error {
	return refuse("StateMachineDoesNotExist", "State Machine Does Not Exist: '%s'", arn)
}

func noExecution(arn string) error {
	return refuse("ExecutionDoesNotExist", "Execution Does Not Exist: '%s'", arn)
}

// causePrefix begins the cause of what is started here; the execution's name follows.
func causePrefix(machine string) string { return "states:" + machine + ":" }

// executionID is the id of an execution that was started here.
func executionID(machine, name string) string {
	return playbook.ID(playbook.StepFunctionsRule, causePrefix(machine)+name)
}

// executionName is how the API calls an execution: by the name that it was given, or by its id.
func executionName(id, rule, cause, machine, undoes string) string {
	if name, ok := strings.CutPrefix(cause, causePrefix(machine)); ok && rule == playbook.StepFunctionsRule && undoes == "" {
		return name
	}
	return id
}

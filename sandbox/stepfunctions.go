package sandbox

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

// stepFunctionsService answers for state machines, whose executions run nothing:
// they have succeeded at once with their input as output, unless
// [Sandbox.AnswerExecutions] says otherwise
// (https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html).
// Actions are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html.
func stepFunctionsService() *service {
	on := func(name string, handle func(*call) (wire.Object, error)) operation {
		return operation{name: name, resources: machineOfInput, handle: handle}
	}
	start := on("StartExecution", startExecution)
	start.writes = true
	return &service{
		name: "stepfunctions", prefix: "states",
		operations: []operation{
			{name: "CreateStateMachine", resources: newMachineResource, also: passes("roleArn"), handle: createStateMachine},
			on("DescribeStateMachine", describeStateMachine),
			on("DeleteStateMachine", deleteStateMachine),
			{name: "ListStateMachines", handle: listStateMachines},
			start,
			on("ListExecutions", listExecutions),
			{name: "DescribeExecution", resources: executionOfInput, handle: describeExecution},
		},
		setup: func(s *Sandbox) { s.receiver("states", s.takeExecution) },
	}
}

func machineOfInput(c *call) []string { return []string{c.in.str("stateMachineArn")} }

func newMachineResource(c *call) []string { return []string{c.arn("stateMachine:" + c.in.str("name"))} }

func executionOfInput(c *call) []string { return []string{c.in.str("executionArn")} }

func (c *call) machines() *machines {
	return stateOf(c, stateKey{"stepfunctions", c.account.id, c.region}, newMachines)
}

// machine is the state machine that the input names.
func (c *call) machine() (*machine, error) {
	text := c.in.str("stateMachineArn")
	region, account, name, ok := cutARN(text, "states", "stateMachine:")
	if !ok || account != c.account.id || region != c.region {
		return nil, wire.Errorf("InvalidArn", "Invalid Arn: '%s'", text)
	}
	m := c.machines().byName[name]
	if m == nil {
		return nil, wire.Errorf("StateMachineDoesNotExist", "State Machine Does Not Exist: '%s'", text)
	}
	return m, nil
}

// machineName leaves out white space, brackets, wildcards and what else
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html excludes.
var machineName = regexp.MustCompile("^[^\\s<>{}\\[\\]?*\"#%\\\\^|~`$&,;:/\x00-\x1f\x7f-\u009f]{1,80}$")

func createStateMachine(c *call) (wire.Object, error) {
	name, definition, all := c.in.str("name"), c.in.str("definition"), c.machines()
	if !machineName.MatchString(name) {
		return nil, wire.Errorf("InvalidName", "Invalid Name: '%s'", name)
	}
	var parsed struct {
		StartAt string
		States  map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(definition), &parsed); err != nil || parsed.States[parsed.StartAt] == nil {
		return nil, wire.Errorf("InvalidDefinition", "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: the definition names no state to start at'")
	}
	m := &machine{
		arn: c.arn("stateMachine:" + name), name: name, definition: definition, role: c.in.str("roleArn"), kind: orElse(c.in.str("type"), "STANDARD"),
		created: c.time.UTC(), executions: &executionLog{byName: map[string]*execution{}},
	}
	from := sender{service: "states.amazonaws.com", source: m.arn, account: c.account.id}
	if role := c.sb.roleAt(m.role); role == nil || !c.sb.assumable(role, from) {
		return nil, c.fail(wire.Denied, "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role.")
	}
	if old := all.byName[name]; old != nil {
		if old.definition != m.definition || old.role != m.role || old.kind != m.kind {
			return nil, wire.Errorf("StateMachineAlreadyExists", "State Machine Already Exists: '%s'", old.arn)
		}
		m = old
	}
	all.byName[name] = m
	c.subject("AWS::StepFunctions::StateMachine", m.arn)
	return wire.Object{"stateMachineArn": m.arn, "creationDate": m.created}, nil
}

func describeStateMachine(c *call) (wire.Object, error) {
	m, err := c.machine()
	if err != nil {
		return nil, err
	}
	return wire.Object{
		"stateMachineArn": m.arn, "name": m.name, "status": "ACTIVE", "definition": m.definition, "roleArn": m.role, "type": m.kind, "creationDate": m.created,
	}, nil
}

// deleteStateMachine is content with a machine that isn't there, as AWS is.
func deleteStateMachine(c *call) (wire.Object, error) {
	m, err := c.machine()
	if err == nil {
		delete(c.machines().byName, m.name)
		return wire.Object{}, nil
	}
	if _, _, _, ok := cutARN(c.in.str("stateMachineArn"), "states", "stateMachine:"); !ok {
		return nil, err
	}
	return wire.Object{}, nil
}

func listStateMachines(c *call) (wire.Object, error) {
	all := byName(c.machines().byName, func(*machine) bool { return true })
	return statesPage(c, "stateMachines", all, func(m *machine) any {
		return wire.Object{"stateMachineArn": m.arn, "name": m.name, "type": m.kind, "creationDate": m.created}
	})
}

// statesPage is a page of a List answer.
func statesPage[T any](c *call, name string, items []T, each func(T) any) (wire.Object, error) {
	size := c.in.number("maxResults", 100)
	if size == 0 {
		size = 100
	}
	page, next, err := paginate(c, items, c.in.str("nextToken"), size)
	if err != nil {
		return nil, wire.Errorf("InvalidToken", "Invalid Token: %v", err)
	}
	out := wire.Object{name: list(page, each)}
	put(out, "nextToken", next)
	return out, nil
}

// machines are the state machines of an account in a region.
type machines struct{ byName map[string]*machine }

type machine struct {
	arn, name, definition, role, kind string
	created                           time.Time
	executions                        *executionLog
}

func newMachines() *machines { return &machines{byName: map[string]*machine{}} }

// clone copies the map only: a machine never changes, and AWS's executions are
// consistent.
func (s *machines) clone() stater { return &machines{byName: maps.Clone(s.byName)} }

// executionLog is what a machine has executed, oldest out first.
type executionLog struct {
	order  []*execution
	byName map[string]*execution
	answer executionAnswer
}

// executionAnswer is how executions end; nothing: they have succeeded with their
// input as output.
type executionAnswer struct{ status, output, err, cause string }

type execution struct {
	arn, machine, name, input string
	at                        time.Time
}

// maxExecutions bounds an executionLog; an input has at most 256 KiB.
const maxExecutions = 1000

func (l *executionLog) add(e *execution) {
	l.order, l.byName[e.name] = append(l.order, e), e
	if len(l.order) > maxExecutions {
		delete(l.byName, l.order[0].name)
		l.order = slices.Delete(l.order, 0, 1)
	}
}

// executionName is the last part of an execution's ARN.
func executionName(text string) string { return text[strings.LastIndex(text, ":")+1:] }

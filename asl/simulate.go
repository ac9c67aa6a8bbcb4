package asl

import "encoding/json"

// Mock is a task's result in a simulation: an output, or an error with its cause.
type Mock struct {
	Output json.RawMessage `json:"output,omitempty"`
	Error  string          `json:"error,omitempty"`
	Cause  string          `json:"cause,omitempty"`
}

// Simulate runs an execution without the world: tasks take their results from the mocks in turn, waits and delays take no
// time but move the clock; branches and iterations run one after the other. A task without a mock left fails with States.TaskFailed. It returns the execution and its records.
func (m *Machine) Simulate(input json.RawMessage, mocks []Mock, env Env) (*Execution, []Record) {
	return m.Rehearse(input, env, func(c Command) Mock {
		if len(mocks) == 0 {
			return Mock{Error: ErrTaskFailed, Cause: "There is no mock for the task " + c.State + "."}
		}
		next := mocks[0]
		mocks = mocks[1:]
		return next
	})
}

// Rehearse is Simulate with a function that gives each task's result.
func (m *Machine) Rehearse(input json.RawMessage, env Env, task func(Command) Mock) (*Execution, []Record) {
	x := m.Begin(input, env.Now)
	x.schedule.oneByOne = true
	var records []Record
	for {
		records = append(records, m.Advance(x, env)...)
		commands := m.Next(x)
		if len(commands) == 0 {
			return x, records
		}
		switch c := commands[0]; c.Action {
		case Sleep:
			if c.Until.After(env.Now) {
				env.Now = c.Until
			}
			if !x.Deadline.IsZero() && x.Deadline.Before(env.Now) {
				env.Now = x.Deadline
			}
		case RunTask, ReadItems, WriteResults:
			for _, r := range answer(c, task(c)) {
				r.Time = env.Now
				x.Apply(r)
				records = append(records, r)
			}
		}
	}
}

// answer makes records of a mock: the items of a Map are a list.
func answer(c Command, m Mock) []Record {
	r := Record{Kind: Outcome, Path: c.Path, Output: m.Output, Error: m.Error, Cause: m.Cause}
	if c.Action != ReadItems || m.Error != "" {
		return []Record{r}
	}
	var items []json.RawMessage
	if err := json.Unmarshal(m.Output, &items); err != nil {
		return []Record{Failure(c.Path, ErrItemReaderFailed, "The items are no list: %v", err)}
	}
	return ItemRecords(c.Path, items)
}

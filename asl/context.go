package asl

import (
	"maps"
	"slices"
	"time"
)

// objectOf makes an object from names and values in turn.
func objectOf(pairs ...any) *object {
	o := newObject(len(pairs) / 2)
	for i := 0; i < len(pairs); i += 2 {
		o.set(pairs[i].(string), pairs[i+1])
	}
	return o
}

// context makes the context object, as the branch sees it.
func (a *advance) context(f *Frame) any {
	c := a.env.Context
	state := objectOf("Name", f.State, "EnteredTime", timeText(f.Entered))
	if typeOf(f.state) == Task {
		state.set("RetryCount", numberOf(f.Attempt()))
	}
	execution := objectOf("Id", c.ExecutionID, "Input", a.input(), "StartTime", timeText(a.x.Started),
		"Name", c.ExecutionName, "RoleArn", c.RoleARN, "RedriveCount", numberOf(a.x.Redrives))
	if a.x.Redrives > 0 {
		execution.set("RedriveTime", timeText(a.x.Redriven))
	}
	root := objectOf("Execution", execution, "StateMachine", objectOf("Id", c.MachineID, "Name", c.MachineName), "State", state)
	if f.Token != "" {
		root.set("Task", objectOf("Token", f.Token))
	}
	if item := a.item(f); item != nil {
		root.set("Map", objectOf("Item", item))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Extra)) {
		if v := a.parsed(name, c.Extra[name]); v != nil {
			root.set(name, v)
		}
	}
	return root
}

func timeText(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// input is the execution's; what is not JSON fails where it is used as the first state's input.
func (a *advance) input() any {
	if a.x.input == nil {
		a.x.input, _ = parseValue(a.x.Input)
	}
	return a.x.input
}

// parsed reads a further part of the context object, once for an Advance: it may be large.
func (a *advance) parsed(name string, raw []byte) any {
	if v, ok := a.extra[name]; ok {
		return v
	}
	v, _ := parseValue(raw)
	if a.extra == nil {
		a.extra = map[string]any{}
	}
	a.extra[name] = v
	return v
}

// item is the item of the innermost Map around the branch, nil where there is none.
func (a *advance) item(f *Frame) any {
	if f.item != nil {
		return f.item
	}
	for ; f.parent != nil; f = f.parent {
		if f.parent.state.Type != Map {
			continue
		}
		item := objectOf("Index", numberOf(f.index))
		if k := f.parent.fork; f.taken == 1 && f.first < len(k.items) && !k.batched() {
			v, _ := parseValue(k.items[f.first])
			item.set("Value", v)
		}
		return item
	}
	return nil
}

package stepfunctions

import (
	"encoding/json"
)

// inspection is what a state made of its input on the way.
type inspection struct {
	Input               *string `json:"input,omitempty"`
	AfterInputPath      *string `json:"afterInputPath,omitempty"`
	AfterParameters     *string `json:"afterParameters,omitempty"`
	AfterArguments      *string `json:"afterArguments,omitempty"`
	Result              *string `json:"result,omitempty"`
	AfterResultSelector *string `json:"afterResultSelector,omitempty"`
	AfterResultPath     *string `json:"afterResultPath,omitempty"`
	Variables           *string `json:"variables,omitempty"`
}

// inspect takes the way of the data again, a step at a time: each is what a Pass state with that part of the state does.
func (t *trial) inspect(state object, s seen) *inspection {
	i := &inspection{Input: text(t.input), Variables: text(t.variables), Result: text(s.result)}
	if string(state["QueryLanguage"]) == `"JSONata"` {
		i.AfterArguments = text(s.arguments)
		return i
	}
	i.AfterInputPath = t.step(t.input, object{"InputPath": state["InputPath"]})
	if i.AfterParameters = text(s.arguments); s.arguments == nil {
		i.AfterParameters = t.step(t.input, object{"InputPath": state["InputPath"], "Parameters": state["Parameters"]})
	}
	result := s.result
	if string(state["Type"]) == `"Pass"` {
		if result = state["Result"]; result == nil && i.AfterParameters != nil {
			result = json.RawMessage(*i.AfterParameters)
		}
		i.Result = text(result)
	}
	if result == nil {
		return i
	}
	if i.AfterResultSelector = t.step(result, object{"Parameters": state["ResultSelector"]}); i.AfterResultSelector == nil {
		return i
	}
	i.AfterResultPath = t.step(t.input, object{"Result": json.RawMessage(*i.AfterResultSelector), "ResultPath": state["ResultPath"]})
	return i
}

// step is what a Pass state with the fields makes of an input; nil where it fails, as the state itself did.
func (t *trial) step(input json.RawMessage, fields object) *string {
	pass := object{"Type": json.RawMessage(`"Pass"`), "End": json.RawMessage("true")}
	for name, value := range fields {
		if value != nil {
			pass[name] = value
		}
	}
	part := *t
	part.input = input
	out, _, err := part.run(pass)
	if err != nil {
		return nil
	}
	return out.Output
}

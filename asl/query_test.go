package asl

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestQueries(t *testing.T) {
	for name, tt := range map[string]struct{ states, input, mocks, want string }{
		"output":           {`{A: {Type: Pass, Output: {n: "{% $states.input.a + 1 %}", l: ["{% $states.input.a %}", "{% a", 1.50, null], "k.$": $.a}, End: true}}`, `{"a":1}`, ``, `{"n":2,"l":[1,"{% a",1.50,null],"k.$":"$.a"}`},
		"without output":   {`{A: {Type: Pass, End: true}}`, `{"a":1}`, ``, `{"a":1}`},
		"text around it":   {`{A: {Type: Pass, Output: " {% 1 %}", End: true}}`, `{}`, ``, `" {% 1 %}"`},
		"fixed output":     {`{A: {Type: Pass, Output: null, End: true}}`, `{}`, ``, `null`},
		"arguments":        {`{A: {Type: Task, Resource: x, Arguments: {k: "{% $states.input.a %}"}, End: true}}`, `{"a":1}`, `[{"output":{"o":5}}]`, `{"o":5}`},
		"result":           {`{A: {Type: Task, Resource: x, Output: "{% $merge([$states.input, {'r': $states.result.o}]) %}", End: true}}`, `{"a":1}`, `[{"output":{"o":5}}]`, `{"a":1,"r":5}`},
		"variables":        {`{A: {Type: Pass, Assign: {v: "{% $states.input.a %}", w: 2}, Next: B}, B: {Type: Task, Resource: x, Assign: {v: "{% $states.result & $v %}"}, Next: C}, C: {Type: Pass, Output: "{% [$v, $w] %}", End: true}}`, `{"a":1}`, `[{"output":"r"}]`, `["r1",2]`},
		"context":          {`{A: {Type: Pass, Output: "{% $states.context.State.Name & $states.context.Riposte.Rule %}", End: true}}`, `{}`, ``, `"Ar"`},
		"all of states":    {`{A: {Type: Pass, Output: "{% $sort($keys($states)) %}", End: true}}`, `{}`, ``, `["context","input"]`},
		"time":             {`{A: {Type: Pass, Output: "{% $now() %}", End: true}}`, `{}`, ``, `"2026-01-02T03:04:05.000Z"`},
		"numbers":          {`{A: {Type: Pass, Output: "{% $states.input.n %}", End: true}}`, `{"n":10000000000000000001}`, ``, `10000000000000000001`},
		"order":            {`{A: {Type: Pass, Output: "{% $states.input %}", End: true}}`, `{"b":1,"2":2,"1":3}`, ``, `{"b":1,"2":2,"1":3}`},
		"through lists":    {`{A: {Type: Pass, Output: "{% $states.input.l.k %}", End: true}}`, `{"l":[{"k":1},{"k":2}]}`, ``, `[1,2]`},
		"catch":            {`{A: {Type: Task, Resource: x, Catch: [{ErrorEquals: [E], Assign: {c: "{% $states.errorOutput.Cause %}"}, Output: {e: "{% $states.errorOutput.Error %}", i: "{% $states.input.a %}"}, Next: B}], Next: B}, B: {Type: Pass, Output: "{% $merge([$states.input, {'c': $c}]) %}", End: true}}`, `{"a":1}`, `[{"error":"E","cause":"why"}]`, `{"e":"E","i":1,"c":"why"}`},
		"catch by itself":  {`{A: {Type: Task, Resource: x, Catch: [{ErrorEquals: [E], Next: B}], Next: B}, B: {Type: Succeed}}`, `{"a":1}`, `[{"error":"E","cause":"why"}]`, `{"Error":"E","Cause":"why"}`},
		"catch a mistake":  {`{A: {Type: Task, Resource: x, Arguments: "{% 1 + 'a' %}", Catch: [{ErrorEquals: [States.QueryEvaluationError], Output: caught, Next: B}], Next: B}, B: {Type: Succeed}}`, `{}`, ``, `"caught"`},
		"choice":           {`{A: {Type: Choice, Choices: [{Condition: "{% $states.input.a > 1 %}", Next: B}, {Condition: true, Assign: {v: 1}, Output: {o: "{% $states.input.a %}"}, Next: B}], Output: no, Default: B}, B: {Type: Pass, Output: "{% [$states.input.o, $v] %}", End: true}}`, `{"a":1}`, ``, `[1,1]`},
		"choice's default": {`{A: {Type: Choice, Choices: [{Condition: "{% false %}", Next: B}], Output: {d: "{% $states.input.a %}"}, Assign: {v: 2}, Default: B}, B: {Type: Pass, Output: "{% [$states.input.d, $v] %}", End: true}}`, `{"a":1}`, ``, `[1,2]`},
		"succeed":          {`{A: {Type: Succeed, Output: "{% $states.input.a %}"}}`, `{"a":1}`, ``, `1`},
		"wait":             {`{A: {Type: Wait, Seconds: "{% $states.input.s * 60 %}", Output: "{% $states.context.State.Name %}", Next: B}, B: {Type: Pass, Output: "{% $states.input & $now('[H01]:[m01]') %}", End: true}}`, `{"s":5}`, ``, `"A03:09"`},
		"wait until":       {`{A: {Type: Wait, Timestamp: "{% $fromMillis($millis() + 3600000) %}", Next: B}, B: {Type: Pass, Output: "{% $now('[H01]:[m01]') %}", End: true}}`, `{}`, ``, `"04:04"`},
		"parallel":         {`{A: {Type: Parallel, Arguments: {x: "{% $states.input.a %}"}, Output: "{% $sum($states.result) %}", Branches: [{StartAt: B, States: {B: {Type: Pass, Output: "{% $states.input.x %}", End: true}}}, {StartAt: C, States: {C: {Type: Pass, Output: 2, End: true}}}], End: true}}`, `{"a":1}`, ``, `3`},
		"map":              {`{A: {Type: Map, Items: "{% $states.input.l %}", ItemSelector: {i: "{% $states.context.Map.Item.Index %}", v: "{% $states.context.Map.Item.Value & $states.input.k %}"}, MaxConcurrency: "{% 2 %}", Output: "{% $states.result.v %}", ItemProcessor: {StartAt: P, States: {P: {Type: Pass, End: true}}}, End: true}}`, `{"l":["a","b"],"k":9}`, ``, `["a9","b9"]`},
		"map of a list":    {`{A: {Type: Map, Items: [1, "{% 1 + 1 %}"], ItemProcessor: {StartAt: P, States: {P: {Type: Pass, Output: "{% $states.input * 10 %}", End: true}}}, End: true}}`, `{}`, ``, `[10,20]`},
		"tolerated":        {`{A: {Type: Map, Items: [1, 2], ToleratedFailurePercentage: "{% 12.5 * 4 %}", ItemProcessor: {StartAt: P, States: {P: {Type: Task, Resource: x, End: true}}}, Output: "{% $states.result[0] %}", End: true}}`, `{}`, `[{"output":"a"},{"error":"E"}]`, `"a"`},
		"batches":          {`{A: {Type: Map, Items: [1, 2, 3], ItemBatcher: {MaxItemsPerBatch: "{% 2 %}", BatchInput: {k: "{% $states.input.k %}"}}, ItemProcessor: {StartAt: P, States: {P: {Type: Pass, End: true}}}, Output: "{% $states.result.($count(Items) & BatchInput.k) %}", End: true}}`, `{"k":"x"}`, ``, `["2x","1x"]`},
	} {
		t.Run(name, func(t *testing.T) {
			m := parse(t, "QueryLanguage: JSONata\nStartAt: A\nStates: "+tt.states)
			x, records := m.Simulate(json.RawMessage(tt.input), mocksOf(t, tt.mocks), env())
			if x.Status != Succeeded || string(x.Output) != tt.want {
				t.Errorf("%s %s %s: %s\nwant %s", x.Status, x.Error, x.Cause, x.Output, tt.want)
			}
			again := m.Begin(json.RawMessage(tt.input), epoch)
			for _, r := range records {
				again.Apply(r)
			}
			if string(again.Output) != string(x.Output) {
				t.Errorf("replayed, the output is %s", again.Output)
			}
		})
	}
}

func TestOneStateInJSONata(t *testing.T) {
	m := parse(t, `{StartAt: A, States: {A: {Type: Pass, Assign: {v.$: $.a}, Next: B}, B: {Type: Pass, QueryLanguage: JSONata, Assign: {w: "{% $v + 1 %}"}, Next: C},
		C: {Type: Pass, QueryLanguage: JSONPath, Parameters: {w.$: $w}, End: true}}}`)
	if x, _ := m.Simulate(json.RawMessage(`{"a":1}`), nil, env()); string(x.Output) != `{"w":2}` {
		t.Errorf("%s %s: %s", x.Error, x.Cause, x.Output)
	}
}

func TestQueriesFail(t *testing.T) {
	at := "An error occurred while executing the state 'A' (entered at the event id #2). The JSONata expression "
	for name, tt := range map[string]struct{ state, want, more string }{
		"undefined":        {`Type: Pass, Output: {a: {b: ["{% $states.input.nothing %}"]}}, End: true`, `'$states.input.nothing' specified for the field 'Output/a/b[0]' returned nothing (undefined).`, ``},
		"undefined result": {`Type: Pass, Assign: {a: "{% $states.result %}"}, End: true`, `'$states.result' specified for the field 'Assign/a' returned nothing (undefined).`, ``},
		"no context":       {`Type: Pass, Output: "{% a %}", End: true`, `'a' specified for the field 'Output' returned nothing (undefined).`, ``},
		"thrown":           {`Type: Pass, Output: "{%  1 + 'a'  %}", End: true`, `'1 + 'a'' specified for the field 'Output' threw an error during evaluation. T2002: The right side of the "+" operator must evaluate to a number`, ``},
		"a function":       {`Type: Pass, Output: "{% $sum %}", End: true`, `'$sum' specified for the field 'Output' returned an unsupported result type.`, ``},
		"condition":        {`Type: Choice, Choices: [{Condition: "{% $states.input %}", Next: B}], Default: B`, `'$states.input' specified for the field 'Choices[0]/Condition' returned an unexpected result type. Expected 'boolean', but was 'object' for value: {"l":[1]}`, `, B: {Type: Succeed}`},
		"seconds":          {`Type: Wait, Seconds: "{% 'x' %}", End: true`, `''x'' specified for the field 'Seconds' returned an unexpected result type. Expected 'number', but was 'string' for value: "x"`, ``},
		"negative seconds": {`Type: Wait, Seconds: "{% -1 %}", End: true`, `'-1' specified for the field 'Seconds' returned a value that is not a whole number from 0 to 99999999: -1`, ``},
		"timeout":          {`Type: Task, Resource: x, TimeoutSeconds: "{% 1.5 %}", End: true`, `'1.5' specified for the field 'TimeoutSeconds' returned a value that is not a whole number from 0 to 99999999: 1.5`, ``},
		"heartbeat":        {`Type: Task, Resource: x, HeartbeatSeconds: "{% null %}", End: true`, `'null' specified for the field 'HeartbeatSeconds' returned an unexpected result type. Expected 'number', but was 'null' for value: null`, ``},
		"timestamp":        {`Type: Wait, Timestamp: "{% 'tomorrow' %}", End: true`, `''tomorrow'' specified for the field 'Timestamp' returned a value that is not a timestamp: "tomorrow"`, ``},
		"error":            {`Type: Fail, Error: "{% 1 %}"`, `'1' specified for the field 'Error' returned an unexpected result type. Expected 'string', but was 'number' for value: 1`, ``},
		"items":            {`Type: Map, Items: "{% $states.input %}", ItemProcessor: {StartAt: P, States: {P: {Type: Pass, End: true}}}, End: true`, `'$states.input' specified for the field 'Items' returned an unexpected result type. Expected 'array', but was 'object' for value: {"l":[1]}`, ``},
		"percentage":       {`Type: Map, Items: [], ToleratedFailurePercentage: "{% 101 %}", ItemProcessor: {StartAt: P, States: {P: {Type: Pass, End: true}}}, End: true`, `'101' specified for the field 'ToleratedFailurePercentage' returned a value that is not a whole number from 0 to 100: 101`, ``},
	} {
		t.Run(name, func(t *testing.T) {
			m := parse(t, "QueryLanguage: JSONata\nStartAt: A\nStates: {A: {"+tt.state+"}"+tt.more+"}")
			x, _ := m.Simulate(json.RawMessage(`{"l":[1]}`), nil, env())
			if x.Error != ErrQueryEvaluation || x.Cause != at+tt.want {
				t.Errorf("%s: %s\nwant %s", x.Error, x.Cause, at+tt.want)
			}
		})
	}
}

func TestFailInJSONata(t *testing.T) {
	m := parse(t, `{QueryLanguage: JSONata, StartAt: A, States: {A: {Type: Fail, Error: "{% 'E' & $states.input %}", Cause: plain}}}`)
	if x, _ := m.Simulate(json.RawMessage(`7`), nil, env()); x.Error != "E7" || x.Cause != "plain" {
		t.Errorf("%s: %s", x.Error, x.Cause)
	}
}

func TestLimitsInJSONata(t *testing.T) {
	m := parse(t, `{QueryLanguage: JSONata, StartAt: A, States: {A: {Type: Task, Resource: x, TimeoutSeconds: "{% $states.input %}", HeartbeatSeconds: "{% 2 %}", Arguments: 1, End: true}}}`)
	x := m.Begin(json.RawMessage(`60`), epoch)
	m.Advance(x, env())
	c := m.Next(x)
	if len(c) != 1 || !c[0].Until.Equal(epoch.Add(time.Minute)) || c[0].Heartbeat != 2*time.Second || string(c[0].Arguments) != "1" {
		t.Errorf("got %+v", c)
	}
}

func TestQueryProblems(t *testing.T) {
	src := `StartAt: First
QueryLanguage: JSONata
States:
  First: {Type: Pass, Output: "{% 1 + %}", Parameters: {a: 1}, ResultPath: $.x, Next: Second}
  Second: {Type: Task, Resource: x, TimeoutSecondsPath: $.t, Arguments: {deep: ["{% $eval('1') %}"]}, Assign: {states: 1, "a.$": 2}, Next: Third}
  Third: {Type: Choice, Choices: [{Variable: $.a, IsNull: true, Next: Fourth}, {Condition: maybe, Next: Fourth}, {Next: Fourth}]}
  Fourth: {Type: Map, Items: {a: 1}, ItemsPath: $.l, ItemProcessor: {StartAt: P, States: {P: {Type: Pass, QueryLanguage: JSONPath, End: true}}}, Next: Fifth}
  Fifth:
    Type: Task
    Resource: x
    Output: |
      {% (
        1 +
      ) %}
    Catch: [{ErrorEquals: [States.ALL], ResultPath: $.e, Next: Sixth}]
    Next: Sixth
  Sixth: {Type: Fail, Error: "{% ) %}", CausePath: $.c}
`
	_, err := Parse("p.yaml", []byte(src))
	if err == nil {
		t.Fatal("it was accepted")
	}
	want := `p.yaml:4:38: the JSONata expression is wrong: S0207: Unexpected end of expression
p.yaml:4:44: Parameters is a field of JSONPath; this state is in JSONata — write Arguments in a Task, Parallel or ItemReader, ItemSelector in a Map, Output in a Pass
p.yaml:4:64: ResultPath is a field of JSONPath; this state is in JSONata — write Output
p.yaml:5:37: TimeoutSecondsPath is a field of JSONPath; this state is in JSONata — write TimeoutSeconds: "{% … %}"
p.yaml:5:85: the JSONata expression is wrong: Step Functions has no $eval; $parse reads JSON
p.yaml:5:112: $states is the language's own — choose another name
p.yaml:5:123: "a.$" is no name for a variable — use letters, digits and _, at most 80
p.yaml:6:36: Variable is a field of JSONPath; this state is in JSONata — write Condition: "{% … %}"
p.yaml:6:51: IsNull is a field of JSONPath; this state is in JSONata — write Condition: "{% … %}"
p.yaml:6:92: Condition must be a JSONata expression in {% %}, or true or false — write "{% $states.input.count > 1 %}"
p.yaml:6:114: the choice rule has no Condition — add Condition: "{% … %}"
p.yaml:7:30: Items must be a list or a JSONata expression — write a list, or an expression: "{% $states.input.items %}"
p.yaml:7:38: ItemsPath is a field of JSONPath; this state is in JSONata — write Items
p.yaml:7:122: a machine whose QueryLanguage is JSONata has no states in JSONPath — say JSONata in the states that use it, not for the machine
p.yaml:14: the JSONata expression is wrong: S0211: The symbol ")" cannot be used as a unary operator
p.yaml:15:41: ResultPath is a field of JSONPath; this state is in JSONata — write Output
p.yaml:17:35: the JSONata expression is wrong: S0211: The symbol ")" cannot be used as a unary operator
p.yaml:17:41: CausePath is a field of JSONPath; this state is in JSONata — write Cause: "{% … %}"`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
}

func TestJSONataInJSONPath(t *testing.T) {
	_, err := Parse("p.json", []byte(`{"StartAt": "A", "States": {
  "A": {"Type": "Pass", "Output": "{% 1 %}", "Arguments": 1, "Next": "B"},
  "B": {"Type": "Task", "Resource": "x", "TimeoutSeconds": "{% 1 %}", "Next": "C"},
  "C": {"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Next": "D"}]},
  "D": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% \"\\\\\" & (1 %}", "End": true}}}`))
	if err == nil {
		t.Fatal("it was accepted")
	}
	want := `p.json:2:25: Output is a field of JSONata; this state is in JSONPath — add QueryLanguage: JSONata to the state, or write ResultPath or OutputPath
p.json:2:46: Arguments is a field of JSONata; this state is in JSONPath — add QueryLanguage: JSONata to the state, or write Parameters
p.json:3:60: an expression in {% %} is JSONata — add QueryLanguage: JSONata to the state
p.json:4:40: Condition is a field of JSONata; this state is in JSONPath — add QueryLanguage: JSONata to the state, or write Variable and a comparison
p.json:5:80: the JSONata expression is wrong: S0203: Expected ")" before end of expression`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
}

func TestReaderInJSONata(t *testing.T) {
	m := parse(t, `{QueryLanguage: JSONata, StartAt: A, States: {A: {Type: Map, ItemReader: {Resource: "arn:aws:states:::s3:getObject", Arguments: {Bucket: "{% $states.input.b %}", Key: k},
		ReaderConfig: {InputType: JSON, MaxItems: "{% 1 + 1 %}"}}, ItemProcessor: {ProcessorConfig: {Mode: DISTRIBUTED, ExecutionType: STANDARD}, StartAt: P, States: {P: {Type: Pass, End: true}}}, End: true}}}`)
	x := m.Begin(json.RawMessage(`{"b":"bucket"}`), epoch)
	m.Advance(x, env())
	c := m.Next(x)
	if len(c) != 1 || c[0].Action != ReadItems || string(c[0].Arguments) != `{"Bucket":"bucket","Key":"k"}` || c[0].Reader.MaxItems != 2 {
		t.Errorf("got %+v", c)
	}
}

func TestTokenInJSONata(t *testing.T) {
	m := parse(t, `{QueryLanguage: JSONata, StartAt: A, States: {A: {Type: Task, Resource: x.waitForTaskToken, Arguments: {t: "{% $states.context.Task.Token %}"}, End: true}}}`)
	x := m.Begin(json.RawMessage(`{}`), epoch)
	m.Advance(x, env())
	if c := m.Next(x); len(c) != 1 || c[0].Token == "" || string(c[0].Arguments) != `{"t":"`+c[0].Token+`"}` {
		t.Errorf("got %+v", c)
	}
}

package asl

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestBranches(t *testing.T) {
	for name, tt := range map[string]struct{ states, input, mocks, want string }{
		"parallel in order": {`{A: {Type: Parallel, Branches: [{StartAt: B, States: {B: {Type: Task, Resource: x, End: true}}}, {StartAt: C, States: {C: {Type: Pass, End: true}}}], End: true}}`,
			`{"a":1}`, `[{"output":7}]`, `[7,{"a":1}]`},
		"parallel shapes its data": {`{A: {Type: Parallel, InputPath: $.in, Parameters: {x.$: $.a}, ResultSelector: {first.$: "$[0].x"}, ResultPath: $.out, OutputPath: $.out, Branches: [{StartAt: B, States: {B: {Type: Pass, End: true}}}], End: true}}`,
			`{"in":{"a":1}}`, ``, `{"first":1}`},
		"simulated one by one": {`{A: {Type: Parallel, Branches: [{StartAt: B, States: {B: {Type: Wait, Seconds: 100, Next: C}, C: {Type: Task, Resource: x, End: true}}}, {StartAt: D, States: {D: {Type: Task, Resource: x, TimeoutSeconds: 5, End: true}}}], End: true}}`,
			`{}`, `[{"output":"first"},{"output":"second"}]`, `["first","second"]`},
		"retry runs all branches again": {`{A: {Type: Parallel, Retry: [{ErrorEquals: [E]}], Branches: [{StartAt: B, States: {B: {Type: Task, Resource: x, End: true}}}, {StartAt: C, States: {C: {Type: Task, Resource: x, End: true}}}], End: true}}`,
			`{}`, `[{"output":1},{"error":"E"},{"output":2},{"output":3}]`, `[2,3]`},
		"branch failed": {`{A: {Type: Parallel, Catch: [{ErrorEquals: [States.BranchFailed], Next: D}], Branches: [{StartAt: B, States: {B: {Type: Task, Resource: x, End: true}}}, {StartAt: C, States: {C: {Type: Wait, Seconds: 9, End: true}}}], End: true}, D: {Type: Pass, End: true}}`,
			`{}`, `[{"error":"E","cause":"why"}]`, `{"Error":"E","Cause":"why"}`},
		"variables from outside": {`{A: {Type: Pass, Assign: {v: 1}, Next: B}, B: {Type: Parallel, Branches: [{StartAt: C, States: {C: {Type: Pass, Assign: {w.$: "States.MathAdd($v, 1)"}, Next: D}, D: {Type: Pass, Parameters: {v.$: $v, w.$: $w}, End: true}}}], End: true}}`,
			`{}`, ``, `[{"v":1,"w":2}]`},
		"map":                       {mapOf(`ItemsPath: $.l, ItemSelector: {i.$: $$.Map.Item.Index, v.$: $$.Map.Item.Value, all.$: $.k}`), `{"l":["a","b"],"k":9}`, ``, `[{"i":0,"v":"a","all":9},{"i":1,"v":"b","all":9}]`},
		"map of nothing":            {mapOf(``), `[]`, ``, `[]`},
		"item in a state":           {`{A: {Type: Map, ItemProcessor: {StartAt: P, States: {P: {Type: Pass, Parameters: {v.$: $$.Map.Item.Value}, End: true}}}, End: true}}`, `[5]`, ``, `[{"v":5}]`},
		"batches":                   {mapOf(`ItemBatcher: {MaxItemsPerBatch: 2, BatchInput: {k.$: $.k}}, ItemsPath: $.l`), `{"l":[1,2,3],"k":9}`, ``, `[{"BatchInput":{"k":9},"Items":[1,2]},{"BatchInput":{"k":9},"Items":[3]}]`},
		"batches by size":           {mapOf(`ItemBatcher: {MaxInputBytesPerBatch: 16}`), `[1,22,3,444,555555555]`, ``, `[{"Items":[1,22]},{"Items":[3]},{"Items":[444]},{"Items":[555555555]}]`},
		"retry within an iteration": {mapOfTask(``, `Retry: [{ErrorEquals: [E]}], `), `[1,2]`, `[{"error":"E"},{"output":"a"},{"error":"E"},{"output":"b"}]`, `["a","b"]`},
		"nested":                    {`{A: {Type: Map, ItemProcessor: {StartAt: B, States: {B: {Type: Map, ItemProcessor: {StartAt: C, States: {C: {Type: Pass, Parameters: {v.$: $$.Map.Item.Value, i.$: $$.Map.Item.Index}, End: true}}}, End: true}}}, End: true}}`, `[[1],[2,3]]`, ``, `[[{"v":1,"i":0}],[{"v":2,"i":0},{"v":3,"i":1}]]`},
	} {
		t.Run(name, func(t *testing.T) {
			x, _ := parse(t, "StartAt: A\nStates: "+tt.states).Simulate(json.RawMessage(tt.input), mocksOf(t, tt.mocks), env())
			if x.Status != Succeeded || string(x.Output) != tt.want {
				t.Errorf("%s %s %s: %s\nwant %s", x.Status, x.Error, x.Cause, x.Output, tt.want)
			}
		})
	}
}

func mapOf(fields string) string {
	if fields != "" {
		fields += ", "
	}
	return `{A: {Type: Map, ` + fields + `ItemProcessor: {StartAt: P, States: {P: {Type: Pass, End: true}}}, End: true}}`
}

func mapOfTask(fields, inner string) string {
	return strings.Replace(mapOf(fields), "Type: Pass", inner+"Type: Task, Resource: x", 1)
}

func mocksOf(t *testing.T, text string) []Mock {
	t.Helper()
	var mocks []Mock
	if text != "" {
		if err := json.Unmarshal([]byte(text), &mocks); err != nil {
			t.Fatal(err)
		}
	}
	return mocks
}

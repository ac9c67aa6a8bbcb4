package asl

import (
	"encoding/json"
	"testing"
	"time"

	"riposte.dev/conf"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"StartAt":"A","States":{"A":{"Type":"Pass","Parameters":{"x.$":"States.Format('{}',$.a[?(@.b==1)])"},"ResultPath":"$.r","Next":"B"},"B":{"Type":"Choice","Choices":[{"Not":{"Variable":"$.r","IsNull":true},"Next":"C"}],"Default":"C"},"C":{"Type":"Succeed"}}}`))
	f.Add([]byte("StartAt: A\nStates: {A: {Type: Task, Resource: x, Retry: [{ErrorEquals: [States.ALL], MaxAttempts: 2}], Catch: [{ErrorEquals: [X], Next: B}], Next: B}, B: {Type: Wait, Seconds: 1, End: true}}"))
	f.Add([]byte("StartAt: A\nStates: {A: {Type: Parallel, Branches: [{StartAt: B, States: {B: {Type: Task, Resource: x.waitForTaskToken, HeartbeatSeconds: 3, End: true}}}, {StartAt: C, States: {C: {Type: Fail}}}], Retry: [{ErrorEquals: [States.BranchFailed]}], End: true}}"))
	f.Add([]byte("StartAt: A\nStates: {A: {Type: Map, ItemsPath: $.a, ItemSelector: {v.$: $$.Map.Item.Value}, ItemBatcher: {MaxItemsPerBatch: 2, BatchInput: {x.$: $.a}}, ToleratedFailurePercentage: 10, ItemProcessor: {ProcessorConfig: {Mode: DISTRIBUTED, ExecutionType: EXPRESS}, StartAt: B, States: {B: {Type: Task, Resource: x, End: true}}}, ItemReader: {Resource: 'arn:aws:states:::s3:getObject', Parameters: {Bucket: b}, ReaderConfig: {InputType: JSON, MaxItemsPath: $.n}}, ResultWriter: {Resource: 'arn:aws:states:::s3:putObject', Parameters: {Bucket: b}, WriterConfig: {Transformation: FLATTEN}}, End: true}}"))
	f.Add([]byte(`{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Task","Resource":"x","TimeoutSeconds":"{% 1 %}","Arguments":{"a":["{% $states.input.a[b>0].b %}"]},"Catch":[{"ErrorEquals":["E"],"Output":"{% $states.errorOutput %}","Next":"B"}],"Next":"B"},"B":{"Type":"Choice","Choices":[{"Condition":"{% $exists($states.input) %}","Next":"C"}],"Default":"C"},"C":{"Type":"Map","Items":"{% [1,2] %}","ItemProcessor":{"StartAt":"D","States":{"D":{"Type":"Pass","End":true}}},"End":true}}}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		m, err := Parse("f.yaml", src)
		if err != nil {
			if _, ok := err.(conf.Problems); !ok {
				t.Fatalf("the error is a %T", err)
			}
			return
		}
		if _, err := Parse("again.json", m.Text()); err != nil {
			t.Fatalf("its own text does not parse: %v", err)
		}
		e := env()
		x := m.Begin(json.RawMessage(`{"a":[{"b":1}]}`), epoch)
		for range 20 {
			m.Advance(x, e)
			for i, c := range m.Next(x) {
				switch {
				case c.Action == ReadItems:
					for _, r := range ItemRecords(c.Path, []json.RawMessage{json.RawMessage(`1`)}) {
						x.Apply(r)
					}
				case c.Action == RunTask && i%2 == 0:
					x.Apply(Failure(c.Path, "E", "why"))
				case c.Action != Sleep && c.Action != Evaluate:
					x.Apply(Result(c.Path, json.RawMessage(`[1]`)))
				}
			}
			e.Now = e.Now.Add(time.Second)
			if r, ok := x.Redrive(); ok {
				x.Apply(r)
			}
		}
	})
}

func FuzzExpression(f *testing.F) {
	for _, seed := range []string{"$.a[?(@.b == 'x' || !(@.c) && @.d >= 2)]..e", "States.Format('{}\\{', $.a)", "States.ArrayRange(1,9,2)", "$['a','b'][0,-1][1:]", "$$.x", "$v.y"} {
		f.Add(seed)
	}
	input, err := parseValue([]byte(store))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, source string) {
		e, err := parseExpression(source)
		if err != nil {
			return
		}
		c := &scope{input: input, context: func() any { return input }, variables: &variables{own: map[string]any{"v": input}}, random: func() uint64 { return 7 }}
		if v, err := e.eval(c); err == nil && !json.Valid(encode(v)) {
			t.Fatalf("%s gives %q, which is not JSON", source, encode(v))
		}
	})
}

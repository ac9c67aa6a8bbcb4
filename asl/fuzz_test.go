package asl

import (
	"encoding/json"
	"testing"

	"riposte.dev/conf"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"StartAt":"A","States":{"A":{"Type":"Pass","Parameters":{"x.$":"States.Format('{}',$.a[?(@.b==1)])"},"ResultPath":"$.r","Next":"B"},"B":{"Type":"Choice","Choices":[{"Not":{"Variable":"$.r","IsNull":true},"Next":"C"}],"Default":"C"},"C":{"Type":"Succeed"}}}`))
	f.Add([]byte("StartAt: A\nStates: {A: {Type: Task, Resource: x, Retry: [{ErrorEquals: [States.ALL], MaxAttempts: 2}], Catch: [{ErrorEquals: [X], Next: B}], Next: B}, B: {Type: Wait, Seconds: 1, End: true}}"))
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
		x := m.Begin(json.RawMessage(`{"a":[{"b":1}]}`), epoch)
		for range 20 {
			m.Advance(x, env())
			for _, c := range m.Next(x) {
				if c.Action == RunTask {
					x.Apply(Failure(c.Path, "E", "why"))
				}
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

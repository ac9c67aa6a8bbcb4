package jsonata

import (
	"context"
	"encoding/json"
	"testing"
)

// BenchmarkEval prints what an evaluation costs beside reading and writing the same data as JSON.
func BenchmarkEval(b *testing.B) {
	data := json.RawMessage(`{"input":{"detail":{"eventName":"StopLogging","userIdentity":{"arn":"arn:aws:iam::111122223333:user/eve"},
		"requestParameters":{"name":"arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"},"resources":[{"type":"a"},{"type":"b"}]}}}`)
	b.Run("json", func(b *testing.B) {
		for b.Loop() {
			var v any
			if err := json.Unmarshal(data, &v); err != nil {
				b.Fatal(err)
			}
			if _, err := json.Marshal(v); err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, expression := range map[string]string{
		"concat": `$states.input.detail.userIdentity.arn & ' stopped ' & $states.input.detail.requestParameters.name`,
		"filter": `$states.input.detail.resources[type = 'b']`,
		"map":    `$map($states.input.detail.resources, function($r) {{'kind': $r.type}})`,
	} {
		b.Run(name, func(b *testing.B) {
			p, err := Compile(expression)
			if err != nil {
				b.Fatal(err)
			}
			env := testEnv()
			for b.Loop() {
				if _, err := p.Eval(context.Background(), map[string]json.RawMessage{"states": data}, env); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

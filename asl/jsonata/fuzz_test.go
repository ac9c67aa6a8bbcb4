package jsonata

import (
	"encoding/json"
	"errors"
	"testing"
)

func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		`$states.input.a[b > 1].c`, `($f := function($x) {$x}; $map([1..3], $f))`, `$x ~> |a|{'b': 1}, ['c']|`, `{a: b}^(>c)`,
		`$replace('a', /(a)|b/i, '$1')`, "`a b`.%.c@$i#$j[]", `/* c */ "\u0041" & 'ä'`, `1e5 .. 2`, `$parse('{}') ?: 1 ?? 2`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		p, err := Compile(expression)
		if err != nil {
			var known *Error
			if !errors.As(err, &known) || known.Message == "" || known.Position > len(expression) {
				t.Fatalf("%q: the error is %T: %v", expression, err, err)
			}
			return
		}
		out, err := eval(p.String())
		if err == nil && out != "" && !json.Valid([]byte(out)) {
			t.Fatalf("%q gives %q", expression, out)
		}
	})
}

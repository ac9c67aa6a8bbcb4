package jsonata

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestEval(t *testing.T) {
	for expression, want := range map[string]string{
		`$states.input.a`:                       `1`,
		`$states.input.(a + b * 3) & 'x'`:       `"7x"`,
		`$states.input.list`:                    `[3,1,2]`,
		`$states.input.one`:                     `[7]`,
		`$states.input.none`:                    `[]`,
		`$states.input.list[$ > 1]`:             `[3,2]`,
		`$states.input.list[$ > 2]`:             `3`,
		`$states.input.list[$ > 2][]`:           `[3]`,
		`$states.input.list[0]`:                 `3`,
		`$sort($states.input.list)`:             `[1,2,3]`,
		`$states.input.text & '!'`:              `"ä€😀!"`,
		`$length($states.input.text)`:           `3`,
		`$x.deep.er`:                            `null`,
		`$exists($x.deep.eel)`:                  `false`,
		`$x.deep.eel`:                           ``,
		`$nobody`:                               ``,
		`name`:                                  ``, // there is no context at the top
		`$`:                                     ``,
		`$$`:                                    ``,
		`1/3`:                                   `0.3333333333333333`,
		`10/2`:                                  `5`,
		`-0`:                                    `0`,
		`1e21`:                                  `1e+21`,
		`9007199254740993`:                      `9007199254740992`,
		`{'b': 1, 'a': [null, true, "\u0041"]}`: `{"b":1,"a":[null,true,"A"]}`,
		`{'a': $nobody, 'b': [$nobody]}`:        `{"b":[]}`,
		`($y := 2; $f := function($n) {$n * $y}; $map([1..3], $f))`: `[2,4,6]`,
		`$match('aabb', /(?=a)(a)+/).groups`:                        `["a"]`,
		`$contains('hello$world', /^hello\$/)`:                      `true`,
		`$contains('A', /a/i)`:                                      `true`,
		`$replace('2026-01', /(\d+)-(\d+)/, '$2/$1')`:               `"01/2026"`,
		`$split('a1b22c', /\d+/)`:                                   `["a","b","c"]`,
		`$now()`:                                                    `"2026-01-02T03:04:05.006Z"`,
		`$millis()`:                                                 `1767323045006`,
		`$fromMillis($millis(), '[Y0001]-[M01]-[D01]')`:             `"2026-01-02"`,
		`$toMillis('2026-01-01T00:00:00Z')`:                         `1767225600000`,
		`$shuffle([1..5])`:                                          `[5,4,3,1,2]`,
		`$base64encode('hé')`:                                       `"aOk="`,
		`$base64decode('aOk=')`:                                     `"hé"`,
		`$encodeUrlComponent('a b/ä')`:                              `"a%20b%2F%C3%A4"`,
		`$formatNumber(1234.5, '#,##0.00')`:                         `"1,234.50"`,
		`$pad('x', -3, '0')`:                                        `"00x"`,
		`$states.input ~> |$|{'a': 5}, ['b','list','one','none','text','mark','hidden']|`: `{"a":5}`,
	} {
		got, err := eval(expression)
		if err != nil || got != want {
			t.Errorf("%s: got %s, %v; want %s", expression, got, err, want)
		}
	}
}

func TestDataIsNeverTakenForFunctions(t *testing.T) {
	for expression, want := range map[string]string{
		`$states.input.mark.name & ''`:                          `"x"`,
		`$states.input.hidden.name & ''`:                        `"z"`,
		`$states.input.mark ~> |$|{'a': 1}|`:                    `{"_jsonata_function":true,"name":"x","toString":"y","__proto__":{"p":1},"a":1}`,
		`$parse('{"\\u005fjsonata_lambda":true,"k":1}').k & ''`: `"1"`,
		`$parse('{"_jsonata_lambda":true}')`:                    `{"_jsonata_lambda":true}`,
	} {
		if got, err := eval(expression); err != nil || got != want {
			t.Errorf("%s: got %s, %v; want %s", expression, got, err, want)
		}
	}
	if got, err := eval(`$states.input.mark('x')`); err == nil {
		t.Errorf("data was called: %s", got)
	}
}

func TestErrors(t *testing.T) {
	for expression, want := range map[string]string{
		`1 + 'a'`:                   `T2002: The right side of the "+" operator must evaluate to a number`,
		`$sum('a')`:                 `T0412: Argument 1 of function "sum" must be an array of "numbers"`,
		`$error('no trail')`:        `D3137: no trail`,
		`$foo(1)`:                   `T1006: Attempted to invoke a non-function`,
		`function($x) {$x}`:         ErrUnsupported.Error(),
		`[function($x) {$x}]`:       ErrUnsupported.Error(),
		`$sum`:                      ErrUnsupported.Error(),
		`/a/`:                       ErrUnsupported.Error(),
		`1/0`:                       ErrUnsupported.Error(),
		`$number('1e400')`:          `D3030: Unable to cast value to a number: "1e400"`,
		`{'_jsonata_lambda': true}`: `D1013: Object property names starting with _jsonata_ are reserved for internal use: "_jsonata_lambda"`,
		`$base64encode('€')`:        `$base64encode takes characters up to U+00FF; '€' is not one: encode the text as UTF-8 before, such as by $encodeUrlComponent`,
	} {
		if got, err := eval(expression); err == nil || err.Error() != want {
			t.Errorf("%s: got %s, %v; want %s", expression, got, err, want)
		}
	}
}

func TestCompileSaysWhere(t *testing.T) {
	for expression, want := range map[string]struct {
		message string
		at      int
	}{
		`1 +`:             {"S0207: Unexpected end of expression", 3},
		``:                {"S0207: Unexpected end of expression", 0},
		`'ä' & (1`:        {`S0203: Expected ")" before end of expression`, 9},
		`$f(1]`:           {`S0202: Expected ")", got "]"`, 5},
		`'a' ! 2`:         {`S0204: Unknown operator: "!"`, 5},
		`/a`:              {"S0302: No terminating / in regular expression", 2},
		`$a + $eval('1')`: {"Step Functions has no $eval; $parse reads JSON", 5},
		"a /* b":          {"S0106: Comment has no closing tag", 2},
		`"\q"`:            {`S0103: Unsupported escape sequence: \"q"`, 2},
	} {
		_, err := Compile(expression)
		var got *Error
		if !errors.As(err, &got) || got.Error() != want.message || got.Position != want.at {
			t.Errorf("%s: got %v at %+v; want %s at %d", expression, err, got, want.message, want.at)
		}
	}
	if _, err := Compile(`($eval := function($x) {$x}; $eval(1))`); err != nil {
		t.Errorf("a variable of one's own may be called $eval: %v", err)
	}
	if _, err := Compile(strings.Repeat(" ", MaxExpression) + "1"); err == nil {
		t.Error("there is no bound on the length of an expression")
	}
}

func TestUses(t *testing.T) {
	for expression, want := range map[string]Uses{
		`$states.input.a.b`:         {States: []string{"input"}, Path: []string{"states", "input", "a", "b"}},
		"$x.`a b`":                  {Variables: []string{"x"}, Path: []string{"x", "a b"}},
		`$x`:                        {Variables: []string{"x"}, Path: []string{"x"}},
		`$states`:                   {Variables: []string{"states"}, Path: []string{"states"}},
		`$states.input.a[0]`:        {States: []string{"input"}},
		`$states.input.a[]`:         {States: []string{"input"}},
		`$states.input.a^(b)`:       {States: []string{"input"}},
		`$states.input{a: b}`:       {States: []string{"input"}},
		`$states.input.a.*`:         {States: []string{"input"}},
		`$x.a@$i.b`:                 {Variables: []string{"x"}},
		`$states.*.a`:               {Variables: []string{"states"}},
		`$lookup($states, 'input')`: {Variables: []string{"states", "lookup"}},
		`$states.result & $states.context.Execution.Id & $y`: {Variables: []string{"y"}, States: []string{"result", "context"}},
		`1`: {},
	} {
		p, err := Compile(expression)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		if !slices.Equal(p.Variables, want.Variables) || !slices.Equal(p.States, want.States) || !slices.Equal(p.Path, want.Path) {
			t.Errorf("%s: got %+v, want %+v", expression, p.Uses, want)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for range 10 {
				if got, err := eval(`$string($states.input.a + ` + string(rune('0'+i)) + `) & $now()`); err != nil || got != `"`+string(rune('1'+i))+`2026-01-02T03:04:05.006Z"` {
					t.Errorf("got %s, %v", got, err)
				}
			}
		})
	}
	group.Wait()
}

func TestEvaluationsShareNothing(t *testing.T) {
	if _, err := eval(`($secret := 'x'; $sum := function($v) {0}; $sum([1]))`); err != nil {
		t.Fatal(err)
	}
	for range 2 * cap(vms().slots) {
		if got, err := eval(`[$exists($secret), $sum([1, 2])]`); err != nil || got != `[false,3]` {
			t.Errorf("got %s, %v", got, err)
		}
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	c := cache{programs: map[string]*Program{}}
	for i := range maxKnown / 1000 {
		text := strings.Repeat("x", 1000) + string(rune(i))
		c.put(text, &Program{text: text})
	}
	if n := len(c.programs); n == 0 || n > maxKnown/1000 {
		t.Errorf("the cache holds %d programs", n)
	}
	if c.get("no such") != nil {
		t.Error("the cache invents programs")
	}
}

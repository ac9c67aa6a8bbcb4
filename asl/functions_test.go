package asl

import (
	"errors"
	"regexp"
	"strings"
	"testing"
)

func TestFunctions(t *testing.T) {
	input, err := parseValue([]byte(`{"s":"x","n":2,"list":[1,2,2.0,"2",{"a":1,"b":2},{"b":2,"a":1}],"o":{"b":1,"a":[true,null]},"t":"{} \\ {}","json":"{\"k\": [1]}"}`))
	if err != nil {
		t.Fatal(err)
	}
	var n uint64
	c := &scope{input: input, random: func() uint64 { n++; return n * 0x9e3779b97f4a7c15 }}
	for source, want := range map[string]string{
		"States.Array()": `[]`,
		"States.Array('a', $.n, true, null, States.Array(1))":       `["a",2,true,null,[1]]`,
		`States.Format('{}-{}\{\}\'\\', $.s, $.n)`:                  `"x-2{}'\\"`,
		"States.Format('{} {}', $.o, $.list[4])":                    `"{b=1, a=[true, null]} {a=1, b=2}"`,
		"States.Format($.t, 1, 2)":                                  `"1 \\ 2"`,
		"States.JsonToString($.o)":                                  `"{\"b\":1,\"a\":[true,null]}"`,
		"States.StringToJson($.json)":                               `{"k":[1]}`,
		"States.StringToJson('')":                                   `null`,
		"States.ArrayUnique($.list)":                                `[1,2,"2",{"a":1,"b":2}]`,
		"States.ArrayContains($.list, 2)":                           `true`,
		"States.ArrayContains($.list, '3')":                         `false`,
		"States.ArrayLength($.list)":                                `6`,
		"States.ArrayGetItem($.list, 3)":                            `"2"`,
		"States.ArrayPartition($.list, 4)":                          `[[1,2,2.0,"2"],[{"a":1,"b":2},{"b":2,"a":1}]]`,
		"States.ArrayRange(5, 1, -2)":                               `[5,3,1]`,
		"States.MathAdd(1.5, -1.5)":                                 `1`,
		"States.MathRandom(7, 8)":                                   `7`,
		"States.StringSplit('a,b;;c', ',;')":                        `["a","b","c"]`,
		"States.Base64Encode('hé')":                                 `"aMOp"`,
		"States.Base64Decode('aMOp')":                               `"hé"`,
		"States.Hash('a', 'MD5')":                                   `"0cc175b9c0f1b6a831c399e269772661"`,
		"States.JsonMerge($.o, States.StringToJson($.json), false)": `{"b":1,"a":[true,null],"k":[1]}`,
	} {
		e, err := parseExpression(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		v, err := e.eval(c)
		if err != nil || string(encode(v)) != want {
			t.Errorf("%s gives %s, %v; want %s", source, encode(v), err, want)
		}
	}
}

func TestFunctionsThatFail(t *testing.T) {
	c := &scope{input: newObject(0)}
	for source, want := range map[string]string{
		"States.Format('{}')":                      "more {} than the 0 arguments",
		"States.Format('x', 1)":                    "1 arguments but 0 {}",
		"States.ArrayGetItem(States.Array(), 0)":   "no item 0 in an array of 0",
		"States.ArrayLength('x')":                  "must be an array, not text",
		"States.ArrayRange(1, 5, 0)":               "step must not be 0",
		"States.ArrayRange(1, 5000, 1)":            "more than 1000 items",
		"States.ArrayPartition(States.Array(), 0)": "at least 1",
		"States.MathAdd('1', 2)":                   "must be an integer, not text",
		"States.MathRandom(5, 5)":                  "not below the end",
		"States.Hash('a', 'SHA-3')":                "no algorithm",
		"States.StringToJson('{')":                 "unexpected EOF",
		"States.Base64Decode('?')":                 "illegal base64",
		"States.JsonMerge(1, 2, false)":            "must be objects",
		"States.JsonMerge(States.StringToJson('{}'), States.StringToJson('{}'), true)": "must be false",
		"States.Base64Encode(States.Format('" + strings.Repeat("x", 10001) + "'))":     "over the limit of 10000",
	} {
		e, err := parseExpression(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if _, err := e.eval(c); !errors.Is(err, errIntrinsic) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", source, err, want)
		}
	}
	for source, want := range map[string]string{
		"States.UUID(1)":         "takes 0 arguments, not 1",
		"States.MathRandom(1)":   "takes 2 or 3 arguments, not 1",
		"States.Format()":        "takes at least 1 arguments, not 0",
		"States.Nothing()":       `there is no intrinsic function "States.Nothing"`,
		"States.Format('a' 'b')": "a , or ) is missing",
		"States.Format('a":       "closing ' is missing",
		`States.Format('\n')`:    "a backslash may only stand before",
		"States.Format(x)":       "neither a path nor",
		"States.Format":          "a ( is missing",
		"States.Array(1) x":      "unexpected",
		strings.Repeat("States.Array(", 40) + strings.Repeat(")", 40): "nested deeper",
	} {
		if _, err := parseExpression(source); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", source, err, want)
		}
	}
}

func TestUUIDs(t *testing.T) {
	var n uint64
	random := func() uint64 { n += 0x123456789abcdef; return n }
	first, _ := newUUID(nil, random)
	second, _ := newUUID(nil, random)
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	if first == second || !form.MatchString(first.(string)) || !form.MatchString(second.(string)) {
		t.Errorf("%v, %v", first, second)
	}
}

func TestSeededRandomRepeats(t *testing.T) {
	args := []any{numberOf(0), numberOf(1_000_000), numberOf(42)}
	a, _ := mathRandom(args, nil)
	b, _ := mathRandom(args, nil)
	c, _ := mathRandom([]any{numberOf(0), numberOf(1_000_000), numberOf(43)}, nil)
	if a != b || a == c {
		t.Errorf("seed 42 gives %v and %v, seed 43 %v", a, b, c)
	}
}

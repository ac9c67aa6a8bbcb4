package jsonata

import (
	"regexp"
	"testing"
)

func TestFunctionsOfStepFunctions(t *testing.T) {
	for expression, want := range map[string]string{
		`$partition([1,2,3,4,5], 2)`:                 `[[1,2],[3,4],[5]]`,
		`$partition([], 2)`:                          `[]`,
		`$partition($nobody, 2)`:                     ``,
		`$range(0, 10, 3)`:                           `[0,3,6,9]`,
		`$range(5, 1, -2)`:                           `[5,3,1]`,
		`$range(1, 9, 9)`:                            `1`, // a sequence of one is its value
		`$range(1, 0, 1)`:                            ``,
		`$count($range(1, 1000, 1))`:                 `1000`,
		`$hash('a', 'MD5')`:                          `"0cc175b9c0f1b6a831c399e269772661"`,
		`$hash('a', 'SHA-1')`:                        `"86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"`,
		`$hash('ä', 'SHA-256')`:                      `"33e6d73fee82904c8d7afb78de1154d1e8dc2a0edb08120e63df5b9385c2d9cc"`,
		`$length($hash('a', 'SHA-384'))`:             `96`,
		`$length($hash('a', 'SHA-512'))`:             `128`,
		`$random()`:                                  `0.6180339887498948`,
		`$random(7) = $random(7)`:                    `true`,
		`$random(7) = $random(8)`:                    `false`,
		`$random(0.5) < 1`:                           `true`,
		`$parse('{"b": 1, "a": [1.50, 2e3, null]}')`: `{"b":1,"a":[1.5,2000,null]}`,
		`$parse('7')`:                                `7`,
		`$parse($nobody)`:                            ``,
	} {
		got, err := eval(expression)
		if err != nil || got != want {
			t.Errorf("%s: got %s, %v; want %s", expression, got, err, want)
		}
	}
}

func TestFunctionsOfStepFunctionsRefuse(t *testing.T) {
	for expression, want := range map[string]string{
		`$partition([1], 0)`:          `The second argument of $partition must be at least 1`,
		`$partition([1], '2')`:        `T0410: Argument 2 of function "partition" does not match function signature`,
		`$range(0, 5000, 1)`:          `$range gives at most 1000 values, not 5001`,
		`$range(0, 5, 0)`:             `The third argument of $range must not be 0`,
		`$range(0, 1e308, 1e-9)`:      `The third argument of $range must not be 0`,
		`$hash('a', 'CRC')`:           `there is no algorithm "CRC"; known are MD5, SHA-1, SHA-256, SHA-384 and SHA-512`,
		`$hash(1, 'MD5')`:             `T0410: Argument 1 of function "hash" does not match function signature`,
		`$random('x')`:                `T0410: Argument 1 of function "random" does not match function signature`,
		`$uuid(1)`:                    `T0410: Argument 1 of function "uuid" does not match function signature`,
		`$parse('{"a":')`:             `the argument of $parse is not JSON: jsontext: unexpected EOF within "/a" after offset 5`,
		`$parse('1 2')`:               `the argument of $parse is not JSON: more than one JSON value`,
		`$parse($pad('', 5000, '['))`: `the argument of $parse is not JSON: JSON nested deeper than 128 levels`,
	} {
		if got, err := eval(expression); err == nil || err.Error() != want {
			t.Errorf("%s: got %s, %v; want %s", expression, got, err, want)
		}
	}
}

func TestUUID(t *testing.T) {
	version4 := regexp.MustCompile(`^"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"$`)
	one, err := eval(`$uuid()`)
	if err != nil || !version4.MatchString(one) {
		t.Errorf("got %s, %v", one, err)
	}
	if again, _ := eval(`$uuid()`); again != one {
		t.Errorf("the same random numbers give %s and %s", one, again)
	}
	if two, _ := eval(`($uuid(); $uuid())`); two == one {
		t.Errorf("two calls give the same id")
	}
}

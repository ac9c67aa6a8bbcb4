package jsonata

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestEndlessLoopsAreStopped(t *testing.T) {
	begin := time.Now()
	_, err := eval(`($f := function() {$f()}; $f())`)
	if err == nil || err.Error() != "the evaluation took longer than 1s" {
		t.Errorf("got %v", err)
	}
	if took := time.Since(begin); took < MaxTime {
		t.Errorf("it was stopped after %v", took)
	}
	if got, err := eval(`1 + 1`); err != nil || got != "2" {
		t.Errorf("afterwards: %s, %v", got, err)
	}
}

func TestEvaluationsEndWithTheirContext(t *testing.T) {
	stopped := errors.New("shutting down")
	ctx, cancel := context.WithCancelCause(context.Background())
	time.AfterFunc(50*time.Millisecond, func() { cancel(stopped) })
	if _, err := evalIn(ctx, `($f := function() {$f()}; $f())`); !errors.Is(err, stopped) {
		t.Errorf("got %v", err)
	}
	if _, err := evalIn(ctx, `2 + 2`); !errors.Is(err, stopped) {
		t.Errorf("with a context that has ended: %v", err)
	}
	if got, err := eval(`2 + 2`); err != nil || got != "4" {
		t.Errorf("afterwards: %s, %v", got, err)
	}
}

// Each of these ends by some limit, in bounded memory. Which of them comes first depends on how fast the machine is.
func TestLimits(t *testing.T) {
	for _, expression := range []string{
		`[1..10000000]`,
		`[1..1000].[1..100000]`,
		`($f := function($n) {1 + $f($n + 1)}; $f(1))`,
		`($f := function($s, $n) {$n = 0 ? $s : $f($s & $s, $n - 1)}; $length($f('sixteen letters.', 40)))`,
		`($f := function($x, $n) {$n = 0 ? $x : $f({'a': $x, 'b': $x}, $n - 1)}; $f(1, 40))`,
		`$length($pad('x', 1000000000))`,
		`($s := $pad('x', 1000000); [1..1000].($s & $string($)))`,
		`($s := $pad('x', 1000000); $length($string([1..1000].$s)))`,
		`($s := $pad('x', 1000000); $length($join([1..1000].$s)))`,
		`$contains('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', /^(a+)+b/)`,
		`$contains($pad('a', 1000000, 'a'), /(a?){1000}b/)`,
		`$formatBase(1, 2) & $formatNumber(1, $pad('', 100000000, '0'))`,
		strings.Repeat("(", 10_000) + "1" + strings.Repeat(")", 10_000),
		`$pad('x', 2000000)`, // the result is too large
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		begin := time.Now()
		got, err := eval(expression)
		took := time.Since(begin)
		runtime.ReadMemStats(&after)
		if len(expression) > 80 {
			expression = expression[:80]
		}
		if err == nil {
			t.Errorf("%s: got %d bytes", expression, len(got))
		}
		if took > 10*MaxTime { // a busy machine stops late
			t.Errorf("%s: took %v", expression, took)
		}
		if grown := after.Sys - before.Sys; grown > 512<<20 {
			t.Errorf("%s: took %d MB", expression, grown>>20)
		}
	}
}

func TestLargeTextsWork(t *testing.T) {
	text, err := json.Marshal(strings.Repeat("aä", 500_000/3))
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compile(`$x & '!'`)
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Eval(context.Background(), map[string]json.RawMessage{"x": text}, testEnv())
	if want := string(text[:len(text)-1]) + `!"`; err != nil || string(out) != want {
		t.Errorf("got %d bytes, %v; want %d", len(out), err, len(want))
	}
}

func TestDeepDataIsRefused(t *testing.T) {
	p, err := Compile(`$x[0]`)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		strings.Repeat("[", 200) + strings.Repeat("]", 200): "$x is not JSON: JSON nested deeper than 128 levels",
		`{"a":1`: `$x is not JSON: jsontext: unexpected EOF after offset 6`,
	} {
		if _, err := p.Eval(context.Background(), map[string]json.RawMessage{"x": json.RawMessage(text)}, testEnv()); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := eval(strings.Repeat("[", 140) + strings.Repeat("]", 140)); err == nil || err.Error() != "the result is nested deeper than 128 levels" {
		t.Errorf("a deep result: %v", err)
	}
}

package jsonata

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"
	"testing/fstest"
	"time"
)

// TestMain says what to do where the script is missing, once.
func TestMain(m *testing.M) {
	if _, err := loaded(); errors.Is(err, ErrNoScript) {
		fmt.Fprintln(os.Stderr, "asl/jsonata/script/jsonata.min.js is missing: run make script")
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func TestWithoutTheScript(t *testing.T) {
	if _, err := load(fstest.MapFS{"script/README.md": &fstest.MapFile{}}); !errors.Is(err, ErrNoScript) {
		t.Errorf("got %v, want ErrNoScript", err)
	}
}

func testEnv() Env {
	n := uint64(0)
	return Env{
		Now:    time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.UTC),
		Random: func() uint64 { n++; return n * 0x9e3779b97f4a7c15 },
	}
}

// eval compiles and evaluates with a little data.
func eval(expression string) (string, error) {
	return evalIn(context.Background(), expression)
}

func evalIn(ctx context.Context, expression string) (string, error) {
	p, err := Compile(expression)
	if err != nil {
		return "", err
	}
	out, err := p.Eval(ctx, map[string]json.RawMessage{
		"states": json.RawMessage(`{"input":{"a":1,"b":2,"list":[3,1,2],"one":[7],"none":[],"text":"ä€😀",
			"mark":{"_jsonata_function":true,"name":"x","toString":"y","__proto__":{"p":1}},"hidden":{"\u005fjsonata_lambda":true,"name":"z"}}}`),
		"x": json.RawMessage(`{"deep":{"er":null}}`),
	}, testEnv())
	return string(out), err
}

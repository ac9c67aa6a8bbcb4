package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/spf13/cobra"

	"riposte.dev/conf"
	"riposte.dev/fault"
)

func TestPrintValue(t *testing.T) {
	type thing struct {
		Name  string `json:"name"`
		Count int64  `json:"count"`
	}
	list := []thing{{"a<b", 9007199254740993}, {"2", 2}}
	tests := []struct{ format, want string }{
		{"table", "for people\n"},
		{"json", "[\n  {\n    \"name\": \"a<b\",\n    \"count\": 9007199254740993\n  },\n  {\n    \"name\": \"2\",\n    \"count\": 2\n  }\n]\n"},
		{"ndjson", "{\"name\":\"a<b\",\"count\":9007199254740993}\n{\"name\":\"2\",\"count\":2}\n"},
		{"yaml", "- count: 9007199254740993\n  name: a<b\n- count: 2\n  name: \"2\"\n"},
	}
	for _, tt := range tests {
		var out bytes.Buffer
		cmd := &cobra.Command{}
		cmd.Flags().String("output", tt.format, "")
		cmd.SetOut(&out)
		err := printValue(cmd, list, func(w io.Writer) error {
			fmt.Fprintln(w, "for people")
			return nil
		})
		if err != nil || out.String() != tt.want {
			t.Errorf("%s: %q, error %v, want %q", tt.format, out.String(), err, tt.want)
		}
	}
}

func TestErrorsArePrintedWithTheNextStep(t *testing.T) {
	problems := conf.Problems{
		{Position: conf.Position{File: "a.yaml", Line: 2, Col: 3}, Message: "wrong", Hint: "write right"},
		{Position: conf.Position{File: "b.yaml", Line: 1, Col: 1}, Message: "also wrong"},
	}
	tests := []struct {
		err  error
		want string
	}{
		{errors.New("plain"), "riposte: plain\n"},
		{fmt.Errorf("starting: %w", fault.New(fault.Unavailable, "the port is taken").WithHint("use another")), "riposte: starting: the port is taken\n  next: use another\n"},
		{fmt.Errorf("loading: %w", problems), "a.yaml:2:3: wrong — write right\nb.yaml:1:1: also wrong\n"},
	}
	for _, tt := range tests {
		var out bytes.Buffer
		printError(&out, tt.err)
		if out.String() != tt.want {
			t.Errorf("%v is printed as %q, want %q", tt.err, out.String(), tt.want)
		}
	}
}

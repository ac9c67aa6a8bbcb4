package action

import (
	"encoding/json"
	"strings"
	"testing"

	"riposte.dev/fault"
)

type testParams struct {
	Group string   `json:"group"`
	Ports []int    `json:"ports"`
	CIDRs []string `json:"cidrs,omitempty"`
}

func TestDecodeParams(t *testing.T) {
	tests := []struct {
		name, raw string
		code      fault.Code // "" where the parameters are right
		says      string     // part of the error
	}{
		{"right", `{"group":"sg-1","ports":[22]}`, "", ""},
		{"nothing at all", ``, fault.Invalid, "not a JSON object"},
		{"null", `null`, fault.Invalid, "not a JSON object"},
		{"a list", `[1]`, fault.Invalid, "not a JSON object"},
		{"two objects", `{} {}`, fault.Invalid, "not a JSON object"},
		{"all unknown names at once", `{"port":[22],"grp":"x"}`, fault.Invalid, `unknown parameter "grp", "port"`},
		{"another case is another name", `{"Group":"sg-1"}`, fault.Invalid, `unknown parameter "Group"`},
		{"twice", `{"group":"a","group":"b"}`, fault.Invalid, "duplicate"},
		{"text for a list", `{"ports":"22"}`, fault.Invalid, "ports is text, and must be a list"},
		{"a list for text", `{"group":["sg-1"]}`, fault.Invalid, "group is a list, and must be text"},
		{"text in a list of numbers", `{"ports":[22,"ssh"]}`, fault.Invalid, "ports/1 is text, and must be a whole number"},
		{"a number out of range", `{"ports":[1e3]}`, fault.Invalid, "/ports/0"},
		{"too large", `{"group":"` + strings.Repeat("x", MaxParams) + `"}`, fault.TooLarge, "over the limit"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var p testParams
			err := DecodeParams(json.RawMessage(tt.raw), &p)
			if got := fault.CodeOf(err); got != tt.code {
				t.Fatalf("code = %q (%v), want %q", got, err, tt.code)
			}
			if err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %q does not say %q", err, tt.says)
			}
			if tt.code == fault.Invalid && !strings.Contains(fault.Hint(err), "group, ports, cidrs") {
				t.Errorf("hint %q does not name the parameters", fault.Hint(err))
			}
		})
	}
}

func FuzzDecodeParams(f *testing.F) {
	for _, seed := range []string{`{"group":"sg-1","ports":[22],"cidrs":["0.0.0.0/0"]}`, `{"ports":[1e3]}`, `{"group":{}}`, "{\"group\":\"\xff\"}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var p testParams
		if DecodeParams(raw, &p) != nil {
			return
		}
		again, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var q testParams
		if err := DecodeParams(again, &q); err != nil {
			t.Fatalf("%s was accepted, but what was read from it is not: %s: %v", raw, again, err)
		}
	})
}

package wire

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// anyValue draws a value of a shape. XML can't tell an empty list or string
// from an absent one, so none is drawn.
func anyValue(t *rapid.T, s *Shape, depth int) any {
	switch s.Type {
	case "structure":
		o := Object{}
		for _, m := range s.Members {
			if depth < 4 && m.Location == "" && !m.XMLAttribute && rapid.Bool().Draw(t, m.Name) {
				if v := anyValue(t, m.Type(), depth+1); v != nil {
					o[m.Name] = v
				}
			}
		}
		if len(o) == 0 && depth > 0 {
			return nil
		}
		return o
	case "list":
		var l List
		for range rapid.IntRange(1, 3).Draw(t, "n") {
			if v := anyValue(t, s.Member.Type(), depth+1); v != nil {
				l = append(l, v)
			}
		}
		if len(l) == 0 {
			return nil
		}
		return l
	case "map":
		o := Object{}
		for range rapid.IntRange(1, 3).Draw(t, "n") {
			if v := anyValue(t, s.Value.Type(), depth+1); v != nil {
				o[rapid.StringMatching(`[a-zA-Z]{1,8}`).Draw(t, "key")] = v
			}
		}
		if len(o) == 0 {
			return nil
		}
		return o
	case "boolean":
		return rapid.Bool().Draw(t, "bool")
	case "integer", "long":
		return rapid.Int64Range(-1<<31, 1<<31).Draw(t, "int")
	case "float", "double":
		return rapid.Float64Range(-1e12, 1e12).Draw(t, "number")
	case "timestamp":
		return time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, "time")).UTC()
	case "blob":
		return rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(t, "blob")
	}
	return "x" + rapid.StringMatching(`[ -~äß€]{0,10}[!-~]`).Draw(t, "text")
}

// TestRoundTrips: what is written in a protocol is read back the same, for the
// outputs of all answered operations.
func TestRoundTrips(t *testing.T) {
	c := loaded(t)
	for _, service := range c.Services() {
		m := c.Model(service)
		t.Run(service, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				op := m.Operations[rapid.SampledFrom(sortedKeys(m.Operations)).Draw(t, "operation")]
				if op.Output == nil {
					return
				}
				shape := op.Output.Type()
				want, _ := anyValue(t, shape, 0).(Object)
				var got any
				var err error
				if p := m.Metadata.Protocol; p == JSON || p == RESTJSON {
					var text []byte
					if text, err = jsonBody(shape, want, p == RESTJSON); err != nil {
						t.Fatal(err)
					}
					if !json.Valid(text) {
						t.Fatalf("no JSON: %s", text)
					}
					got, err = decodeJSONBody(shape, text)
				} else {
					w := &xmlWriter{ec2: p == EC2}
					w.WriteString("<root>")
					if err := w.members(shape, want, ""); err != nil {
						t.Fatal(err)
					}
					w.WriteString("</root>")
					var root *xmlNode
					if root, err = parseXML(w.Bytes()); err != nil {
						t.Fatalf("no XML: %v: %s", err, w.Bytes())
					}
					got, err = fromXML(shape, root, "")
				}
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Fatalf("%s: %s", op.Name, d)
				}
			})
		})
	}
}

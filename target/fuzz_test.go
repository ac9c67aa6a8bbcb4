package target

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"riposte.dev/fault"
)

// Whatever template passes: a JSON template yields JSON or the documented failure, and nothing panics.
func FuzzTransform(f *testing.F) {
	for _, seed := range []string{`"<a> is <b>"`, `{"a": <a>, "b": "<b>"}`, `[<a>]`, `<aws.events.event>`, "\"<a>\"\n\"<b>\"", `{"<a>": 1}`, `"\<a>"`, `{"a": <a`, `<>`} {
		f.Add(seed, "$.detail.state", `{"detail":{"state":"OPEN"}}`)
	}
	f.Add(`{"a": <a>}`, "$.detail.*[0]", `{"detail":{"x":["\u00e9",2]}}`)
	f.Fuzz(func(t *testing.T, text, path, event string) {
		c := &Config{ID: "t", ARN: kinds[1].example, InputTransformer: &InputTransformer{
			InputTemplate: text, InputPathsMap: map[string]string{"a": path, "b": "$.detail"},
		}}
		problems, _ := Check([]Config{*c})
		in, err := NewInput(c)
		if problems == nil && err != nil {
			t.Fatalf("Check lets through what NewInput refuses: %v", err)
		}
		if err != nil {
			return
		}
		out, err := in.Render(Context{Event: []byte(event)})
		switch {
		case err != nil && fault.CodeOf(err) != fault.Invalid:
			t.Fatalf("unexpected failure: %v", err)
		case err == nil && in.template.json && !jsontext.Value(out).IsValid(jsontext.AllowDuplicateNames(true)):
			t.Fatalf("not JSON: %s", out)
		case err == nil && in.template.json && strings.ContainsAny(string(out), "\n\t"):
			t.Fatalf("not minified: %s", out)
		}
	})
}

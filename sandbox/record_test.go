package sandbox_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// wantRecord compares an event's CloudTrail record with what it should say.
// Values of the expected JSON that are "*" match anything.
func wantRecord(t *testing.T, event map[string]any, name, code, request, response string) {
	t.Helper()
	detail, _ := event["detail"].(map[string]any)
	if detail["eventName"] != name {
		t.Fatalf("the record is of %v, want %s", detail["eventName"], name)
	}
	if got, _ := detail["errorCode"].(string); got != code {
		t.Errorf("%s: errorCode is %q, want %q", name, got, code)
	}
	for _, part := range []struct{ member, want string }{{"requestParameters", request}, {"responseElements", response}} {
		var want any
		if err := json.Unmarshal([]byte(part.want), &want); err != nil {
			t.Fatalf("%s: %v", part.want, err)
		}
		if d := cmp.Diff(want, wild(want, detail[part.member])); d != "" {
			t.Errorf("%s: %s (-want +got)\n%s", name, part.member, d)
		}
	}
}

// wild replaces what stands where want has "*".
func wild(want, got any) any {
	switch w := want.(type) {
	case string:
		if w == "*" && got != nil {
			return w
		}
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return got
		}
		out := map[string]any{}
		for k, v := range g {
			out[k] = v
			if e, ok := w[k]; ok {
				out[k] = wild(e, v)
			}
		}
		return out
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return got
		}
		out := make([]any, len(g))
		for i := range g {
			out[i] = wild(w[i], g[i])
		}
		return out
	}
	return got
}

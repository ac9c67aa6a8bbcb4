package cloudtrail

import (
	"strings"
	"testing"

	"riposte.dev/action"
)

func FuzzParseParams(f *testing.F) {
	for _, seed := range []string{`{"trail":"main"}`, `{"all":true}`, `{"trail":"arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := parseParams(action.Request{Account: "111122223333", Region: "eu-west-1", Params: raw})
		if err != nil {
			return
		}
		if (p.Trail == "") != p.All {
			t.Errorf("%s was accepted as %+v", raw, p)
		}
		if !strings.HasPrefix(p.Trail, "arn:") {
			return
		}
		if found, err := parseTrail(p.Trail); err == nil && (found.Name == "" || found.Region == "" || found.ARN != p.Trail) {
			t.Errorf("the ARN %q was read as %+v", p.Trail, found)
		}
	})
}

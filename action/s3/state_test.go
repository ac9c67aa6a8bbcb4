package s3

import (
	"encoding/json"
	"testing"
)

// A state goes through JSON and gives the policy back to the byte.
func TestPolicyState(t *testing.T) {
	for _, text := range []string{"", `{"Statement":[]}`, "{ \"Statement\": [\n] }", `{"Statement":[{"Sid":"a<b&c>d"}]}`, `{"Statement":[{"Sid":"` + "\u2028" + `"}]}`} {
		raw, err := newPolicyState(text)
		if err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(struct{ Before json.RawMessage }{raw})
		if err != nil {
			t.Fatal(err)
		}
		var read struct{ Before json.RawMessage }
		if err := json.Unmarshal(again, &read); err != nil {
			t.Fatal(err)
		}
		if got, err := policyIn(read.Before); err != nil || got != text {
			t.Errorf("%q came back as %q, %v", text, got, err)
		}
	}
}

func TestNameless(t *testing.T) {
	for endpoint, want := range map[string]bool{
		"http://127.0.0.1:4566": true, "http://[::1]:4566": true, "http://localhost:4566": true,
		"https://control.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com": false, "https://s3-control.eu-west-1.amazonaws.com": false, "::": false,
	} {
		if got := nameless(endpoint); got != want {
			t.Errorf("%s is nameless: %v, want %v", endpoint, got, want)
		}
	}
}

package resourcepolicy

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestWithoutPublic(t *testing.T) {
	const own = `{"Sid":"Own","Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"s3:GetObject","Resource":"*"}`
	for _, tt := range []struct{ name, policy, left, says string }{
		{"none", "", "", "no policy"},
		{"nothing public", `{"Statement":[` + own + `]}`, `{"Statement":[` + own + `]}`, "No statement"},
		{"one of two", `{"Statement":[` + own + `,` + readByAll + `]}`, `{"Statement":[` + own + `]}`, `statement 2 "S" (s3:GetObject)`},
		{"all", `{"Statement":` + readByAll + `}`, "", "so it is removed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			left, why, err := withoutPublic(attached{json.RawMessage(tt.policy)}, removed)
			if err != nil || string(left.Policy) != tt.left || !strings.Contains(why, tt.says) {
				t.Errorf("left is %s (%s), %v; want %s, and that it says %q", left.Policy, why, err, tt.left, tt.says)
			}
		})
	}
	if _, _, err := withoutPublic(attached{json.RawMessage(`[]`)}, removed); err == nil {
		t.Error("what is no policy is taken")
	}
}

package web

import (
	"net/http"
	"strings"
	"testing"
)

// Both protocols arrive at one address: what a caller may do with each differs.
func TestEachOperationOfStepFunctionsHasItsRole(t *testing.T) {
	s := testServer()
	s.StepFunctions = func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, "machines for "+CallerOf(r).Name)
	}
	s.StepFunctionsRole = func(target string) Role {
		if target == "AWSStepFunctions.Look" {
			return Read
		}
		return Admin
	}
	url := listen(t, s)
	const ana = "RIPOANA:s3cret"
	for _, c := range []struct {
		target, key string
		status      int
		says        string
	}{
		{"AWSStepFunctions.Look", reader, http.StatusOK, "machines for RIPOREADER"},
		{"AWSStepFunctions.Make", reader, http.StatusForbidden, "AccessDeniedException"},
		{"AWSStepFunctions.Look", sender, http.StatusForbidden, "role read"},
		{"AWSStepFunctions.Make", ana, http.StatusOK, "machines for ana"},
		{"AWSEvents.PutEvents", sender, http.StatusOK, `"caller"`},
		{"AWSEvents.PutEvents", reader, http.StatusForbidden, "role ingest"},
		{"", reader, http.StatusForbidden, "role ingest"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Amz-Target", c.target)
		status, body := send(t, req, c.key)
		if status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s by %s: %d %s", c.target, c.key, status, body)
		}
	}
}

package stepfunctions_test

import (
	"net/http"
	"strings"
	"testing"
)

// FuzzRequests sends whatever bodies: the answer is never an internal failure.
func FuzzRequests(f *testing.F) {
	for _, seed := range [][2]string{
		{"CreateStateMachine", `{"name":"m","definition":"{}","roleArn":"arn:aws:iam::111122223333:role/any"}`},
		{"ListExecutions", `{"stateMachineArn":"` + arns + `stateMachine:bundled","nextToken":"eyJsIjoiZXhlY3V0aW9uczpidW5kbGVkOiIsImEiOiJ4In0"}`},
		{"GetExecutionHistory", `{"executionArn":"` + arns + `execution:bundled:one","nextToken":"e30","maxResults":-1}`},
		{"ValidateStateMachineDefinition", `{"definition":"{\"StartAt\": 1}"}`},
		{"TestState", `{"definition":"{\"Type\":\"Pass\",\"End\":true}","variables":"{\"a.b\":1}","inspectionLevel":"DEBUG"}`},
		{"StartExecution", `{"stateMachineArn":"` + arns + `stateMachine:bundled","name":"\u0000"}`},
		{"ListStateMachines", `[]`}, {"Nothing", ``},
	} {
		f.Add(seed[0], seed[1])
	}
	w := newWorld(f)
	w.begin("bundled", "one", "{}")
	f.Fuzz(func(t *testing.T, operation, body string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header["X-Amz-Target"] = []string{"AWSStepFunctions." + strings.Map(func(r rune) rune {
			if r < ' ' || r > '~' {
				return -1
			}
			return r
		}, operation)}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode >= 500 {
			t.Errorf("%s %s: %d", operation, body, resp.StatusCode)
		}
	})
}

package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

func TestPlaybookRunAnswersEveryCase(t *testing.T) {
	const task = `"definition":{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:111122223333:function:f","End":true}}}`
	tests := []struct{ name, line, want string }{
		{"pass", `{"id":"1","definition":{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}},"input":{"a":1}}`, `{"id":"1","status":"SUCCEEDED","output":{"a":1}}`},
		{"mocked output", `{"id":2,` + task + `,"input":{},"mocks":[{"output":{"b":2}}]}`, `{"id":2,"status":"SUCCEEDED","output":{"b":2}}`},
		{"mocked error", `{"id":"3",` + task + `,"input":{},"mocks":[{"error":"E","cause":"why"}]}`, `{"id":"3","status":"FAILED","error":"E","cause":"why"}`},
		{"no state machine", `{"id":"4","definition":{"StartAt":"B","States":{"A":{"Type":"Pass","End":true}}}}`, `{"id":"4","status":"INVALID","error":"`},
		{"no JSON", `{"id":`, `{"status":"INVALID","error":"the line is not a case`},
	}
	var in, out, errs bytes.Buffer
	for _, tt := range tests {
		in.WriteString(tt.line + "\n")
	}
	if code := Execute(context.Background(), Deps{}, []string{"playbook", "run", "--cases", "-"}, &in, &out, &errs); code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	answers := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(answers) != len(tests) {
		t.Fatalf("%d answers: %s", len(answers), out.String())
	}
	for i, tt := range tests {
		if !strings.HasPrefix(answers[i], tt.want) {
			t.Errorf("%s: %s, want %s", tt.name, answers[i], tt.want)
		}
	}
}

package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// runPattern runs `riposte pattern …` alone and returns what it printed.
func runPattern(t *testing.T, stdin string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := newPatternCommand()
	var out, errs bytes.Buffer
	cmd.SetArgs(args)
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err = cmd.Execute()
	return out.String(), errs.String(), err
}

func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPatternMatchCases(t *testing.T) {
	tests := []struct{ name, line, want string }{
		{"text", `{"id": "c1", "pattern": "{\"a\": [1]}", "event": "{\"a\": 1.0}"}`, `{"id":"c1","result":true}`},
		{"objects", `{"id": 2, "pattern": {"a": ["x"]}, "event": {"a": "y"}}`, `{"id":2,"result":false}`},
		{"duplicate keys survive", `{"id": 3, "pattern": {"a": ["x"], "a": ["y"]}, "event": {"a": "x", "a": "z"}}`, `{"id":3,"result":false}`},
		{"spelling survives", `{"id": 4, "pattern": {"a": [9007199254740993]}, "event": {"a": 9007199254740992}}`, `{"id":4,"result":false}`},
		{"no id", `{"pattern": {"a": ["x"]}, "event": {"a": "x"}}`, `{"id":null,"result":true}`},
		{"events", `{"id": 5, "pattern": {"a": ["x"]}, "events": [{"a": "x"}, "{\"a\": \"y\"}"]}`, `{"id":5,"results":[true,false]}`},
		{"no events", `{"id": 6, "pattern": {"a": ["x"]}, "events": []}`, `{"id":6,"results":[]}`},
		{"rules", `{"id": 7, "rules": [{"name": "z", "pattern": {"a": ["x"]}}, {"name": "b", "pattern": {"a": ["y"]}}, {"name": "b", "pattern": {"a": ["x"]}}, {"name": "c", "pattern": {"a": ["y"]}}], "event": {"a": "x"}}`,
			`{"id":7,"matched":["b","z"]}`},
		{"no rule matches", `{"id": 8, "rules": [], "event": "{}"}`, `{"id":8,"matched":[]}`},
		{"bad pattern", `{"id": 9, "pattern": {"a": [{"prefix": 1}]}, "event": {}}`, `"id":9,"result":"error","error":"bad pattern: line 1`},
		{"bad rule", `{"id": 10, "rules": [{"name": "r", "pattern": "{"}], "event": {}}`, `"id":10,"result":"error","error":"rule \"r\": bad pattern`},
		{"bad event", `{"id": 11, "pattern": {"a": ["x"]}, "event": "{"}`, `"id":11,"result":"error","error":"event is not a JSON object`},
		{"one bad event of several", `{"id": 12, "pattern": {"a": ["x"]}, "events": [{}, []]}`, `"id":12,"result":"error","error":"event 2: `},
		{"no pattern", `{"id": 13, "event": {}}`, `"id":13,"result":"error","error":"the case has neither`},
		{"no event", `{"id": 14, "pattern": {"a": ["x"]}}`, `"id":14,"result":"error","error":"the case has no \"event\"`},
		{"no JSON", `{"id": 15`, `"id":null,"result":"error","error":"the line is not a case`},
		{"no object", `[]`, `"id":null,"result":"error","error":"the line is not a case`},
	}
	var input strings.Builder
	for _, tt := range tests {
		input.WriteString(tt.line + "\r\n\n") // blank lines are passed over
	}
	file := writeFile(t, "cases.ndjson", input.String())
	fromFile, _, err := runPattern(t, "", "match", "--cases", file)
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"match"}, {"match", "--cases", "-"}} {
		if got, _, err := runPattern(t, input.String(), args...); err != nil || got != fromFile {
			t.Errorf("%q answers otherwise than the file: %v\n%s", args, err, got)
		}
	}
	lines := strings.Split(strings.TrimSuffix(fromFile, "\n"), "\n")
	if len(lines) != len(tests) {
		t.Fatalf("%d answers to %d cases:\n%s", len(lines), len(tests), fromFile)
	}
	for i, tt := range tests {
		if !json.Valid([]byte(lines[i])) || !strings.Contains(lines[i], tt.want) {
			t.Errorf("%s: got %s, want %s", tt.name, lines[i], tt.want)
		}
	}
}

func TestPatternCheckCases(t *testing.T) {
	stdout, _, err := runPattern(t, `{"id": "a", "pattern": "{\"a\": [{\"prefix\": \"x\"}]}"}
{"id": "b", "pattern": {"a": {}, "b": 1}}
{"id": "c"}
nothing
{"id": "e", "pattern": {"a": ["x"]}}`, "check")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`{"id":"a","valid":true,"error":null}`,
		`{"id":"b","valid":false,"error":"bad pattern: line 1, col 7, $.a: `,
		`{"id":"c","valid":false,"error":"the case has no \"pattern\""}`,
		`{"id":null,"valid":false,"error":"the line is not a case`,
		`{"id":"e","valid":true,"error":null}`,
	}
	lines := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
	if len(lines) != len(want) {
		t.Fatalf("got\n%s", stdout)
	}
	for i, line := range lines {
		if !strings.HasPrefix(line, want[i]) {
			t.Errorf("line %d: got %s, want %s", i+1, line, want[i])
		}
	}
	if !strings.Contains(lines[1], `\n`) {
		t.Errorf("not all mistakes are told: %s", lines[1])
	}
}

func TestPatternTest(t *testing.T) {
	pattern := writeFile(t, "p.json", `{"detail": {"eventName": ["Stop*", "StopLogging"]}}`)
	hit := writeFile(t, "hit.json", "{\n  \"detail\": {\"eventName\": \"StopLogging\"}\n}\n")
	both := `{"detail": {"eventName": "StopLogging"}} {"detail": {"eventName": "Other"}}`

	stdout, stderr, err := runPattern(t, "", "test", pattern, hit)
	if err != nil || stdout != hit+": event 1: match\n" {
		t.Errorf("got %q, %v", stdout, err)
	}
	if !strings.Contains(stderr, "warning") || !strings.Contains(stderr, "wildcard") {
		t.Errorf("no warning about the star: %q", stderr)
	}
	stdout, _, err = runPattern(t, both, "test", pattern, hit, "-")
	if !errors.Is(err, errFailed) || !strings.HasSuffix(stdout, "-: event 1: match\n-: event 2: no match\n") {
		t.Errorf("got %q, %v; want exit code 1", stdout, err)
	}
	for name, args := range map[string][]string{
		"no event":    {pattern, writeFile(t, "empty", " ")},
		"bad event":   {pattern, writeFile(t, "bad", `{"a": }`)},
		"bad pattern": {writeFile(t, "badpattern", `{"a": 1}`), hit},
		"no file":     {pattern, "does-not-exist"},
	} {
		if _, _, err := runPattern(t, "", append([]string{"test"}, args...)...); err == nil || errors.Is(err, errFailed) {
			t.Errorf("%s: got %v, want an error that says what is wrong", name, err)
		}
	}
}

func TestPatternBench(t *testing.T) {
	rules := writeFile(t, "rules.json", `[{"name": "a", "pattern": {"source": ["aws.ec2"]}}, {"name": "b", "pattern": {"source": [{"prefix": "aws."}]}}]`)
	events := writeFile(t, "events.ndjson", "{\"source\": \"aws.ec2\"}\n{\"source\": \"custom\"}\n\n{\"source\": \"aws.s3\"}\n")
	stdout, _, err := runPattern(t, "", "bench", "--trusted", "--rules", rules, "--events", events, "--seconds", "0.02")
	if err != nil {
		t.Fatal(err)
	}
	var report map[string]float64
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{"rules": 2, "events": 3, "matches": 3, "matched_events": 2} {
		if report[name] != want {
			t.Errorf("%s is %v, want %v", name, report[name], want)
		}
	}
	for _, name := range []string{"events_per_second", "megabytes_per_second", "build_ms", "allocs_per_event", "json_valid_events_per_second"} {
		if value, there := report[name]; !there || value < 0 {
			t.Errorf("%s is %v", name, value)
		}
	}
	if _, there := report["heap_mb"]; !there {
		t.Error("no heap_mb")
	}
	var usage *usageError
	if _, _, err := runPattern(t, "", "bench", "--rules", rules); !errors.As(err, &usage) {
		t.Errorf("without events: %v, want a usage error", err)
	}
}

func TestReadCaseBoundsLines(t *testing.T) {
	const limit = 100
	input := strings.Join([]string{"a", strings.Repeat("b", limit-1), strings.Repeat("c", 10*limit), "", "d\r", "last"}, "\n")
	r := bufio.NewReaderSize(strings.NewReader(input), 16)
	var got []string
	for {
		line, err := readCase(r, limit)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			line = []byte(err.Error())
		}
		got = append(got, string(line))
	}
	want := []string{"a", strings.Repeat("b", limit-1), errCaseTooLong.Error(), "", "d", "last"}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLongCaseIsAnswered(t *testing.T) {
	long := `{"id": 1, "pad": "` + strings.Repeat("x", maxCaseBytes) + `"}`
	stdout, _, err := runPattern(t, long+"\n"+`{"id": 2, "pattern": {"a": ["x"]}, "event": {"a": "x"}}`, "match")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(stdout, "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], "64 MiB") || lines[1] != `{"id":2,"result":true}` {
		t.Errorf("got %.300q", lines)
	}
}

// TestAnswersAreFlushed: a program at the other end of two pipes gets each answer before it sends the next case.
func TestAnswersAreFlushed(t *testing.T) {
	caseReader, caseWriter := io.Pipe()
	answerReader, answerWriter := io.Pipe()
	cmd := newPatternCommand()
	cmd.SetArgs([]string{"match"})
	cmd.SetIn(caseReader)
	cmd.SetOut(answerWriter)
	done := make(chan error, 1)
	go func() { done <- cmd.Execute() }()
	answers := bufio.NewReader(answerReader)
	for range 3 {
		if _, err := io.WriteString(caseWriter, `{"id": 1, "pattern": {"a": ["x"]}, "event": {"a": "x"}}`+"\n"); err != nil {
			t.Fatal(err)
		}
		if line, err := answers.ReadString('\n'); err != nil || line != `{"id":1,"result":true}`+"\n" {
			t.Fatalf("got %q, %v", line, err)
		}
	}
	caseWriter.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

//go:build conformance

package asl

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// TestConformance replays recorded executions (see the shared data's README), each of which must give the recorded
// result.
func TestConformance(t *testing.T) {
	dir := os.Getenv("RIPOSTE_SHARED_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "data")
	}
	file, err := os.Open(filepath.Join(dir, "asl", "cases.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	right, wrong := 0, 0
	for lines.Scan() {
		var c struct {
			ID, Category, Status, Error string
			Definition, Input           json.RawMessage
			Output, Cause               json.RawMessage
			Mocks                       []struct {
				Output json.RawMessage
				Error  string
				Cause  json.RawMessage
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		m, err := Parse(c.ID+".json", c.Definition)
		if err != nil {
			t.Errorf("%s (%s): %v", c.ID, c.Category, err)
			wrong++
			continue
		}
		var mocks []Mock
		for _, mock := range c.Mocks {
			var cause bytes.Buffer // the cause of a Lambda function's error is compact JSON
			if len(mock.Cause) > 0 {
				if err := json.Compact(&cause, mock.Cause); err != nil {
					t.Fatal(err)
				}
			}
			mocks = append(mocks, Mock{Output: mock.Output, Error: mock.Error, Cause: cause.String()})
		}
		var n uint64
		x, _ := m.Simulate(c.Input, mocks, Env{
			Now:    time.Unix(1_700_000_000, 0),
			Random: func() uint64 { n++; return n * 0x9e3779b97f4a7c15 },
			Context: Context{
				ExecutionID: "arn:aws:states:us-east-1:111111111111:execution:m:e", ExecutionName: "e", RoleARN: "r",
				MachineID: "arn:aws:states:us-east-1:111111111111:stateMachine:m", MachineName: "m",
			},
		})
		if complaint := differs(x, c.Status, c.Error, c.Output, c.Cause); complaint != "" {
			t.Errorf("%s (%s): %s\n%s", c.ID, c.Category, complaint, c.Definition)
			wrong++
			continue
		}
		right++
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	t.Logf("States Language: %d right, %d wrong", right, wrong)
	if right == 0 {
		t.Error("no case was run")
	}
}

func differs(x *Execution, status, name string, output, cause json.RawMessage) string {
	if string(x.Status) != status || x.Error != name {
		return "got " + string(x.Status) + " " + x.Error + ": " + x.Cause + "; want " + status + " " + name
	}
	if status == "SUCCEEDED" {
		got, _ := parseValue(x.Output)
		want, _ := parseValue(output)
		if text, isText := want.(string); isText && !like(want, got) { // some outputs were recorded as text
			want, _ = parseValue([]byte(text))
		}
		if !like(want, got) {
			return "got output " + string(x.Output) + "; want " + string(output)
		}
		return ""
	}
	want, _ := parseValue(cause)
	got := any(x.Cause)
	if _, isText := want.(string); !isText && want != nil {
		got, _ = parseValue([]byte(x.Cause))
	}
	if want != nil && !like(want, got) {
		return "got cause " + x.Cause + "; want " + string(cause)
	}
	return ""
}

var masked = regexp.MustCompile(`<[^>]*>`)

// like compares with a recording, in which <…> stands for anything.
func like(want, got any) bool {
	switch want := want.(type) {
	case string:
		if want == "date" || want == "snf_role_arn" || want == "RandomNumberGenerated" {
			return true
		}
		text, ok := got.(string)
		if !ok {
			return false
		}
		pattern := regexp.QuoteMeta(want)
		pattern = masked.ReplaceAllString(pattern, `(?s:.*)`)
		return regexp.MustCompile("^" + pattern + "$").MatchString(text)
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return false
		}
		for i := range want {
			if !like(want[i], list[i]) {
				return false
			}
		}
		return true
	case *object:
		o, ok := got.(*object)
		if !ok || len(o.names) != len(want.names) {
			return false
		}
		for name, value := range want.values {
			other, there := o.values[name]
			if !there || !like(value, other) {
				return false
			}
		}
		return true
	default:
		return equal(want, got)
	}
}

package program_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/action/program"
	"riposte.dev/fault"
)

// script writes a program.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newRun(t *testing.T, programs map[string]program.Config) action.Action {
	t.Helper()
	if problems := program.Check(programs); len(problems) > 0 {
		t.Fatal(problems)
	}
	return program.NewRun(programs, func() time.Time { return noon })
}

func request(params string) action.Request {
	return action.Request{Account: "111122223333", Region: "eu-west-1", Params: json.RawMessage(params), Effect: "e1/Run.2"}
}

// carryOut plans and runs the program "p".
func carryOut(t *testing.T, a action.Action, input string) (action.Item, error) {
	t.Helper()
	p, err := a.Plan(t.Context(), request(`{"program":"p","input":`+input+`}`))
	if err != nil {
		t.Fatal(err)
	}
	item := p.Items[0]
	if err := a.Verify(t.Context(), item); !errors.Is(err, action.ErrNotYet) {
		t.Errorf("before it ran: %v", err)
	}
	item.Receipts, err = a.Apply(t.Context(), item)
	item.Status = action.Changed
	if err != nil {
		item.Status = action.Failed
	}
	return item, err
}

// A program gets its input and the environment that is listed, nothing else, and its answer is kept.
func TestRun(t *testing.T) {
	path := script(t, `printf '{"args":"%s","env":"%s","dir":"%s","in":' "$*" "$(/usr/bin/env | /usr/bin/sort | /usr/bin/tr '\n' ' ')" "$PWD"; /bin/cat; printf '}'; echo "token=hunter2hunter2hunter2" >&2`)
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
	a := newRun(t, map[string]program.Config{"p": {Path: path, Args: []string{"-v", "a b; reboot"}, Environment: map[string]string{"ZONE": "dmz"}}})
	item, err := carryOut(t, a, `{"address":"203.0.113.7"}`)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Verify(t.Context(), item); err != nil {
		t.Error(err)
	}
	r := item.Receipts[0]
	var out struct {
		Args, Env, Dir string
		In             struct {
			Version             int
			ID, Account, Region string
			Input               json.RawMessage
		}
	}
	if err := json.Unmarshal(r.Output, &out); err != nil {
		t.Fatalf("%s: %v", r.Output, err)
	}
	if out.Args != "-v a b; reboot" || out.Dir != "/" || strings.Contains(out.Env, "AWS") || strings.Contains(out.Env, "PATH=/usr") && os.Getenv("PATH") == "" || !strings.Contains(out.Env, "ZONE=dmz") {
		t.Errorf("%+v", out)
	}
	if out.In.Version != 1 || out.In.ID != action.EffectID(request("")) || out.In.Account != "111122223333" || string(out.In.Input) != `{"address":"203.0.113.7"}` {
		t.Errorf("%+v", out.In)
	}
	if r.RequestID == "" || r.Error != "" || !r.At.Equal(noon) || r.Said == "" || strings.Contains(r.Said, "hunter2") {
		t.Errorf("%+v", r)
	}
}

// The undo gives the other program what the first one got and answered.
func TestUndo(t *testing.T) {
	seen := filepath.Join(t.TempDir(), "seen")
	programs := map[string]program.Config{
		"p":       {Path: script(t, `echo '{"rule":7}'`), Undo: "back"},
		"back":    {Path: script(t, `/bin/cat > `+seen)},
		"forever": {Path: script(t, `true`)},
	}
	a := newRun(t, programs)
	item, err := carryOut(t, a, `"x"`)
	if err != nil {
		t.Fatal(err)
	}
	p, err := a.Undo(t.Context(), item)
	if err != nil || p.Items[0].Status != action.Change || p.Items[0].ID != item.ID {
		t.Fatalf("%+v, %v", p, err)
	}
	if receipts, err := a.Apply(t.Context(), p.Items[0]); err != nil || len(receipts) != 1 {
		t.Fatalf("%+v, %v", receipts, err)
	}
	raw, err := os.ReadFile(seen)
	if err != nil || !strings.Contains(string(raw), `"input":"x","output":{"rule":7}`) {
		t.Errorf("%s, %v", raw, err)
	}
	item.Resource.ARN, item.Resource.Name = "arn:riposte:program:::forever", "forever"
	if p, err := a.Undo(t.Context(), item); err != nil || p.Items[0].Status != action.Escalated || len(p.Items[0].Calls) > 0 || !strings.Contains(p.Items[0].Reason, "by hand") {
		t.Errorf("%+v, %v", p, err)
	}
}

// What goes wrong, and whether it may be tried again.
func TestFailures(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		config     program.Config
		code       fault.Code
		says       string
		touched    bool
	}{
		{"ends badly", `echo "no such rule; password=hunter2hunter2" >&2; exit 3`, program.Config{}, fault.Invalid, "exit status 3: no such rule", true},
		{"not now", `exit 75`, program.Config{}, fault.Unavailable, "for now", true},
		{"no JSON", `echo done`, program.Config{}, fault.Invalid, "not JSON", true},
		{"two values", `echo 1 2`, program.Config{}, fault.Invalid, "not JSON", true},
		{"too much", `while :; do echo '"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"'; done`, program.Config{MaxOutput: 1000}, fault.TooLarge, "more than 1000 bytes", true},
		{"no such directory", `true`, program.Config{Directory: "/nowhere"}, fault.Invalid, "could not be run", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.config.Path = script(t, tt.text)
			item, err := carryOut(t, newRun(t, map[string]program.Config{"p": tt.config}), "null")
			if fault.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.says) || strings.Contains(fmt.Sprint(err, item), "hunter2") {
				t.Errorf("%v (%s), want %s that says %q", err, fault.CodeOf(err), tt.code, tt.says)
			}
			if item.Touched() != tt.touched {
				t.Errorf("touched: %v, want %v: %+v", item.Touched(), tt.touched, item.Receipts)
			}
		})
	}
}

// At the timeout the program is killed with all that it started.
func TestTimeout(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	path := script(t, `/bin/sleep 600 & echo $! > `+pids+`; echo stuck >&2; wait`)
	item, err := carryOut(t, newRun(t, map[string]program.Config{"p": {Path: path, Timeout: 2 * time.Second}}), "null")
	if fault.CodeOf(err) != fault.Timeout || !fault.Retryable(err) || !item.Touched() {
		t.Fatalf("%v, %+v", err, item.Receipts)
	}
	raw, err := os.ReadFile(pids)
	if err != nil {
		t.Fatal(err)
	}
	gone(t, strings.TrimSpace(string(raw)))
}

// A program that leaves others behind leaves nobody behind.
func TestWhatIsLeftRunning(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	path := script(t, `/bin/sleep 600 >/dev/null 2>&1 & echo $! > `+pids+`; echo 1`)
	if item, err := carryOut(t, newRun(t, map[string]program.Config{"p": {Path: path}}), "null"); err != nil || string(item.Receipts[0].Output) != "1" {
		t.Fatalf("%v, %+v", err, item)
	}
	raw, err := os.ReadFile(pids)
	if err != nil {
		t.Fatal(err)
	}
	gone(t, strings.TrimSpace(string(raw)))
}

// gone waits until the process has ended.
func gone(t *testing.T, text string) {
	t.Helper()
	var pid int
	if _, err := fmt.Sscan(text, &pid); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
	t.Errorf("process %d was left running", pid)
}

// A file that isn't the one that is meant is not run, neither at the plan nor between plan and run.
func TestTheFile(t *testing.T) {
	path := script(t, "true")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	good := program.Config{Path: path, SHA256: fmt.Sprintf("%X", sha256.Sum256(raw))}
	a := newRun(t, map[string]program.Config{"p": good})
	p, err := a.Plan(t.Context(), request(`{"program":"p"}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\nreboot\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	item := p.Items[0]
	item.Receipts, err = a.Apply(t.Context(), item)
	if item.Status = action.Failed; fault.CodeOf(err) != fault.Denied || !strings.Contains(err.Error(), "SHA-256") || item.Touched() {
		t.Errorf("%v, %+v", err, item.Receipts)
	}
	open := script(t, "true")
	if err := os.Chmod(open, 0o777); err != nil { //nolint:gosec // that is what is refused
		t.Fatal(err)
	}
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for file, code := range map[string]fault.Code{path: fault.Denied, open: fault.Denied, plain: fault.Invalid, "/nowhere": fault.NotFound, "/tmp": fault.Invalid} {
		c := program.Config{Path: file}
		if file == path {
			c = good
		}
		if _, err := newRun(t, map[string]program.Config{"p": c}).Plan(t.Context(), request(`{"program":"p"}`)); fault.CodeOf(err) != code || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want %s", file, err, code)
		}
	}
}

// Without a configuration nothing can be run, and a parameter is never a path.
func TestOffByDefault(t *testing.T) {
	a := program.NewRun(nil, time.Now)
	for params, code := range map[string]fault.Code{
		`{"program":"/bin/sh"}`: fault.NotFound, `{"program":"p"}`: fault.NotFound, `{}`: fault.Invalid, `{"path":"/bin/sh"}`: fault.Invalid, `[]`: fault.Invalid,
	} {
		if _, err := a.Plan(t.Context(), request(params)); fault.CodeOf(err) != code || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want %s", params, err, code)
		}
	}
	if s := a.Spec(); !s.Outside || s.Evidence != action.EventEvidence {
		t.Errorf("%+v", s)
	}
}

// A plan that was made before the configuration changed is not carried out.
func TestAnotherConfiguration(t *testing.T) {
	path := script(t, "true")
	p, err := newRun(t, map[string]program.Config{"p": {Path: path, Args: []string{"a"}}}).Plan(t.Context(), request(`{"program":"p"}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newRun(t, map[string]program.Config{"p": {Path: path}}).Apply(t.Context(), p.Items[0]); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("%v", err)
	}
	ctx := action.Permit(t.Context(), func(context.Context) error { return fault.New(fault.Denied, "paused") })
	if receipts, err := newRun(t, map[string]program.Config{"p": {Path: path, Args: []string{"a"}}}).Apply(ctx, p.Items[0]); fault.CodeOf(err) != fault.Denied || len(receipts) > 0 {
		t.Errorf("paused: %v, %+v", err, receipts)
	}
}

func TestCheck(t *testing.T) {
	var got []string
	for _, p := range program.Check(map[string]program.Config{
		"good": {Path: "/bin/true", SHA256: strings.Repeat("aB", 32), Undo: "back", Timeout: time.Minute},
		"back": {Path: "/bin/true"},
		"X":    {Path: "/bin/true"},
		"a":    {Path: "bin/true", Directory: "tmp", SHA256: "abc", Timeout: 2 * time.Hour, MaxOutput: 1 << 20, Environment: map[string]string{"A=B": "x"}, Undo: "a"},
		"b":    {Path: "/bin/../etc/x", Undo: "nobody"},
	}) {
		got = append(got, p.Path)
	}
	want := []string{"X", "a.path", "a.directory", "a.sha256", "a.timeout", "a.max_output", `a.environment["A=B"]`, "a.undo", "b.path", "b.undo"}
	if !slices.Equal(got, want) {
		t.Errorf("problems at %q, want %q", got, want)
	}
}

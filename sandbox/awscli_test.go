package sandbox_test

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
)

//go:embed testdata/awscli.py
var awscliProgram string

// awscli is Debian's aws CLI, loaded once: that takes longer than most commands.
type awscli struct {
	mu      sync.Mutex
	in      *json.Encoder
	answers *bufio.Scanner
}

var startAWSCLI = sync.OnceValues(func() (*awscli, error) {
	cmd := exec.Command("/usr/bin/python3", "-c", awscliProgram)
	cmd.Env, cmd.Stderr = []string{"PATH=/usr/bin:/bin"}, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	answers := bufio.NewScanner(out)
	answers.Buffer(nil, 16<<20)
	return &awscli{in: json.NewEncoder(in), answers: answers}, cmd.Start() // it ends with its standard input
})

// runAWS runs a command of Debian's aws CLI in a process of its own, in an empty home. It returns all that it prints, and an error
// where its exit code isn't 0.
func runAWS(t testing.TB, env []string, args ...string) (string, error) {
	t.Helper()
	a, err := startAWSCLI()
	if err != nil {
		t.Fatalf("Debian's aws CLI does not start; run make deps: %v", err)
	}
	env = append(env, "PATH=/usr/bin:/bin", "HOME="+t.TempDir(), "AWS_EC2_METADATA_DISABLED=true")
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.in.Encode(map[string]any{"env": env, "args": append(args, "--no-cli-pager")}); err != nil {
		t.Fatalf("Debian's aws CLI does not run; run make deps: %v", err)
	}
	if !a.answers.Scan() {
		t.Fatalf("Debian's aws CLI has ended; run make deps: %v", a.answers.Err())
	}
	var answer struct {
		Code   int    `json:"code"`
		Output string `json:"output"`
	}
	if err := json.Unmarshal(a.answers.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	if answer.Code != 0 {
		err = fmt.Errorf("exit status %d", answer.Code)
	}
	return answer.Output, err
}

package realaccount_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// shell is one bash with -euo pipefail in which everything is typed, as a person would.
type shell struct {
	t       *testing.T
	dir     string // of scripts and outputs
	in      io.WriteCloser
	done    *bufio.Reader
	scripts int
}

func newShell(t *testing.T, dir string, env []string) *shell {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail")
	cmd.Dir, cmd.Env = filepath.Join(dir, "work"), env
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close() // bash ends at the end of its input
		_ = cmd.Wait()
	})
	return &shell{t: t, dir: dir, in: in, done: bufio.NewReader(out)}
}

// try runs a script in the shell and returns what it prints. ok is false where a command failed, which ends the shell.
func (s *shell) try(script string) (output string, ok bool) {
	s.t.Helper()
	s.scripts++
	file := filepath.Join(s.dir, fmt.Sprintf("%02d.sh", s.scripts))
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		s.t.Fatal(err)
	}
	fmt.Fprintf(s.in, "source %[1]s >%[1]s.out 2>&1 </dev/null\necho done\n", file)
	_, err := s.done.ReadString('\n')
	raw, readErr := os.ReadFile(file + ".out")
	if readErr != nil {
		s.t.Fatal(readErr)
	}
	return string(raw), err == nil
}

// run runs a script that must succeed.
func (s *shell) run(script string) string {
	s.t.Helper()
	output, ok := s.try(script)
	if !ok {
		s.t.Fatalf("a command failed:\n%s\n%s", script, output)
	}
	return output
}

// eventually runs a script until its output is as it should be.
func (s *shell) eventually(within time.Duration, script string, right func(output string) bool) string {
	s.t.Helper()
	for end := time.Now().Add(within); ; {
		output := s.run(script)
		if right(output) || time.Now().After(end) {
			return output
		}
		select {
		case <-s.t.Context().Done():
			s.t.Fatal("the test ended")
		case <-time.After(300 * time.Millisecond):
		}
	}
}

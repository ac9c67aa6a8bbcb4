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

// run runs a script that must succeed, as it would for a person who stops at the first command that fails.
func (s *shell) run(script string) string {
	s.t.Helper()
	output, ok := s.source(script, "source %[1]s")
	if !ok {
		s.t.Fatalf("a command failed:\n%s\n%s", script, output)
	}
	return output
}

// eventually runs a script again and again until its output is as it should be, or the time is over. It may fail
// meanwhile, and leaves nothing behind in the shell.
func (s *shell) eventually(within time.Duration, script string, right func(output string) bool) string {
	s.t.Helper()
	for end := time.Now().Add(within); ; {
		output, ok := s.source(script, "( source %[1]s ) || true")
		if !ok {
			s.t.Fatalf("the shell has ended:\n%s", output)
		}
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

// source has the shell read a script and returns what it prints. ok is false where the shell has ended, as it does where a
// command fails.
func (s *shell) source(script, how string) (output string, ok bool) {
	s.t.Helper()
	s.scripts++
	file := filepath.Join(s.dir, fmt.Sprintf("%03d.sh", s.scripts))
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		s.t.Fatal(err)
	}
	fmt.Fprintf(s.in, "{ "+how+"; } >%[1]s.out 2>&1 </dev/null\necho done\n", file)
	_, err := s.done.ReadString('\n')
	raw, readErr := os.ReadFile(file + ".out")
	if readErr != nil {
		s.t.Fatal(readErr)
	}
	return string(raw), err == nil
}

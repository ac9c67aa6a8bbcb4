package program

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"time"

	"riposte.dev/action"
	"riposte.dev/fault"
	"riposte.dev/notify"
)

const (
	maxSaid  = 4 << 10 // bytes kept of what a program writes to its standard error
	tempFail = 75      // EX_TEMPFAIL of sysexits.h: it may be tried again
	lastWait = 2 * time.Second
)

// look makes sure that the file is what the configuration means, and that nobody else could have changed it.
func (c Config) look() error {
	info, err := os.Stat(c.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault.New(fault.NotFound, "there is no program %s", c.Path).WithHint("correct its path in the configuration, or install it")
	case err != nil:
		return fault.New(fault.Denied, "look at the program: %w", err)
	case !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0:
		return fault.New(fault.Invalid, "%s is no program that can be run", c.Path).WithHint("chmod 755 %s", c.Path)
	case info.Mode().Perm()&0o022 != 0:
		return fault.New(fault.Denied, "%s can be written by others, so it is not run", c.Path).WithHint("chmod go-w %s", c.Path)
	case c.SHA256 == "":
		return nil
	}
	f, err := os.Open(c.Path)
	if err != nil {
		return fault.New(fault.Denied, "read the program: %w", err)
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return fault.New(fault.Unavailable, "read the program: %w", err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); !strings.EqualFold(got, c.SHA256) {
		return fault.New(fault.Denied, "%s is not the program that the configuration means: its SHA-256 is %s", c.Path, got).
			WithHint("find out who changed it; if it is meant, write that as its sha256")
	}
	return nil
}

// answer is what a run gave.
type answer struct {
	output json.RawMessage // nil: it wrote nothing
	said   string
	ran    bool
}

// run runs the program with JSON on its standard input: no shell, no environment but what is listed, in a process group of its own that
// is killed when the time is over and when the program has ended.
func (c Config) run(ctx context.Context, name string, input []byte) (answer, error) {
	if err := c.look(); err != nil {
		return answer{}, err
	}
	within, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	cmd := exec.CommandContext(within, c.Path, c.Args...)
	cmd.Env, cmd.Dir, cmd.Stdin = []string{}, c.Directory, bytes.NewReader(input)
	for key, value := range c.Environment {
		cmd.Env = append(cmd.Env, key+"="+value)
	}
	stdout := &head{most: c.MaxOutput, over: cancel}
	stderr := &tail{most: maxSaid}
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = stdout, stderr, lastWait
	group(cmd)
	err := cmd.Run()
	kill(cmd)
	a := answer{said: notify.Redact(stderr.text()), ran: true}
	var exit *exec.ExitError
	switch {
	case stdout.full:
		return a, fault.New(fault.TooLarge, "%s wrote more than %d bytes", name, c.MaxOutput).WithHint("let it write less, or raise max_output")
	case ctx.Err() != nil:
		return a, fmt.Errorf("%s was interrupted: %w", name, ctx.Err())
	case within.Err() != nil:
		return a, fault.New(fault.Timeout, "%s did not end within %s, and was killed%s", name, c.Timeout, quoted(a.said))
	case errors.As(err, &exit) && exit.ExitCode() == tempFail:
		return a, fault.New(fault.Unavailable, "%s can't do it for now%s", name, quoted(a.said))
	case errors.As(err, &exit):
		return a, fault.New(fault.Invalid, "%s ended with %s%s", name, exit.ProcessState, quoted(a.said)).WithHint("run it by hand with the same input")
	case errors.Is(err, exec.ErrWaitDelay):
		return a, fault.New(fault.Invalid, "%s ended and left others with its output open", name).WithHint("let what it leaves running close its standard output")
	case err != nil:
		return answer{}, fault.New(fault.Invalid, "%s could not be run: %w", name, err).WithHint("check its path, its interpreter and the directory")
	}
	text := bytes.TrimSpace(stdout.b.Bytes())
	if len(text) > 0 && !json.Valid(text) {
		return a, fault.New(fault.Invalid, "%s wrote what is not JSON: %.80q", name, notify.Redact(string(text))).WithHint("let it write one JSON value, or nothing, to its standard output")
	}
	if len(text) > 0 { // it is journaled
		if a.output, err = notify.RedactJSON(text); err != nil {
			return a, err
		}
	}
	if len(a.output) > action.MaxOutput {
		return a, fault.New(fault.TooLarge, "%s wrote more than %d bytes", name, action.MaxOutput)
	}
	return a, nil
}

func quoted(said string) string {
	if said = strings.Join(strings.Fields(notify.ASCII(said)), " "); said == "" {
		return ""
	}
	return ": " + said[:min(len(said), 500)]
}

// head keeps the first bytes; more end the program.
type head struct {
	b    bytes.Buffer
	most int
	full bool
	over func()
}

func (h *head) Write(p []byte) (int, error) {
	if h.b.Len()+len(p) > h.most {
		h.full = true
		h.over()
		return 0, io.ErrShortWrite
	}
	return h.b.Write(p)
}

// tail keeps the last bytes.
type tail struct {
	b    []byte
	most int
}

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if len(t.b) > t.most {
		t.b = bytes.Clone(t.b[len(t.b)-t.most:])
	}
	return len(p), nil
}

func (t *tail) text() string { return strings.TrimSpace(strings.ToValidUTF8(string(t.b), "")) }

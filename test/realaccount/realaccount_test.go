// Package realaccount_test follows docs/guide/real-account.md from outside: it types the guide's commands, in order, into
// a shell that has the aws CLI and riposte, and an AWS look-alike with AWS's delays behind them. riposte acts as the role
// that the guide makes, with the policy that it prints and nothing more.
package realaccount_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"riposte.dev/test/loopback"
)

const guide = "../../docs/guide/real-account.md"

// awsCLI is Debian's: another version may speak protocols that the look-alike doesn't.
const awsCLI = "/usr/bin/aws"

// riposte is the program that all tests run.
var riposte string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "riposte-realaccount-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		riposte = filepath.Join(dir, "riposte")
		build := exec.Command("go", "build", "-o", riposte, "riposte.dev/cmd/riposte")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "building riposte: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

func TestGuide(t *testing.T) {
	blocks, err := readGuide(guide)
	if err != nil {
		t.Fatalf("%s: %v", guide, err)
	}
	w := newWorld(t)
	for _, b := range blocks {
		started := time.Now()
		w.follow(b)
		t.Logf("line %d: %s in %s", b.line, b.kind, time.Since(started).Round(10*time.Millisecond))
	}
}

// world is a stranger's machine and account.
type world struct {
	t       *testing.T
	shell   *shell
	address string // that stands in for the guide's
	log     string // of riposte serve
}

func newWorld(t *testing.T) *world {
	t.Helper()
	if _, err := os.Stat(awsCLI); err != nil {
		t.Fatalf("the aws CLI is missing; run make deps: %v", err)
	}
	dir := t.TempDir()
	for _, name := range []string{"bin", "home", "work"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	// Only newer versions of the aws CLI look at AWS_ENDPOINT_URL.
	wrapper := "#!/bin/sh\nexec " + awsCLI + ` --endpoint-url "$AWS_ENDPOINT_URL" "$@"` + "\n"
	if err := os.WriteFile(filepath.Join(dir, "bin", "aws"), []byte(wrapper), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(riposte, filepath.Join(dir, "bin", "riposte")); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, address: loopback.Address().String(), log: filepath.Join(dir, "serve.log")}
	exports := startCloud(t)
	w.shell = newShell(t, dir, []string{
		"HOME=" + filepath.Join(dir, "home"), "PATH=" + filepath.Join(dir, "bin") + ":/usr/bin:/bin", "AWS_EC2_METADATA_DISABLED=true",
	})
	// The AWS SDK for Go looks for the endpoint of STS under its own name when a profile assumes a role.
	w.shell.run(exports + `
export AWS_ENDPOINT_URL_STS="$AWS_ENDPOINT_URL"
aws configure set aws_access_key_id "$AWS_ACCESS_KEY_ID"
aws configure set aws_secret_access_key "$AWS_SECRET_ACCESS_KEY"
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION AWS_DEFAULT_REGION
aws configure set region us-east-1
`)
	return w
}

// startCloud runs the AWS look-alike with AWS's delays and returns what it prints: exports for a shell. Only log files,
// which AWS writes every five minutes, come sooner.
func startCloud(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd := exec.CommandContext(ctx, riposte, "sandbox", "--listen", "127.0.0.1:0", "--delivery", "aws", "--log-files", "2s", "--digests", "6s")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
	})
	var printed bytes.Buffer
	for buf := make([]byte, 4096); !strings.Contains(printed.String(), "AWS_REGION="); {
		n, err := out.Read(buf)
		printed.Write(buf[:n])
		if err != nil {
			t.Fatalf("the sandbox ended: %v\n%s", err, printed.String())
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return printed.String()
}

// follow does what the guide says at one place.
func (w *world) follow(b block) {
	w.t.Helper()
	script := strings.ReplaceAll(b.script, "127.0.0.1:7411", w.address)
	switch b.kind {
	case background:
		var pid int
		started := w.shell.run(fmt.Sprintf("( %s ) >%s 2>&1 &\nSERVE=$!\necho $SERVE\n", "exec env "+strings.TrimSpace(script), w.log))
		if _, err := fmt.Sscan(started, &pid); err != nil || pid <= 1 {
			w.t.Fatalf("no process was started: %q, %v", started, err)
		}
		w.t.Cleanup(func() {
			if w.t.Failed() { // nobody has stopped it
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
			if raw, err := os.ReadFile(w.log); err == nil && w.t.Failed() {
				w.t.Logf("riposte serve said:\n%s", raw)
			}
		})
	case stop:
		w.assertOutcome()
		w.shell.run("kill -INT $SERVE; wait $SERVE\n")
	default:
		var output string
		if b.within > 0 {
			output = w.shell.eventually(b.within, script, func(output string) bool { return b.missing(output) == nil })
		} else {
			output = w.shell.run(script)
		}
		if missing := b.missing(output); missing != nil {
			w.t.Fatalf("%s line %d: the output has nothing like %s:\n%s", guide, b.line, missing, output)
		}
	}
}

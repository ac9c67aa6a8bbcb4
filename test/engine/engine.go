// Package engine runs riposte in a process of its own, which a test can kill. That process is the test's own program: [Main]
// tells the two apart, and [Start] starts it.
package engine

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"testing"
	"time"

	"riposte.dev/app"
)

// What the parent tells an engine's process.
const (
	configVariable = "RIPOSTE_ENGINE_CONFIG" // path of riposte.yaml; its presence makes this process an engine
	dataVariable   = "RIPOSTE_ENGINE_DATA"
)

// patience is how long a process may take to end.
const patience = 2 * time.Minute

// Main is a TestMain. It runs the tests, so many at the same time: they wait for other processes, disks and pauses more than
// they compute. In an engine's process it is riposte instead; adapt, where there is one, may change its options.
func Main(m *testing.M, atOnce int, adapt func(*app.Options) error) {
	if os.Getenv(configVariable) == "" {
		flag.Parse()
		if err := flag.Set("test.parallel", strconv.Itoa(atOnce)); err != nil {
			panic(err)
		}
		os.Exit(m.Run())
	}
	if err := serve(adapt); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve is riposte in this process, until SIGTERM.
func serve(adapt func(*app.Options) error) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	config, err := app.LoadConfig(os.Getenv(configVariable))
	if err != nil {
		return err
	}
	options := app.Options{Config: config, Data: os.Getenv(dataVariable), Version: "test",
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	if adapt != nil {
		if err := adapt(&options); err != nil {
			return err
		}
	}
	a, err := app.Start(ctx, options)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return a.Stop()
	case err := <-a.Failed():
		return errors.Join(err, a.Stop())
	}
}

// Process is an engine in a process of its own.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// Start starts a process with a configuration and a data folder, and env beside the environment. It ends with the test.
func Start(t *testing.T, config, data string, env ...string) *Process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &Process{cmd: exec.CommandContext(t.Context(), self), done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), configVariable+"="+config, dataVariable+"="+data, "AWS_EC2_METADATA_DISABLED=true")
	p.cmd.Env = append(p.cmd.Env, env...)
	p.cmd.Stderr = t.Output()
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // how it ended is read from ProcessState
	}()
	t.Cleanup(func() { p.End(t, syscall.SIGKILL) })
	return p
}

// Ended reports whether the process is gone.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Killed reports whether SIGKILL ended the process.
func (p *Process) Killed() bool {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// String says how the process ended.
func (p *Process) String() string { return p.cmd.ProcessState.String() }

// End ends the process by a signal, where it has not ended, and returns how it ended.
func (p *Process) End(t *testing.T, signal os.Signal) *os.ProcessState {
	t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	select {
	case <-p.done:
		return p.cmd.ProcessState
	case <-time.After(patience):
		t.Fatal("the process does not end")
		return nil
	}
}

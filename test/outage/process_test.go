package outage

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
	configVariable = "RIPOSTE_OUTAGE_CONFIG" // path of riposte.yaml; its presence makes this process an engine
	dataVariable   = "RIPOSTE_OUTAGE_DATA"
)

// atOnce is how many tests with an engine run at the same time.
const atOnce = 3

func TestMain(m *testing.M) {
	if os.Getenv(configVariable) == "" {
		flag.Parse()
		// The tests wait for AWS's and riposte's pauses more than they compute.
		if err := flag.Set("test.parallel", strconv.Itoa(atOnce)); err != nil {
			panic(err)
		}
		os.Exit(m.Run())
	}
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve is riposte in this process, until SIGTERM.
func serve() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	config, err := app.LoadConfig(os.Getenv(configVariable))
	if err != nil {
		return err
	}
	a, err := app.Start(ctx, app.Options{Config: config, Data: os.Getenv(dataVariable), Version: "test",
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))})
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

// process is an engine in a process of its own.
type process struct {
	*engine
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// launch starts a process on an engine's folder and waits until it handles events.
func (e *engine) launch(t *testing.T) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(e.addressFile()); err != nil { // a killed process leaves it
		t.Fatal(err)
	}
	p := &process{engine: e, cmd: exec.Command(self), done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), configVariable+"="+e.config, dataVariable+"="+e.data, "AWS_EC2_METADATA_DISABLED=true")
	p.cmd.Stderr = t.Output()
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // how it ended is read from ProcessState
	}()
	t.Cleanup(func() { p.end(t, syscall.SIGKILL) })
	eventually(t, "riposte is ready", func() bool { return e.state(t).Ready })
	return p
}

// end ends the process by a signal, where it has not ended, and returns how it ended.
func (p *process) end(t *testing.T, signal os.Signal) *os.ProcessState {
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

package crash

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
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"riposte.dev/app"
	"riposte.dev/playbook"
	"riposte.dev/test/stage"
)

// What the parent tells the engine process.
const (
	configVariable = "RIPOSTE_CRASH_CONFIG" // path of riposte.yaml; its presence makes this process the engine
	dataVariable   = "RIPOSTE_CRASH_DATA"
	killVariable   = "RIPOSTE_CRASH_KILL" // a point, or empty
)

func TestMain(m *testing.M) {
	if os.Getenv(configVariable) == "" {
		flag.Parse()
		// The tests wait for other processes, disks and time bounds more than they compute.
		if err := flag.Set("test.parallel", strconv.Itoa(2*wave)); err != nil {
			panic(err)
		}
		os.Exit(m.Run())
	}
	if err := engine(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// engine is riposte in this process, until SIGTERM or a point.
func engine() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	config, err := app.LoadConfig(os.Getenv(configVariable))
	if err != nil {
		return err
	}
	options := app.Options{Config: config, Data: os.Getenv(dataVariable), Version: "test",
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	if text := os.Getenv(killVariable); text != "" {
		var at point
		if _, err := fmt.Sscanf(text, "%d %t", &at.append, &at.after); err != nil {
			return err
		}
		options.WrapJournal = func(j playbook.Journal) playbook.Journal { return &deadly{Journal: j, at: at} }
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

// point is a moment in the life of the execution journal.
type point struct {
	append int // 1 is the first append of the process
	after  bool
}

func (p point) String() string { return fmt.Sprintf("%d %t", p.append, p.after) }

// deadly is a journal at one point of which the process dies.
type deadly struct {
	playbook.Journal
	at    point
	count atomic.Int64
}

// Append writes, unless the process dies first.
func (d *deadly) Append(ctx context.Context, id string, expected uint64, records ...[]byte) (uint64, error) {
	now := int(d.count.Add(1)) == d.at.append
	if now && !d.at.after {
		die()
	}
	last, err := d.Journal.Append(ctx, id, expected, records...)
	if now {
		die()
	}
	return last, err
}

// die ends the process as a power cut would: nothing is flushed, closed or said.
func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // the signal comes in an instant; nothing goes on meanwhile
}

// process is a running engine.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// start starts an engine on the stage and waits until it handles events. at is where it dies; nil for nowhere.
func start(ctx context.Context, t *testing.T, s *stage.Stage, at *point) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(self), done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), configVariable+"="+s.Config, dataVariable+"="+s.Data, killVariable+"=", "AWS_EC2_METADATA_DISABLED=true")
	if at != nil {
		p.cmd.Env = append(p.cmd.Env, killVariable+"="+at.String())
	}
	p.cmd.Stderr = t.Output()
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // how it ended is read from ProcessState
	}()
	t.Cleanup(func() { p.kill(t) })
	if err := s.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	return p
}

// ended reports whether the process is gone.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// killed reports whether SIGKILL ended the process.
func (p *process) killed() bool {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		t.Error("the engine does not die")
	}
}

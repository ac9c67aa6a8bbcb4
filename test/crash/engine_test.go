package crash

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"testing"

	"riposte.dev/app"
	"riposte.dev/playbook"
	"riposte.dev/test/engine"
	"riposte.dev/test/stage"
)

// killVariable tells the engine's process the point at which it dies.
const killVariable = "RIPOSTE_CRASH_KILL"

func TestMain(m *testing.M) { engine.Main(m, 2*wave, mayDie) }

// mayDie has the engine die at its point, where it has one.
func mayDie(o *app.Options) error {
	text := os.Getenv(killVariable)
	if text == "" {
		return nil
	}
	var at point
	if _, err := fmt.Sscanf(text, "%d %t", &at.append, &at.after); err != nil {
		return err
	}
	o.WrapJournal = func(j playbook.Journal) playbook.Journal { return &deadly{Journal: j, at: at} }
	return nil
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

// start starts an engine on the stage and waits until it handles events. at is where it dies; nil for nowhere.
func start(ctx context.Context, t *testing.T, s *stage.Stage, at *point) *engine.Process {
	t.Helper()
	kill := ""
	if at != nil {
		kill = at.String()
	}
	p := engine.Start(t, s.Config, s.Data, killVariable+"="+kill)
	if err := s.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	return p
}

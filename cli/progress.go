package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"
)

// bar shows how much of the input is read, on a terminal only.
type bar struct {
	err     io.Writer
	writer  progress.Writer
	tracker *progress.Tracker

	mu sync.Mutex
}

func newProgress(err io.Writer, paths []string) *bar {
	b := &bar{err: err}
	total := totalSize(paths)
	if !isTerminal(err) || total == 0 {
		return b
	}
	b.writer = progress.NewWriter()
	b.writer.SetOutputWriter(err)
	b.writer.SetUpdateFrequency(100 * time.Millisecond)
	b.writer.SetTrackerLength(30)
	b.writer.Style().Visibility.Speed = true
	b.tracker = &progress.Tracker{Message: "scanning", Total: total, Units: progress.UnitsBytes}
	b.writer.AppendTracker(b.tracker)
	go b.writer.Render()
	return b
}

func (b *bar) add(n int) {
	if b.tracker != nil {
		b.tracker.Increment(int64(n))
	}
}

// say prints a message beside the bar.
func (b *bar) say(text string) {
	if b.writer != nil {
		b.writer.Log("%s", text)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	fmt.Fprintln(b.err, text)
}

// done ends the bar and waits until it is off the screen.
func (b *bar) done() {
	if b.writer == nil {
		return
	}
	b.tracker.MarkAsDone()
	b.writer.Stop()
	for b.writer.IsRenderInProgress() {
		time.Sleep(10 * time.Millisecond)
	}
}

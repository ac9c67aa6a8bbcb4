package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"

	"riposte.dev/fault"
	"riposte.dev/source/cloudtrail"
)

// progressEvery is how often a region that takes long says so where there is no terminal.
const progressEvery = 30 * time.Second

// fetchProgress shows how far back each region has been read: a bar each on a terminal, now and then a line elsewhere.
type fetchProgress struct {
	err    io.Writer
	span   time.Duration
	writer progress.Writer // nil without a terminal

	mu sync.Mutex
}

func newFetchProgress(err io.Writer, span time.Duration) *fetchProgress {
	p := &fetchProgress{err: err, span: span}
	if !isTerminal(err) {
		return p
	}
	p.writer = progress.NewWriter()
	p.writer.SetOutputWriter(err)
	p.writer.SetUpdateFrequency(200 * time.Millisecond)
	p.writer.SetTrackerLength(20)
	p.writer.SetSortBy(progress.SortByMessage)
	p.writer.Style().Visibility.ETA = true
	p.writer.Style().Visibility.Value = false
	go p.writer.Render()
	return p
}

// say prints a line.
func (p *fetchProgress) say(text string) {
	if p.writer != nil {
		p.writer.Log("%s", text)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintln(p.err, text)
}

func (p *fetchProgress) stop() {
	if p.writer == nil {
		return
	}
	p.writer.Stop()
	for p.writer.IsRenderInProgress() {
		time.Sleep(10 * time.Millisecond)
	}
}

// regionProgress is the part of one region.
type regionProgress struct {
	all     *fetchProgress
	name    string
	tracker *progress.Tracker
	started time.Time
	said    time.Time
	cached  time.Duration // that was there from the start
	last    cloudtrail.Progress
}

func (p *fetchProgress) region(name string) *regionProgress {
	now := time.Now()
	r := &regionProgress{all: p, name: name, started: now, said: now, cached: -1}
	if p.writer != nil {
		r.tracker = &progress.Tracker{Message: name, Total: int64(p.span.Seconds())}
		p.writer.AppendTracker(r.tracker)
	}
	return r
}

func (r *regionProgress) update(at cloudtrail.Progress) {
	r.last = at
	if r.cached < 0 {
		r.cached = at.Covered
	}
	if r.tracker != nil {
		r.tracker.SetValue(int64(at.Covered.Seconds()))
		r.tracker.UpdateMessage(fmt.Sprintf("%s %d events", r.name, at.Events))
		return
	}
	if now := time.Now(); now.Sub(r.said) >= progressEvery {
		r.said = now
		r.all.say(fmt.Sprintf("%s: %d events so far, back to %s, %s", r.name, at.Events, at.Back.UTC().Format(time.RFC3339), r.left(now)))
	}
}

// left estimates the time that the rest takes, if the rest is as busy as what has been read.
func (r *regionProgress) left(now time.Time) string {
	done := r.last.Covered - r.cached
	if done <= 0 {
		return "time left unknown"
	}
	rest := float64(r.all.span-r.last.Covered) / float64(done) * float64(now.Sub(r.started))
	return fmt.Sprintf("about %s left", max(time.Duration(rest), time.Second).Round(time.Second))
}

func (r *regionProgress) done(err error) {
	if r.tracker != nil {
		if err != nil {
			r.tracker.MarkAsErrored()
		} else {
			r.tracker.MarkAsDone()
		}
	}
	if err != nil {
		text := fmt.Sprintf("%s: %s", r.name, fault.Message(err))
		if hint := fault.Hint(err); hint != "" {
			text += "\n  next: " + hint
		}
		r.all.say(text)
		return
	}
	if r.tracker == nil {
		text := fmt.Sprintf("%s: %d events in %d calls", r.name, r.last.Events, r.last.Calls)
		if r.cached > 0 {
			text += fmt.Sprintf("; %.0f%% of the time was on disk", 100*float64(r.cached)/float64(r.all.span))
		}
		r.all.say(text)
	}
}

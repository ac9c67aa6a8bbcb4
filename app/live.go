package app

import (
	"context"
	"sync"
	"time"

	"riposte.dev/event"
	"riposte.dev/playbook"
	"riposte.dev/web"
)

// live tells those who watch what just happened. It never waits for them.
type live struct {
	mu       sync.Mutex
	watchers map[chan web.Line]bool
	recent   [remembered]web.Line // a ring: the line before next is the latest
	next     int
	closed   bool
}

const (
	// remembered is how many lines are kept for those who ask what happened just before.
	remembered = 1024
	// backlog is how many lines a watcher may lag behind before it misses some.
	backlog = 2 * remembered
)

func newLive() *live { return &live{watchers: map[chan web.Line]bool{}} }

func (l *live) send(line web.Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recent[l.next%remembered] = line
	l.next++
	for watcher := range l.watchers {
		select {
		case watcher <- line:
		default: // the watcher is too slow and misses this line
		}
	}
}

// say tells of an event.
func (l *live) say(kind string, e *event.Envelope, text string) {
	l.send(web.Line{Time: time.Now(), Kind: kind, Text: text + " (" + e.Source + " " + e.ID + ")"})
}

// step tells of a step of an execution.
func (l *live) step(p playbook.Progress) {
	text := p.Message
	if p.State != "" {
		text = p.State + ": " + text
	}
	l.send(web.Line{Time: p.Time, Since: p.Since, Kind: string(p.Step), Rule: p.Rule, Execution: p.Execution, Text: text})
}

// watch is web.Watch.
func (l *live) watch(ctx context.Context, since time.Time) <-chan web.Line {
	lines := make(chan web.Line, backlog)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		close(lines)
		return lines
	}
	for i := max(0, l.next-remembered); i < l.next && !since.IsZero(); i++ {
		if line := l.recent[i%remembered]; !line.Time.Before(since) {
			lines <- line // there is room for all of them
		}
	}
	l.watchers[lines] = true
	context.AfterFunc(ctx, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.leave(lines)
	})
	return lines
}

// leave ends a watch; the caller holds the lock.
func (l *live) leave(lines chan web.Line) {
	if l.watchers[lines] {
		delete(l.watchers, lines)
		close(lines)
	}
}

// close ends every watch.
func (l *live) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for lines := range l.watchers {
		l.leave(lines)
	}
}

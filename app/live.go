package app

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"riposte.dev/event"
	"riposte.dev/finding"
	"riposte.dev/notify"
	"riposte.dev/playbook"
	"riposte.dev/web"
)

// live tells those who watch what just happened. It never waits for them.
type live struct {
	now    func() time.Time
	life   string // of this start of riposte, the first part of every id
	mu     sync.Mutex
	recent [remembered]web.Line // a ring
	next   int                  // how many lines there were; the line before it is the latest

	watchers map[*watcher]bool
	closed   bool
}

const (
	// remembered is how many lines are kept for those who ask what happened just before.
	remembered = 1024
	// backlog is how many lines a watcher may lag behind before it misses some.
	backlog = 2*remembered + 1
)

func newLive(now func() time.Time) *live {
	return &live{now: now, life: strconv.FormatInt(now().UnixMicro(), 36), watchers: map[*watcher]bool{}}
}

// watcher is one who watches.
type watcher struct {
	lines  chan web.Line
	missed int // lines since the last one that found room
}

func (w *watcher) send(line web.Line) {
	if w.missed > 0 && w.offer(missedLines(line.Time, w.missed)) {
		w.missed = 0
	}
	if w.missed > 0 || !w.offer(line) {
		w.missed++
	}
}

func (w *watcher) offer(line web.Line) bool {
	select {
	case w.lines <- line:
		return true
	default:
		return false
	}
}

func missedLines(at time.Time, n int) web.Line {
	return web.Line{Time: at, Kind: web.LineMissed, Text: fmt.Sprintf("%d lines are not known any more; see `riposte findings list` and `riposte executions list`", n)}
}

func (l *live) send(line web.Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	line.ID = l.life + "-" + strconv.Itoa(l.next)
	l.recent[l.next%remembered] = line
	l.next++
	for w := range l.watchers {
		w.send(line)
	}
}

// finding tells of a finding that is new or changed, from the hub's event about it.
func (l *live) finding(e *event.Envelope) {
	var detail struct {
		Findings []finding.Finding `json:"findings"`
	}
	if json.Unmarshal(e.Detail, &detail) != nil {
		return // the hub wrote it; whoever reads the event says what is wrong
	}
	for _, f := range detail.Findings {
		line := web.Line{Time: l.now(), Kind: web.LineFinding, Account: f.AwsAccountID, Region: f.Region,
			Rule: f.Rule(), Finding: f.ID, Text: f.Title}
		if f.Severity != nil {
			line.Severity = string(f.Severity.Label)
		}
		if f.Workflow != nil && f.Workflow.Status != finding.StatusNew {
			line.Text += " (" + string(f.Workflow.Status) + ")"
		}
		l.send(line)
	}
}

// step tells of a step of an execution.
func (l *live) step(p playbook.Progress) {
	text := p.Message
	if p.State != "" {
		text = p.State + ": " + text
	}
	l.send(web.Line{Time: p.Time, Since: p.Since, Kind: string(p.Step), Severity: p.Severity, Account: p.Account, Region: p.Region,
		Rule: p.Rule, Execution: p.Execution, Text: text})
}

// delivery tells what became of a message to people.
func (l *live) delivery(e notify.Entry) {
	place := strings.TrimSpace(e.Channel + " " + e.To)
	line := web.Line{Time: e.At, Kind: web.LineDelivery, Severity: e.Severity, Rule: e.Rule, Execution: e.Execution}
	switch e.Status {
	case notify.Sent:
		line.Text = "sent to " + place + ": " + e.Subject
	case notify.Retrying:
		line.Text = "not sent to " + place + " yet: " + e.Error
	case notify.Dead:
		line.Text = "never sent to " + place + ": " + e.Error
	case notify.Skipped:
		return // every message is below the severity of some route
	}
	l.send(line)
}

// watch is web.Watch.
func (l *live) watch(ctx context.Context, from web.From) <-chan web.Line {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := &watcher{lines: make(chan web.Line, backlog)} // there is room for all that is remembered
	if l.closed {
		close(w.lines)
		return w.lines
	}
	first := l.after(from)
	oldest := max(0, l.next-remembered)
	if from.After != "" && first < oldest {
		w.offer(missedLines(l.now(), oldest-first))
	}
	for i := max(first, oldest); i < l.next; i++ {
		if line := l.recent[i%remembered]; !line.Time.Before(from.Since) {
			w.offer(line)
		}
	}
	l.watchers[w] = true
	context.AfterFunc(ctx, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.leave(w)
	})
	return w.lines
}

// after is the number of the first line that a watch wants.
func (l *live) after(from web.From) int {
	switch life, number, _ := strings.Cut(from.After, "-"); {
	case from.After == "" && from.Since.IsZero():
		return l.next
	case life == l.life:
		if n, err := strconv.Atoi(number); err == nil && n >= 0 && n < l.next {
			return n + 1
		}
	}
	return 0 // riposte was started anew: the watcher has seen none of these
}

// leave ends a watch; the caller holds the lock.
func (l *live) leave(w *watcher) {
	if l.watchers[w] {
		delete(l.watchers, w)
		close(w.lines)
	}
}

// close ends every watch.
func (l *live) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for w := range l.watchers {
		l.leave(w)
	}
}

// watchedLog tells those who watch what became of messages, once it is on disk.
type watchedLog struct {
	notify.Log
	live *live
}

// Record implements notify.Log.
func (w watchedLog) Record(ctx context.Context, e notify.Entry) error {
	err := w.Log.Record(ctx, e)
	if err == nil {
		w.live.delivery(e)
	}
	return err
}

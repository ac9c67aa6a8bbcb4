package sandbox

import (
	"bytes"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// EventBridge's terms for API destinations: five seconds an attempt, retries
// for a day (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html).
const (
	targetTimeout = 5 * time.Second
	maxAge        = 24 * time.Hour
	firstBackoff  = 100 * time.Millisecond
	maxBackoff    = 30 * time.Second
)

// target is one receiver of events with its own queue and goroutine, so that a
// slow one delays nobody else. Events go out in order unless one must be
// repeated or Delivery says otherwise.
type target struct {
	name     string // without secrets
	accounts []string
	send     func(ctx context.Context, event []byte) error
	clock    Clock
	logger   *slog.Logger

	mu       sync.Mutex
	queue    eventQueue
	seq      int
	wake     chan struct{} // of size one
	draining bool
	stop     context.CancelCauseFunc
	ctx      context.Context
	done     chan struct{}
}

// job is one thing to send.
type job struct {
	send    func(ctx context.Context) error
	retries int           // attempts after the first
	age     time.Duration // until it is too old for another attempt
	// lost is told when it is given up; nil: nobody is. exhausted is the
	// condition of the retry policy, "" when another attempt made no sense.
	lost func(why error, retries int, exhausted string)
}

type queuedEvent struct {
	job
	due, born time.Time
	seq       int
	attempts  int
}

// eventQueue is a heap by due time, then by arrival.
type eventQueue []*queuedEvent

func (q eventQueue) Len() int { return len(q) }
func (q eventQueue) Less(i, j int) bool {
	if !q[i].due.Equal(q[j].due) {
		return q[i].due.Before(q[j].due)
	}
	return q[i].seq < q[j].seq
}
func (q eventQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *eventQueue) Push(x any)   { *q = append(*q, x.(*queuedEvent)) }
func (q *eventQueue) Pop() any {
	old := *q
	e := old[len(old)-1]
	*q = old[:len(old)-1]
	return e
}

// permanentError is a failure that another attempt won't mend.
type permanentError struct{ error }

// retryLater carries a server's wish for when to come again.
type retryLater struct {
	error
	after time.Duration
}

func (s *Sandbox) newTargets() ([]*target, error) {
	var out []*target
	add := func(name string, accounts []string, send func(context.Context, []byte) error) {
		out = append(out, s.newTarget(name, accounts, send))
	}
	if f := s.opts.OnEvent; f != nil {
		add("OnEvent", nil, func(_ context.Context, event []byte) error { f(event); return nil })
	}
	for _, et := range s.opts.EventTargets {
		u, err := url.Parse(et.URL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("event target %q: want an http or https URL", et.URL)
		}
		add(u.Redacted(), et.Accounts, func(ctx context.Context, event []byte) error {
			return post(ctx, s.opts.HTTPClient, et, event)
		})
	}
	return out, nil
}

func (s *Sandbox) newTarget(name string, accounts []string, send func(context.Context, []byte) error) *target {
	t := &target{
		name: name, accounts: accounts, send: send, clock: s.opts.Clock, logger: s.opts.Logger,
		wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	t.ctx, t.stop = context.WithCancelCause(context.Background())
	return t
}

// post sends one event as an API destination does.
func post(ctx context.Context, client *http.Client, et EventTarget, event []byte) error {
	return sendHTTP(ctx, client, http.MethodPost, et.URL, event, func(req *http.Request) {
		if et.Header != "" {
			req.Header.Set(et.Header, et.Value)
		}
	})
}

// sendHTTP makes one request of an API destination. prepare adds to its header.
func sendHTTP(ctx context.Context, client *http.Client, method, url string, body []byte, prepare func(*http.Request)) error {
	ctx, cancel := context.WithTimeout(ctx, targetTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return permanentError{err}
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "Amazon/EventBridge/ApiDestinations")
	prepare(req)
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	// Read a little, so that the connection can be used again.
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
	code := resp.StatusCode
	switch {
	case code >= 200 && code < 300:
		return nil
	case code == 401, code == 407, code == 409, code == 429, code >= 500:
		after, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
		return retryLater{fmt.Errorf("status %d", code), time.Duration(after) * time.Second}
	}
	return permanentError{fmt.Errorf("status %d", code)}
}

// put queues a text for the target's own send, for as long as API
// destinations are tried.
func (t *target) put(text []byte, delay time.Duration) {
	t.enqueue(job{send: func(ctx context.Context) error { return t.send(ctx, text) }, retries: math.MaxInt, age: maxAge}, delay)
}

func (t *target) enqueue(j job, delay time.Duration) {
	now := t.clock.Now()
	t.mu.Lock()
	t.seq++
	heap.Push(&t.queue, &queuedEvent{job: j, due: now.Add(delay), born: now, seq: t.seq})
	t.mu.Unlock()
	t.poke()
}

func (t *target) poke() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// run sends what is due until the target is closed.
func (t *target) run() {
	defer close(t.done)
	for t.ctx.Err() == nil {
		e, wait, more := t.next()
		switch {
		case e != nil:
			t.attempt(e)
			continue
		case !more:
			return
		}
		var timer <-chan time.Time
		if wait > 0 {
			timer = t.clock.After(wait)
		}
		select {
		case <-timer:
		case <-t.wake:
		case <-t.ctx.Done():
		}
	}
}

// next takes the first event that is due, or says how long to wait; 0 where there is none. There are no more once what was there
// when the target was closed is sent.
func (t *target) next() (e *queuedEvent, wait time.Duration, more bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) == 0 {
		return nil, 0, !t.draining
	}
	if wait = t.queue[0].due.Sub(t.clock.Now()); wait > 0 && !(t.draining && t.queue[0].attempts == 0) {
		return nil, wait, true
	}
	return heap.Pop(&t.queue).(*queuedEvent), 0, true
}

func (t *target) attempt(e *queuedEvent) {
	err := e.send(t.ctx)
	if err == nil {
		return
	}
	now := t.clock.Now()
	e.attempts++
	var permanent permanentError
	var refusal *undelivered
	exhausted := ""
	switch {
	case errors.As(err, &permanent), errors.As(err, &refusal) && !refusal.passing:
	case now.Sub(e.born) > e.age:
		exhausted = "MaximumEventAgeInSeconds"
	case e.attempts > e.retries:
		exhausted = "MaximumRetryAttempts"
	default:
		t.again(e, now, err)
		return
	}
	t.logger.Warn("event given up", "target", t.name, "attempts", e.attempts, "err", err)
	if e.lost != nil {
		e.lost(err, e.attempts-1, exhausted)
	}
}

// again queues an event for another attempt, later each time.
func (t *target) again(e *queuedEvent, now time.Time, err error) {
	backoff := min(firstBackoff<<min(e.attempts-1, 20), maxBackoff)
	var later retryLater
	if errors.As(err, &later) {
		backoff = max(backoff, later.after)
	}
	t.logger.Debug("event will be sent again", "target", t.name, "attempts", e.attempts, "in", backoff, "err", err)
	e.due = now.Add(backoff)
	t.mu.Lock()
	heap.Push(&t.queue, e)
	t.mu.Unlock()
}

// close sends what waits, without further delay, as long as ctx lasts.
func (t *target) close(ctx context.Context) error {
	t.mu.Lock()
	t.draining = true
	t.mu.Unlock()
	t.poke()
	select {
	case <-t.done:
		t.stop(nil)
	case <-ctx.Done():
		t.stop(ctx.Err())
	}
	<-t.done
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) == 0 {
		return nil
	}
	return fmt.Errorf("%d events for %s were not delivered: %w", len(t.queue), t.name, context.Cause(t.ctx))
}

package target

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"riposte.dev/fault"
)

// memQueue keeps Queue's contract in memory; pauses take the time of the test's clock (synctest).
type memQueue struct {
	mu    sync.Mutex
	jobs  map[string][]*Job
	seen  map[string]bool
	dead  map[string]error // by job id
	full  bool
	added chan struct{}
}

var _ Queue = (*memQueue)(nil)

func newMemQueue() *memQueue {
	return &memQueue{jobs: map[string][]*Job{}, seen: map[string]bool{}, dead: map[string]error{}, added: make(chan struct{})}
}

func (q *memQueue) Enqueue(_ context.Context, queue, id string, data []byte) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.full {
		return fault.New(fault.Unavailable, "queue %s is full", queue)
	}
	if q.seen[queue+id] {
		return nil
	}
	q.seen[queue+id] = true
	q.jobs[queue] = append(q.jobs[queue], &Job{ID: id, Data: slices.Clone(data), Time: time.Now()})
	close(q.added)
	q.added = make(chan struct{})
	return nil
}

func (q *memQueue) Work(ctx context.Context, queue string, cfg WorkConfig, handle func(context.Context, Job) error) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	free := make(chan struct{}, cfg.Workers)
	for {
		q.mu.Lock()
		added := q.added
		jobs := q.jobs[queue]
		q.jobs[queue] = nil
		q.mu.Unlock()
		for _, job := range jobs {
			wg.Go(func() { q.bring(ctx, free, cfg, job, handle) })
		}
		select {
		case <-added:
		case <-ctx.Done():
			return nil
		}
	}
}

// bring tries a job until it is done, dead, or ctx ends.
func (q *memQueue) bring(ctx context.Context, free chan struct{}, cfg WorkConfig, job *Job, handle func(context.Context, Job) error) {
	for {
		free <- struct{}{}
		job.Attempt++
		err := handle(ctx, *job)
		<-free
		switch {
		case err == nil:
			return
		case errors.Is(err, ErrGiveUp):
			q.mu.Lock()
			q.dead[job.ID] = err
			q.mu.Unlock()
			return
		}
		select {
		case <-time.After(cfg.Pause(job.Attempt)):
		case <-ctx.Done():
			return
		}
	}
}

// buried returns the reasons of the dead letters, by job id.
func (q *memQueue) buried() map[string]error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return maps.Clone(q.dead)
}

// sender answers with what fail says; it remembers what it was given and when.
type sender struct {
	kind string
	fail func(r Request) error
	wait map[string]chan struct{} // by rule: a request waits until it is closed

	mu   sync.Mutex
	got  []Request
	sent []string // rules, in the order of success
}

var _ Sender = (*sender)(nil)

func (s *sender) Kind() string { return s.kind }

func (s *sender) Send(ctx context.Context, r Request) error {
	s.mu.Lock()
	s.got = append(s.got, r)
	s.mu.Unlock()
	if wait := s.wait[r.Rule]; wait != nil {
		select {
		case <-wait:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if s.fail != nil {
		if err := s.fail(r); err != nil {
			return err
		}
	}
	s.mu.Lock()
	s.sent = append(s.sent, r.Rule)
	s.mu.Unlock()
	return nil
}

func (s *sender) requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

func (s *sender) successes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

// letters is a dead-letter queue.
type letters struct {
	err error
	mu  sync.Mutex
	got map[string][]Letter // by queue
}

var _ DeadLetters = (*letters)(nil)

func (l *letters) Bury(_ context.Context, queueARN string, letter Letter) error {
	if l.err != nil {
		return l.err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.got[queueARN] = append(l.got[queueARN], letter)
	return nil
}

// of returns what a queue has.
func (l *letters) of(queueARN string) []Letter {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.got[queueARN])
}

package notify

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
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
	full  map[string]bool  // queues without room
	added chan struct{}
}

var _ Queue = (*memQueue)(nil)

func newMemQueue() *memQueue {
	return &memQueue{
		jobs: map[string][]*Job{}, seen: map[string]bool{}, dead: map[string]error{}, full: map[string]bool{},
		added: make(chan struct{}),
	}
}

func (q *memQueue) Enqueue(_ context.Context, queue, id string, data []byte) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.full[queue] {
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

// again puts a job that was done back, as a queue does whose acknowledgement was lost.
func (q *memQueue) again(queue string, job Job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.jobs[queue] = append(q.jobs[queue], &job)
	close(q.added)
	q.added = make(chan struct{})
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
			wg.Go(func() {
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
			})
		}
		select {
		case <-added:
		case <-ctx.Done():
			return nil
		}
	}
}

// buried returns the reasons of the dead letters, by job id.
func (q *memQueue) buried() map[string]error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return maps.Clone(q.dead)
}

type memLog struct {
	mu      sync.Mutex
	entries []Entry
	broken  bool
}

var _ Log = (*memLog)(nil)

func (l *memLog) Record(_ context.Context, e Entry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken {
		return errors.New("disk full")
	}
	l.entries = append(l.entries, e)
	return nil
}

func (l *memLog) Sent(_ context.Context, delivery string) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken {
		return false, errors.New("disk full")
	}
	return slices.ContainsFunc(l.entries, func(e Entry) bool { return e.Delivery == delivery && e.Status == Sent }), nil
}

// of returns the statuses recorded for a channel, in order.
func (l *memLog) of(channel string) []Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Status
	for _, e := range l.entries {
		if e.Channel == channel {
			out = append(out, e.Status)
		}
	}
	return out
}

func (l *memLog) last() Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.entries[len(l.entries)-1]
}

func (l *memLog) skipped() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, e := range l.entries {
		if e.Status == Skipped {
			out = append(out, e.Route+e.To+": "+e.Error)
		}
	}
	return out
}

// topic is a channel with receivers of its own; it answers with errs in turn, then succeeds.
type topic struct {
	name string
	mu   sync.Mutex
	errs []error
	sent []Delivery
	at   []time.Time // of every attempt
}

func (c *topic) Name() string { return c.name }

func (c *topic) Send(_ context.Context, d Delivery) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = append(c.at, time.Now())
	if len(c.errs) > 0 {
		err := c.errs[0]
		c.errs = c.errs[1:]
		if err != nil {
			return err
		}
	}
	c.sent = append(c.sent, d)
	return nil
}

func (c *topic) attempts() []time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.at)
}

func (c *topic) deliveries() []Delivery {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.sent)
}

// post is a channel that writes to people.
type post struct{ topic }

var _ Addressed = (*post)(nil)

func (c *post) CheckAddress(address string) error {
	if strings.Count(address, "@") != 1 {
		return fault.New(fault.Invalid, "%q is not a mail address", address)
	}
	return nil
}

func (c *post) recipients() []string {
	var out []string
	for _, d := range c.deliveries() {
		out = append(out, d.To)
	}
	slices.Sort(out)
	return out
}

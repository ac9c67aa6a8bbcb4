package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"riposte.dev/fault"
)

// Retry says how long a delivery is tried. A pause is half of its length plus a random part of the other half, so that
// what failed together is not tried together.
type Retry struct {
	First  time.Duration // before the second attempt; default 5 s; doubles from attempt to attempt
	Max    time.Duration // the longest pause; default 15 min
	GiveUp time.Duration // age at which a failed delivery becomes a dead letter; default 24 h
}

// minAttempts are made at any age: what waited in the queue while riposte itself was down has a chance too.
const minAttempts = 8

func (r Retry) withDefaults() Retry {
	if r.First <= 0 {
		r.First = 5 * time.Second
	}
	if r.Max <= 0 {
		r.Max = 15 * time.Minute
	}
	if r.GiveUp <= 0 {
		r.GiveUp = 24 * time.Hour
	}
	return r
}

// pause returns how long to wait after the given attempt; random is in [0,1).
func (r Retry) pause(attempt int, random float64) time.Duration {
	p := r.First
	for range attempt - 1 {
		if p *= 2; p >= r.Max {
			break
		}
	}
	p = min(p, r.Max)
	return p/2 + time.Duration(random*float64(p/2))
}

// grace is how long an attempt may go on when riposte shuts down: a mail whose acceptance is not awaited is sent twice.
const grace = 5 * time.Second

// deliver brings the deliveries of one channel to an end.
type deliver struct {
	channel Channel
	retry   Retry
	timeout time.Duration
	log     Log
	logger  *slog.Logger
	metrics *metrics
	now     func() time.Time
}

// handle makes one attempt. Its error follows Queue.Work's contract.
func (h *deliver) handle(ctx context.Context, job Job) error {
	var d Delivery
	if err := json.Unmarshal(job.Data, &d); err != nil {
		return fmt.Errorf("%w: not a delivery: %w", ErrGiveUp, err)
	}
	logger := h.logger.With("channel", d.Channel, "delivery", d.ID, "message", d.Message.ID)
	sent, err := h.log.Sent(ctx, d.ID)
	if err != nil {
		logger.Warn("notification log not read; the message may come twice", "err", err)
	}
	if sent {
		h.metrics.duplicates.WithLabelValues(d.Channel).Inc()
		return nil
	}
	begin := h.now()
	err = h.send(ctx, d)
	end := h.now()
	e := d.entry(Sent, end)
	e.Attempt, e.Took = job.Attempt, end.Sub(begin)
	switch {
	case err == nil:
		h.metrics.took.WithLabelValues(d.Channel).Observe(e.Took.Seconds())
		h.metrics.delay.WithLabelValues(d.Channel).Observe(end.Sub(d.Queued).Seconds())
		logger.Info("notification sent", "to", d.To, "attempt", job.Attempt, "took", e.Took)
	case fault.Retryable(err) && (end.Sub(d.Queued) < h.retry.GiveUp || job.Attempt < minAttempts):
		e.Status, e.Error = Retrying, err.Error()
	case fault.Retryable(err):
		err = fmt.Errorf("%w after %d attempts in %s: %w", ErrGiveUp, job.Attempt, end.Sub(d.Queued).Round(time.Second), err)
		e.Status, e.Error = Dead, err.Error()
	default:
		err = fmt.Errorf("%w: %w", ErrGiveUp, err)
		e.Status, e.Error = Dead, err.Error()
	}
	if e.Status == Dead {
		logger.Error("notification not delivered", "to", d.To, "attempt", job.Attempt, "err", err)
	}
	h.metrics.deliveries.WithLabelValues(d.Channel, string(e.Status)).Inc()
	if rerr := h.log.Record(context.WithoutCancel(ctx), e); rerr != nil {
		logger.Warn("notification log not written", "status", e.Status, "err", rerr)
	}
	return err
}

// send calls the channel within the timeout; when ctx ends first, the attempt still has a moment to complete.
func (h *deliver) send(ctx context.Context, d Delivery) error {
	sending, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.timeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(grace):
			cancel()
		case <-sending.Done():
		}
	})
	defer stop()
	return h.channel.Send(sending, d)
}

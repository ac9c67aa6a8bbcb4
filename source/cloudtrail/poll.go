package cloudtrail

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"

	"riposte.dev/event"
	"riposte.dev/fault"
)

const (
	overlap    = 2 * time.Minute // that each look reads again
	deepEvery  = 5 * time.Minute // between looks that read all again that has not settled
	stretch    = time.Hour       // read at once when far behind, oldest stretch first, a checkpoint after each
	keptDays   = 90              // that AWS keeps
	maxSeen    = 200_000         // ids that are remembered
	maxLetter  = 1 << 20         // of a dead letter
	acceptWait = 30 * time.Second
)

// polled is one region of a poller.
type polled struct {
	*Poller
	region string
	deep   time.Time            // of the last deep look
	seen   map[string]time.Time // ids that were accepted lately
}

// look reads what is new in the region, and again what may have come late. The checkpoint is the time up to which
// everything was read that AWS showed; it moves when the events are on disk.
func (r *polled) look(ctx context.Context) error {
	now := r.o.Clock.Now().UTC().Truncate(time.Second)
	from, err := r.begin(ctx, now)
	if err != nil {
		return err
	}
	cfg, err := r.o.AWS(ctx, r.o.Account, r.region)
	if err != nil {
		return err
	}
	reader := Reader{API: cloudtrail.NewFromConfig(cfg), Pace: r.o.Paces.For(r.o.Account, r.region), Clock: r.o.Clock}
	end := now.Add(time.Second)
	for from.Before(end) {
		to := from.Add(stretch)
		if to.After(end) {
			to = end
		}
		if err := reader.Read(ctx, from, to, func(p Page) error {
			r.o.Metrics.calls.WithLabelValues(r.o.Name).Add(float64(p.Calls))
			return r.accept(ctx, p.Events)
		}); err != nil {
			return err
		}
		if err := r.o.Checkpoints.Set(ctx, r.checkpoint(r.region), to.Format(time.RFC3339)); err != nil {
			return fmt.Errorf("keep the place in %s: %w", r.region, err)
		}
		from = to
	}
	r.forget(now)
	return nil
}

// begin is where a look begins.
func (r *polled) begin(ctx context.Context, now time.Time) (time.Time, error) {
	text, known, err := r.o.Checkpoints.Get(ctx, r.checkpoint(r.region))
	if err != nil {
		return time.Time{}, fmt.Errorf("read the place in %s: %w", r.region, err)
	}
	from, readable := parseTime(text)
	if !known || !readable || from.After(now.Add(time.Second)) {
		return now.Add(-r.o.Back), nil
	}
	if now.Sub(r.deep) >= deepEvery {
		r.deep = now
		from = from.Add(-Settled)
	} else {
		from = from.Add(-overlap)
	}
	if oldest := now.AddDate(0, 0, -keptDays); from.Before(oldest) {
		from = oldest
	}
	return from, nil
}

// parseTime reads a checkpoint; one that can't be read is none.
func parseTime(text string) (at time.Time, ok bool) {
	at, err := time.Parse(time.RFC3339, text)
	return at, err == nil
}

// accept hands events on until every one of them is on disk, as an event or as a dead letter.
func (r *polled) accept(ctx context.Context, events []Event) error {
	var envelopes []*event.Envelope
	var waiting []Event
	for _, e := range events {
		if _, seen := r.seen[e.ID]; seen {
			continue
		}
		env, err := event.FromCloudTrail(e.Record)
		if err != nil {
			if err := r.bury(ctx, e, err); err != nil {
				return err
			}
			continue
		}
		envelopes, waiting = append(envelopes, env), append(waiting, e)
	}
	for attempt := 1; len(envelopes) > 0; attempt++ {
		var again []*event.Envelope
		var left []Event
		var trouble error
		for i, err := range r.o.Accept(ctx, envelopes) {
			switch {
			case err == nil:
				r.seen[waiting[i].ID] = waiting[i].Time
				r.o.Metrics.events.WithLabelValues(r.o.Name).Inc()
			case fault.Retryable(err):
				again, left, trouble = append(again, envelopes[i]), append(left, waiting[i]), err
			default:
				if err := r.bury(ctx, waiting[i], err); err != nil {
					return err
				}
			}
		}
		if len(again) == 0 {
			return nil
		}
		r.problem(r.region, fmt.Errorf("%d events wait: %w", len(again), trouble))
		if err := r.o.Clock.Sleep(ctx, min(backoff(attempt), acceptWait)); err != nil {
			return err
		}
		envelopes, waiting = again, left
	}
	return nil
}

func (r *polled) bury(ctx context.Context, e Event, reason error) error {
	err := r.o.Bury(ctx, r.checkpoint(r.region)+"/"+e.ID, reason.Error(), e.Record[:min(len(e.Record), maxLetter)])
	if err != nil {
		return fmt.Errorf("keep the event %s as a dead letter: %w", e.ID, err)
	}
	r.seen[e.ID] = e.Time
	r.o.Metrics.buried.WithLabelValues(r.o.Name).Inc()
	return nil
}

// forget drops the ids that no look will meet again. That too many are dropped where very much happens costs the bus some
// work, no more.
func (r *polled) forget(now time.Time) {
	if len(r.seen) > maxSeen {
		clear(r.seen)
	}
	oldest := now.Add(-Settled - deepEvery - r.o.Every - longestWait)
	for id, at := range r.seen {
		if at.Before(oldest) {
			delete(r.seen, id)
		}
	}
}

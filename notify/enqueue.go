package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"riposte.dev/fault"
)

// enqueue puts each delivery in its channel's queue: one a channel, so that those waiting for a channel that is down
// don't stand before the others.
type enqueue struct {
	queue   Queue
	log     Log
	logger  *slog.Logger
	metrics *metrics
	now     func() time.Time
}

// queueName returns the queue of a channel.
func queueName(channel string) string { return "notify-" + channel }

// Exec returns when every delivery is on disk. After an error the caller tries the whole notice again: the ids are the
// same, so nothing is queued or sent twice.
func (e *enqueue) Exec(ctx context.Context, in []Delivery) ([]Delivery, error) {
	for i := range in {
		d := &in[i]
		sent, err := e.log.Sent(ctx, d.ID)
		if err != nil { // the worker asks again, and rather twice than never
			e.logger.Warn("notification log not read", "delivery", d.ID, "err", err)
		}
		if sent {
			continue
		}
		d.Queued = e.now()
		var data bytes.Buffer
		enc := json.NewEncoder(&data)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(d); err != nil {
			return nil, fault.New(fault.Internal, "encode delivery %s: %w", d.ID, err)
		}
		if err := e.queue.Enqueue(ctx, queueName(d.Channel), d.ID, data.Bytes()); err != nil {
			return nil, fmt.Errorf("queue message %s for %s: %w", d.Message.ID, d.Channel, err)
		}
		e.metrics.deliveries.WithLabelValues(d.Channel, "queued").Inc()
	}
	return in, nil
}

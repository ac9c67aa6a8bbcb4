package kinesis

import (
	"context"
	"time"
)

// firstStart is the time from which shards without a checkpoint are read; zero for everything. It is decided once and
// kept: a shard that was made while riposte was down, before it had a checkpoint, is read from its beginning then.
func (c *Consumer) firstStart(ctx context.Context) (time.Time, error) {
	value, known, err := c.o.Checkpoints.Get(ctx, c.key(""))
	if err != nil {
		return time.Time{}, err
	}
	if from, err := time.Parse(time.RFC3339Nano, value); known && err == nil {
		return from, nil
	}
	var from time.Time
	switch c.o.Start {
	case Latest:
		from = c.o.Now().UTC()
	case AtTimestamp:
		from = c.o.At.UTC()
	}
	return from, c.o.Checkpoints.Set(ctx, c.key(""), from.Format(time.RFC3339Nano))
}

package kinesis

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"golang.org/x/sync/errgroup"

	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// betweenReads keeps a consumer below the five reads a second that a shard allows all its readers together
// (https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html).
const betweenReads = 250 * time.Millisecond

// read reads a shard until it is closed and everything in it was handled (ended), or until it is gone. Its error is the
// end of ctx.
func (c *Consumer) read(ctx context.Context, shard string) (ended bool, err error) {
	defer c.o.Metrics.behind.DeleteLabelValues(c.o.Name, shard)
	for failed := 0; ; {
		progress, ended, err := c.session(ctx, shard)
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		if ended {
			c.health.set(shard, "")
			return true, nil
		}
		if progress {
			failed = 0
		}
		var expired *types.ExpiredIteratorException
		if progress && errors.As(err, &expired) {
			continue // an iterator lives five minutes; the next session begins with a new one
		}
		failed++
		c.fail(shard, err)
		if err := c.o.pause(ctx, failed); err != nil {
			return false, err
		}
		if fault.CodeOf(err) == fault.NotFound { // look whether it is the shard or the stream
			c.health.set(shard, "")
			return false, nil
		}
	}
}

// session reads from the checkpoint on until something fails; progress says that it read at all.
func (c *Consumer) session(ctx context.Context, shard string) (progress, ended bool, err error) {
	client, err := c.connect(ctx)
	if err != nil {
		return false, false, err
	}
	iterator, err := c.iterator(ctx, client, shard)
	if err != nil {
		return false, false, err
	}
	for {
		began := c.o.Now()
		out, err := client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: iterator, Limit: aws.Int32(c.o.Page)})
		if err != nil {
			return progress, false, awscall.Fault(err, "kinesis:GetRecords", "read shard %s of stream %s", shard, c.o.Stream)
		}
		if err := c.page(ctx, shard, out.Records); err != nil {
			return progress, false, err
		}
		progress = true
		iterator = out.NextShardIterator
		checkpoint := ""
		if n := len(out.Records); n > 0 {
			checkpoint = aws.ToString(out.Records[n-1].SequenceNumber)
		}
		if iterator == nil {
			checkpoint = shardEnd
		}
		if checkpoint != "" {
			if err := c.o.Checkpoints.Set(ctx, c.key(shard), checkpoint); err != nil {
				return progress, false, err
			}
		}
		if iterator == nil {
			return progress, true, nil
		}
		c.health.set(shard, "")
		behind := time.Duration(aws.ToInt64(out.MillisBehindLatest)) * time.Millisecond
		c.o.Metrics.behind.WithLabelValues(c.o.Name, shard).Set(behind.Seconds())
		pause := c.o.Interval
		if behind > 0 {
			pause = betweenReads - c.o.Now().Sub(began)
		}
		if err := wait(ctx, pause); err != nil {
			return progress, false, err
		}
	}
}

// iterator begins after the checkpoint, or where the source's first start began. A checkpoint that the stream doesn't
// know, because a new stream has the old one's name, counts for nothing.
func (c *Consumer) iterator(ctx context.Context, client api, shard string) (*string, error) {
	in := &kinesis.GetShardIteratorInput{StreamName: &c.o.Stream, ShardId: &shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon}
	at, known, err := c.o.Checkpoints.Get(ctx, c.key(shard))
	if err != nil {
		return nil, err
	}
	if known {
		in.ShardIteratorType, in.StartingSequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, &at
	} else if !c.from.IsZero() {
		in.ShardIteratorType, in.Timestamp = types.ShardIteratorTypeAtTimestamp, c.from
	}
	out, err := client.GetShardIterator(ctx, in)
	var unknown *types.InvalidArgumentException
	if known && errors.As(err, &unknown) {
		in.ShardIteratorType, in.StartingSequenceNumber = types.ShardIteratorTypeTrimHorizon, nil
		out, err = client.GetShardIterator(ctx, in)
	}
	if err != nil {
		return nil, awscall.Fault(err, "kinesis:GetShardIterator", "find the place in shard %s of stream %s", shard, c.o.Stream)
	}
	return out.ShardIterator, nil
}

// page has every record handled or buried, several side by side.
func (c *Consumer) page(ctx context.Context, shard string, records []types.Record) error {
	var all errgroup.Group
	all.SetLimit(c.o.Workers)
	for _, r := range records {
		all.Go(func() error { return c.record(ctx, shard, r) })
	}
	return all.Wait()
}

// record has one record handled or buried, however long that takes: nothing is read meanwhile, so what can't be stored
// piles up in the stream and not in memory. Its error is the end of ctx.
func (c *Consumer) record(ctx context.Context, shard string, r types.Record) error {
	meta := Meta{Stream: c.o.Stream, Shard: shard, Sequence: aws.ToString(r.SequenceNumber),
		PartitionKey: aws.ToString(r.PartitionKey), Arrived: aws.ToTime(r.ApproximateArrivalTimestamp)}
	for failed := 1; ; failed++ {
		outcome, err := "handled", c.o.Handle(ctx, r.Data, meta)
		if err != nil && !fault.Retryable(err) {
			outcome = "buried"
			key := meta.Stream + "/" + meta.Shard + "/" + meta.Sequence
			err = c.o.Bury(ctx, key, err.Error(), r.Data[:min(len(r.Data), 1<<20)])
		}
		if err == nil {
			c.o.Metrics.records.WithLabelValues(c.o.Name, outcome).Inc()
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.fail(shard, err)
		if err := c.o.pause(ctx, failed); err != nil {
			return err
		}
	}
}

package kinesis

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// api is what a consumer calls of Kinesis.
type api interface {
	ListShards(ctx context.Context, in *kinesis.ListShardsInput, opts ...func(*kinesis.Options)) (*kinesis.ListShardsOutput, error)
	GetShardIterator(ctx context.Context, in *kinesis.GetShardIteratorInput, opts ...func(*kinesis.Options)) (*kinesis.GetShardIteratorOutput, error)
	GetRecords(ctx context.Context, in *kinesis.GetRecordsInput, opts ...func(*kinesis.Options)) (*kinesis.GetRecordsOutput, error)
}

var _ api = (*kinesis.Client)(nil)

// Consumer reads one stream.
type Consumer struct {
	o       Options
	connect func(ctx context.Context) (api, error)
	health  *health
	left    chan departure
	from    *time.Time // where shards without a checkpoint begin; set by Run before it reads any
}

// departure says that a shard is not being read any more.
type departure struct {
	shard string
	ended bool // everything in it was handled
}

// shardEnd is the checkpoint of a closed shard that was read to its end.
const shardEnd = "SHARD_END"

// NewConsumer checks the options. Its error has code fault.Invalid.
func NewConsumer(o Options) (*Consumer, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	c := &Consumer{o: o, left: make(chan departure), health: &health{report: o.Report, problems: map[string]string{}}}
	c.connect = func(ctx context.Context) (api, error) {
		cfg, err := o.AWS(ctx, o.Account, o.Region)
		if err != nil {
			return nil, err
		}
		return kinesis.NewFromConfig(cfg, func(k *kinesis.Options) { k.Region = o.Region }), nil
	}
	return c, nil
}

// Run reads until ctx ends, which is its error. Whatever fails is tried again after a pause that grows to a minute, and
// reported; a shard that fails holds up no other.
func (c *Consumer) Run(ctx context.Context) error {
	var shards sync.WaitGroup
	defer shards.Wait()
	reading, ended := map[string]bool{}, map[string]bool{}
	for failed := 0; ; {
		ready, err := c.look(ctx, reading, ended)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			failed++
			c.fail("", err)
			if err := c.o.pause(ctx, failed); err != nil {
				return err
			}
			continue
		}
		failed = 0
		c.health.set("", "")
		for _, id := range ready {
			reading[id] = true
			shards.Go(func() {
				ended, err := c.read(ctx, id)
				if err != nil {
					return // ctx has ended
				}
				select {
				case c.left <- departure{id, ended}:
				case <-ctx.Done():
				}
			})
		}
		select {
		case d := <-c.left:
			delete(reading, d.shard)
			ended[d.shard] = d.ended
		case <-time.After(c.o.Relist):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// look lists the shards and returns those that can be read now: not being read, not read to the end, and without a parent
// that is still to be read. It notes in ended what the checkpoints say.
func (c *Consumer) look(ctx context.Context, reading, ended map[string]bool) ([]string, error) {
	if c.from == nil {
		from, err := c.firstStart(ctx)
		if err != nil {
			return nil, err
		}
		c.from = &from
	}
	client, err := c.connect(ctx)
	if err != nil {
		return nil, err
	}
	shards, err := c.list(ctx, client)
	if err != nil {
		return nil, err
	}
	listed := map[string]bool{}
	for _, s := range shards {
		id := aws.ToString(s.ShardId)
		listed[id] = true
		if _, known := ended[id]; !known && !reading[id] {
			at, _, err := c.o.Checkpoints.Get(ctx, c.key(id))
			if err != nil {
				return nil, err
			}
			ended[id] = at == shardEnd
		}
	}
	var ready []string
	for _, s := range shards {
		waits := false
		for _, parent := range []*string{s.ParentShardId, s.AdjacentParentShardId} {
			id := aws.ToString(parent)
			waits = waits || listed[id] && !ended[id] // a parent that isn't listed has expired
		}
		if id := aws.ToString(s.ShardId); !waits && !reading[id] && !ended[id] {
			ready = append(ready, id)
		}
	}
	return ready, nil
}

func (c *Consumer) list(ctx context.Context, client api) ([]types.Shard, error) {
	var shards []types.Shard
	for in := (&kinesis.ListShardsInput{StreamName: &c.o.Stream}); ; {
		out, err := client.ListShards(ctx, in)
		if err != nil {
			err = awscall.Fault(err, "kinesis:ListShards", "list the shards of stream %s/%s/%s", c.o.Account, c.o.Region, c.o.Stream)
			if fault.CodeOf(err) == fault.NotFound {
				err = fault.New(fault.NotFound, "stream %s does not exist in %s: %w", c.o.Stream, c.o.Region, err).
					WithHint("`aws kinesis list-streams --region %s` lists the streams; correct the source's configuration", c.o.Region)
			}
			return nil, err
		}
		shards = append(shards, out.Shards...)
		if aws.ToString(out.NextToken) == "" {
			return shards, nil
		}
		in = &kinesis.ListShardsInput{NextToken: out.NextToken}
	}
}

func (c *Consumer) fail(part string, err error) {
	c.o.Metrics.failures.WithLabelValues(c.o.Name, string(fault.CodeOf(err))).Inc()
	c.health.set(part, err.Error())
}

// key is under which a shard's checkpoint is kept, and with shard "" where the first start began.
func (c *Consumer) key(shard string) string {
	return "source/kinesis/" + c.o.Account + "/" + c.o.Region + "/" + c.o.Stream + "/" + shard
}

package kinesis

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"riposte.dev/fault"
	"riposte.dev/source/sourcetest"
)

// split is a stream whose shard p was split into a and b, which were merged into m; of g's parent nothing is left. Each
// shard but the last has one record and is closed. An iterator is a shard's name and a position.
type split struct {
	mu   sync.Mutex
	gets []string // in the order of the first read
}

var parents = map[string][2]string{"p": {}, "a": {"p", ""}, "b": {"p", ""}, "m": {"a", "b"}, "g": {"expired", ""}}

func (s *split) ListShards(_ context.Context, in *kinesis.ListShardsInput, _ ...func(*kinesis.Options)) (*kinesis.ListShardsOutput, error) {
	out := &kinesis.ListShardsOutput{}
	names := []string{"m", "a", "g"}
	if in.NextToken != nil {
		names = []string{"b", "p"}
	} else {
		out.NextToken = aws.String("more")
	}
	for _, name := range names {
		shard := types.Shard{ShardId: aws.String(name)}
		if p := parents[name]; p[0] != "" {
			shard.ParentShardId = aws.String(p[0])
			if p[1] != "" {
				shard.AdjacentParentShardId = aws.String(p[1])
			}
		}
		out.Shards = append(out.Shards, shard)
	}
	return out, nil
}

func (s *split) GetShardIterator(_ context.Context, in *kinesis.GetShardIteratorInput, _ ...func(*kinesis.Options)) (*kinesis.GetShardIteratorOutput, error) {
	if in.ShardIteratorType == types.ShardIteratorTypeAfterSequenceNumber {
		return nil, &types.InvalidArgumentException{Message: aws.String("not of this stream")}
	}
	return &kinesis.GetShardIteratorOutput{ShardIterator: aws.String(*in.ShardId + "/0")}, nil
}

func (s *split) GetRecords(_ context.Context, in *kinesis.GetRecordsInput, _ ...func(*kinesis.Options)) (*kinesis.GetRecordsOutput, error) {
	name, position, _ := strings.Cut(*in.ShardIterator, "/")
	if position == "1" {
		return &kinesis.GetRecordsOutput{NextShardIterator: in.ShardIterator}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gets = append(s.gets, name)
	out := &kinesis.GetRecordsOutput{Records: []types.Record{{SequenceNumber: aws.String("1"), Data: []byte(name)}}}
	if name == "m" {
		out.NextShardIterator = aws.String(name + "/1")
	}
	return out, nil
}

func (s *split) place(name string) int {
	for i, n := range s.gets {
		if n == name {
			return i
		}
	}
	return -1
}

func TestChildrenComeAfterTheirParents(t *testing.T) {
	w := newWorld(t, 1)
	stream := &split{}
	c, err := NewConsumer(w.options(t))
	if err != nil {
		t.Fatal(err)
	}
	c.connect = func(context.Context) (api, error) { return stream, nil }
	stop := sourcetest.Run(t, c.Run)
	w.Await(t, "the last shard has a checkpoint", func() bool { return w.Kept[c.key("m")] == "1" && w.Kept[c.key("g")] != "" })
	stop()
	if len(w.handled) != 5 {
		t.Errorf("handled %v", w.handled)
	}
	for _, pair := range []string{"p a", "p b", "a m", "b m"} {
		parent, child, _ := strings.Cut(pair, " ")
		if stream.place(parent) > stream.place(child) {
			t.Errorf("%s was read before %s: %v", child, parent, stream.gets)
		}
	}
	for _, closed := range []string{"p", "a", "b", "g"} {
		if w.Kept[c.key(closed)] != shardEnd {
			t.Errorf("checkpoint of %s is %q", closed, w.Kept[c.key(closed)])
		}
	}

	// After a restart the closed shards are not read again. What the stream doesn't know any more is read from its beginning.
	stream.gets = nil
	again, err := NewConsumer(w.options(t))
	if err != nil {
		t.Fatal(err)
	}
	again.connect = c.connect
	sourcetest.Run(t, again.Run)
	w.Await(t, "the open shard is read again", func() bool { return w.handled["m"] == 2 })
	stream.mu.Lock()
	defer stream.mu.Unlock()
	if fmt.Sprint(stream.gets) != "[m]" {
		t.Errorf("read again: %v", stream.gets)
	}
}

func TestNewConsumerRefuses(t *testing.T) {
	w := newWorld(t, 1)
	for name, change := range map[string]func(*Options){
		"no stream":   func(o *Options) { o.Stream = "" },
		"no region":   func(o *Options) { o.Region = "" },
		"no handle":   func(o *Options) { o.Handle = nil },
		"no such":     func(o *Options) { o.Start = "EARLIEST" },
		"at no time":  func(o *Options) { o.Start = AtTimestamp },
		"without AWS": func(o *Options) { o.AWS = nil },
	} {
		o := w.options(t)
		change(&o)
		if _, err := NewConsumer(o); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

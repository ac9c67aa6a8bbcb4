package sandbox

import (
	"strings"

	"riposte.dev/sandbox/wire"
)

// kinesisService answers for data streams
// (https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Operations.html).
// Streams are ACTIVE at once; their shards are never split or merged. Actions are
// those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonkinesisdatastreams.html.
func kinesisService() *service {
	of := func(name string, handle func(*call) (wire.Object, error)) operation {
		return operation{name: name, resources: kinesisStreamOfInput, handle: handle}
	}
	data := func(name string, handle func(*call) (wire.Object, error)) operation {
		op := of(name, handle)
		op.data = true
		return op
	}
	return &service{
		name: "kinesis", prefix: "kinesis",
		operations: []operation{
			of("CreateStream", createStream),
			of("DeleteStream", deleteStream),
			of("DescribeStream", describeStream),
			of("DescribeStreamSummary", describeStreamSummary),
			{name: "ListStreams", handle: listStreams},
			of("ListShards", listShards),
			data("PutRecord", putKinesisRecord),
			data("PutRecords", putKinesisRecords),
			data("GetShardIterator", getShardIterator),
			data("GetRecords", getKinesisRecords),
		},
		setup: func(s *Sandbox) { s.receiver("kinesis", s.takeKinesis) },
	}
}

// kinesisStreamName is the stream that the input is about: by its name, or by
// what a token or an iterator says.
func (c *call) kinesisStreamName() string {
	if it, err := parseIterator(c.in.str("ShardIterator")); err == nil && c.in.has("ShardIterator") {
		return it.Stream
	}
	if name, _, ok := strings.Cut(c.in.str("NextToken"), "/"); ok {
		return name
	}
	return c.in.str("StreamName")
}

func kinesisStreamOfInput(c *call) []string {
	return []string{c.arn("stream/" + c.kinesisStreamName())}
}

func (c *call) kinesisStreams() *kinesisStreams {
	return stateOf(c, stateKey{"kinesis", c.account.id, c.region}, newKinesisStreams)
}

// kinesisStream is the stream that the input is about.
func (c *call) kinesisStream() (*kinesisStream, error) {
	name := c.kinesisStreamName()
	st := c.kinesisStreams().byName[name]
	if st == nil {
		return nil, wire.Errorf("ResourceNotFoundException", "Stream %s under account %s not found.", name, c.account.id)
	}
	return st, nil
}

func invalidArgument(format string, args ...any) *wire.Error {
	return wire.Errorf("InvalidArgumentException", format, args...)
}

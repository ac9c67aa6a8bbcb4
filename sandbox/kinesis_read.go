package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"time"

	"riposte.dev/sandbox/wire"
)

// The read limits of a shard, in a second, and of an answer.
const (
	shardReads      = 5
	shardReadBytes  = 2 << 20
	maxReadAnswer   = 10 << 20
	iteratorExpires = 5 * time.Minute
)

// iterator is what a shard iterator says: the next position in a shard.
type iterator struct {
	Stream   string    `json:"s"`
	Created  time.Time `json:"c"` // of the stream: another of the same name is another
	Shard    string    `json:"h"`
	Position int64     `json:"p"`
	Issued   time.Time `json:"i"`
}

func (it iterator) String() string {
	text, err := json.Marshal(it)
	if err != nil {
		return "" // no member can fail
	}
	return "AAAAAAAAAA" + base64.RawURLEncoding.EncodeToString(text)
}

func parseIterator(s string) (iterator, error) {
	var it iterator
	if len(s) < 10 {
		return it, errors.New("it is too short")
	}
	text, err := base64.RawURLEncoding.DecodeString(s[10:])
	if err != nil {
		return it, fmt.Errorf("it is not base64: %w", err)
	}
	if err := json.Unmarshal(text, &it); err != nil || it.Position < 0 {
		return it, errors.New("it says no position")
	}
	return it, nil
}

func getShardIterator(c *call) (wire.Object, error) {
	st, err := c.kinesisStream()
	if err != nil {
		return nil, err
	}
	sh := st.shard(c.in.str("ShardId"))
	if sh == nil {
		return nil, wire.Errorf("ResourceNotFoundException", "Shard %s in stream %s under account %s does not exist", c.in.str("ShardId"), st.name, st.account)
	}
	position, err := c.startPosition(st, sh)
	if err != nil {
		return nil, err
	}
	it := iterator{Stream: st.name, Created: st.created, Shard: sh.id, Position: position, Issued: c.time.UTC()}
	return wire.Object{"ShardIterator": it.String()}, nil
}

// startPosition is where an iterator of the asked type begins.
func (c *call) startPosition(st *kinesisStream, sh *shard) (int64, error) {
	kind, sequence := c.in.str("ShardIteratorType"), c.in.str("StartingSequenceNumber")
	switch kind {
	case "LATEST":
		return sh.end(), nil
	case "AT_TIMESTAMP":
		from, ok := c.in.time("Timestamp")
		if !ok {
			return 0, invalidArgument("Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. Current request has no timestamp parameter.")
		}
		if from.After(c.time.Add(time.Second)) {
			return 0, invalidArgument("The timestampInMillis parameter cannot be greater than the currentTimestampInMillis.")
		}
		i := sort.Search(len(sh.records), func(i int) bool { return !sh.records[i].arrived.Before(from) })
		return sh.trimmed + int64(i), nil
	case "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER":
		if sequence == "" {
			return 0, invalidArgument("Must specify startingSequenceNumber parameter for iterator of type %s. Current request has no startingSequenceNumber parameter.", kind)
		}
		if !sh.owns(sequence) {
			return 0, invalidArgument("StartingSequenceNumber %s used in GetShardIterator on shard %s in stream %s under account %s is invalid because it did not come from this stream.", sequence, sh.id, st.name, st.account)
		}
		i := sort.Search(len(sh.records), func(i int) bool {
			if kind == "AT_SEQUENCE_NUMBER" {
				return sh.records[i].sequence >= sequence
			}
			return sh.records[i].sequence > sequence
		})
		return sh.trimmed + int64(i), nil
	}
	return sh.trimmed, nil // TRIM_HORIZON
}

// iteratorPosition is the stream and shard of the input's iterator.
func (c *call) iteratorPosition() (iterator, *kinesisStream, *shard, error) {
	it, err := parseIterator(c.in.str("ShardIterator"))
	if err != nil {
		return it, nil, nil, invalidArgument("Invalid ShardIterator.")
	}
	st, err := c.kinesisStream()
	if err != nil {
		return it, nil, nil, err
	}
	sh := st.shard(it.Shard)
	if sh == nil || !it.Created.Equal(st.created) {
		return it, nil, nil, wire.Errorf("ResourceNotFoundException", "Shard %s in stream %s under account %s does not exist", it.Shard, st.name, st.account)
	}
	if c.time.Sub(it.Issued) >= iteratorExpires {
		return it, nil, nil, wire.Errorf("ExpiredIteratorException",
			"Iterator expired. The iterator was created at time %s while right now it is %s which is further in the future than the tolerated delay of %d milliseconds.",
			it.Issued.Format(time.UnixDate), c.time.UTC().Format(time.UnixDate), iteratorExpires.Milliseconds())
	}
	return it, st, sh, nil
}

func getKinesisRecords(c *call) (wire.Object, error) {
	it, st, sh, err := c.iteratorPosition()
	if err != nil {
		return nil, err
	}
	sh.trim(c.time)
	first := min(max(it.Position-sh.trimmed, 0), int64(len(sh.records)))
	page, size := sh.records[first:], 0
	page = page[:min(len(page), c.in.number("Limit", 10_000))]
	for i, r := range page {
		if size += len(r.data) + len(r.key); size > maxReadAnswer {
			page = page[:i]
			break
		}
	}
	if c.sb.opts.Throttle && !sh.reads.take(c.time, 1, shardReads, size, shardReadBytes) {
		return nil, st.throttled(sh)
	}
	next := first + int64(len(page))
	behind := time.Duration(0)
	if next < int64(len(sh.records)) {
		behind = max(c.time.Sub(sh.records[next].arrived), time.Millisecond)
	}
	it.Position, it.Issued = sh.trimmed+next, c.time.UTC()
	return wire.Object{
		"NextShardIterator": it.String(), "MillisBehindLatest": behind.Milliseconds(),
		"Records": list(page, func(r kinesisRecord) any {
			return wire.Object{
				"SequenceNumber": r.sequence, "PartitionKey": r.key, "Data": r.data, "ApproximateArrivalTimestamp": r.arrived,
			}
		}),
	}, nil
}

package sandbox

import (
	"crypto/md5" //nolint:gosec // Kinesis hashes partition keys by MD5
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Bounds of Kinesis
// (https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html)
// and, for what a shard holds, of the sandbox.
const (
	kinesisRetention  = 24 * time.Hour
	maxKinesisRecord  = 1 << 20
	maxShardBytes     = 64 << 20
	maxShardsOfRegion = 500
	onDemandShards    = 4
)

// kinesisStreams are the streams of an account in a region.
type kinesisStreams struct{ byName map[string]*kinesisStream }

type kinesisStream struct {
	account, region, name string
	created               time.Time
	onDemand              bool
	shards                []*shard
}

// shard is a part of a stream: the keys whose hash lies between low and high,
// both inclusive.
type shard struct {
	id, prefix string // prefix begins all its sequence numbers
	low, high  *big.Int
	records    []kinesisRecord
	trimmed    int64 // how many records lie before the first of records
	size       int   // of all data, in bytes
	reads      meter
	writes     meter
}

type kinesisRecord struct {
	sequence, key string
	data          []byte
	arrived       time.Time
}

// meter counts what passed within the second that began at since.
type meter struct {
	since        time.Time
	calls, bytes int
}

func newKinesisStreams() *kinesisStreams { return &kinesisStreams{byName: map[string]*kinesisStream{}} }

func (s *kinesisStreams) clone() stater {
	out := newKinesisStreams()
	for name, st := range s.byName {
		c := *st
		c.shards = nil
		for _, sh := range st.shards {
			copied := *sh // a record never changes
			copied.records = slices.Clone(sh.records)
			c.shards = append(c.shards, &copied)
		}
		out.byName[name] = &c
	}
	return out
}

func (s *Sandbox) newKinesisStream(account, region, name string, shards int) *kinesisStream {
	now := s.opts.Clock.Now().UTC()
	st := &kinesisStream{account: account, region: region, name: name, created: now}
	width := new(big.Int).Div(hashKeys(), big.NewInt(int64(shards)))
	for i := range shards {
		low := new(big.Int).Mul(width, big.NewInt(int64(i)))
		high := new(big.Int).Add(low, width)
		if i == shards-1 {
			high = hashKeys()
		}
		st.shards = append(st.shards, &shard{
			id: fmt.Sprintf("shardId-%012d", i), prefix: fmt.Sprintf("49%019d%05d", now.UnixNano(), i),
			low: low, high: high.Sub(high, big.NewInt(1)),
		})
	}
	return st
}

// hashKeys is how many hash keys there are: 2 to the 128.
func hashKeys() *big.Int { return new(big.Int).Lsh(big.NewInt(1), 128) }

func (st *kinesisStream) arn() string {
	return arn("kinesis", st.region, st.account, "stream/"+st.name)
}

func (st *kinesisStream) shard(id string) *shard {
	for _, sh := range st.shards {
		if sh.id == id {
			return sh
		}
	}
	return nil
}

// shardOf is the shard of a partition key, or of an explicit hash key.
func (st *kinesisStream) shardOf(key, explicit string) (*shard, error) {
	hash := new(big.Int)
	if explicit != "" {
		if _, ok := hash.SetString(explicit, 10); !ok || hash.Cmp(hashKeys()) >= 0 {
			return nil, errors.New("an explicit hash key lies between 0 and 2^128 - 1")
		}
	} else {
		sum := md5.Sum([]byte(key))
		hash.SetBytes(sum[:])
	}
	i, _ := slices.BinarySearchFunc(st.shards, hash, func(sh *shard, h *big.Int) int { return sh.high.Cmp(h) })
	return st.shards[i], nil
}

// sequence is the number of the n-th record of a shard: 56 digits, so that
// numbers of a shard compare as texts.
func (sh *shard) sequence(n int64) string { return fmt.Sprintf("%s%030d", sh.prefix, n) }

// owns says whether a sequence number is one that this shard gives out.
func (sh *shard) owns(sequence string) bool {
	return len(sequence) == 56 && strings.HasPrefix(sequence, sh.prefix)
}

// end is the position behind the last record.
func (sh *shard) end() int64 { return sh.trimmed + int64(len(sh.records)) }

// add appends a record and returns its sequence number.
func (sh *shard) add(key string, data []byte, now time.Time) string {
	r := kinesisRecord{sequence: sh.sequence(sh.end()), key: key, data: slices.Clone(data), arrived: now}
	sh.records = append(sh.records, r)
	sh.size += len(data)
	sh.trim(now)
	return r.sequence
}

// trim drops what is past its retention, and the oldest of more than a shard
// of the sandbox holds.
func (sh *shard) trim(now time.Time) {
	n := 0
	for n < len(sh.records) && (now.Sub(sh.records[n].arrived) >= kinesisRetention || sh.size > maxShardBytes) {
		sh.size -= len(sh.records[n].data)
		n++
	}
	sh.records = sh.records[n:]
	sh.trimmed += int64(n)
}

// take counts one more passage unless there were too many in this second.
func (m *meter) take(now time.Time, calls, maxCalls, bytes, maxBytes int) bool {
	if now.Sub(m.since) >= time.Second {
		*m = meter{since: now}
	}
	if m.calls+calls > maxCalls || m.bytes > 0 && m.bytes+bytes > maxBytes {
		return false
	}
	m.calls += calls
	m.bytes += bytes
	return true
}

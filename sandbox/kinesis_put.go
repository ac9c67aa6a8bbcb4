package sandbox

import (
	"errors"

	"riposte.dev/sandbox/wire"
)

// The write limits of a shard, in a second, and of a request.
const (
	shardWrites       = 1000
	shardWriteBytes   = 1 << 20
	maxKinesisRequest = 5 << 20
)

func putKinesisRecord(c *call) (wire.Object, error) {
	st, err := c.kinesisStream()
	if err != nil {
		return nil, err
	}
	data, _ := c.in["Data"].([]byte)
	sh, sequence, err := c.sb.putKinesis(st, c.in.str("PartitionKey"), c.in.str("ExplicitHashKey"), data)
	if err != nil {
		return nil, err
	}
	return wire.Object{"ShardId": sh.id, "SequenceNumber": sequence}, nil
}

// putKinesisRecords takes records one by one: some may be refused.
func putKinesisRecords(c *call) (wire.Object, error) {
	st, err := c.kinesisStream()
	if err != nil {
		return nil, err
	}
	records, size := c.in.objects("Records"), 0
	for _, r := range records {
		data, _ := r["Data"].([]byte)
		size += len(data) + len(r.str("PartitionKey"))
		if _, err := st.shardOf(r.str("PartitionKey"), r.str("ExplicitHashKey")); err != nil {
			return nil, invalidArgument("%v", err)
		}
	}
	if size > maxKinesisRequest {
		return nil, invalidArgument("Records size exceeds 5 MB limit")
	}
	failed := 0
	results := list(records, func(r input) any {
		data, _ := r["Data"].([]byte)
		sh, sequence, err := c.sb.putKinesis(st, r.str("PartitionKey"), r.str("ExplicitHashKey"), data)
		var refused *wire.Error
		if errors.As(err, &refused) {
			failed++
			return wire.Object{"ErrorCode": refused.Code, "ErrorMessage": refused.Message}
		}
		return wire.Object{"ShardId": sh.id, "SequenceNumber": sequence}
	})
	return wire.Object{"FailedRecordCount": int64(failed), "Records": results}, nil
}

// putKinesis puts a record into the shard of its key. The lock is held.
func (s *Sandbox) putKinesis(st *kinesisStream, key, explicit string, data []byte) (*shard, string, error) {
	sh, err := st.shardOf(key, explicit)
	if err != nil {
		return nil, "", invalidArgument("%v", err)
	}
	if len(data)+len(key) > maxKinesisRecord {
		return nil, "", invalidArgument("Record size exceeds 1 MB limit")
	}
	now := s.opts.Clock.Now()
	if s.opts.Throttle && !sh.writes.take(now, 1, shardWrites, len(data)+len(key), shardWriteBytes) {
		return nil, "", st.throttled(sh)
	}
	return sh, sh.add(key, data, now), nil
}

const exceeded = "ProvisionedThroughputExceededException"

// throttled is the refusal of more than a shard takes in a second.
func (st *kinesisStream) throttled(sh *shard) *wire.Error {
	return wire.Errorf(exceeded, "Rate exceeded for shard %s in stream %s under account %s.", sh.id, st.name, st.account)
}

// takeKinesis takes what another service delivers to a stream. The lock is held.
func (s *Sandbox) takeKinesis(d delivery) error {
	st := s.streamAt(d.arn)
	if st == nil {
		return refused("NO_RESOURCE", "there is no stream %s", d.arn)
	}
	if err := s.permits(d.from, "kinesis:PutRecord", d.arn, nil); err != nil {
		return err
	}
	_, _, err := s.putKinesis(st, orElse(d.partitionKey, s.newUUID()), "", d.payload)
	var limit *wire.Error
	if errors.As(err, &limit) {
		return &undelivered{code: limit.Code, message: limit.Message, passing: limit.Code == exceeded}
	}
	return err
}

// streamAt is the present stream with an ARN, nil without.
func (s *Sandbox) streamAt(streamARN string) *kinesisStream {
	region, account, name, ok := cutARN(streamARN, "kinesis", "stream/")
	if !ok || s.accounts[account] == nil {
		return nil
	}
	return liveState(s, stateKey{"kinesis", account, region}, newKinesisStreams).byName[name]
}

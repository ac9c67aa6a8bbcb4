package sandbox

import (
	"maps"
	"slices"
	"strings"

	"riposte.dev/sandbox/wire"
)

func createStream(c *call) (wire.Object, error) {
	name, all := c.in.str("StreamName"), c.kinesisStreams()
	if all.byName[name] != nil {
		return nil, wire.Errorf("ResourceInUseException", "Stream %s under account %s already exists.", name, c.account.id)
	}
	onDemand := c.in.object("StreamModeDetails").str("StreamMode") == "ON_DEMAND"
	count := c.in.number("ShardCount", 0)
	switch {
	case onDemand && count > 0:
		return nil, c.fail(wire.Invalid, "ShardCount must not be set for a stream of the mode ON_DEMAND.")
	case onDemand:
		count = onDemandShards
	case count == 0:
		return nil, c.fail(wire.Invalid, "ShardCount must be set for a stream of the mode PROVISIONED.")
	}
	open := count
	for _, st := range all.byName {
		open += len(st.shards)
	}
	if open > maxShardsOfRegion {
		return nil, wire.Errorf("LimitExceededException", "This request would exceed the shard limit for the account %s in %s. Limit: %d.", c.account.id, c.region, maxShardsOfRegion)
	}
	st := c.sb.newKinesisStream(c.account.id, c.region, name, count)
	st.onDemand = onDemand
	all.byName[name] = st
	c.subject("AWS::Kinesis::Stream", name)
	return nil, nil
}

func deleteStream(c *call) (wire.Object, error) {
	st, err := c.kinesisStream()
	if err != nil {
		return nil, err
	}
	delete(c.kinesisStreams().byName, st.name)
	c.subject("AWS::Kinesis::Stream", st.name)
	return nil, nil
}

// describe has the members that a stream's description and summary share.
func (st *kinesisStream) describe() wire.Object {
	mode := "PROVISIONED"
	if st.onDemand {
		mode = "ON_DEMAND"
	}
	return wire.Object{
		"StreamName": st.name, "StreamARN": st.arn(), "StreamStatus": "ACTIVE", "StreamModeDetails": wire.Object{"StreamMode": mode},
		"RetentionPeriodHours": int64(kinesisRetention.Hours()), "StreamCreationTimestamp": st.created,
		"EnhancedMonitoring": wire.List{wire.Object{"ShardLevelMetrics": wire.List{}}}, "EncryptionType": "NONE",
	}
}

func (sh *shard) describe() any {
	return wire.Object{
		"ShardId": sh.id, "HashKeyRange": wire.Object{"StartingHashKey": sh.low.String(), "EndingHashKey": sh.high.String()},
		"SequenceNumberRange": wire.Object{"StartingSequenceNumber": sh.sequence(0)},
	}
}

func describeStream(c *call) (wire.Object, error) {
	st, err := c.kinesisStream()
	if err != nil {
		return nil, err
	}
	rest := shardsAfter(st, c.in.str("ExclusiveStartShardId"))
	page := rest[:min(len(rest), c.in.number("Limit", 100))]
	out := st.describe()
	out["Shards"], out["HasMoreShards"] = list(page, (*shard).describe), len(page) < len(rest)
	return wire.Object{"StreamDescription": out}, nil
}

func describeStreamSummary(c *call) (wire.Object, error) {
	st, err := c.kinesisStream()
	if err != nil {
		return nil, err
	}
	out := st.describe()
	out["OpenShardCount"], out["ConsumerCount"] = int64(len(st.shards)), int64(0)
	return wire.Object{"StreamDescriptionSummary": out}, nil
}

func listStreams(c *call) (wire.Object, error) {
	var after []string
	for _, name := range slices.Sorted(maps.Keys(c.kinesisStreams().byName)) {
		if name > c.in.str("ExclusiveStartStreamName") {
			after = append(after, name)
		}
	}
	page := after[:min(len(after), c.in.number("Limit", 100))]
	return wire.Object{"StreamNames": strList(page), "HasMoreStreams": len(page) < len(after)}, nil
}

// shardsAfter are the shards behind one; all behind none.
func shardsAfter(st *kinesisStream, id string) []*shard {
	i := slices.IndexFunc(st.shards, func(sh *shard) bool { return sh.id > id })
	if i < 0 {
		return nil
	}
	return st.shards[i:]
}

// listShards lists the shards of a stream. As none is ever closed, all types of
// ShardFilter but AFTER_SHARD_ID mean all shards.
func listShards(c *call) (wire.Object, error) {
	token := c.in.str("NextToken")
	switch {
	case token != "" && (c.in.has("StreamName") || c.in.has("ExclusiveStartShardId")):
		return nil, invalidArgument("NextToken and StreamName cannot be provided together.")
	case token == "" && !c.in.has("StreamName"):
		return nil, invalidArgument("Either NextToken or StreamName should be provided.")
	}
	st, err := c.kinesisStream()
	if err != nil {
		return nil, err
	}
	start, filter := c.in.str("ExclusiveStartShardId"), c.in.object("ShardFilter")
	switch kind := filter.str("Type"); {
	case kind == "AFTER_SHARD_ID":
		start = filter.str("ShardId")
	case strings.HasSuffix(kind, "_TIMESTAMP") && !filter.has("Timestamp"):
		return nil, invalidArgument("Timestamp must be provided for the shard filter type %s.", kind)
	}
	// A token is the stream's name and the last shard of the page before.
	if _, last, ok := strings.Cut(token, "/"); ok {
		start = last
	}
	shards := shardsAfter(st, start)
	page := shards[:min(len(shards), c.in.number("MaxResults", 1000))]
	out := wire.Object{"Shards": list(page, (*shard).describe)}
	if len(page) < len(shards) {
		out["NextToken"] = st.name + "/" + page[len(page)-1].id
	}
	return out, nil
}

package sandbox_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"riposte.dev/sandbox"
)

func (w *world) kinesis(keys sandbox.Keys) *kinesis.Client {
	return kinesis.NewFromConfig(w.config(keys, "us-east-1"))
}

func makeStream(t *testing.T, client *kinesis.Client, name string, shards int32) string {
	t.Helper()
	if _, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: &name, ShardCount: &shards}); err != nil {
		t.Fatal(err)
	}
	out, err := client.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return *out.StreamDescriptionSummary.StreamARN
}

func putData(t *testing.T, client *kinesis.Client, stream, key, data string) *kinesis.PutRecordOutput {
	t.Helper()
	out, err := client.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: &stream, PartitionKey: &key, Data: []byte(data)})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func shardIterator(t *testing.T, client *kinesis.Client, in *kinesis.GetShardIteratorInput) *string {
	t.Helper()
	if in.ShardId == nil {
		in.ShardId = aws.String("shardId-000000000000")
	}
	out, err := client.GetShardIterator(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out.ShardIterator
}

// readShard returns what an iterator reads, and the next one.
func readShard(t *testing.T, client *kinesis.Client, it *string) ([]string, *kinesis.GetRecordsOutput) {
	t.Helper()
	out, err := client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: it})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range out.Records {
		got = append(got, string(r.Data))
	}
	return got, out
}

func TestStreamLife(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := w.kinesis(w.root)
	if arn := makeStream(t, client, "s", 3); arn != "arn:aws:kinesis:us-east-1:111122223333:stream/s" {
		t.Errorf("ARN is %s", arn)
	}
	_, err := client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("s"), ShardCount: aws.Int32(1)})
	wantCode(t, err, "ResourceInUseException")
	_, err = client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("t")})
	wantCode(t, err, "ValidationException")
	_, err = client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("t"), ShardCount: aws.Int32(498)})
	wantCode(t, err, "LimitExceededException")
	var shards []types.Shard
	for in := (&kinesis.ListShardsInput{StreamName: aws.String("s"), MaxResults: aws.Int32(2)}); in != nil; {
		page, err := client.ListShards(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		shards, in = append(shards, page.Shards...), nil
		if page.NextToken != nil {
			in = &kinesis.ListShardsInput{NextToken: page.NextToken}
		}
	}
	if len(shards) != 3 || *shards[0].HashKeyRange.StartingHashKey != "0" || *shards[2].HashKeyRange.EndingHashKey != "340282366920938463463374607431768211455" {
		t.Errorf("shards are %+v", shards)
	}
	described, err := client.DescribeStream(ctx, &kinesis.DescribeStreamInput{StreamName: aws.String("s"), Limit: aws.Int32(2)})
	if d := described.StreamDescription; err != nil || d.StreamStatus != types.StreamStatusActive || len(d.Shards) != 2 || !*d.HasMoreShards {
		t.Errorf("described %+v, %v", described, err)
	}
	names, err := client.ListStreams(ctx, nil)
	if err != nil || len(names.StreamNames) != 1 {
		t.Errorf("listed %+v, %v", names, err)
	}
	if _, err := client.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: aws.String("s")}); err != nil {
		t.Fatal(err)
	}
	_, err = client.DescribeStream(ctx, &kinesis.DescribeStreamInput{StreamName: aws.String("s")})
	wantCode(t, err, "ResourceNotFoundException")
}

func TestShardIterators(t *testing.T) {
	clock := newClock()
	w, ctx := newWorld(t, sandbox.Options{Clock: clock}), t.Context()
	client := w.kinesis(w.root)
	makeStream(t, client, "s", 1)
	var sequences []*string
	var times []time.Time
	for i := range 4 {
		clock.advance(time.Second)
		times = append(times, clock.Now())
		sequences = append(sequences, putData(t, client, "s", "k", fmt.Sprint(i)).SequenceNumber)
	}
	clock.advance(time.Second)
	name := aws.String("s")
	for _, tc := range []struct {
		in   kinesis.GetShardIteratorInput
		want string
	}{
		{kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeTrimHorizon}, "[0 1 2 3]"},
		{kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeLatest}, "[]"},
		{kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeAtSequenceNumber, StartingSequenceNumber: sequences[2]}, "[2 3]"},
		{kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeAfterSequenceNumber, StartingSequenceNumber: sequences[2]}, "[3]"},
		{kinesis.GetShardIteratorInput{ShardIteratorType: types.ShardIteratorTypeAtTimestamp, Timestamp: &times[1]}, "[1 2 3]"},
	} {
		t.Run(string(tc.in.ShardIteratorType), func(t *testing.T) {
			tc.in.StreamName = name
			if got, _ := readShard(t, client, shardIterator(t, client, &tc.in)); fmt.Sprint(got) != tc.want {
				t.Errorf("read %v, want %s", got, tc.want)
			}
		})
	}
	latest := shardIterator(t, client, &kinesis.GetShardIteratorInput{StreamName: name, ShardIteratorType: types.ShardIteratorTypeLatest})
	putData(t, client, "s", "k", "new")
	got, out := readShard(t, client, latest)
	if fmt.Sprint(got) != "[new]" || *out.MillisBehindLatest != 0 {
		t.Errorf("read %v, %d ms behind", got, *out.MillisBehindLatest)
	}
	if again, _ := readShard(t, client, out.NextShardIterator); len(again) != 0 {
		t.Errorf("read again: %v", again)
	}
	begin := shardIterator(t, client, &kinesis.GetShardIteratorInput{StreamName: name, ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
	page, err := client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: begin, Limit: aws.Int32(2)})
	if err != nil || len(page.Records) != 2 || *page.MillisBehindLatest != 2000 {
		t.Errorf("with a limit, read %d, %d ms behind, %v", len(page.Records), *page.MillisBehindLatest, err)
	}
	_, err = client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{StreamName: name, ShardId: aws.String("shardId-000000000000"), ShardIteratorType: types.ShardIteratorTypeAtSequenceNumber, StartingSequenceNumber: aws.String("17")})
	wantCode(t, err, "InvalidArgumentException")
	_, err = client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{StreamName: name, ShardId: aws.String("shardId-000000000009"), ShardIteratorType: types.ShardIteratorTypeLatest})
	wantCode(t, err, "ResourceNotFoundException")
	_, err = client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: aws.String("nonsense")})
	wantCode(t, err, "InvalidArgumentException")
	clock.advance(5 * time.Minute)
	_, err = client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: begin})
	wantCode(t, err, "ExpiredIteratorException")
	clock.advance(24 * time.Hour)
	// From the refusal the SDK learns the new time.
	_, err = client.ListStreams(ctx, nil)
	wantCode(t, err, "InvalidSignatureException")
	begin = shardIterator(t, client, &kinesis.GetShardIteratorInput{StreamName: name, ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
	if left, _ := readShard(t, client, begin); len(left) != 0 {
		t.Errorf("after the retention there is %v", left)
	}
}

func TestPutRecords(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := w.kinesis(w.root)
	makeStream(t, client, "s", 2)
	var in []types.PutRecordsRequestEntry
	for i := range 20 {
		in = append(in, types.PutRecordsRequestEntry{PartitionKey: aws.String(fmt.Sprint(i)), Data: []byte{byte(i)}})
	}
	// The hash key decides, when there is one.
	in = append(in, types.PutRecordsRequestEntry{PartitionKey: aws.String("x"), ExplicitHashKey: aws.String("0"), Data: []byte("low")},
		types.PutRecordsRequestEntry{PartitionKey: aws.String("x"), ExplicitHashKey: aws.String("340282366920938463463374607431768211455"), Data: []byte("high")})
	out, err := client.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: aws.String("s"), Records: in})
	if err != nil || *out.FailedRecordCount != 0 {
		t.Fatalf("%+v, %v", out, err)
	}
	shards := map[string]int{}
	for _, r := range out.Records {
		shards[*r.ShardId]++
	}
	if len(shards) != 2 || *out.Records[20].ShardId != "shardId-000000000000" || *out.Records[21].ShardId != "shardId-000000000001" {
		t.Errorf("records went to %v", shards)
	}
	if first, again := putData(t, client, "s", "7", "a"), putData(t, client, "s", "7", "b"); *first.ShardId != *out.Records[7].ShardId || *first.SequenceNumber >= *again.SequenceNumber {
		t.Errorf("the same key went to %s %s, then %s %s", *first.ShardId, *first.SequenceNumber, *again.ShardId, *again.SequenceNumber)
	}
	_, err = client.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: aws.String("s"), PartitionKey: aws.String("k"), Data: make([]byte, 1<<20)})
	wantCode(t, err, "InvalidArgumentException")
	_, err = client.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: aws.String("s"), PartitionKey: aws.String("k"), ExplicitHashKey: aws.String("340282366920938463463374607431768211456"), Data: []byte("x")})
	wantCode(t, err, "InvalidArgumentException")
}

func TestKinesisLimits(t *testing.T) {
	clock := newClock()
	w, ctx := newWorld(t, sandbox.Options{Clock: clock, Throttle: true}), t.Context()
	client := w.kinesis(w.root)
	makeStream(t, client, "s", 1)
	it := shardIterator(t, client, &kinesis.GetShardIteratorInput{StreamName: aws.String("s"), ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
	for range 5 {
		readShard(t, client, it)
	}
	_, err := client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: it})
	wantCode(t, err, "ProvisionedThroughputExceededException")
	clock.advance(time.Second)
	readShard(t, client, it)
	half := bytes.Repeat([]byte("x"), 600<<10)
	entry := types.PutRecordsRequestEntry{PartitionKey: aws.String("k"), Data: half}
	out, err := client.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: aws.String("s"), Records: []types.PutRecordsRequestEntry{entry, entry}})
	if err != nil || *out.FailedRecordCount != 1 || *out.Records[1].ErrorCode != "ProvisionedThroughputExceededException" || out.Records[0].SequenceNumber == nil {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestKinesisPermissions(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	makeStream(t, w.kinesis(w.root), "s", 1)
	makeStream(t, w.kinesis(w.root), "other", 1)
	reader := w.kinesis(w.user("reader", allow("kinesis:Get*", "arn:aws:kinesis:us-east-1:111122223333:stream/s")))
	in := &kinesis.GetShardIteratorInput{StreamName: aws.String("s"), ShardIteratorType: types.ShardIteratorTypeLatest}
	readShard(t, reader, shardIterator(t, reader, in))
	_, err := reader.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: aws.String("s"), PartitionKey: aws.String("k"), Data: []byte("x")})
	wantCode(t, err, "AccessDeniedException")
	foreign := shardIterator(t, w.kinesis(w.root), &kinesis.GetShardIteratorInput{StreamName: aws.String("other"), ShardIteratorType: types.ShardIteratorTypeLatest})
	_, err = reader.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: foreign})
	wantCode(t, err, "AccessDeniedException")
}

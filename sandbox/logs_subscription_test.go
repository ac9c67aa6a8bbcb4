package sandbox_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"riposte.dev/sandbox"
)

// subscribed is what a subscription delivers.
type subscribed struct {
	MessageType, Owner, LogGroup, LogStream string
	SubscriptionFilters                     []string
	LogEvents                               []struct {
		ID, Message string
		Timestamp   int64
	}
}

func unpack(t *testing.T, data []byte) subscribed {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	var s subscribed
	if err := json.NewDecoder(z).Decode(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

const trustLogs = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"logs.us-east-1.amazonaws.com"},"Action":"sts:AssumeRole"}}`

func TestSubscriptionToKinesis(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client, streams := w.logs(w.root), w.kinesis(w.root)
	makeGroup(t, client, "g", "s")
	stream := makeStream(t, streams, "k", 1)
	role, err := w.account.CreateRole("logs", trustLogs, allow("kinesis:PutRecord", stream))
	if err != nil {
		t.Fatal(err)
	}
	weak, err := w.account.CreateRole("weak", trustLogs)
	if err != nil {
		t.Fatal(err)
	}
	put := func(name string, destination, role *string) error {
		_, err := client.PutSubscriptionFilter(ctx, &cloudwatchlogs.PutSubscriptionFilterInput{
			LogGroupName: aws.String("g"), FilterName: &name, FilterPattern: aws.String("ERROR"), DestinationArn: destination, RoleArn: role,
		})
		return err
	}
	for name, err := range map[string]error{
		"no role":       put("f", &stream, nil),
		"a weak role":   put("f", &stream, &weak),
		"no stream":     put("f", aws.String(stream+"x"), &role),
		"another thing": put("f", aws.String("arn:aws:sqs:us-east-1:111122223333:q"), &role),
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, err, "InvalidParameterException") })
	}
	if err := put("f", &stream, &role); err != nil {
		t.Fatal(err)
	}
	at := time.Now().Truncate(time.Second)
	logLines(t, client, "g", "s", at, "ERROR one", "fine", "ERROR two")
	logLines(t, client, "g", "s", at, "fine")
	begin := shardIterator(t, streams, &kinesis.GetShardIteratorInput{StreamName: aws.String("k"), ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
	_, out := readShard(t, streams, begin)
	if len(out.Records) != 2 {
		t.Fatalf("%d records were delivered, want a control and a data message", len(out.Records))
	}
	control, data := unpack(t, out.Records[0].Data), unpack(t, out.Records[1].Data)
	if control.MessageType != "CONTROL_MESSAGE" || control.LogEvents[0].Message != "CWL CONTROL MESSAGE: Checking health of destination Kinesis." {
		t.Errorf("the control message is %+v", control)
	}
	if data.MessageType != "DATA_MESSAGE" || data.Owner != testAccount || data.LogGroup != "g" || data.LogStream != "s" || data.SubscriptionFilters[0] != "f" {
		t.Errorf("the data message is %+v", data)
	}
	if e := data.LogEvents; len(e) != 2 || e[0].Message != "ERROR one" || e[0].Timestamp != at.UnixMilli() || e[1].ID <= e[0].ID {
		t.Errorf("its events are %+v", e)
	}
	if err := put("f2", &stream, &role); err != nil {
		t.Fatal(err)
	}
	wantCode(t, put("f3", &stream, &role), "LimitExceededException")
	found, err := client.DescribeSubscriptionFilters(ctx, &cloudwatchlogs.DescribeSubscriptionFiltersInput{LogGroupName: aws.String("g")})
	if err != nil || len(found.SubscriptionFilters) != 2 || *found.SubscriptionFilters[0].RoleArn != role {
		t.Errorf("%+v, %v", found, err)
	}
	remove := &cloudwatchlogs.DeleteSubscriptionFilterInput{LogGroupName: aws.String("g"), FilterName: aws.String("f2")}
	if _, err := client.DeleteSubscriptionFilter(ctx, remove); err != nil {
		t.Fatal(err)
	}
	_, err = client.DeleteSubscriptionFilter(ctx, remove)
	wantCode(t, err, "ResourceNotFoundException")
}

func TestSubscriptionToFirehose(t *testing.T) {
	h := newHoseWorld(t)
	client := h.logs(h.root)
	makeGroup(t, client, "g", "s")
	hose, err := h.create("h", h.destination())
	if err != nil {
		t.Fatal(err)
	}
	role, err := h.account.CreateRole("logs", trustLogs, allow("firehose:PutRecord", hose))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutSubscriptionFilter(t.Context(), &cloudwatchlogs.PutSubscriptionFilterInput{
		LogGroupName: aws.String("g"), FilterName: aws.String("f"), FilterPattern: aws.String(""), DestinationArn: &hose, RoleArn: &role,
	}); err != nil {
		t.Fatal(err)
	}
	logLines(t, client, "g", "s", time.Now(), "hello")
	if err := h.FlushFirehose(); err != nil {
		t.Fatal(err)
	}
	r := h.endpoint.next(t)
	if len(r.body.Records) != 2 {
		t.Fatalf("%d records were posted", len(r.body.Records))
	}
	if m := unpack(t, r.body.Records[0].Data); m.LogEvents[0].Message != "CWL CONTROL MESSAGE: Checking health of destination Firehose." {
		t.Errorf("the control message is %+v", m)
	}
	if m := unpack(t, r.body.Records[1].Data); m.LogEvents[0].Message != "hello" {
		t.Errorf("the data message is %+v", m)
	}
}

package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"riposte.dev/target"
)

// streams puts records on Kinesis data streams.
type streams struct{ sender }

var _ target.Sender = (*streams)(nil)

// maxKey is the length of a partition key in characters.
const maxKey = 256

// Send puts the input as a record. Its partition key is what the target's path finds in the event, else the event's id.
func (s *streams) Send(ctx context.Context, r target.Request) error {
	path := "$.id"
	if p := r.Target.KinesisParameters; p != nil {
		path = p.PartitionKeyPath
	}
	key, err := target.Lookup(path, r.Event)
	if err != nil {
		return err
	}
	if characters := []rune(key); len(characters) > maxKey {
		key = string(characters[:maxKey])
	}
	if key == "" {
		key = r.ID
	}
	cfg, to, err := s.reach(ctx, &r.Target)
	if err != nil {
		return err
	}
	if _, err := kinesis.NewFromConfig(cfg).PutRecord(ctx, &kinesis.PutRecordInput{
		StreamARN: aws.String(r.Target.ARN), StreamName: aws.String(name(to.Resource)), PartitionKey: aws.String(key), Data: r.Input,
	}); err != nil {
		return s.failed(ctx, &r.Target, "put the record", err)
	}
	return nil
}

// deliveryStreams puts records on Firehose streams.
type deliveryStreams struct{ sender }

var _ target.Sender = (*deliveryStreams)(nil)

// Send puts the input as a record, with a line's end, so that the files that Firehose writes have one event a line.
func (s *deliveryStreams) Send(ctx context.Context, r target.Request) error {
	cfg, to, err := s.reach(ctx, &r.Target)
	if err != nil {
		return err
	}
	if _, err := firehose.NewFromConfig(cfg).PutRecord(ctx, &firehose.PutRecordInput{
		DeliveryStreamName: aws.String(name(to.Resource)), Record: &firehosetypes.Record{Data: append(r.Input[:len(r.Input):len(r.Input)], '\n')},
	}); err != nil {
		return s.failed(ctx, &r.Target, "put the record", err)
	}
	return nil
}

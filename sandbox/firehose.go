package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"riposte.dev/sandbox/wire"
)

// firehoseService answers for delivery streams that end at an HTTP endpoint and
// that are put into directly
// (https://docs.aws.amazon.com/firehose/latest/APIReference/API_Operations.html).
// They are ACTIVE at once. Actions are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonkinesisfirehose.html.
func firehoseService() *service {
	of := func(name string, handle func(*call) (wire.Object, error)) operation {
		return operation{name: name, resources: deliveryStreamOfInput, handle: handle}
	}
	data := func(name string, handle func(*call) (wire.Object, error)) operation {
		op := of(name, handle)
		op.data = true
		return op
	}
	create := of("CreateDeliveryStream", createDeliveryStream)
	create.also = passesFirehoseRoles
	return &service{
		name: "firehose", prefix: "firehose",
		operations: []operation{
			create,
			of("DeleteDeliveryStream", deleteDeliveryStream),
			of("DescribeDeliveryStream", describeDeliveryStream),
			{name: "ListDeliveryStreams", handle: listDeliveryStreams},
			data("PutRecord", putFirehoseRecord),
			data("PutRecordBatch", putFirehoseBatch),
		},
		setup: func(s *Sandbox) { s.receiver("firehose", s.takeFirehose) },
	}
}

func deliveryStreamOfInput(c *call) []string {
	return []string{c.arn("deliverystream/" + c.in.str("DeliveryStreamName"))}
}

func passesFirehoseRoles(c *call) []need {
	destination := c.in.object("HttpEndpointDestinationConfiguration")
	var out []need
	for _, role := range []string{destination.str("RoleARN"), destination.object("S3Configuration").str("RoleARN")} {
		if role != "" {
			out = append(out, need{"iam:PassRole", role})
		}
	}
	return out
}

func (c *call) deliveryStreams() *deliveryStreams {
	return stateOf(c, stateKey{"firehose", c.account.id, c.region}, newDeliveryStreams)
}

// deliveryStream is the stream that the input names.
func (c *call) deliveryStream() (*deliveryStream, error) {
	name := c.in.str("DeliveryStreamName")
	st := c.deliveryStreams().byName[name]
	if st == nil {
		return nil, wire.Errorf("ResourceNotFoundException", "Firehose %s under account %s not found.", name, c.account.id)
	}
	return st, nil
}

func putFirehoseRecord(c *call) (wire.Object, error) {
	st, err := c.deliveryStream()
	if err != nil {
		return nil, err
	}
	data, _ := c.in.object("Record")["Data"].([]byte)
	if err := st.add(c.sb, data); err != nil {
		return nil, err
	}
	return wire.Object{"RecordId": c.sb.newUUID(), "Encrypted": false}, nil
}

// putFirehoseBatch takes records one by one: some may be refused.
func putFirehoseBatch(c *call) (wire.Object, error) {
	st, err := c.deliveryStream()
	if err != nil {
		return nil, err
	}
	records, size := c.in.objects("Records"), 0
	for _, r := range records {
		data, _ := r["Data"].([]byte)
		size += len(data)
	}
	if size > maxFirehoseBatch {
		return nil, invalidArgument("Records size exceeds 4 MB limit")
	}
	failed := 0
	results := list(records, func(r input) any {
		data, _ := r["Data"].([]byte)
		if err := st.add(c.sb, data); err != nil {
			failed++
			return wire.Object{"ErrorCode": "ServiceUnavailableException", "ErrorMessage": err.Error()}
		}
		return wire.Object{"RecordId": c.sb.newUUID()}
	})
	return wire.Object{"FailedPutCount": int64(failed), "Encrypted": false, "RequestResponses": results}, nil
}

// takeFirehose takes what another service delivers. The lock is held.
func (s *Sandbox) takeFirehose(d delivery) error {
	region, account, name, ok := cutARN(d.arn, "firehose", "deliverystream/")
	if !ok {
		return refused("INVALID_PARAMETER", "%q is not the ARN of a delivery stream", d.arn)
	}
	st := liveState(s, stateKey{"firehose", account, region}, newDeliveryStreams).byName[name]
	if st == nil {
		return refused("NO_RESOURCE", "there is no delivery stream %s", d.arn)
	}
	if err := s.permits(d.from, "firehose:PutRecord", d.arn, nil); err != nil {
		return err
	}
	if err := st.add(s, d.payload); err != nil {
		return &undelivered{code: "THROTTLING", message: err.Error(), passing: true}
	}
	return nil
}

// FlushFirehose makes requests of what delivery streams have buffered, without
// waiting for their buffering hints.
func (s *Sandbox) FlushFirehose() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.allDeliveryStreams() {
		if err := st.flush(s); err != nil {
			return fmt.Errorf("sandbox: flush %s: %w", st.arn(), err)
		}
	}
	return nil
}

// allDeliveryStreams are the streams of all accounts, by ARN. The lock is held.
func (s *Sandbox) allDeliveryStreams() []*deliveryStream {
	var out []*deliveryStream
	for _, st := range s.state {
		if streams, ok := st.(*deliveryStreams); ok {
			out = slices.AppendSeq(out, maps.Values(streams.byName))
		}
	}
	slices.SortFunc(out, func(a, b *deliveryStream) int { return strings.Compare(a.arn(), b.arn()) })
	return out
}

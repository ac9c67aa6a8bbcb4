package sandbox

import (
	"maps"
	"net/url"
	"slices"
	"time"

	"riposte.dev/sandbox/wire"
)

func createDeliveryStream(c *call) (wire.Object, error) {
	name, all := c.in.str("DeliveryStreamName"), c.deliveryStreams()
	destination := c.in.object("HttpEndpointDestinationConfiguration")
	switch {
	case all.byName[name] != nil:
		return nil, wire.Errorf("ResourceInUseException", "Firehose %s under accountId %s already exists", name, c.account.id)
	case len(all.byName) >= maxDeliveryStreams:
		return nil, wire.Errorf("LimitExceededException", "You have already consumed your firehose quota of %d hoses. Firehose names: %s", maxDeliveryStreams, name)
	case c.in.has("KinesisStreamSourceConfiguration"), orElse(c.in.str("DeliveryStreamType"), "DirectPut") != "DirectPut":
		return nil, invalidArgument("The sandbox has delivery streams of the type DirectPut only.")
	case destination == nil:
		return nil, invalidArgument("The sandbox delivers to HTTP endpoints only: give HttpEndpointDestinationConfiguration.")
	}
	st, err := c.newDeliveryStream(name, destination)
	if err != nil {
		return nil, err
	}
	st.buffer.requests = c.sb.newTarget(st.arn(), nil, c.sb.sendFirehose(st))
	go st.buffer.requests.run()
	all.byName[name] = st
	c.subject("AWS::KinesisFirehose::DeliveryStream", name)
	return wire.Object{"DeliveryStreamARN": st.arn()}, nil
}

func (c *call) newDeliveryStream(name string, in input) (*deliveryStream, error) {
	st := &deliveryStream{
		account: c.account.id, region: c.region, name: name, created: c.time.UTC(), role: in.str("RoleARN"),
		backupMode: orElse(in.str("S3BackupMode"), "FailedDataOnly"), backup: wire.Object(in.object("S3Configuration")),
		request: wire.Object(in.object("RequestConfiguration")), buffer: &firehoseBuffer{},
	}
	endpoint, request := in.object("EndpointConfiguration"), in.object("RequestConfiguration")
	st.endpoint = httpEndpoint{
		url: endpoint.str("Url"), name: endpoint.str("Name"), accessKey: endpoint.str("AccessKey"),
		gzip: request.str("ContentEncoding") == "GZIP", attributes: map[string]string{},
		patience: time.Duration(in.object("RetryOptions").number("DurationInSeconds", 300)) * time.Second,
	}
	if u, err := url.Parse(st.endpoint.url); err != nil || u.Host == "" {
		return nil, invalidArgument("The URL of the endpoint is not valid.")
	}
	for _, a := range request.objects("CommonAttributes") {
		st.endpoint.attributes[a.str("AttributeName")] = a.str("AttributeValue")
	}
	hints := in.object("BufferingHints")
	st.hints = bufferingHints{
		size: hints.number("SizeInMBs", 5) << 20, after: time.Duration(hints.number("IntervalInSeconds", 300)) * time.Second,
	}
	from := sender{service: "firehose.amazonaws.com", source: st.arn(), account: st.account}
	for _, role := range []string{st.role, c.in.object("HttpEndpointDestinationConfiguration").object("S3Configuration").str("RoleARN")} {
		if r := c.sb.roleAt(role); role != "" && (r == nil || !c.sb.assumable(r, from)) {
			return nil, invalidArgument("Firehose is unable to assume role %s. Please check the role provided.", role)
		}
	}
	return st, nil
}

func deleteDeliveryStream(c *call) (wire.Object, error) {
	st, err := c.deliveryStream()
	if err != nil {
		return nil, err
	}
	delete(c.deliveryStreams().byName, st.name)
	// What is in the buffer or on its way is lost.
	st.buffer.requests.stop(nil)
	c.subject("AWS::KinesisFirehose::DeliveryStream", st.name)
	return wire.Object{}, nil
}

func describeDeliveryStream(c *call) (wire.Object, error) {
	st, err := c.deliveryStream()
	if err != nil {
		return nil, err
	}
	return wire.Object{"DeliveryStreamDescription": wire.Object{
		"DeliveryStreamName": st.name, "DeliveryStreamARN": st.arn(), "DeliveryStreamStatus": "ACTIVE", "DeliveryStreamType": "DirectPut",
		"VersionId": "1", "CreateTimestamp": st.created, "HasMoreDestinations": false,
		"Destinations": wire.List{wire.Object{
			"DestinationId": "destinationId-000000000001", "HttpEndpointDestinationDescription": st.describeEndpoint(),
		}},
	}}, nil
}

// describeEndpoint is the destination, without the access key.
func (st *deliveryStream) describeEndpoint() wire.Object {
	backup := maps.Clone(st.backup)
	for member, absent := range map[string]any{
		"BufferingHints": wire.Object{"SizeInMBs": int64(5), "IntervalInSeconds": int64(300)}, "CompressionFormat": "UNCOMPRESSED",
		"EncryptionConfiguration": wire.Object{"NoEncryptionConfig": "NoEncryption"},
	} {
		if backup[member] == nil {
			backup[member] = absent
		}
	}
	endpoint := wire.Object{"Url": st.endpoint.url}
	put(endpoint, "Name", st.endpoint.name)
	out := wire.Object{
		"EndpointConfiguration": endpoint, "S3BackupMode": st.backupMode, "S3DestinationDescription": backup,
		"BufferingHints": wire.Object{"SizeInMBs": int64(st.hints.size >> 20), "IntervalInSeconds": int64(st.hints.after.Seconds())},
		"RetryOptions":   wire.Object{"DurationInSeconds": int64(st.endpoint.patience.Seconds())},
	}
	if len(st.request) > 0 {
		out["RequestConfiguration"] = st.request
	}
	put(out, "RoleARN", st.role)
	return out
}

func listDeliveryStreams(c *call) (wire.Object, error) {
	var after []string
	if orElse(c.in.str("DeliveryStreamType"), "DirectPut") == "DirectPut" {
		for _, name := range slices.Sorted(maps.Keys(c.deliveryStreams().byName)) {
			if name > c.in.str("ExclusiveStartDeliveryStreamName") {
				after = append(after, name)
			}
		}
	}
	page := after[:min(len(after), c.in.number("Limit", 10))]
	return wire.Object{"DeliveryStreamNames": strList(page), "HasMoreDeliveryStreams": len(page) < len(after)}, nil
}

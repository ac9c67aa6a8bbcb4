package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"riposte.dev/sandbox/wire"
)

// backUp puts records into the backup bucket: as they are or, after a failure,
// as lines of JSON that tell of it. The lock is held.
func (s *Sandbox) backUp(st *deliveryStream, r firehoseRequest, failure error) error {
	var text bytes.Buffer
	config, now := input(st.backup), s.opts.Clock.Now()
	prefix := config.str("Prefix")
	if failure != nil {
		prefix = orElse(config.str("ErrorOutputPrefix"), prefix) + "http-endpoint-failed/"
	}
	for _, data := range r.Records {
		if failure == nil {
			text.Write(data)
			continue
		}
		err := json.NewEncoder(&text).Encode(wire.Object{
			"requestId": r.ID, "arrivalTimestamp": r.Born.UnixMilli(), "attemptEndingTimestamp": now.UnixMilli(),
			"errorCode": "HttpEndpoint.DestinationException", "errorMessage": failure.Error(), "rawData": data,
		})
		if err != nil {
			return fmt.Errorf("back up records: %w", err)
		}
	}
	born := r.Born.UTC()
	key := prefix + born.Format("2006/01/02/15/") + st.name + "-1-" + born.Format("2006-01-02-15-04-05-") + r.ID
	name := strings.TrimPrefix(config.str("BucketARN"), "arn:aws:s3:::")
	b := liveState(s, stateKey{service: "s3"}, newBuckets).byName[name]
	role := s.roleAt(config.str("RoleARN"))
	if b == nil || role == nil || !s.roleAllows(role, "s3:PutObject", config.str("BucketARN")+"/"+key) {
		return fmt.Errorf("the records can't be backed up to the bucket %s", name)
	}
	by := s3Request{
		id: s.newUUID(), host: s.hostID(), requester: "firehose.amazonaws.com", principal: "AWS:" + role.id + ":firehose", sourceIP: "192.0.2.1", time: now,
	}
	return s.storeObject(b, key, newObject(text.Bytes(), now), by)
}

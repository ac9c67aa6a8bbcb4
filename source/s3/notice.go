package s3

import (
	"bytes"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"riposte.dev/fault"
)

// Bounds on a notice. AWS puts one object in most.
const (
	maxNotice  = 1 << 20
	maxObjects = 1000
)

// Notice says that objects were put into buckets. One without objects (S3's test message, a removal) asks for nothing.
type Notice struct{ Objects []Object }

// Object is a file in a bucket.
type Object struct{ Bucket, Key string }

// String returns the object's S3 URI.
func (o Object) String() string { return "s3://" + o.Bucket + "/" + o.Key }

// Notice recognises a notice in the body of a message; ok is false for what is none. It takes
//   - S3 event notifications, and the test message that S3 sends when they are set up
//     (https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html),
//   - EventBridge's "Object Created" of S3 for a configured bucket; for any other bucket it is an ordinary event
//     (https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html),
//   - CloudTrail's notification of a delivery
//     (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/configure-sns-notifications-for-cloudtrail.html).
//
// The error is of code fault.Invalid or fault.TooLarge, for a notice that names no object or too many.
func (r *Reader) Notice(body []byte) (n Notice, ok bool, err error) {
	m, readable := parseMessage(body)
	if !readable {
		return Notice{}, false, nil
	}
	switch {
	case m.Event == "s3:TestEvent":
		return Notice{}, true, nil
	case m.S3Bucket != "":
		n, err = m.fromCloudTrail()
	case m.Source == "aws.s3" && m.DetailType == "Object Created":
		var o Object
		o, err = m.fromEventBridge()
		if r.buckets[o.Bucket] == nil {
			return Notice{}, false, nil
		}
		n.Objects = []Object{o}
	case m.Records.Kind() == '[':
		n, ok, err = m.fromS3()
		if !ok {
			return Notice{}, false, nil
		}
	default:
		return Notice{}, false, nil
	}
	if err == nil && len(n.Objects) > maxObjects {
		err = fault.New(fault.TooLarge, "the notice names %d objects, at most %d are taken", len(n.Objects), maxObjects)
	}
	for _, o := range n.Objects {
		if err == nil && (o.Bucket == "" || o.Key == "" || len(o.Key) > 1024) {
			err = fault.New(fault.Invalid, "the notice names an object without bucket or key")
		}
	}
	return n, true, err
}

// message is every kind of notice at once; what differs is decoded when the kind is known.
type message struct {
	Records     jsontext.Value `json:"Records"`
	Event       string         `json:"Event"`
	Source      string         `json:"source"`
	DetailType  string         `json:"detail-type"`
	Detail      jsontext.Value `json:"detail"`
	S3Bucket    string         `json:"s3Bucket"`
	S3ObjectKey jsontext.Value `json:"s3ObjectKey"`
}

// parseMessage reads a body; ok is false where it can't be a notice.
func parseMessage(body []byte) (m message, ok bool) {
	if len(body) > maxNotice || !bytes.Contains(body, []byte("s3")) {
		return m, false
	}
	ok = json.Unmarshal(body, &m) == nil
	return m, ok
}

// place is the bucket and object in S3's messages.
type place struct {
	Bucket struct {
		Name string `json:"name"`
	} `json:"bucket"`
	Object struct {
		Key string `json:"key"`
	} `json:"object"`
}

func (m *message) fromCloudTrail() (Notice, error) {
	var keys []string
	if err := json.Unmarshal(m.S3ObjectKey, &keys); err != nil || len(keys) == 0 {
		return Notice{}, fault.New(fault.Invalid, "the notice for bucket %q has no list s3ObjectKey", m.S3Bucket)
	}
	var n Notice
	for _, key := range keys {
		n.Objects = append(n.Objects, Object{m.S3Bucket, key})
	}
	return n, nil
}

func (m *message) fromEventBridge() (Object, error) {
	var p place
	if err := json.Unmarshal(m.Detail, &p); err != nil {
		return Object{}, fault.New(fault.Invalid, "the event has no object: %w", err)
	}
	return Object{p.Bucket.Name, p.Object.Key}, nil
}

// notification is a record of an S3 event notification.
type notification struct {
	EventSource string `json:"eventSource"`
	EventName   string `json:"eventName"`
	S3          place  `json:"s3"`
}

func (m *message) records() (list []notification, ok bool) {
	ok = json.Unmarshal(m.Records, &list) == nil
	return list, ok
}

// fromS3 reads event notifications; ok is false for records of something else. Their keys are encoded as in a query.
func (m *message) fromS3() (n Notice, ok bool, err error) {
	records, readable := m.records()
	if !readable || len(records) == 0 {
		return Notice{}, false, nil
	}
	for _, record := range records {
		if record.EventSource != "aws:s3" {
			return Notice{}, false, nil
		}
		if !strings.HasPrefix(record.EventName, "ObjectCreated:") {
			continue
		}
		key, err := url.QueryUnescape(record.S3.Object.Key)
		if err != nil {
			return Notice{}, true, fault.New(fault.Invalid, "the notice has a key that is not encoded as S3 does: %w", err)
		}
		n.Objects = append(n.Objects, Object{record.S3.Bucket.Name, key})
	}
	return n, true, nil
}

// isLog says whether a key is that of a log file. CloudTrail names them
// AWSLogs/ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail_REGION_TIME_ID.json.gz, with the organisation's id before
// the account for a trail of one; digests and insights lie beside them
// (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-find-log-files.html).
func isLog(key string) bool {
	if !strings.HasSuffix(key, ".json.gz") {
		return false
	}
	for _, other := range []string{"CloudTrail-Digest", "CloudTrail-Insight"} {
		if strings.Contains(key, other+"/") || strings.Contains(key, "_"+other+"_") {
			return false
		}
	}
	return strings.Contains("/"+key, "/CloudTrail/") || strings.Contains(key, "_CloudTrail_")
}

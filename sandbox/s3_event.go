package sandbox

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// s3Request is what events say of the request behind a change.
type s3Request struct {
	id, host string // x-amz-request-id, x-amz-id-2
	// requester is an account or a service ("cloudtrail.amazonaws.com"),
	// principal who it was in S3's words ("AWS:AIDA…").
	requester, principal, sourceIP string
	time                           time.Time
}

// s3Request is the call's.
func (c *call) s3Request() s3Request {
	r := s3Request{id: c.requestID, requester: "Anonymous", principal: "Anonymous", sourceIP: c.sourceIP, time: c.time}
	r.host, _ = c.additional["x-amz-id-2"].(string)
	if p := c.caller; p != nil {
		r.requester, r.principal = p.account, "AWS:"+p.id
		if p.kind == "Root" {
			r.principal = customerID(p.account)
		}
	}
	return r
}

// hostID is an x-amz-id-2.
func (s *Sandbox) hostID() string { return base64.StdEncoding.EncodeToString(s.randomBytes(57)) }

// customerID is the owner of buckets in the words of events.
func customerID(account string) string {
	sum := sha256.Sum256([]byte("customer " + account))
	return "A" + base32.StdEncoding.EncodeToString(sum[:])[:13]
}

// objectChange is an object that was put or deleted.
type objectChange struct {
	created bool
	key     string
	object  *object // that was put, or that is gone
	request s3Request
}

// notifyOfObject tells the bucket's listeners of a change. The lock is held.
func (s *Sandbox) notifyOfObject(b *bucket, change objectChange) {
	if len(b.notify.listeners) == 0 && !b.notify.events {
		return
	}
	all := liveState(s, stateKey{service: "s3"}, newBuckets)
	all.sequence = max(all.sequence+1, change.request.time.UnixNano())
	sequencer := fmt.Sprintf("%018X", all.sequence)
	name := "ObjectRemoved:Delete"
	if change.created {
		name = "ObjectCreated:Put"
	}
	for _, l := range b.notify.listeners {
		if !l.wants("s3:"+name, change.key) {
			continue
		}
		if err := s.tellListener(b, l, change.message(b, l.id, name, sequencer)); err != nil {
			s.opts.Logger.Warn("notification not delivered", "bucket", b.name, "to", l.arn, "err", err)
		}
	}
	if b.notify.events {
		s.deliver(change.envelope(b, sequencer))
	}
}

// tellListener sends a message as S3. Its error is an *undelivered.
func (s *Sandbox) tellListener(b *bucket, l listener, message any) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	return s.hand(delivery{from: b.sender(), arn: l.arn, subject: "Amazon S3 Notification", payload: text})
}

// sender is S3 acting for the bucket.
func (b *bucket) sender() sender {
	return sender{service: "s3.amazonaws.com", source: "arn:aws:s3:::" + b.name, account: b.account}
}

// s3TestEvent is what queues and topics get when they are configured
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-enable-disable-notification-intro.html).
type s3TestEvent struct {
	Service, Event, Time, Bucket string
	RequestID                    string `json:"RequestId"`
	HostID                       string `json:"HostId"`
}

const s3Time = "2006-01-02T15:04:05.000Z"

func (c *call) testEvent(b *bucket) s3TestEvent {
	r := c.s3Request()
	return s3TestEvent{"Amazon S3", "s3:TestEvent", r.time.UTC().Format(s3Time), b.name, r.id, r.host}
}

// s3Message is a notification of one change
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html).
type s3Message struct {
	Records []s3Record
}

type s3Record struct {
	EventVersion      string            `json:"eventVersion"`
	EventSource       string            `json:"eventSource"`
	Region            string            `json:"awsRegion"`
	Time              string            `json:"eventTime"`
	Name              string            `json:"eventName"`
	UserIdentity      s3Identity        `json:"userIdentity"`
	RequestParameters map[string]string `json:"requestParameters"`
	ResponseElements  map[string]string `json:"responseElements"`
	S3                s3Entity          `json:"s3"`
}

type s3Identity struct {
	PrincipalID string `json:"principalId"`
}

type s3Entity struct {
	SchemaVersion   string         `json:"s3SchemaVersion"`
	ConfigurationID string         `json:"configurationId"`
	Bucket          s3BucketEntity `json:"bucket"`
	Object          s3ObjectEntity `json:"object"`
}

type s3BucketEntity struct {
	Name  string     `json:"name"`
	Owner s3Identity `json:"ownerIdentity"`
	ARN   string     `json:"arn"`
}

type s3ObjectEntity struct {
	Key       string `json:"key"`            // URL-encoded
	Size      *int   `json:"size,omitempty"` // of what was put
	ETag      string `json:"eTag,omitempty"`
	Sequencer string `json:"sequencer"`
}

func (ch objectChange) message(b *bucket, configuration, name, sequencer string) s3Message {
	// Slashes stay as they are.
	o := s3ObjectEntity{Key: strings.ReplaceAll(url.QueryEscape(ch.key), "%2F", "/"), Sequencer: sequencer}
	if ch.created {
		size := len(ch.object.body)
		o.Size, o.ETag = &size, strings.Trim(ch.object.etag, `"`)
	}
	return s3Message{[]s3Record{{
		EventVersion: "2.1", EventSource: "aws:s3", Region: b.region, Time: ch.request.time.UTC().Format(s3Time), Name: name,
		UserIdentity:      s3Identity{ch.request.principal},
		RequestParameters: map[string]string{"sourceIPAddress": ch.request.sourceIP},
		ResponseElements:  map[string]string{"x-amz-request-id": ch.request.id, "x-amz-id-2": ch.request.host},
		S3: s3Entity{
			SchemaVersion: "1.0", ConfigurationID: configuration, Object: o,
			Bucket: s3BucketEntity{b.name, s3Identity{customerID(b.account)}, "arn:aws:s3:::" + b.name},
		},
	}}}
}

// s3Detail is the detail of an event on the bus
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html).
type s3Detail struct {
	Version   string            `json:"version"`
	Bucket    map[string]string `json:"bucket"`
	Object    s3DetailObject    `json:"object"`
	RequestID string            `json:"request-id"`
	Requester string            `json:"requester"`
	SourceIP  string            `json:"source-ip-address"`
	Reason    string            `json:"reason"`
	Deletion  string            `json:"deletion-type,omitempty"`
}

type s3DetailObject struct {
	Key       string `json:"key"` // as it is
	Size      *int   `json:"size,omitempty"`
	ETag      string `json:"etag,omitempty"`
	Sequencer string `json:"sequencer"`
}

func (ch objectChange) envelope(b *bucket, sequencer string) envelope {
	d := s3Detail{
		Version: "0", Bucket: map[string]string{"name": b.name}, Object: s3DetailObject{Key: ch.key, Sequencer: sequencer},
		RequestID: ch.request.id, Requester: ch.request.requester, SourceIP: ch.request.sourceIP,
	}
	kind := "Object Created"
	if ch.created {
		size := len(ch.object.body)
		d.Reason, d.Object.Size, d.Object.ETag = "PutObject", &size, strings.Trim(ch.object.etag, `"`)
	} else {
		kind, d.Reason, d.Deletion = "Object Deleted", "DeleteObject", "Permanently Deleted"
	}
	// Strings and numbers always have a JSON form.
	detail, _ := json.Marshal(d)
	return envelope{
		DetailType: kind, Source: "aws.s3", Account: b.account, Region: b.region, Resources: []string{"arn:aws:s3:::" + b.name},
		Time: ch.request.time.UTC().Format(time.RFC3339), Detail: detail,
	}
}

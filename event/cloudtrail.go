package event

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"riposte.dev/fault"
)

// The detail-types that AWS assigns to CloudTrail records
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html).
const (
	APICall       = "AWS API Call via CloudTrail"
	ServiceEvent  = "AWS Service Event via CloudTrail"
	ConsoleSignIn = "AWS Console Sign In via CloudTrail"
	Insight       = "AWS Insight via CloudTrail"
)

// Record is what riposte reads of a CloudTrail record
// (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html).
type Record struct {
	EventVersion       string          `json:"eventVersion"`
	UserIdentity       Identity        `json:"userIdentity"`
	EventTime          time.Time       `json:"eventTime"`
	EventSource        string          `json:"eventSource"`
	EventName          string          `json:"eventName"`
	AWSRegion          string          `json:"awsRegion"`
	SourceIPAddress    string          `json:"sourceIPAddress"`
	UserAgent          string          `json:"userAgent"`
	ErrorCode          string          `json:"errorCode"`
	ErrorMessage       string          `json:"errorMessage"`
	RequestParameters  json.RawMessage `json:"requestParameters"`
	ResponseElements   json.RawMessage `json:"responseElements"`
	RequestID          string          `json:"requestID"`
	EventID            string          `json:"eventID"`
	EventType          string          `json:"eventType"`
	RecipientAccountID string          `json:"recipientAccountId"`
	SharedEventID      string          `json:"sharedEventID"`
	ReadOnly           *bool           `json:"readOnly"`
	Resources          []struct {
		ARN       string `json:"ARN"`
		AccountID string `json:"accountId"`
		Type      string `json:"type"`
	} `json:"resources"`
}

// Account is the account whose trail received the record.
func (r *Record) Account() string {
	if r.RecipientAccountID != "" {
		return r.RecipientAccountID
	}
	return r.UserIdentity.AccountID
}

// Record returns the CloudTrail record that the envelope carries, or nil where it carries none. Callers share it. Only an
// event of AWS carries one: what else looks like it may have been written by anybody who may send events.
func (e *Envelope) Record() *Record {
	if e.record == nil { // made by hand
		return e.decodeRecord()
	}
	e.record.once.Do(func() { e.record.decoded = e.decodeRecord() })
	return e.record.decoded
}

// fromAWS reports whether the event's source is one that only AWS, or who may speak for it, can use.
func (e *Envelope) fromAWS() bool { return strings.HasPrefix(e.Source, "aws.") }

// lazyRecord is a record that is decoded when somebody asks for it: of most events nobody does.
type lazyRecord struct {
	once    sync.Once
	decoded *Record
}

func (e *Envelope) decodeRecord() *Record {
	if !e.fromAWS() || !strings.HasSuffix(e.DetailType, " via CloudTrail") {
		return nil
	}
	var r Record
	if jsonv2.Unmarshal(e.Detail, &r) != nil || r.EventName == "" {
		return nil
	}
	return &r
}

// FromCloudTrail wraps a record of a CloudTrail log file in the envelope that EventBridge sends for it: source from
// eventSource, detail-type from eventType, and the eventID as id. The record's bytes become the detail as they are. It
// refuses what Check refuses, and a value that is not of the kind that Record has for it.
func FromCloudTrail(raw []byte) (e *Envelope, err error) {
	err = read(raw, recordShape, func(r *Reader) error {
		if err := r.judgeRecord(); err != nil {
			return err
		}
		e = r.wrap(raw)
		return nil
	})
	return e, err
}

// judgeRecord refuses what is no record.
func (r *Reader) judgeRecord() error {
	found := &r.found
	if found.odd != nil {
		return fault.New(fault.Invalid, "not a CloudTrail record: %s", found.odd.what())
	}
	if len(found.text(eventNamePart)) == 0 || len(found.text(eventSourcePart)) == 0 || len(found.text(eventIDPart)) == 0 {
		return fault.New(fault.Invalid, "not a CloudTrail record: eventName, eventSource and eventID are required").
			WithHint("a log file is {\"Records\":[…]}; other files hold one record or one EventBridge envelope a line")
	}
	r.time = time.Time{}
	if at := found.text(eventTimePart); found.values[eventTimePart] != nil {
		if err := r.time.UnmarshalText(at); err != nil {
			return fault.New(fault.Invalid, "not a CloudTrail record: eventTime: %w", err)
		}
	}
	return nil
}

// service is the part of the record's eventSource by which EventBridge names the source.
func (f *record) service() []byte {
	service, _, _ := bytes.Cut(f.text(eventSourcePart), []byte{'.'})
	return service
}

// account is the account whose trail received the record.
func (f *record) account() []byte {
	if account := f.text(recipientPart); len(account) > 0 {
		return account
	}
	return f.text(userPart)
}

// wrap makes the envelope of the record that was read and judged, with raw, its text, as the detail.
func (r *Reader) wrap(raw []byte) *Envelope {
	found := &r.found
	var made struct { // together, for there are many
		Envelope
		lazyRecord
	}
	e := &made.Envelope
	*e = Envelope{
		Version: "0", ID: string(found.text(eventIDPart)), DetailType: detailType(found.text(eventTypePart)), Time: r.time,
		Source: "aws." + string(found.service()), Account: string(found.account()), Region: string(found.text(regionPart)),
		Resources: make([]string, 0, len(found.arns)), Detail: raw, record: &made.lazyRecord,
	}
	for _, quoted := range found.arns {
		if arn := string(plain(quoted)); arn != "" {
			e.Resources = append(e.Resources, arn)
		}
	}
	return e
}

func detailType(eventType []byte) string {
	switch string(eventType) {
	case "AwsServiceEvent":
		return ServiceEvent
	case "AwsConsoleSignIn":
		return ConsoleSignIn
	case "AwsCloudTrailInsight":
		return Insight
	default:
		return APICall
	}
}

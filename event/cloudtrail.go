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
	err = read(raw, recordShape, func(found *record) error {
		e, err = wrap(raw, found)
		return err
	})
	return e, err
}

// wrap makes the envelope of a record from what was found in it.
func wrap(raw []byte, found *record) (*Envelope, error) {
	if found.odd != nil {
		return nil, fault.New(fault.Invalid, "not a CloudTrail record: %s", found.odd.what())
	}
	source := found.text(eventSourcePart)
	if len(found.text(eventNamePart)) == 0 || len(source) == 0 || len(found.text(eventIDPart)) == 0 {
		return nil, fault.New(fault.Invalid, "not a CloudTrail record: eventName, eventSource and eventID are required").
			WithHint("a log file is {\"Records\":[…]}; other files hold one record or one EventBridge envelope a line")
	}
	service, _, _ := bytes.Cut(source, []byte{'.'})
	account := found.text(recipientPart)
	if len(account) == 0 {
		account = found.text(accountPart)
	}
	var made struct { // together, for there are many
		Envelope
		lazyRecord
	}
	e := &made.Envelope
	*e = Envelope{
		Version: "0", ID: string(found.text(eventIDPart)), DetailType: detailType(found.text(eventTypePart)),
		Source: "aws." + string(service), Account: string(account), Region: string(found.text(regionPart)),
		Resources: make([]string, 0, len(found.arns)), Detail: raw, record: &made.lazyRecord,
	}
	if at := found.text(eventTimePart); found.values[eventTimePart] != nil {
		if err := e.Time.UnmarshalText(at); err != nil {
			return nil, fault.New(fault.Invalid, "not a CloudTrail record: eventTime: %w", err)
		}
	}
	for _, quoted := range found.arns {
		if arn := string(plain(quoted)); arn != "" {
			e.Resources = append(e.Resources, arn)
		}
	}
	return e, nil
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

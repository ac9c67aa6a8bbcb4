package event

import (
	"encoding/json"
	"strings"
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

// Record returns the CloudTrail record that the envelope carries, or nil where it carries none.
func (e *Envelope) Record() *Record {
	if e.record != nil {
		return e.record
	}
	if !strings.HasSuffix(e.DetailType, " via CloudTrail") {
		return nil
	}
	var r Record
	if jsonv2.Unmarshal(e.Detail, &r) != nil || r.EventName == "" {
		return nil
	}
	return &r
}

// FromCloudTrail wraps a record of a CloudTrail log file in the envelope that EventBridge sends for it: source from
// eventSource, detail-type from eventType, and the eventID as id. The record's bytes become the detail as they are.
func FromCloudTrail(raw []byte) (*Envelope, error) {
	if err := Check(raw); err != nil {
		return nil, err
	}
	var r Record
	if err := jsonv2.Unmarshal(raw, &r); err != nil {
		return nil, fault.New(fault.Invalid, "not a CloudTrail record: %w", err)
	}
	if r.EventName == "" || r.EventSource == "" || r.EventID == "" {
		return nil, fault.New(fault.Invalid, "not a CloudTrail record: eventName, eventSource and eventID are required").
			WithHint("a log file is {\"Records\":[…]}; other files hold one record or one EventBridge envelope a line")
	}
	service, _, _ := strings.Cut(r.EventSource, ".")
	resources := make([]string, 0, len(r.Resources))
	for _, res := range r.Resources {
		if res.ARN != "" {
			resources = append(resources, res.ARN)
		}
	}
	return &Envelope{
		Version: "0", ID: r.EventID, DetailType: detailType(r.EventType), Source: "aws." + service,
		Account: r.Account(), Time: r.EventTime, Region: r.AWSRegion, Resources: resources, Detail: raw, record: &r,
	}, nil
}

func detailType(eventType string) string {
	switch eventType {
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

package sandbox

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"riposte.dev/sandbox/wire"
)

// eventRecord is a CloudTrail record, with the members in the order of real
// ones (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html).
type eventRecord struct {
	EventVersion        string            `json:"eventVersion"`
	UserIdentity        *userIdentity     `json:"userIdentity"`
	EventTime           string            `json:"eventTime"`
	EventSource         string            `json:"eventSource"`
	EventName           string            `json:"eventName"`
	AWSRegion           string            `json:"awsRegion"`
	SourceIPAddress     string            `json:"sourceIPAddress"`
	UserAgent           string            `json:"userAgent"`
	ErrorCode           string            `json:"errorCode,omitempty"`
	ErrorMessage        string            `json:"errorMessage,omitempty"`
	RequestParameters   any               `json:"requestParameters"`
	ResponseElements    any               `json:"responseElements"`
	AdditionalEventData wire.Object       `json:"additionalEventData,omitempty"`
	RequestID           string            `json:"requestID"`
	EventID             string            `json:"eventID"`
	ReadOnly            bool              `json:"readOnly"`
	Resources           []eventResource   `json:"resources,omitempty"`
	EventType           string            `json:"eventType"`
	APIVersion          string            `json:"apiVersion,omitempty"`
	ManagementEvent     bool              `json:"managementEvent"`
	RecipientAccountID  string            `json:"recipientAccountId"`
	SharedEventID       string            `json:"sharedEventID,omitempty"`
	EventCategory       string            `json:"eventCategory"`
	TLSDetails          map[string]string `json:"tlsDetails,omitempty"`
}

type eventResource struct {
	AccountID string `json:"accountId"`
	Type      string `json:"type"`
	ARN       string `json:"ARN"`
}

type userIdentity struct {
	Type           string          `json:"type"`
	PrincipalID    string          `json:"principalId,omitempty"`
	ARN            string          `json:"arn,omitempty"`
	AccountID      string          `json:"accountId,omitempty"`
	AccessKeyID    string          `json:"accessKeyId,omitempty"`
	UserName       string          `json:"userName,omitempty"`
	SessionContext *sessionContext `json:"sessionContext,omitempty"`
}

type sessionContext struct {
	SessionIssuer  *sessionIssuer    `json:"sessionIssuer,omitempty"`
	Attributes     map[string]string `json:"attributes"`
	SourceIdentity string            `json:"sourceIdentity,omitempty"`
}

type sessionIssuer struct {
	Type        string `json:"type"`
	PrincipalID string `json:"principalId"`
	ARN         string `json:"arn"`
	AccountID   string `json:"accountId"`
	UserName    string `json:"userName"`
}

// sharedRecord asks for a second record of a call in another account, as
// AssumeRole across accounts has.
type sharedRecord struct {
	account string
}

const eventVersion = "1.11"

// record journals a call, and writes its CloudTrail record where it has one.
func (s *Sandbox) record(c *call, out wire.Object, err error) {
	s.journal(c, err)
	if c.caller == nil || c.op.data {
		return
	}
	r := s.newRecord(c, out, err)
	if c.shared != nil && c.shared.account != c.caller.account {
		r.SharedEventID = s.newUUID()
		other := *r
		other.EventID, other.RecipientAccountID = s.newUUID(), c.shared.account
		other.UserIdentity = &userIdentity{Type: "AWSAccount", PrincipalID: c.caller.id, AccountID: c.caller.account}
		defer s.emit(c, &other)
	}
	s.emit(c, r)
}

func (s *Sandbox) newRecord(c *call, out wire.Object, err error) *eventRecord {
	region := c.region
	if c.svc.global {
		region = defaultRegion
	}
	r := &eventRecord{
		EventVersion: eventVersion, UserIdentity: identityOf(c.caller), EventTime: c.time.UTC().Format(time.RFC3339),
		EventSource: c.svc.eventSource(), EventName: c.op.record.eventName(c.op.name), AWSRegion: region,
		SourceIPAddress: c.sourceIP, UserAgent: c.userAgent, AdditionalEventData: c.additional,
		RequestID: c.requestID, EventID: s.newUUID(), ReadOnly: c.op.readOnly(), EventType: "AwsApiCall",
		ManagementEvent: true, RecipientAccountID: c.caller.account, EventCategory: "Management",
		TLSDetails: map[string]string{
			"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": c.awsHost(),
		},
	}
	if c.svc.versioned {
		r.APIVersion = c.target.Model.Metadata.APIVersion
	}
	for _, x := range c.resources {
		r.Resources = append(r.Resources, eventResource{AccountID: x.account, Type: x.kind, ARN: x.arn})
	}
	var failure *wire.Error
	denied := false
	if errors.As(err, &failure) {
		r.ErrorCode, r.ErrorMessage = c.target.Model.RecordCode(failure), failure.Message
		denied = failure.Record == "AccessDenied" && c.target.Protocol != wire.RESTXML
	}
	// Services that are not EC2 or S3 refuse before they read the input, so the
	// records of refused calls have none.
	if !denied {
		r.RequestParameters = c.op.record.request(c)
	}
	if err == nil && !c.op.readOnly() || c.op.record.alwaysAnswers {
		r.ResponseElements = c.op.record.response(c, out)
	}
	return r
}

// identityOf is the userIdentity element of a principal
// (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html).
func identityOf(p *principal) *userIdentity {
	u := &userIdentity{Type: p.kind, PrincipalID: p.id, ARN: p.arn, AccountID: p.account, AccessKeyID: p.accessKeyID}
	if p.kind == "IAMUser" {
		u.UserName = p.name
	}
	if p.session == nil {
		return u
	}
	mfa := "false"
	if p.session.mfa {
		mfa = "true"
	}
	u.SessionContext = &sessionContext{
		Attributes: map[string]string{
			"creationDate": p.session.created.UTC().Format(time.RFC3339), "mfaAuthenticated": mfa,
		},
		SourceIdentity: p.session.sourceIdentity,
	}
	if p.issuerARN != "" {
		u.SessionContext.SessionIssuer = &sessionIssuer{
			Type: "Role", PrincipalID: p.issuerID, ARN: p.issuerARN, AccountID: p.account, UserName: p.name,
		}
	}
	return u
}

// awsHost is the host that the client would have asked at AWS: a client of the
// sandbox says a loopback address.
func (c *call) awsHost() string {
	host := c.request.HTTP.Host
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	if _, err := netip.ParseAddr(name); err != nil && name != "localhost" && !strings.HasSuffix(name, ".localhost") {
		return host
	}
	m := c.target.Model.Metadata
	if m.GlobalEndpoint != "" && c.svc.global {
		return m.GlobalEndpoint
	}
	return m.EndpointPrefix + "." + c.region + ".amazonaws.com"
}

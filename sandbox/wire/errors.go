package wire

import (
	"fmt"
	"net/http"
)

// Error is a failure as AWS reports one. Code is the model's name of the error
// shape ("TrailNotFoundException", "NoSuchEntityException") or, where the model
// has none, the code itself; on the wire it becomes what the protocol says.
type Error struct {
	Code    string
	Message string
	Status  int               // HTTP status; 0: the model's, else 400
	Fields  map[string]string // further members of the answer: BucketName, Resource
	Record  string            // errorCode in the CloudTrail record; "" means Code
}

// Error says the code and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf makes an error whose status is the model's.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Common is a failure that every service has, each protocol in its own words
// (https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html and
// its siblings for EC2, S3 and the JSON services).
type Common int

// The common failures.
const (
	UnknownKey Common = iota
	BadSignature
	NoSignature
	IncompleteSignature
	SkewedClock
	ExpiredToken
	InvalidToken
	Denied
	Invalid
	MissingParameter
	Malformed
	UnknownOperation
	Throttled
	Internal
)

type commonError struct {
	code   string
	status int
}

// Columns: query, ec2, json, rest-json, rest-xml.
var commonErrors = map[Common][5]commonError{
	UnknownKey:          {{"InvalidClientTokenId", 403}, {"AuthFailure", 401}, {"UnrecognizedClientException", 400}, {"UnrecognizedClientException", 403}, {"InvalidAccessKeyId", 403}},
	BadSignature:        {{"SignatureDoesNotMatch", 403}, {"AuthFailure", 401}, {"InvalidSignatureException", 400}, {"InvalidSignatureException", 403}, {"SignatureDoesNotMatch", 403}},
	NoSignature:         {{"MissingAuthenticationToken", 403}, {"AuthFailure", 401}, {"MissingAuthenticationTokenException", 400}, {"MissingAuthenticationTokenException", 403}, {"AccessDenied", 403}},
	IncompleteSignature: {{"IncompleteSignature", 400}, {"IncompleteSignature", 400}, {"IncompleteSignatureException", 400}, {"IncompleteSignatureException", 403}, {"AuthorizationHeaderMalformed", 400}},
	SkewedClock:         {{"SignatureDoesNotMatch", 403}, {"RequestExpired", 400}, {"InvalidSignatureException", 400}, {"InvalidSignatureException", 403}, {"RequestTimeTooSkewed", 403}},
	ExpiredToken:        {{"ExpiredToken", 403}, {"RequestExpired", 400}, {"ExpiredTokenException", 400}, {"ExpiredTokenException", 403}, {"ExpiredToken", 400}},
	InvalidToken:        {{"InvalidClientTokenId", 403}, {"AuthFailure", 401}, {"UnrecognizedClientException", 400}, {"UnrecognizedClientException", 403}, {"InvalidToken", 400}},
	Denied:              {{"AccessDenied", 403}, {"UnauthorizedOperation", 403}, {"AccessDeniedException", 400}, {"AccessDeniedException", 403}, {"AccessDenied", 403}},
	Invalid:             {{"ValidationError", 400}, {"InvalidParameterValue", 400}, {"ValidationException", 400}, {"ValidationException", 400}, {"InvalidArgument", 400}},
	MissingParameter:    {{"ValidationError", 400}, {"MissingParameter", 400}, {"ValidationException", 400}, {"ValidationException", 400}, {"InvalidRequest", 400}},
	Malformed:           {{"MalformedQueryString", 400}, {"MalformedQueryString", 400}, {"SerializationException", 400}, {"SerializationException", 400}, {"MalformedXML", 400}},
	UnknownOperation:    {{"InvalidAction", 400}, {"InvalidAction", 400}, {"UnknownOperationException", 400}, {"UnknownOperationException", 404}, {"NotImplemented", 501}},
	Throttled:           {{"Throttling", 400}, {"RequestLimitExceeded", 503}, {"ThrottlingException", 400}, {"ThrottlingException", 429}, {"SlowDown", 503}},
	Internal:            {{"InternalFailure", 500}, {"InternalError", 500}, {"InternalFailure", 500}, {"InternalFailure", 500}, {"InternalError", 500}},
}

// serviceErrors are the exceptions to the rule of the protocol.
var serviceErrors = map[string]map[Common]commonError{
	"sns": {
		Denied: {"AuthorizationError", 403}, Invalid: {"InvalidParameter", 400}, MissingParameter: {"InvalidParameter", 400},
	},
}

var protocolColumn = map[Protocol]int{Query: 0, EC2: 1, JSON: 2, RESTJSON: 3, RESTXML: 4}

// CommonError words a common failure as the service does in that protocol.
func CommonError(service string, p Protocol, kind Common, format string, args ...any) *Error {
	c := commonErrors[kind][protocolColumn[p]]
	if own, ok := serviceErrors[service][kind]; ok && p == Query {
		c = own
	}
	e := &Error{Code: c.code, Status: c.status, Message: fmt.Sprintf(format, args...)}
	if kind == Denied && p != EC2 {
		// CloudTrail's records say AccessDenied whatever the protocol's word is.
		e.Record = "AccessDenied"
	}
	return e
}

// wireCode is the code and status that the answer carries.
func (m *Model) wireCode(e *Error) (code string, status int) {
	code, status = e.Code, e.Status
	if s := m.Shapes[e.Code]; s != nil && s.Exception != nil {
		if s.Exception.Code != "" {
			code = s.Exception.Code
		}
		if status == 0 {
			status = s.Exception.Status
		}
	}
	if status == 0 {
		status = m.commonStatus(code)
	}
	return code, status
}

// commonStatus is the status of a failure that every service has; 400 for
// others.
func (m *Model) commonStatus(code string) int {
	for _, words := range commonErrors {
		if c := words[protocolColumn[m.Metadata.Protocol]]; c.code == code {
			return c.status
		}
	}
	return http.StatusBadRequest
}

// RecordCode is the errorCode of the CloudTrail record of a call that failed
// so: the error shape's name, and "Client." or "Server." before EC2's codes
// (as real records have it).
func (m *Model) RecordCode(e *Error) string {
	if e.Record != "" {
		return e.Record
	}
	if m.Metadata.Protocol != EC2 {
		return e.Code
	}
	if _, status := m.wireCode(e); status >= 500 {
		return "Server." + e.Code
	}
	return "Client." + e.Code
}

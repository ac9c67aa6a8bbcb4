// Package sigv4 verifies AWS Signature Version 4 on received requests: in the
// Authorization header, in the query string (presigned), and chunk by chunk
// (aws-chunked). Call [Parse] to learn who claims to have signed, look up that
// key's secret, then [Signature.Verify].
//
// The algorithm is the one of
// https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html.
package sigv4

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	timeLayout = "20060102T150405Z"
	// MaxSkew is how far a signature's time may lie from the verifier's clock.
	MaxSkew = 15 * time.Minute
	// maxExpires is the longest life of a presigned URL.
	maxExpires = 7 * 24 * time.Hour
)

// The reasons why a request isn't authentic. IncompleteError and SkewError are
// types because AWS tells the client the details.
var (
	// ErrMissing means that the request isn't signed at all.
	ErrMissing = errors.New("the request carries no signature")
	// ErrMismatch means that the secret or the request differs from what was signed.
	ErrMismatch = errors.New("the signature doesn't match the request")
)

// IncompleteError is a signature whose parts are missing or unreadable.
type IncompleteError struct{ Reason string }

func (e *IncompleteError) Error() string { return e.Reason }

// SkewError is a signature from another time than now.
type SkewError struct{ Reason string }

func (e *SkewError) Error() string { return e.Reason }

// Signature is what a request says about its signer.
type Signature struct {
	AccessKeyID   string
	Date          string // yyyymmdd of the credential scope
	Region        string
	Service       string
	SignedHeaders []string // lower case, sorted
	Value         string   // hex
	Time          time.Time
	Expires       time.Duration // of a presigned URL; 0: in the header
	Token         string        // of temporary credentials, "" without
	PayloadHash   string        // as the signer gave it; "" to be computed
}

// Parse reads the signature of a request. It fails with ErrMissing or an
// *IncompleteError.
func Parse(r *http.Request) (*Signature, error) {
	if q := r.URL.Query(); q.Get("X-Amz-Algorithm") != "" {
		return parseQuery(q)
	}
	auth := r.Header.Get("Authorization")
	if auth == "" {
		return nil, ErrMissing
	}
	alg, rest, _ := strings.Cut(auth, " ")
	if alg != algorithm {
		return nil, &IncompleteError{fmt.Sprintf("Authorization has the algorithm %.40q; sign with %s", alg, algorithm)}
	}
	parts := map[string]string{}
	for _, p := range strings.Split(rest, ",") {
		k, v, ok := strings.Cut(strings.TrimSpace(p), "=")
		if ok {
			parts[k] = v
		}
	}
	s := &Signature{
		Value: parts["Signature"], Token: r.Header.Get("X-Amz-Security-Token"),
		PayloadHash: r.Header.Get("X-Amz-Content-Sha256"),
	}
	for _, name := range []string{"Credential", "SignedHeaders", "Signature"} {
		if parts[name] == "" {
			return nil, &IncompleteError{fmt.Sprintf("Authorization header requires '%s' parameter.", name)}
		}
	}
	when := r.Header.Get("X-Amz-Date")
	if when == "" {
		t, err := http.ParseTime(r.Header.Get("Date"))
		if err != nil {
			return nil, &IncompleteError{"Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."}
		}
		when = t.UTC().Format(timeLayout)
	}
	return s, s.fill(parts["Credential"], parts["SignedHeaders"], when)
}

func parseQuery(q url.Values) (*Signature, error) {
	if alg := q.Get("X-Amz-Algorithm"); alg != algorithm {
		return nil, &IncompleteError{fmt.Sprintf("X-Amz-Algorithm is %.40q; sign with %s", alg, algorithm)}
	}
	for _, name := range []string{"X-Amz-Credential", "X-Amz-SignedHeaders", "X-Amz-Signature", "X-Amz-Date", "X-Amz-Expires"} {
		if q.Get(name) == "" {
			return nil, &IncompleteError{fmt.Sprintf("AWS query-string parameters must include '%s'.", name)}
		}
	}
	seconds, err := strconv.Atoi(q.Get("X-Amz-Expires"))
	if err != nil || seconds < 1 || seconds > int(maxExpires/time.Second) {
		return nil, &IncompleteError{"X-Amz-Expires must be a number of seconds from 1 to 604800"}
	}
	s := &Signature{
		Value: q.Get("X-Amz-Signature"), Token: q.Get("X-Amz-Security-Token"),
		Expires: time.Duration(seconds) * time.Second,
	}
	err = s.fill(q.Get("X-Amz-Credential"), q.Get("X-Amz-SignedHeaders"), q.Get("X-Amz-Date"))
	if s.Service == "s3" {
		// Only S3 presigns without knowing the body.
		s.PayloadHash = unsignedPayload
	}
	return s, err
}

func (s *Signature) fill(credential, signed, when string) error {
	scope := strings.Split(credential, "/")
	if len(scope) != 5 || scope[4] != "aws4_request" || slices.Contains(scope, "") {
		return &IncompleteError{fmt.Sprintf("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '%.100s'", credential)}
	}
	s.AccessKeyID, s.Date, s.Region, s.Service = scope[0], scope[1], scope[2], scope[3]
	t, err := time.Parse(timeLayout, when)
	if err != nil {
		return &IncompleteError{fmt.Sprintf("Date must be in ISO-8601 'basic format'. Got '%.40s'.", when)}
	}
	s.Time = t
	if t.Format("20060102") != s.Date {
		return &IncompleteError{fmt.Sprintf("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s'.", s.Date, t.Format("20060102"))}
	}
	s.SignedHeaders = strings.Split(strings.ToLower(signed), ";")
	slices.Sort(s.SignedHeaders)
	if !slices.Contains(s.SignedHeaders, "host") {
		return &IncompleteError{"'Host' must be a 'SignedHeader' in the AWS Authorization."}
	}
	return nil
}

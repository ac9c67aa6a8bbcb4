package web

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"riposte.dev/fault"
)

// maxSkew is how far a signature's time may be from ours; AWS allows 15 minutes at most.
const maxSkew = 15 * time.Minute

const sigV4 = "AWS4-HMAC-SHA256"

// signature is what an Authorization header of SigV4 says
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
type signature struct {
	keyID, date, region, service string
	headers                      []string // signed header names, lower case, sorted
	value                        string   // hex
	time                         time.Time
}

func parseSignature(r *http.Request) (*signature, error) {
	bad := func(what string) error {
		return fault.New(fault.Unauthenticated, "the SigV4 Authorization header is incomplete: %s", what)
	}
	fields := map[string]string{}
	for part := range strings.SplitSeq(strings.TrimPrefix(r.Header.Get("Authorization"), sigV4), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[name] = value
	}
	scope := strings.Split(fields["Credential"], "/")
	if len(scope) != 5 || scope[4] != "aws4_request" {
		return nil, bad("Credential is not KEY/DATE/REGION/SERVICE/aws4_request")
	}
	s := &signature{keyID: scope[0], date: scope[1], region: scope[2], service: scope[3],
		headers: strings.Split(fields["SignedHeaders"], ";"), value: fields["Signature"]}
	var err error
	if s.time, err = time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date")); err != nil {
		return nil, bad("X-Amz-Date is not a time such as 20260102T150405Z")
	}
	if s.time.Format("20060102") != s.date {
		return nil, bad("the credential's date is not that of X-Amz-Date")
	}
	if !slices.Contains(s.headers, "host") || !slices.Contains(s.headers, "x-amz-date") {
		return nil, bad("host and x-amz-date must be signed")
	}
	// What chooses the operation or the body's meaning must be under the signature, or a third party could swap it.
	for _, name := range []string{"X-Amz-Target", "X-Amz-Content-Sha256", "X-Amz-Security-Token"} {
		if r.Header.Get(name) != "" && !slices.Contains(s.headers, strings.ToLower(name)) {
			return nil, bad(strings.ToLower(name) + " must be signed")
		}
	}
	return s, nil
}

// verify checks the request against the secret. It reads the body, at most limit bytes, and puts it back.
func (s *signature) verify(w http.ResponseWriter, r *http.Request, secret string, limit int64, now time.Time) error {
	if skew := now.Sub(s.time).Abs(); skew > maxSkew {
		return fault.New(fault.Unauthenticated, "the signature is %s away from this machine's time", skew.Round(time.Second)).
			WithHint("set the clock of the sender or of this machine")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		return fault.New(fault.TooLarge, "reading the signed request: %w", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	payload := hexSum(body)
	if declared := r.Header.Get("X-Amz-Content-Sha256"); declared != "" && declared != payload {
		return fault.New(fault.Unauthenticated, "x-amz-content-sha256 is not the digest of the body")
	}
	scope := s.date + "/" + s.region + "/" + s.service + "/aws4_request"
	toSign := strings.Join([]string{sigV4, s.time.Format("20060102T150405Z"), scope, hexSum([]byte(s.canonical(r, payload)))}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range []string{s.date, s.region, s.service, "aws4_request"} {
		key = mac(key, part)
	}
	want := hex.EncodeToString(mac(key, toSign))
	if subtle.ConstantTimeCompare([]byte(want), []byte(s.value)) != 1 {
		return fault.New(fault.Unauthenticated, "the signature does not match").
			WithHint("check the secret access key of %s", s.keyID)
	}
	return nil
}

// canonical is the canonical request of SigV4.
func (s *signature) canonical(r *http.Request, payload string) string {
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	var b strings.Builder
	b.WriteString(r.Method + "\n" + escapePath(path) + "\n" + canonicalQuery(r.URL.Query()) + "\n")
	for _, name := range s.headers {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = r.Header.Get("Content-Length")
			if value == "" && r.ContentLength >= 0 {
				value = itoa(r.ContentLength)
			}
		}
		b.WriteString(name + ":" + strings.Join(strings.Fields(value), " ") + "\n")
	}
	b.WriteString("\n" + strings.Join(s.headers, ";") + "\n" + payload)
	return b.String()
}

func canonicalQuery(query url.Values) string {
	var pairs []string
	for name, values := range query {
		for _, value := range values {
			pairs = append(pairs, escape(name)+"="+escape(value))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// escapePath escapes an already escaped path once more, as every service but S3 wants it.
func escapePath(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		parts[i] = escape(part)
	}
	return strings.Join(parts, "/")
}

// escape percent-encodes all but RFC 3986's unreserved characters.
func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("-_.~", c) >= 0 {
			b.WriteByte(c)
		} else {
			b.WriteString("%" + strings.ToUpper(hex.EncodeToString([]byte{c})))
		}
	}
	return b.String()
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	unsignedPayload = "UNSIGNED-PAYLOAD"
	streamingPrefix = "STREAMING-"
)

// Verify checks the signature against the secret of its access key. body is
// the request's body as received, before aws-chunked is taken off. It fails
// with ErrMismatch or a *SkewError.
func (s *Signature) Verify(r *http.Request, body []byte, secret string, now time.Time) error {
	if err := s.checkTime(now); err != nil {
		return err
	}
	hash := s.PayloadHash
	actual := hexSum(body)
	switch {
	case hash == "":
		hash = actual
	case hash == unsignedPayload, strings.HasPrefix(hash, streamingPrefix):
	case hash != actual:
		return fmt.Errorf("%w: the body's SHA-256 is not the signed one", ErrMismatch)
	}
	canonical := strings.Join([]string{
		r.Method, canonicalPath(r.URL, s.Service), canonicalQuery(r.URL.RawQuery),
		canonicalHeaders(r, s.SignedHeaders), strings.Join(s.SignedHeaders, ";"), hash,
	}, "\n")
	if !hmac.Equal([]byte(s.sign(secret, algorithm, hexSum([]byte(canonical)))), []byte(s.Value)) {
		return ErrMismatch
	}
	return nil
}

func (s *Signature) checkTime(now time.Time) error {
	f := func(t time.Time) string { return t.UTC().Format(timeLayout) }
	if s.Expires > 0 && now.After(s.Time.Add(s.Expires)) {
		return &SkewError{"Request has expired"}
	}
	if s.Expires == 0 && s.Time.Before(now.Add(-MaxSkew)) {
		return &SkewError{fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - 15 min.)", f(s.Time), f(now.Add(-MaxSkew)), f(now))}
	}
	if s.Time.After(now.Add(MaxSkew)) {
		return &SkewError{fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + 15 min.)", f(s.Time), f(now.Add(MaxSkew)), f(now))}
	}
	return nil
}

// sign computes the signature of the lines after time and scope.
func (s *Signature) sign(secret, alg string, lines ...string) string {
	scope := strings.Join([]string{s.Date, s.Region, s.Service, "aws4_request"}, "/")
	key := sum([]byte("AWS4"+secret), s.Date)
	for _, part := range []string{s.Region, s.Service, "aws4_request"} {
		key = sum(key, part)
	}
	text := append([]string{alg, s.Time.Format(timeLayout), scope}, lines...)
	return hex.EncodeToString(sum(key, strings.Join(text, "\n")))
}

func sum(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func hexSum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// canonicalPath is the path encoded once for S3 and twice for everybody else.
func canonicalPath(u *url.URL, service string) string {
	path := u.EscapedPath()
	if path == "" {
		return "/"
	}
	if service == "s3" {
		if plain, err := url.PathUnescape(path); err == nil {
			return escape(plain, true)
		}
	}
	return escape(path, true)
}

func canonicalQuery(raw string) string {
	var pairs []string
	for _, p := range strings.Split(raw, "&") {
		k, v, _ := strings.Cut(p, "=")
		if p == "" || k == "X-Amz-Signature" {
			continue
		}
		pairs = append(pairs, reescape(k)+"="+reescape(v))
	}
	slices.SortFunc(pairs, func(a, b string) int {
		ak, av, _ := strings.Cut(a, "=")
		bk, bv, _ := strings.Cut(b, "=")
		if c := strings.Compare(ak, bk); c != 0 {
			return c
		}
		return strings.Compare(av, bv)
	})
	return strings.Join(pairs, "&")
}

func reescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		s = plain
	}
	return escape(s, false)
}

// escape percent-encodes all but RFC 3986's unreserved characters.
func escape(s string, path bool) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-_.~", c) >= 0, path && c == '/':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func canonicalHeaders(r *http.Request, signed []string) string {
	var b strings.Builder
	for _, name := range signed {
		values := r.Header.Values(name)
		switch {
		case name == "host":
			values = []string{r.Host}
		case name == "content-length" && len(values) == 0:
			values = []string{strconv.FormatInt(r.ContentLength, 10)}
		}
		trimmed := make([]string, len(values))
		for i, v := range values {
			trimmed[i] = strings.Join(strings.Fields(v), " ")
		}
		fmt.Fprintf(&b, "%s:%s\n", name, strings.Join(trimmed, ","))
	}
	return b.String()
}

package sigv4

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

var (
	now  = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	keys = aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "secret/+=", SessionToken: "token"}
)

// received is a request as a server sees it, signed by the SDK's signer. It
// travels as text, so that what the signer saw and what arrives may differ.
func received(t *testing.T, method, target, service, body string, change func(*http.Request)) (*http.Request, []byte) {
	t.Helper()
	req, err := http.NewRequest(method, "http://127.0.0.1:4566"+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(req)
	}
	sum := sha256.Sum256([]byte(body))
	hash := hex.EncodeToString(sum[:])
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" })
	if service == "s3" {
		req.Header.Set("X-Amz-Content-Sha256", hash)
	}
	if err := signer.SignHTTP(context.Background(), keys, req, hash, service, "eu-west-1", now); err != nil {
		t.Fatal(err)
	}
	return deliver(t, req)
}

func deliver(t *testing.T, req *http.Request) (*http.Request, []byte) {
	t.Helper()
	var b bytes.Buffer
	if err := req.Write(&b); err != nil {
		t.Fatal(err)
	}
	var got *http.Request
	var body []byte
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = r.Clone(context.Background())
		body, _ = io.ReadAll(r.Body)
	}))
	defer srv.Close()
	u, _ := url.Parse(srv.URL)
	out := req.Clone(context.Background())
	out.Host, out.URL.Host = req.URL.Host, u.Host
	if req.GetBody != nil {
		out.Body, _ = req.GetBody()
	}
	resp, err := http.DefaultClient.Do(out)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return got, body
}

func TestVerify(t *testing.T) {
	for _, tc := range []struct{ name, method, target, service, body string }{
		{"empty body", "GET", "/", "sts", ""},
		{"form", "POST", "/", "iam", "Action=GetUser&Version=2010-05-08"},
		{"query string", "GET", "/?b=2&a=1&a=0&empty&sp=a%20b&plus=a%2Bb&tilde=~", "iam", ""},
		{"path of S3", "PUT", "/bucket/a%20b/c%2Bd/%C3%A4?acl", "s3", "data"},
		{"path of another service", "GET", "/2015-03-31/functions/arn%3Aaws%3Alambda/x%20y", "lambda", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, body := received(t, tc.method, tc.target, tc.service, tc.body, func(r *http.Request) {
				r.Header.Set("X-Spaced", "  a   b ")
				r.Header.Set("Content-Type", "text/plain")
			})
			s, err := Parse(r)
			if err != nil {
				t.Fatal(err)
			}
			if s.AccessKeyID != keys.AccessKeyID || s.Region != "eu-west-1" || s.Service != tc.service || s.Token != "token" {
				t.Errorf("parsed %+v", s)
			}
			if err := s.Verify(r, body, keys.SecretAccessKey, now); err != nil {
				t.Error(err)
			}
			for name, bad := range map[string]func() error{
				"another secret": func() error { return s.Verify(r, body, "x", now) },
				"another body":   func() error { return s.Verify(r, append([]byte("x"), body...), keys.SecretAccessKey, now) },
				"another method": func() error {
					c := r.Clone(context.Background())
					c.Method = "DELETE"
					return s.Verify(c, body, keys.SecretAccessKey, now)
				},
				"another host": func() error {
					c := r.Clone(context.Background())
					c.Host = "evil"
					return s.Verify(c, body, keys.SecretAccessKey, now)
				},
				"another query": func() error {
					c := r.Clone(context.Background())
					c.URL.RawQuery += "&x=1"
					return s.Verify(c, body, keys.SecretAccessKey, now)
				},
			} {
				if err := bad(); !errors.Is(err, ErrMismatch) {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}

func TestTime(t *testing.T) {
	r, body := received(t, "GET", "/", "sts", "", nil)
	s, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]time.Time{"late": now.Add(MaxSkew + time.Second), "early": now.Add(-MaxSkew - time.Second)} {
		var skew *SkewError
		if err := s.Verify(r, body, keys.SecretAccessKey, at); !errors.As(err, &skew) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.Verify(r, body, keys.SecretAccessKey, now.Add(MaxSkew)); err != nil {
		t.Error(err)
	}
}

func TestPresigned(t *testing.T) {
	req, err := http.NewRequest("GET", "http://127.0.0.1:4566/bucket/key?X-Amz-Expires=60", nil)
	if err != nil {
		t.Fatal(err)
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	signed, _, err := signer.PresignHTTP(context.Background(), keys, req, unsignedPayload, "s3", "eu-west-1", now)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", signed, nil)
	s, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(r, nil, keys.SecretAccessKey, now.Add(time.Minute)); err != nil {
		t.Error(err)
	}
	var skew *SkewError
	if err := s.Verify(r, nil, keys.SecretAccessKey, now.Add(61*time.Second)); !errors.As(err, &skew) {
		t.Errorf("after its life: %v", err)
	}
}

func TestPresignedOtherService(t *testing.T) {
	req, err := http.NewRequest("GET", "http://127.0.0.1:4566/?Action=GetCallerIdentity&X-Amz-Expires=60", nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, _, err := v4.NewSigner().PresignHTTP(context.Background(), keys, req, hexSum(nil), "sts", "eu-west-1", now)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", signed, nil)
	s, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(r, nil, keys.SecretAccessKey, now); err != nil {
		t.Error(err)
	}
	if err := s.Verify(r, []byte("x"), keys.SecretAccessKey, now); !errors.Is(err, ErrMismatch) {
		t.Errorf("with a body: %v", err)
	}
}

func TestParseRefuses(t *testing.T) {
	const credential = "Credential=AKIA/20260301/eu-west-1/sts/aws4_request"
	for _, tc := range []struct{ name, auth, date, part string }{
		{"another algorithm", "AWS3 x", "", "AWS4-HMAC-SHA256"},
		{"no credential", "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=x", "20260301T100000Z", "'Credential'"},
		{"no headers", "AWS4-HMAC-SHA256 " + credential + ", Signature=x", "20260301T100000Z", "'SignedHeaders'"},
		{"no signature", "AWS4-HMAC-SHA256 " + credential + ", SignedHeaders=host", "20260301T100000Z", "'Signature'"},
		{"no date", "AWS4-HMAC-SHA256 " + credential + ", SignedHeaders=host, Signature=x", "", "X-Amz-Date"},
		{"a bad date", "AWS4-HMAC-SHA256 " + credential + ", SignedHeaders=host, Signature=x", "today", "ISO-8601"},
		{"another day", "AWS4-HMAC-SHA256 " + credential + ", SignedHeaders=host, Signature=x", "20260302T100000Z", "20260301"},
		{"a short scope", "AWS4-HMAC-SHA256 Credential=AKIA/20260301, SignedHeaders=host, Signature=x", "20260301T100000Z", "slash-delimited"},
		{"host not signed", "AWS4-HMAC-SHA256 " + credential + ", SignedHeaders=x-amz-date, Signature=x", "20260301T100000Z", "Host"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", tc.auth)
		r.Header.Set("X-Amz-Date", tc.date)
		var incomplete *IncompleteError
		if _, err := Parse(r); !errors.As(err, &incomplete) || !strings.Contains(err.Error(), tc.part) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	if _, err := Parse(httptest.NewRequest("GET", "/", nil)); !errors.Is(err, ErrMissing) {
		t.Errorf("unsigned: %v", err)
	}
	var incomplete *IncompleteError
	if _, err := Parse(httptest.NewRequest("GET", "/?X-Amz-Algorithm=AWS4-HMAC-SHA256", nil)); !errors.As(err, &incomplete) {
		t.Errorf("half presigned: %v", err)
	}
}

// The example of the document that DecodeChunked follows, with its key.
func TestDecodeChunked(t *testing.T) {
	s := &Signature{
		Date: "20130524", Region: "us-east-1", Service: "s3", Time: time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC),
		Value:       "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
		PayloadHash: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
	}
	const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	chunk := func(size, sig, data string) string { return size + ";chunk-signature=" + sig + "\r\n" + data + "\r\n" }
	first := chunk("10000", "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648", strings.Repeat("a", 65536))
	second := chunk("400", "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497", strings.Repeat("a", 1024))
	last := chunk("0", "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9", "")
	got, err := s.DecodeChunked([]byte(first+second+last), secret)
	if err != nil || len(got) != 66560 || !s.Chunked() {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	for name, tc := range map[string]struct {
		body string
		want error
	}{
		"changed data":     {first + strings.Replace(second, "aaaa", "abaa", 1) + last, ErrMismatch},
		"chunks exchanged": {second + first + last, ErrMismatch},
		"cut short":        {first + second, ErrChunk},
		"size too large":   {"ffffff;chunk-signature=x\r\nabc\r\n", ErrChunk},
		"no size":          {"zz\r\n", ErrChunk},
	} {
		if _, err := s.DecodeChunked([]byte(tc.body), secret); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
	s.PayloadHash = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
	got, err = s.DecodeChunked([]byte("3\r\nabc\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n"), secret)
	if err != nil || string(got) != "abc" {
		t.Errorf("unsigned: %q, %v", got, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=AKIA/20260301/eu-west-1/sts/aws4_request, SignedHeaders=host, Signature=x", "20260301T100000Z", "a=b", "/p%20q")
	f.Add("", "", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a/b/c/d/aws4_request&X-Amz-Date=20260301T100000Z&X-Amz-Expires=5&X-Amz-SignedHeaders=host&X-Amz-Signature=x", "/")
	f.Fuzz(func(t *testing.T, auth, date, query, path string) {
		r := &http.Request{Method: "GET", Header: http.Header{}, Host: "h", URL: &url.URL{Path: path, RawQuery: query}}
		r.Header.Set("Authorization", auth)
		r.Header.Set("X-Amz-Date", date)
		s, err := Parse(r)
		if err != nil {
			return
		}
		if err := s.Verify(r, nil, "secret", s.Time); err == nil {
			t.Errorf("a made-up signature is taken: %+v", s)
		}
	})
}

func FuzzDecodeChunked(f *testing.F) {
	f.Add([]byte("3\r\nabc\r\n0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		s := &Signature{PayloadHash: "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}
		out, err := s.DecodeChunked(body, "")
		if err == nil && len(out) > len(body) {
			t.Error("the decoded body is longer than the framed one")
		}
	})
}

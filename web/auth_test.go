package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"riposte.dev/fault"
)

var testTime = time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC)

type keyRing map[string]Key

func (k keyRing) Key(_ context.Context, id string) (Key, error) {
	if key, ok := k[id]; ok {
		return key, nil
	}
	return Key{}, fault.New(fault.NotFound, "no key")
}

func testServer() *Server {
	return &Server{
		Keys: keyRing{
			"RIPOSENDER": {ID: "RIPOSENDER", Secret: "s3cret", Account: "111122223333", Roles: []Role{Ingest}},
			"RIPOANA":    {ID: "RIPOANA", Secret: "s3cret", Name: "ana", Account: "111122223333", Roles: []Role{Respond, Approve, Admin}},
			"RIPOREADER": {ID: "RIPOREADER", Secret: "s3cret", Account: "111122223333", Roles: []Role{Read}},
		},
		LocalToken: "owner-of-the-folder",
		Now:        func() time.Time { return testTime },
		Metrics:    http.NotFoundHandler(),
		Ready:      func(context.Context) Readiness { return Readiness{Ready: true} },
		PutEvents: func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			writeJSON(w, http.StatusOK, map[string]string{"caller": CallerOf(r).Name, "region": CallerOf(r).Region, "body": string(body)})
		},
		PostEvent: func(w http.ResponseWriter, r *http.Request) { writeJSON(w, http.StatusOK, CallerOf(r).Name) },
	}
}

// signed returns a request that the AWS SDK's own signer has signed.
func signed(t *testing.T, key, secret, body string, at time.Time) *http.Request {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:7411/?b=2&a=%20x", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSEvents.PutEvents")
	sum := sha256.Sum256([]byte(body))
	err := v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: key, SecretAccessKey: secret}, r,
		hex.EncodeToString(sum[:]), "events", "eu-west-1", at)
	if err != nil {
		t.Fatal(err)
	}
	r.Body = io.NopCloser(strings.NewReader(body))
	return r
}

func TestSignedRequests(t *testing.T) {
	tests := []struct {
		name   string
		make   func(t *testing.T) *http.Request
		status int
		say    string
	}{
		{"signed by the SDK", func(t *testing.T) *http.Request { return signed(t, "RIPOSENDER", "s3cret", `{"a":1}`, testTime) },
			http.StatusOK, `"caller":"RIPOSENDER"`},
		{"clock five minutes off", func(t *testing.T) *http.Request {
			return signed(t, "RIPOSENDER", "s3cret", `{}`, testTime.Add(-5*time.Minute))
		}, http.StatusOK, ""},
		{"clock an hour off", func(t *testing.T) *http.Request {
			return signed(t, "RIPOSENDER", "s3cret", `{}`, testTime.Add(-time.Hour))
		}, http.StatusForbidden, "set the clock"},
		{"forged: another secret", func(t *testing.T) *http.Request { return signed(t, "RIPOSENDER", "guess", `{}`, testTime) },
			http.StatusForbidden, "does not match"},
		{"forged: the body was swapped", func(t *testing.T) *http.Request {
			r := signed(t, "RIPOSENDER", "s3cret", `{"a":1}`, testTime)
			r.Body = io.NopCloser(strings.NewReader(`{"a":2}`))
			return r
		}, http.StatusForbidden, "does not match"},
		{"forged: the operation was swapped", func(t *testing.T) *http.Request {
			r := signed(t, "RIPOSENDER", "s3cret", `{}`, testTime)
			r.Header.Set("X-Amz-Target", "AWSEvents.TestEventPattern")
			return r
		}, http.StatusForbidden, "does not match"},
		{"forged: the target is outside the signature", func(t *testing.T) *http.Request {
			r := signed(t, "RIPOSENDER", "s3cret", `{}`, testTime)
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), ";x-amz-target", "", 1))
			return r
		}, http.StatusForbidden, "must be signed"},
		{"unknown key", func(t *testing.T) *http.Request { return signed(t, "RIPONOBODY", "s3cret", `{}`, testTime) },
			http.StatusForbidden, "riposte keys list"},
		{"wrong role", func(t *testing.T) *http.Request { return signed(t, "RIPOREADER", "s3cret", `{}`, testTime) },
			http.StatusForbidden, "has not the role ingest"},
		{"half a header", func(t *testing.T) *http.Request {
			r := signed(t, "RIPOSENDER", "s3cret", `{}`, testTime)
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=RIPOSENDER/20260301")
			return r
		}, http.StatusForbidden, "incomplete"},
		{"nothing", func(*testing.T) *http.Request {
			return httptest.NewRequest(http.MethodPost, "http://127.0.0.1/", strings.NewReader("{}"))
		}, http.StatusForbidden, "riposte keys create"},
		{"too large", func(t *testing.T) *http.Request {
			return signed(t, "RIPOSENDER", "s3cret", strings.Repeat(" ", maxSignedBody+1), testTime)
		}, http.StatusRequestEntityTooLarge, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			testServer().Handler().ServeHTTP(w, tt.make(t))
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.say) {
				t.Errorf("answer %d %s, want %d with %q", w.Code, w.Body, tt.status, tt.say)
			}
		})
	}
}

func TestTheBodyIsStillThereAfterTheSignatureIsChecked(t *testing.T) {
	w := httptest.NewRecorder()
	testServer().Handler().ServeHTTP(w, signed(t, "RIPOSENDER", "s3cret", "the body", testTime))
	if !bytes.Contains(w.Body.Bytes(), []byte("the body")) || !bytes.Contains(w.Body.Bytes(), []byte("eu-west-1")) {
		t.Errorf("answer = %s", w.Body)
	}
}

func TestKeysInHeaders(t *testing.T) {
	tests := []struct {
		name, header, value string
		status              int
	}{
		{"API key", "X-Api-Key", "RIPOSENDER:s3cret", http.StatusOK},
		{"bearer", "Authorization", "Bearer RIPOSENDER:s3cret", http.StatusOK},
		{"basic", "Authorization", "Basic UklQT1NFTkRFUjpzM2NyZXQ=", http.StatusOK},
		{"the folder's owner", "Authorization", "Bearer owner-of-the-folder", http.StatusOK},
		{"wrong secret", "X-Api-Key", "RIPOSENDER:wrong", http.StatusForbidden},
		{"no secret", "X-Api-Key", "RIPOSENDER", http.StatusForbidden},
		{"broken basic", "Authorization", "Basic !", http.StatusForbidden},
		{"wrong role", "X-Api-Key", "RIPOREADER:s3cret", http.StatusForbidden},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "http://localhost/events", strings.NewReader("{}"))
			r.Header.Set(tt.header, tt.value)
			w := httptest.NewRecorder()
			testServer().Handler().ServeHTTP(w, r)
			if w.Code != tt.status {
				t.Errorf("answer %d %s, want %d", w.Code, w.Body, tt.status)
			}
		})
	}
}

func TestForeignHostsAndPagesAreRefused(t *testing.T) {
	tests := []struct {
		host, origin string
		status       int
	}{
		{"127.0.0.1:7411", "", http.StatusOK},
		{"localhost", "http://localhost", http.StatusOK},
		{"[::1]:7411", "", http.StatusOK},
		{"attacker.example", "", http.StatusForbidden},
		{"localhost", "https://attacker.example", http.StatusForbidden},
	}
	for _, tt := range tests {
		r := httptest.NewRequest(http.MethodGet, "/healthz", nil)
		r.Host = tt.host
		if tt.origin != "" {
			r.Header.Set("Origin", tt.origin)
		}
		w := httptest.NewRecorder()
		testServer().Handler().ServeHTTP(w, r)
		if w.Code != tt.status {
			t.Errorf("host %s, origin %q: %d, want %d", tt.host, tt.origin, w.Code, tt.status)
		}
	}
}

func TestFirehoseIsRefusedInItsOwnForm(t *testing.T) {
	s := testServer()
	s.RefuseFirehose = func(w http.ResponseWriter, r *http.Request, err error) {
		writeJSON(w, http.StatusTeapot, r.Header.Get("X-Amz-Firehose-Request-Id")+": "+fault.Message(err))
	}
	for name, tt := range map[string]struct{ url, key, want string }{
		"no key":         {"https://127.0.0.1/firehose", "", `"id-1: the request is not signed and has no key"`},
		"wrong secret":   {"https://127.0.0.1/firehose", "RIPOSENDER:guess", `"id-1: the secret of key \"RIPOSENDER\" is wrong"`},
		"another role":   {"https://127.0.0.1/firehose", "RIPOREADER:s3cret", `"id-1: key RIPOREADER has not the role ingest"`},
		"another host":   {"https://other.example/firehose", "RIPOSENDER:s3cret", `"id-1: the request is for host \"other.example\", which is not served here"`},
		"not Firehose's": {"https://127.0.0.1/events", "", `"__type":"UnrecognizedClientException"`},
	} {
		r := httptest.NewRequest(http.MethodPost, tt.url, strings.NewReader("{}"))
		r.Header.Set("X-Amz-Firehose-Request-Id", "id-1")
		r.Header.Set("X-Amz-Firehose-Access-Key", tt.key)
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s: %s, want %s", name, w.Body, tt.want)
		}
	}
}

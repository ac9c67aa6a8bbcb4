package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"riposte.dev/fault"
	"riposte.dev/notify"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// receiver keeps what was posted and answers as it is told.
type receiver struct {
	*httptest.Server
	calls  []*http.Request
	bodies []string
	answer func(w http.ResponseWriter)
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		r.calls, r.bodies = append(r.calls, req), append(r.bodies, string(body))
		if r.answer != nil {
			r.answer(w)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (r *receiver) config(t *testing.T) Config {
	t.Helper()
	return Config{
		Name: "ops", URL: r.URL + "/hook/t0k3n", AllowPrivate: true, Now: func() time.Time { return noon },
		CAFile: file(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: r.Certificate().Raw}))),
	}
}

func channel(t *testing.T, cfg Config) *Channel {
	t.Helper()
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func delivery() notify.Delivery {
	return notify.Delivery{
		ID: "0123456789abcdef0123456789abcdef", Channel: "ops", Body: notify.Body{Text: "HIGH: stopped\n"},
		Message: notify.Message{ID: "m1", Time: noon, Severity: "HIGH", Subject: "stopped", To: []string{"owner@example.com"},
			Sections: []notify.Section{{Title: "Who", Facts: []notify.Fact{{Label: "User", Value: "alice"}}}}},
	}
}

func TestWhatIsPosted(t *testing.T) {
	r := newReceiver(t)
	cfg := r.config(t)
	cfg.HeaderFiles = map[string]string{"Authorization": file(t, "Bearer s3cret\n")}
	if err := channel(t, cfg).Send(t.Context(), delivery()); err != nil {
		t.Fatal(err)
	}
	req := r.calls[0]
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Webhook-Id": "0123456789abcdef0123456789abcdef",
		"Webhook-Timestamp": "1772366400", "Webhook-Signature": "", "Authorization": "Bearer s3cret",
	} {
		if got := req.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if req.Method != http.MethodPost || req.URL.Path != "/hook/t0k3n" {
		t.Errorf("%s %s", req.Method, req.URL)
	}
	var p Payload
	if err := json.Unmarshal([]byte(r.bodies[0]), &p); err != nil {
		t.Fatal(err)
	}
	if p.Type != "riposte.notification" || p.Version != 1 || !p.Timestamp.Equal(noon) || p.Text != "HIGH: stopped\n" || p.Data.Sections[0].Facts[0].Value != "alice" {
		t.Errorf("payload %+v", p)
	}
	if strings.Contains(r.bodies[0], "owner@example.com") {
		t.Error("the addresses of mail recipients were posted")
	}
}

// The receiver's side, written from the specification.
func verifies(secret string, h http.Header, body string) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	io.WriteString(mac, h.Get("webhook-id")+"."+h.Get("webhook-timestamp")+"."+body)
	for _, signature := range strings.Split(h.Get("webhook-signature"), " ") {
		version, value, _ := strings.Cut(signature, ",")
		got, err := base64.StdEncoding.DecodeString(value)
		if version == "v1" && err == nil && hmac.Equal(got, mac.Sum(nil)) {
			return true
		}
	}
	return false
}

func TestSignatures(t *testing.T) {
	old, new := "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_"+base64.StdEncoding.EncodeToString(make([]byte, 32))
	r := newReceiver(t)
	cfg := r.config(t)
	cfg.SecretFile = file(t, old+"\n"+new+"\n")
	c := channel(t, cfg)
	if err := c.Send(t.Context(), delivery()); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{old, new} {
		if !verifies(secret, r.calls[0].Header, r.bodies[0]) || verifies(secret, r.calls[0].Header, r.bodies[0]+" ") {
			t.Errorf("%s: signature %q", secret, r.calls[0].Header.Get("Webhook-Signature"))
		}
	}
	for _, wrong := range []string{"hunter2hunter2hunter2hunter2", "whsec_aaaa", "whsec_%%%", "whsec_" + strings.Repeat("a", 100)} {
		if err := os.WriteFile(cfg.SecretFile, []byte(wrong), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := c.Send(t.Context(), delivery()); fault.CodeOf(err) != fault.Invalid || strings.Contains(err.Error(), wrong) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
	if len(r.calls) != 1 {
		t.Error("something was posted unsigned")
	}
}

// The specification's own example.
func TestKnownSignature(t *testing.T) {
	got, err := signatures(file(t, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.", []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; err != nil || got != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
}

func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		status    int
		code      fault.Code
		retryable bool
	}{
		{200, "", false},
		{202, "", false},
		{204, "", false},
		{301, fault.Invalid, false},
		{307, fault.Invalid, false},
		{400, fault.Invalid, false},
		{401, fault.Unauthenticated, false},
		{403, fault.Denied, false},
		{404, fault.NotFound, false},
		{408, fault.Timeout, true},
		{410, fault.NotFound, false},
		{413, fault.TooLarge, false},
		{418, fault.Invalid, false},
		{429, fault.Throttled, true},
		{500, fault.Unavailable, true},
		{503, fault.Unavailable, true},
	} {
		r := newReceiver(t)
		cfg := r.config(t)
		cfg.HeaderFiles = map[string]string{"X-Key": file(t, "hunter2")}
		r.answer = func(w http.ResponseWriter) {
			w.Header().Set("Location", r.URL+"/elsewhere")
			w.WriteHeader(tt.status)
			if tt.status != 204 {
				io.WriteString(w, "no\x1b[31m such hook /hook/t0k3n for key hunter2"+strings.Repeat(".", 1<<20))
			}
		}
		err := channel(t, cfg).Send(t.Context(), delivery())
		if fault.CodeOf(err) != tt.code || fault.Retryable(err) != tt.retryable {
			t.Errorf("%d: %v (%s)", tt.status, err, fault.CodeOf(err))
		}
		if len(r.calls) != 1 {
			t.Errorf("%d: %d calls", tt.status, len(r.calls))
		}
		if err == nil {
			continue
		}
		text := err.Error()
		if !strings.Contains(text, "such hook") || strings.Contains(text, "t0k3n") || strings.Contains(text, "hunter2") || strings.Contains(text, "\x1b") || len(text) > 500 {
			t.Errorf("%d: error %q", tt.status, text)
		}
	}
}

func TestAPauseThatIsAskedForIsKept(t *testing.T) {
	r := newReceiver(t)
	now := noon
	cfg := r.config(t)
	cfg.Now = func() time.Time { return now }
	c := channel(t, cfg)
	r.answer = func(w http.ResponseWriter) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusTooManyRequests)
	}
	for range 2 {
		if err := c.Send(t.Context(), delivery()); fault.CodeOf(err) != fault.Throttled {
			t.Errorf("got %v", err)
		}
	}
	if len(r.calls) != 1 {
		t.Errorf("%d calls within the pause", len(r.calls))
	}
	now, r.answer = noon.Add(2*time.Minute), nil
	if err := c.Send(t.Context(), delivery()); err != nil || len(r.calls) != 2 {
		t.Errorf("after the pause: %v, %d calls", err, len(r.calls))
	}
}

func TestOutOfReach(t *testing.T) {
	r := newReceiver(t)
	cfg := r.config(t)
	cfg.AllowPrivate = false
	if err := channel(t, cfg).Send(t.Context(), delivery()); fault.CodeOf(err) != fault.Denied || len(r.calls) != 0 {
		t.Errorf("private: %v", err)
	}
	cfg = r.config(t)
	cfg.CAFile = ""
	if err := channel(t, cfg).Send(t.Context(), delivery()); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("unknown authority: %v", err)
	}
	c := channel(t, r.config(t))
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	if err := c.Send(ctx, delivery()); fault.CodeOf(err) != fault.Timeout {
		t.Errorf("out of time: %v", err)
	}
	r.Close()
	if err := c.Send(t.Context(), delivery()); fault.CodeOf(err) != fault.Unavailable || strings.Contains(err.Error(), "t0k3n") {
		t.Errorf("server down: %v", err)
	}
}

func TestFilesAreReadForEachDelivery(t *testing.T) {
	r := newReceiver(t)
	cfg := r.config(t)
	cfg.URLFile, cfg.URL = file(t, cfg.URL+"\n"), ""
	cfg.HeaderFiles = map[string]string{"X-Key": file(t, "first")}
	c := channel(t, cfg)
	for _, key := range []string{"first", "second"} {
		if err := os.WriteFile(cfg.HeaderFiles["X-Key"], []byte(key), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := c.Send(t.Context(), delivery()); err != nil {
			t.Fatal(err)
		}
		if got := r.calls[len(r.calls)-1].Header.Get("X-Key"); got != key {
			t.Errorf("key %q, want %q", got, key)
		}
	}
	for content, code := range map[string]fault.Code{"": fault.Unavailable, "two\nlines": fault.Invalid} {
		if err := os.WriteFile(cfg.HeaderFiles["X-Key"], []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := c.Send(t.Context(), delivery()); fault.CodeOf(err) != code || strings.Contains(err.Error(), "lines\n") {
			t.Errorf("%q: %v", content, err)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for name, cfg := range map[string]Config{
		"no name":   {URL: "https://example.com/t0k3n"},
		"no URL":    {Name: "x"},
		"two URLs":  {Name: "x", URL: "https://example.com/t0k3n", URLFile: "f"},
		"no scheme": {Name: "x", URL: "example.com/t0k3n"},
		"no host":   {Name: "x", URL: "https:///t0k3n"},
		"a file":    {Name: "x", URL: "file:///t0k3n"},
		"not a URL": {Name: "x", URL: "https://t0k3n:port/"},
		"in clear":  {Name: "x", URL: "http://example.com/t0k3n"},
		"reserved":  {Name: "x", URL: "https://example.com/t0k3n", HeaderFiles: map[string]string{"webhook-ID": "f"}},
		"no header": {Name: "x", URL: "https://example.com/t0k3n", HeaderFiles: map[string]string{"a b": "f"}},
		"no CA":     {Name: "x", URL: "https://example.com/t0k3n", CAFile: "/nowhere"},
	} {
		if _, err := New(cfg); fault.CodeOf(err) != fault.Invalid || strings.Contains(err.Error(), "t0k3n") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := New(Config{Name: "x", URL: "http://example.com", AllowPlaintext: true}); err != nil {
		t.Error(err)
	}
}

package outbound

import (
	"context"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"riposte.dev/fault"
)

func TestAddresses(t *testing.T) {
	const yes, choice, no = "always", "where private addresses are allowed", "never"
	for _, tt := range []struct{ address, when string }{
		{"93.184.216.34:443", yes},
		{"[2606:4700::1111]:443", yes},
		{"[64:ff9b::5db8:d822]:443", yes},
		{"127.0.0.1:80", choice},
		{"127.8.9.1:80", choice},
		{"[::1]:80", choice},
		{"10.1.2.3:80", choice},
		{"172.31.255.1:80", choice},
		{"192.168.1.1:80", choice},
		{"100.64.0.1:80", choice},
		{"[fd12::1]:80", choice},
		{"[::ffff:10.0.0.1]:80", choice},
		{"[2002:0a00:0001::1]:80", choice},
		{"169.254.169.254:80", no},
		{"169.254.170.2:80", no},
		{"[::ffff:169.254.169.254]:80", no},
		{"[64:ff9b::a9fe:a9fe]:80", no},
		{"[::169.254.169.254]:80", no},
		{"[2002:a9fe:a9fe::1]:80", no},
		{"[::ffff:0:a9fe:a9fe]:80", no},
		{"[::ffff:0:5db8:d822]:443", yes},
		{"[2001:0:5db8:d822::1]:443", no},
		{"[2001:db8::1]:443", yes},
		{"[64:ff9b:1::a00:1]:443", choice},
		{"[fd00:ec2::254]:80", no},
		{"[fd00:ec2::23]:80", no},
		{"[fe80::1%eth0]:80", no},
		{"100.100.100.200:80", no},
		{"168.63.129.16:80", no},
		{"192.0.0.192:80", no},
		{"0.0.0.0:80", no},
		{"[::]:80", no},
		{"224.0.0.1:80", no},
		{"255.255.255.255:80", no},
		{"[ff02::1]:80", no},
		{"example.com:80", no},
	} {
		strict, lenient := mayReach(tt.address, false), mayReach(tt.address, true)
		if (strict == nil) != (tt.when == yes) || (lenient == nil) != (tt.when != no) {
			t.Errorf("%s: %v; private allowed: %v; want %s", tt.address, strict, lenient, tt.when)
		}
		if strict != nil && fault.CodeOf(strict) != fault.Denied {
			t.Errorf("%s: code %s", tt.address, fault.CodeOf(strict))
		}
	}
}

func get(t *testing.T, c *http.Client, url string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if resp != nil {
		resp.Body.Close()
	}
	return resp, err
}

// A name is no way around: the address that it resolves to counts.
func TestNamesAreJudgedByTheirAddress(t *testing.T) {
	called := false
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	defer s.Close()
	url := strings.Replace(s.URL, "127.0.0.1", "localhost", 1) + "/secret-path"
	_, err := get(t, Client(Options{}), url)
	err = Failed("web hook ops", err)
	if fault.CodeOf(err) != fault.Denied || !strings.Contains(fault.Hint(err), "allow_private") || called {
		t.Errorf("called %v, error %v", called, err)
	}
	if _, err := get(t, Client(Options{AllowPrivate: true}), url); err != nil || !called {
		t.Errorf("allowed: called %v, error %v", called, err)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	followed := false
	mux := http.NewServeMux()
	mux.Handle("/from", http.RedirectHandler("/to", http.StatusTemporaryRedirect))
	mux.HandleFunc("/to", func(http.ResponseWriter, *http.Request) { followed = true })
	s := httptest.NewServer(mux)
	defer s.Close()
	resp, err := get(t, Client(Options{AllowPrivate: true}), s.URL+"/from")
	if err != nil || resp.StatusCode != http.StatusTemporaryRedirect || followed {
		t.Errorf("%v, %v, followed %v", resp, err, followed)
	}
}

func TestProxiesAreNotUsed(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	if Client(Options{}).Transport.(*http.Transport).Proxy != nil {
		t.Error("a proxy would be asked")
	}
}

func TestCertificates(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	_, err := get(t, Client(Options{AllowPrivate: true}), s.URL)
	if err = Failed("x", err); fault.CodeOf(err) != fault.Unavailable || !strings.Contains(fault.Hint(err), "ca_file") {
		t.Errorf("unknown authority: %v", err)
	}
	path := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(path, block, 0o600); err != nil {
		t.Fatal(err)
	}
	roots, err := Roots(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := get(t, Client(Options{AllowPrivate: true, RootCAs: roots}), s.URL); err != nil {
		t.Errorf("known authority: %v", err)
	}
	for _, wrong := range []string{filepath.Join(t.TempDir(), "gone"), os.DevNull} {
		if _, err := Roots(wrong); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

func TestFailedHidesTheURL(t *testing.T) {
	client := Client(Options{AllowPrivate: true})
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	_, refused := get(t, client, s.URL+"/T0/B0/hunter2")
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	do := func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1/hunter2", nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Do(req)
		return err
	}
	cancelled, stop := context.WithCancel(t.Context())
	stop()
	for name, tt := range map[string]struct {
		err  error
		code fault.Code
	}{
		"refused":   {refused, fault.Unavailable},
		"late":      {do(ctx), fault.Timeout},
		"cancelled": {do(cancelled), fault.Unavailable},
	} {
		err := Failed("slack", tt.err)
		if fault.CodeOf(err) != tt.code || strings.Contains(err.Error(), "hunter2") || !strings.HasPrefix(err.Error(), "slack: ") {
			t.Errorf("%s: %v (%s)", name, err, fault.CodeOf(err))
		}
		if !strings.Contains(tt.err.Error(), "hunter2") {
			t.Errorf("%s: the test shows nothing: %v", name, tt.err)
		}
	}
}

func TestHold(t *testing.T) {
	now := time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC)
	var h Hold
	if err := h.Check("x", now); err != nil {
		t.Errorf("at first: %v", err)
	}
	h.For(time.Minute, now)
	h.For(time.Second, now)
	if err := h.Check("x", now.Add(59*time.Second)); fault.CodeOf(err) != fault.Throttled {
		t.Errorf("within the pause: %v", err)
	}
	if err := h.Check("x", now.Add(time.Minute)); err != nil {
		t.Errorf("after it: %v", err)
	}
	h.For(24*time.Hour, now)
	if err := h.Check("x", now.Add(maxHold)); err != nil {
		t.Errorf("a day is too long: %v", err)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-7": 0, "soon": 0, "99999999999999999999": 0,
		"Sun, 01 Mar 2026 03:02:00 GMT": 2 * time.Minute,
		"Sun, 01 Mar 2026 02:02:00 GMT": 0,
	} {
		if got := RetryAfter(http.Header{"Retry-After": {value}}, now); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}

func TestSecret(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"ok": " s3cret\r\n", "empty": "\n", "huge": strings.Repeat("x", maxSecret+1)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := Secret(filepath.Join(dir, "ok")); got != "s3cret" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for _, name := range []string{"empty", "huge", "gone"} {
		if _, err := Secret(filepath.Join(dir, name)); !fault.Retryable(err) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Secret(filepath.Join(dir, "gone")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("gone: %v", err)
	}
}

package http_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"riposte.dev/fault"
	"riposte.dev/target"
	targethttp "riposte.dev/target/http"
)

const event = `{"id":"e1","account":"111122223333","detail":{"who":"eve","path":"a/b?c","lines":"one\r\ntwo"}}`

// receiver is an endpoint that also gives tokens.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	got    []*http.Request
	bodies []string
	tokens int
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{status: http.StatusOK}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		id, secret, _ := req.BasicAuth()
		if id != "riposte" || secret != "s3cret" || req.FormValue("grant_type") != "client_credentials" || req.FormValue("scope") != "tickets" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		r.tokens++
		fmt.Fprintf(w, `{"access_token":"token-%d","expires_in":3600}`, r.tokens)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got, r.bodies = append(r.got, req), append(r.bodies, string(body))
		w.WriteHeader(r.status)
	})
	r.Server = httptest.NewServer(mux)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) last() (*http.Request, string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got[len(r.got)-1], r.bodies[len(r.bodies)-1]
}

func (r *receiver) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func secrets(path string) (string, error) {
	if path == "missing" {
		return "", fault.New(fault.Unavailable, "read the secret: %s", path)
	}
	return "s3cret", nil
}

func newSender(t *testing.T, change func(*targethttp.Options), connections ...targethttp.Connection) *targethttp.Sender {
	t.Helper()
	opts := targethttp.Options{Connections: connections, Client: &http.Client{}, Secret: secrets}
	if change != nil {
		change(&opts)
	}
	s, err := targethttp.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func request(url, connection string, p *target.HTTPParameters) target.Request {
	return target.Request{Input: []byte(`{"who":"eve"}`), Delivery: target.Delivery{
		ID: "d1", Event: []byte(event), Target: target.Config{ID: "ticket", URL: url, Connection: connection, HTTPParameters: p},
	}}
}

func TestRequest(t *testing.T) {
	r := newReceiver(t)
	s := newSender(t, nil,
		targethttp.Connection{Name: "key", APIKey: &targethttp.APIKey{Name: "X-Api-Key", ValueFile: "key"}, Method: "PUT",
			HeaderParameters: map[string]string{"X-Team": "secops", "X-Who": "nobody"}, QueryStringParameters: map[string]string{"v": "1"},
			BodyParameters: map[string]string{"team": "secops"}},
		targethttp.Connection{Name: "basic", Basic: &targethttp.Basic{Username: "riposte", PasswordFile: "password"}},
		targethttp.Connection{Name: "oauth", OAuth: &targethttp.OAuth{
			AuthorizationEndpoint: r.URL + "/token", ClientID: "riposte", ClientSecretFile: "secret", BodyParameters: map[string]string{"scope": "tickets"}}},
	)
	tests := []struct {
		name, url, connection string
		p                     *target.HTTPParameters
		method, uri, body     string
		headers               map[string]string
	}{
		{name: "plain", url: "/new", method: "POST", uri: "/new", body: `{"who":"eve"}`, headers: map[string]string{"Webhook-Id": "d1"}},
		{
			name: "API key and parameters", url: "/of/*/new?x=y", connection: "key", method: "PUT", uri: "/of/a%2Fb%3Fc/new?account=111122223333&v=1&x=y",
			p: &target.HTTPParameters{
				PathParameterValues: []string{"$.detail.path"}, QueryStringParameters: map[string]string{"account": "$.account"},
				HeaderParameters: map[string]string{"X-Who": "$.detail.who", "X-Lines": "$.detail.lines"},
			},
			body:    `{"team":"secops","who":"eve"}`,
			headers: map[string]string{"X-Api-Key": "s3cret", "X-Team": "secops", "X-Who": "eve", "X-Lines": "one  two", "Content-Type": "application/json; charset=utf-8"},
		},
		{name: "basic", url: "/new", connection: "basic", method: "POST", uri: "/new", body: `{"who":"eve"}`,
			headers: map[string]string{"Authorization": "Basic cmlwb3N0ZTpzM2NyZXQ="}},
		{name: "OAuth", url: "/new", connection: "oauth", method: "POST", uri: "/new", body: `{"who":"eve"}`,
			headers: map[string]string{"Authorization": "Bearer token-1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := s.Send(t.Context(), request(r.URL+tt.url, tt.connection, tt.p)); err != nil {
				t.Fatal(err)
			}
			got, body := r.last()
			if got.Method != tt.method || got.RequestURI != tt.uri || body != tt.body {
				t.Errorf("got %s %s %s", got.Method, got.RequestURI, body)
			}
			for name, want := range tt.headers {
				if have := got.Header.Get(name); have != want {
					t.Errorf("%s is %q, want %q", name, have, want)
				}
			}
		})
	}
}

// A token serves until it expires or the endpoint refuses it.
func TestTokenIsKept(t *testing.T) {
	r := newReceiver(t)
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	s := newSender(t, func(o *targethttp.Options) { o.Now = func() time.Time { return now } }, targethttp.Connection{Name: "oauth", OAuth: &targethttp.OAuth{
		AuthorizationEndpoint: r.URL + "/token", ClientID: "riposte", ClientSecretFile: "secret", BodyParameters: map[string]string{"scope": "tickets"}}})
	send := func(want string) {
		t.Helper()
		_ = s.Send(t.Context(), request(r.URL, "oauth", nil))
		if got, _ := r.last(); got.Header.Get("Authorization") != "Bearer "+want {
			t.Errorf("sent %s, want %s", got.Header.Get("Authorization"), want)
		}
	}
	send("token-1")
	now = now.Add(50 * time.Minute)
	send("token-1")
	now = now.Add(5 * time.Minute)
	send("token-2")
	r.answer(http.StatusUnauthorized)
	send("token-2")
	send("token-3")
}

func TestAnswers(t *testing.T) {
	r := newReceiver(t)
	s := newSender(t, nil)
	for status, want := range map[int]struct {
		code  fault.Code
		again bool
	}{
		200: {"", false}, 204: {"", false}, 302: {fault.Invalid, false}, 400: {fault.Invalid, false}, 401: {fault.Unavailable, true}, 403: {fault.Denied, false},
		404: {fault.NotFound, false}, 407: {fault.Unavailable, true}, 409: {fault.Unavailable, true}, 410: {fault.NotFound, false},
		429: {fault.Throttled, true}, 500: {fault.Unavailable, true}, 503: {fault.Unavailable, true},
	} {
		r.answer(status)
		err := s.Send(t.Context(), request(r.URL+"/x?token=hidden", "", nil))
		if fault.CodeOf(err) != want.code || fault.Retryable(err) != want.again {
			t.Errorf("%d: %v", status, err)
		}
		if err != nil && strings.Contains(err.Error(), "hidden") {
			t.Errorf("%d: the error tells the query: %v", status, err)
		}
	}
}

func TestNoAnswer(t *testing.T) {
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		select {
		case <-release:
		case <-req.Context().Done():
		}
	}))
	defer slow.Close()
	defer close(release)
	closed := httptest.NewServer(nil)
	closed.Close()
	guard := &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
		return nil, fault.New(fault.Denied, "127.0.0.1 is a private address")
	})}
	for name, tt := range map[string]struct {
		s    *targethttp.Sender
		r    target.Request
		code fault.Code
	}{
		"slow":          {newSender(t, func(o *targethttp.Options) { o.Timeout = 50 * time.Millisecond }), request(slow.URL+"/?token=hidden", "", nil), fault.Timeout},
		"nobody there":  {newSender(t, nil), request(closed.URL+"/?token=hidden", "", nil), fault.Unavailable},
		"not allowed":   {newSender(t, func(o *targethttp.Options) { o.Client = guard }), request(closed.URL+"/?token=hidden", "", nil), fault.Denied},
		"no connection": {newSender(t, nil), request(closed.URL, "x", nil), fault.Invalid},
		"no secret": {newSender(t, nil, targethttp.Connection{Name: "k", APIKey: &targethttp.APIKey{Name: "K", ValueFile: "missing"}}),
			request(closed.URL, "k", nil), fault.Unavailable},
		"no token": {newSender(t, nil, targethttp.Connection{Name: "o", OAuth: &targethttp.OAuth{AuthorizationEndpoint: closed.URL, ClientID: "x", ClientSecretFile: "f"}}),
			request(closed.URL, "o", nil), fault.Unavailable},
		"path out of place": {newSender(t, nil), request(closed.URL+"/*/x", "", &target.HTTPParameters{PathParameterValues: []string{".."}}), fault.Invalid},
		"not in the event":  {newSender(t, nil), request(closed.URL+"/*/x", "", &target.HTTPParameters{PathParameterValues: []string{"$.nothing"}}), fault.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			err := tt.s.Send(ctx, tt.r)
			if fault.CodeOf(err) != tt.code || strings.Contains(fmt.Sprint(err), "hidden") || strings.Contains(fmt.Sprint(err), "s3cret") {
				t.Errorf("got %v", err)
			}
		})
	}
}

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// A connection's rate holds for all of its targets; who can't wait comes again later.
func TestRate(t *testing.T) {
	r := newReceiver(t)
	s := newSender(t, nil, targethttp.Connection{Name: "slow", InvocationRateLimitPerSecond: 1})
	if err := s.Send(t.Context(), request(r.URL, "slow", nil)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := s.Send(ctx, request(r.URL, "slow", nil)); fault.CodeOf(err) != fault.Throttled {
		t.Errorf("got %v", err)
	}
}

func TestCheckNamesEveryMistake(t *testing.T) {
	_, err := targethttp.New(targethttp.Options{Client: &http.Client{}, Secret: secrets, Connections: []targethttp.Connection{
		{Name: "a b"}, {Name: "a", Method: "TRACE", InvocationRateLimitPerSecond: -1}, {Name: "a", Basic: &targethttp.Basic{}, APIKey: &targethttp.APIKey{}},
		{Name: "o", OAuth: &targethttp.OAuth{AuthorizationEndpoint: "tokens"}}, {Name: "p", OAuth: &targethttp.OAuth{AuthorizationEndpoint: "http://example.com"}},
	}})
	var got []string
	for line := range strings.Lines(fmt.Sprint(err)) {
		message, _, _ := strings.Cut(strings.TrimSpace(line), " — ")
		got = append(got, message)
	}
	want := []string{
		"that is not a connection's name", "API destinations don't have the method TRACE", "the rate is out of range", "connection a is there twice",
		"connection a authenticates in several ways", "the authorization endpoint is no URL", "a secret is not sent unencrypted",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := targethttp.New(targethttp.Options{}); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("without a client: %v", err)
	}
}

func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Println(r.Method, r.Header.Get("X-Api-Key"), string(body))
	}))
	defer server.Close()
	sender, err := targethttp.New(targethttp.Options{
		Client: server.Client(), Secret: func(string) (string, error) { return "k-1", nil },
		Connections: []targethttp.Connection{{Name: "tickets", APIKey: &targethttp.APIKey{Name: "X-Api-Key", ValueFile: "/run/secrets/tickets"}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = sender.Send(context.Background(), target.Request{Input: []byte(`{"what":"door opened"}`), Delivery: target.Delivery{
		Target: target.Config{ID: "ticket", URL: server.URL, Connection: "tickets"},
	}})
	fmt.Println(err)
	// Output:
	// POST k-1 {"what":"door opened"}
	// <nil>
}

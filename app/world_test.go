package app

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"riposte.dev/bus"
	"riposte.dev/cli"
	"riposte.dev/finding"
	"riposte.dev/sandbox"
	"riposte.dev/store"
	"riposte.dev/web"
)

const (
	ownID  = "111122223333"
	region = "eu-west-1"
	// patience bounds every wait, for a busy machine too.
	patience = 30 * time.Second
)

// world is the sandbox AWS over HTTP with riposte's own account, and a TLS proxy before riposte, which AWS delivers to.
type world struct {
	*sandbox.Sandbox
	account *sandbox.Account
	url     string // of the sandbox
	admin   aws.Config
	keys    sandbox.Keys // riposte's
	folder  string       // of riposte.yaml and all that it names
	front   *httptest.Server
	behind  atomic.Pointer[url.URL] // where riposte listens
	reload  <-chan os.Signal        // asks riposte to read its rules anew; nil for nothing
	clock   *clock                  // riposte's; nil for the real one
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{folder: t.TempDir()}
	quiet := slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	w.front = httptest.NewTLSServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(w.behind.Load()) }, ErrorLog: quiet,
	})
	w.front.Config.ErrorLog = quiet
	var err error
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: w.front.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}}}
	if w.Sandbox, err = sandbox.New(sandbox.Options{HTTPClient: client}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w.Handler())
	w.url = server.URL
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := w.Close(ctx); err != nil {
			t.Error(err)
		}
		server.CloseClientConnections()
		server.Close()
		w.front.CloseClientConnections()
		w.front.Close()
	})
	if w.account, err = w.CreateAccount(ownID, "security"); err != nil {
		t.Fatal(err)
	}
	w.admin = w.as(w.account.CreateRootKey())
	if w.keys, err = w.account.CreateUser("riposte", sandbox.AdministratorAccess); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) as(k sandbox.Keys) aws.Config {
	return aws.Config{Region: region, BaseEndpoint: &w.url, Credentials: credentials.NewStaticCredentialsProvider(k.AccessKeyID, k.SecretAccessKey, k.SessionToken)}
}

// serviceRole makes a role that a service of AWS can assume for anything.
func (w *world) serviceRole(t *testing.T, name, service string) *string {
	t.Helper()
	arn, err := w.account.CreateRole(name, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"`+service+`"},"Action":"sts:AssumeRole"}}`,
		sandbox.AdministratorAccess)
	if err != nil {
		t.Fatal(err)
	}
	return &arn
}

// write puts a file beside the configuration and returns its path.
func (w *world) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(w.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	next := path + ".new"
	if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, path); err != nil { // whoever watches it never reads half of it
		t.Fatal(err)
	}
	return path
}

// engine is a riposte in this process.
type engine struct {
	*App
	client *cli.Client // as the owner of the data folder
}

// configure writes riposte.yaml and returns its path. settings is what stands beside server and aws; settings of aws itself
// are added by more.
func (w *world) configure(t *testing.T, more, settings string) string {
	t.Helper()
	return w.write(t, "riposte.yaml", fmt.Sprintf("server: {listen: \"127.0.0.1:0\"}\naws:\n  region: %s\n  endpoint: %s\n  access_key_id: %s\n  secret_access_key: %s\n%s%s",
		region, w.url, w.keys.AccessKeyID, w.keys.SecretAccessKey, more, settings))
}

// start configures and starts riposte, and waits until it handles events.
func (w *world) start(t *testing.T, more, settings string) *engine {
	t.Helper()
	config, err := LoadConfig(w.configure(t, more, settings))
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(w.folder, "data")
	logger := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	e := &engine{}
	options := Options{Config: config, Data: data, Version: "test", Logger: logger, Reload: w.reload}
	if w.clock != nil {
		options.Now, options.After = w.clock.Now, w.clock.After
	}
	if e.App, err = Start(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.stop(t) })
	if e.client, err = cli.Connect(data); err != nil {
		t.Fatal(err)
	}
	behind, err := url.Parse(e.URL())
	if err != nil {
		t.Fatal(err)
	}
	w.behind.Store(behind)
	eventually(t, "riposte is ready", func() bool { return e.ready(t.Context()).Ready })
	return e
}

func (e *engine) stop(t *testing.T) {
	t.Helper()
	if err := e.Stop(); err != nil {
		t.Error(err)
	}
	select {
	case err := <-e.Failed():
		t.Errorf("riposte ended by itself: %v", err)
	default:
	}
}

// get asks riposte's API.
func (e *engine) get(t *testing.T, path string, query url.Values, out any) {
	t.Helper()
	if err := e.client.Call(context.WithoutCancel(t.Context()), http.MethodGet, path, query, nil, out); err != nil {
		t.Fatal(err)
	}
}

// key makes an access key for whoever sends events.
func (e *engine) key(t *testing.T, speaksForAWS bool) (id, secret string) {
	t.Helper()
	made, err := e.store.Keys.Create(t.Context(), store.Key{Account: ownID, Roles: []string{string(web.Ingest)}, SpeaksForAWS: speaksForAWS}, "test")
	if err != nil {
		t.Fatal(err)
	}
	return made.ID, made.Secret
}

// finding waits for the finding with that title.
func (e *engine) finding(t *testing.T, title string) finding.Finding {
	t.Helper()
	var f *finding.Finding
	eventually(t, "there is a finding "+title, func() bool {
		f = e.found(t, title)
		return f != nil
	})
	return *f
}

// found returns the finding with that title, nil where there is none.
func (e *engine) found(t *testing.T, title string) *finding.Finding {
	t.Helper()
	var page finding.Page
	e.get(t, "/api/v1/findings", url.Values{"text": {title}}, &page)
	for _, r := range page.Records {
		if r.Finding.Title == title {
			return &r.Finding
		}
	}
	return nil
}

// post sends an event to riposte.
func (e *engine) post(t *testing.T, text string) {
	t.Helper()
	if err := e.client.Call(t.Context(), http.MethodPost, "/events", nil, json.RawMessage(text), nil); err != nil {
		t.Fatal(err)
	}
}

// measures reports whether riposte's metrics have a line that begins so.
func (e *engine) measures(t *testing.T, begin string) bool {
	t.Helper()
	return strings.Contains(e.exposition(t), "\n"+begin)
}

// metric is the value of a metric, "" where there is none.
func (e *engine) metric(t *testing.T, name string) string {
	t.Helper()
	_, rest, _ := strings.Cut(e.exposition(t), "\n"+name+" ")
	value, _, _ := strings.Cut(rest, "\n")
	return value
}

func (e *engine) exposition(t *testing.T) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.URL()+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// stored reports whether an event with that text is on disk.
func (e *engine) stored(t *testing.T, text string) (found bool) {
	t.Helper()
	err := e.bus.Replay(t.Context(), bus.Events, time.Time{}, func(m bus.Message) error {
		found = found || strings.Contains(string(m.Data), text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// eventually waits until something holds. Nothing tells a test that it has, so it is asked often.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("in %v it did not come to pass that %s", patience, what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

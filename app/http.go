package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"riposte.dev/cli"
	"riposte.dev/fault"
	"riposte.dev/playbook"
	"riposte.dev/source/eventbridge"
	"riposte.dev/store"
	"riposte.dev/web"
)

// executions is the index for lists and the runtime for the rest.
type executions struct {
	index *store.Executions
	*playbook.Runtime
}

// List lists executions.
func (e executions) List(ctx context.Context, f playbook.Filter) ([]playbook.Summary, error) {
	return e.index.List(ctx, f)
}

// approvals is the index for lists and the runtime for answers.
type approvals struct {
	index *store.Executions
	*playbook.Runtime
	now func() time.Time
}

// Approvals lists questions.
func (a approvals) Approvals(ctx context.Context, f playbook.ApprovalFilter) ([]playbook.Approval, error) {
	return a.index.Approvals(ctx, f)
}

// Approval returns a question.
func (a approvals) Approval(ctx context.Context, id string) (playbook.Approval, error) {
	return a.index.Approval(ctx, id, a.now())
}

// serveHTTP listens and writes down where, for the command line.
func (a *App) serveHTTP(ctx context.Context) error {
	c := a.opts.Config.Server
	c.Cert, c.Key = a.opts.Config.path(c.Cert), a.opts.Config.path(c.Key)
	token, err := newToken()
	if err != nil {
		return err
	}
	intake := eventbridge.NewHandler(eventbridge.Options{
		Accept: a.accept, NewID: uuid.NewString, Now: a.opts.Now,
		Caller: func(r *http.Request) eventbridge.Caller {
			caller := web.CallerOf(r)
			return eventbridge.Caller{Account: caller.Account, Region: caller.Region, SpeaksForAWS: caller.SpeaksForAWS}
		},
	})
	delivered, err := a.firehose()
	if err != nil {
		return err
	}
	machines := a.stepFunctions()
	keyring := &keys{store: a.store.Keys, now: a.opts.Now, known: map[string]knownKey{}}
	surface := &web.Server{
		Keys: keyring, KeyStore: keyring, LocalToken: token, Hosts: c.Hosts, Log: a.log, Now: a.opts.Now,
		Metrics: promhttp.HandlerFor(a.metrics, promhttp.HandlerOpts{}), Ready: a.ready,
		PutEvents: intake.ServeAPI, PostEvent: intake.ServeEvent,
		StepFunctions: machines.ServeHTTP, StepFunctionsRole: func(target string) web.Role { return web.Role(machines.Need(target)) },
		Firehose: delivered.ServeHTTP, RefuseFirehose: delivered.Refuse, Accounts: a.listAccounts,
		Findings: a.hub, Executions: executions{a.store.Executions, a.runtime}, Exceptions: a.store.Exceptions, Pauses: a.store.Pauses,
		Approvals: approvals{a.store.Executions, a.runtime, a.opts.Now}, Dead: a.bus, Audit: a.store.Audit, Evidence: a.evidence, Watch: a.live.watch, Told: a.told, Rules: a.listRules, Replay: a.replay, Explain: a.explain,
	}
	listener, err := listen(ctx, c)
	if err != nil {
		return err
	}
	scheme := "http"
	if c.Cert != "" {
		scheme = "https"
	}
	a.address = scheme + "://" + listener.Addr().String()
	server := &http.Server{
		Handler: surface.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 2 * time.Minute,
		BaseContext: func(net.Listener) context.Context { return a.loops },
	}
	go func() {
		var err error
		if c.Cert != "" {
			err = server.ServeTLS(listener, c.Cert, c.Key)
		} else {
			err = server.Serve(listener)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			a.fail("HTTP", err)
		}
	}()
	address := filepath.Join(a.opts.Data, cli.AddressFile)
	a.onStop("HTTP server", func(ctx context.Context) error {
		_ = os.Remove(address) // the next start writes it anew
		a.live.close()
		return server.Shutdown(ctx)
	})
	raw, err := json.Marshal(cli.Address{URL: a.address, Token: token, PID: os.Getpid()})
	if err != nil {
		return err
	}
	return writePrivate(address, raw)
}

// checkListen refuses what is no address, and one that others reach where there is no TLS.
func (c ServerConfig) checkListen() error {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fault.New(fault.Invalid, "server.listen is not host:port: %q", c.Listen).WithHint("write 127.0.0.1:7411")
	}
	if ip := net.ParseIP(host); c.Cert == "" && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fault.New(fault.Invalid, "%s is not a loopback address, and there is no TLS", c.Listen).
			WithHint("set server.tls_cert and server.tls_key, or listen on 127.0.0.1 behind a proxy")
	}
	return nil
}

// listen opens the port: loopback, or with TLS.
func listen(ctx context.Context, c ServerConfig) (net.Listener, error) {
	if err := c.checkListen(); err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "cannot listen on %s: %w", c.Listen, err).
			WithHint("stop what uses the port, or pass --listen 127.0.0.1:0")
	}
	return listener, nil
}

// ready is what /readyz answers.
func (a *App) ready(ctx context.Context) web.Readiness {
	r := web.Readiness{Ready: true, Rules: a.engine.Rules().Hash(), Parts: map[string]string{"bus": "ok", "aws": "ok", "route": "ok"},
		Uptime: a.opts.Now().Sub(a.started).Round(time.Second).String()}
	a.mu.Lock()
	a.warns["accounts"] = a.accountHealth()
	for part, problem := range a.warns {
		r.Parts[part] = cmp.Or(problem, "ok")
	}
	for part, problem := range a.parts {
		r.Parts[part], r.Ready = problem, false
	}
	a.mu.Unlock()
	r.Parts["responses"] = cmp.Or(a.paused(ctx), "ok")
	if err := a.bus.Ready(ctx); err != nil {
		r.Parts["bus"], r.Ready = err.Error(), false
	}
	return r
}

func newToken() (string, error) {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return "", fmt.Errorf("making the local token: %w", err)
	}
	return hex.EncodeToString(raw), nil
}

// writePrivate replaces a file that only its owner may read.
func writePrivate(path string, raw []byte) error {
	next := path + ".new"
	if err := os.WriteFile(next, raw, 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := os.Rename(next, path); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"riposte.dev/sandbox/wire"
)

// kubeCluster names a cluster, whose Kubernetes API is served over TLS on a
// port of its own of this machine. It has pods, nodes, namespaces, network
// policies, and roles; nothing runs
// (https://kubernetes.io/docs/reference/kubernetes-api/).
type kubeCluster struct{ account, region, name string }

func (k kubeCluster) stateKey() stateKey { return stateKey{"kubernetes", k.account, k.region} }

// kubeService stands for the Kubernetes APIs where calls are matched and kept:
// their operations are named GetPod, ListPods, PatchNode and so on.
var kubeService = &service{name: "kubernetes"}

// serveKubernetes starts the API of a cluster, under the sandbox's lock, and
// returns its address and the certificate of the authority behind it, in PEM.
func (s *Sandbox) serveKubernetes(ctx context.Context, k kubeCluster) (endpoint string, ca []byte, err error) {
	config, ca, err := newKubeTLS(s.opts.Clock.Now())
	if err != nil {
		return "", nil, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("serve Kubernetes: %w", err)
	}
	srv := &http.Server{
		Handler:   http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serveKube(k, w, r) }),
		TLSConfig: config, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: log.New(io.Discard, "", 0), // handshakes that clients end are theirs
	}
	s.kubernetes[k] = srv
	go func() {
		if err := srv.ServeTLS(l, "", ""); !errors.Is(err, http.ErrServerClosed) {
			s.opts.Logger.Error("the Kubernetes API ended", "cluster", k.name, "err", err)
		}
	}()
	return "https://" + l.Addr().String(), ca, nil
}

// stopKubernetes ends the API of a cluster at once, under the sandbox's lock.
func (s *Sandbox) stopKubernetes(k kubeCluster) {
	if srv := s.kubernetes[k]; srv != nil {
		_ = srv.Close() // its listener was closed already at worst
		delete(s.kubernetes, k)
	}
}

// closeKubernetes lets the running requests of all clusters finish, for as long as ctx lasts.
func (s *Sandbox) closeKubernetes(ctx context.Context) error {
	s.mu.Lock()
	servers := s.kubernetes
	s.kubernetes = map[kubeCluster]*http.Server{}
	s.mu.Unlock()
	var errs []error
	for _, srv := range servers {
		errs = append(errs, srv.Shutdown(ctx))
	}
	return errors.Join(errs...)
}

// kubeFailure is a refusal, whose code is the reason of a Status.
func kubeFailure(status int, reason, format string, args ...any) *wire.Error {
	return &wire.Error{Code: reason, Status: status, Message: fmt.Sprintf(format, args...)}
}

// kubeCall is one request to a Kubernetes API.
type kubeCall struct {
	*call
	cluster kubeCluster
	kubeRequest
	body []byte
	kind string // content type of the body
}

// serveKube answers one request: authenticate, disturb, authorize, handle, answer.
func (s *Sandbox) serveKube(k kubeCluster, w http.ResponseWriter, r *http.Request) {
	c := &call{
		ctx: r.Context(), sb: s, svc: kubeService, region: k.region, sourceIP: s.clientIP(r), userAgent: r.UserAgent(), time: s.opts.Clock.Now(),
	}
	s.mu.Lock()
	c.requestID, c.account = s.newUUID(), s.accounts[k.account]
	s.mu.Unlock()
	w.Header().Set("Audit-Id", c.requestID)
	out, err := s.answerKube(&kubeCall{call: c, cluster: k, kind: r.Header.Get("Content-Type")}, r)
	if errors.Is(err, errDropped) {
		panic(http.ErrAbortHandler) // the server closes the connection without an answer
	}
	status := http.StatusOK
	if r.Method == http.MethodPost {
		status = http.StatusCreated
	}
	var failure *wire.Error
	if errors.As(err, &failure) {
		status = failure.Status
		out = map[string]any{
			"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{}, "status": "Failure",
			"message": failure.Message, "reason": failure.Code, "code": status,
		}
	}
	writeJSON(w, status, out)
}

func (s *Sandbox) answerKube(c *kubeCall, r *http.Request) (any, error) {
	target := &wire.Target{Model: &wire.Model{Service: kubeService.name}, Name: "Unknown"}
	c.call.target = target
	var err error
	if c.kubeRequest, err = parseKube(r); err == nil {
		target.Name = c.operation()
		c.body, err = io.ReadAll(io.LimitReader(r.Body, maxBody+1))
		if err == nil && len(c.body) > maxBody {
			err = kubeFailure(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "limit is %d", maxBody)
		}
	}
	c.op = &operation{name: target.Name}
	if err == nil {
		var user *kubeUser
		if user, err = s.kubeLogin(c, r); err == nil {
			return s.performKube(c, user)
		}
	}
	s.mu.Lock()
	s.journal(c.call, err)
	s.mu.Unlock()
	return nil, err
}

// performKube disturbs as told, and does the work in between.
func (s *Sandbox) performKube(c *kubeCall, user *kubeUser) (any, error) {
	before, after := s.disturbances(c.call)
	err := before.suffer(c.call)
	var out any
	if err == nil {
		out, err = s.workKube(c, user)
		if lost := after.suffer(c.call); lost != nil {
			return nil, kubeFault(lost)
		}
		return out, err
	}
	s.mu.Lock()
	s.journal(c.call, err)
	s.mu.Unlock()
	return nil, kubeFault(err)
}

// kubeFault is what a fault of the sandbox answers.
func kubeFault(err error) error {
	var failure *wire.Error
	if errors.As(err, &failure) && failure.Status == 0 {
		return kubeFailure(http.StatusInternalServerError, failure.Code, "%s", failure.Message)
	}
	return err
}

func (s *Sandbox) workKube(c *kubeCall, user *kubeUser) (out any, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.op.readOnly() {
		s.beforeRead(c.call)
	}
	if err = c.allow(user); err == nil {
		if !c.op.readOnly() {
			s.beforeWrite(c.call)
		}
		out, err = c.handleKube()
	}
	s.journal(c.call, err)
	return out, err
}

// decodeKube reads a body of JSON.
func (c *kubeCall) decodeKube(into any) error {
	if err := json.Unmarshal(c.body, into); err != nil {
		return kubeFailure(http.StatusBadRequest, "BadRequest", "the body is not JSON: %v", err)
	}
	return nil
}

package sandbox

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"riposte.dev/sandbox/sigv4"
	"riposte.dev/sandbox/wire"
)

// Bounds on what a client may send.
const (
	maxBody   = 1 << 20  // of an API call
	maxBulk   = 8 << 20  // of a call with data in it: records, log events, code
	maxObject = 64 << 20 // of an S3 upload
)

func (s *Sandbox) route() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, adminPrefix) {
			s.serveAdmin(w, r)
			return
		}
		s.serveAWS(w, r)
	})
}

// serveAWS answers one AWS request: identify, authenticate, decode, disturb,
// authorize, handle, record, answer.
func (s *Sandbox) serveAWS(w http.ResponseWriter, r *http.Request) {
	c := &call{ctx: r.Context(), sb: s, time: s.opts.Clock.Now(), userAgent: r.UserAgent(), sourceIP: s.clientIP(r)}
	s.mu.Lock()
	c.requestID = s.newUUID()
	s.mu.Unlock()
	resp, err := s.answer(c, r)
	if errors.Is(err, errDropped) {
		// The server closes the connection without an answer.
		panic(http.ErrAbortHandler)
	}
	if err != nil {
		refuse(w, r, err)
		return
	}
	for k, v := range resp.Header {
		w.Header()[k] = v
	}
	// SDKs learn from Date how far their clock is off ours.
	w.Header().Set("Date", s.opts.Clock.Now().UTC().Format(http.TimeFormat))
	if c.svc != nil && c.svc.name == "dynamodb" {
		// DynamoDB's SDK believes no answer without it.
		w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(resp.Body)), 10))
	}
	w.WriteHeader(resp.Status)
	if r.Method != http.MethodHead {
		// A failed write means that the client is gone.
		_, _ = w.Write(resp.Body)
	}
}

// refuse answers a request before it is known whom it is for: in JSON when it
// speaks JSON, else in XML as the Query services do.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	var failure *wire.Error
	if !errors.As(err, &failure) {
		failure = wire.Errorf("InternalFailure", "%v", err)
	}
	t := &wire.Target{Model: &wire.Model{Metadata: wire.Metadata{JSONVersion: "1.1"}}, Protocol: wire.Query}
	if r.Header.Get("X-Amz-Target") != "" {
		t.Protocol = wire.JSON
	}
	resp := t.EncodeError(failure, "")
	w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
	w.WriteHeader(resp.Status)
	// A failed write means that the client is gone.
	_, _ = w.Write(resp.Body)
}

// answer is the whole route of a request. An error has no service to speak
// for it, or is errDropped.
func (s *Sandbox) answer(c *call, r *http.Request) (*wire.Response, error) {
	sig, sigErr := sigv4.Parse(r)
	signing := ""
	if sig != nil {
		c.signature, signing = sig, sig.Service
		c.region = sig.Region
	}
	raw, err := readBody(r, signing)
	if err != nil {
		return nil, err
	}
	c.request = &wire.Request{HTTP: r, Body: raw}
	c.target, err = s.catalog.Identify(c.request, signing)
	if c.target == nil {
		return nil, wire.Errorf("UnknownService", "%v; it has: %s. Point the client's endpoint at the sandbox for these only.",
			err, strings.Join(s.catalog.Services(), ", "))
	}
	c.svc = s.services[c.target.Model.Service]
	if c.svc == nil {
		c.svc = &service{name: c.target.Model.Service, prefix: c.target.Model.Service}
	}
	c.op = c.svc.byName[c.target.Name]
	if c.region == "" {
		c.region = defaultRegion
	}
	if err == nil {
		err = s.authenticate(c, sigErr)
	}
	if err != nil {
		return s.finish(c, nil, err)
	}
	if c.op == nil {
		return s.finish(c, nil, c.unanswered())
	}
	in, err := c.target.Decode(c.request)
	c.in = input(in)
	if err != nil {
		return s.finish(c, nil, err)
	}
	return s.perform(c)
}

const defaultRegion = "us-east-1"

func readBody(r *http.Request, signing string) ([]byte, error) {
	limit := int64(maxBody)
	switch signing {
	case "s3":
		limit = maxObject
	case "kinesis", "firehose", "logs", "lambda":
		limit = maxBulk
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, wire.Errorf("RequestTimeout", "the request's body did not arrive: %v", err)
	}
	if int64(len(body)) > limit {
		return nil, &wire.Error{
			Code: "RequestEntityTooLarge", Status: http.StatusRequestEntityTooLarge,
			Message: fmt.Sprintf("the request's body is longer than %d bytes, the most that the sandbox reads", limit),
		}
	}
	return body, nil
}

// unanswered is the failure of an operation that the sandbox doesn't have.
func (c *call) unanswered() error {
	if len(c.svc.byName) == 0 {
		return c.fail(wire.UnknownOperation, "The sandbox doesn't answer for %s yet.", c.svc.name)
	}
	return c.fail(wire.UnknownOperation, "The action %s is not one that the sandbox answers; for %s it answers: %s.",
		orElse(c.target.Name, "asked for"), c.svc.name, strings.Join(slices.Sorted(maps.Keys(c.svc.byName)), ", "))
}

// perform disturbs as told, and does the work in between.
func (s *Sandbox) perform(c *call) (*wire.Response, error) {
	before, after := s.disturbances(c)
	if err := before.suffer(c); err != nil {
		return s.finish(c, nil, err)
	}
	out, err := s.work(c)
	if dist := after.suffer(c); dist != nil {
		// The work is done and recorded; only its answer is lost.
		return s.encode(c, nil, dist)
	}
	return s.encode(c, out, err)
}

// work authorizes and handles a call, and records it, under the lock.
func (s *Sandbox) work(c *call) (wire.Object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.time = s.opts.Clock.Now()
	out, err := s.handle(c)
	s.record(c, out, err)
	return out, err
}

func (s *Sandbox) handle(c *call) (wire.Object, error) {
	if c.op.readOnly() {
		s.beforeRead(c)
	}
	if err := s.authorize(c); err != nil {
		return nil, err
	}
	if !c.op.readOnly() {
		s.beforeWrite(c)
	}
	out, err := c.op.handle(c)
	var known *wire.Error
	if err != nil && !errors.As(err, &known) {
		s.opts.Logger.Error("handler failed", "service", c.svc.name, "operation", c.op.name, "err", err)
		return nil, c.fail(wire.Internal, "the sandbox failed: %v", err)
	}
	if err == nil && !c.op.readOnly() {
		c.recordConfiguration()
	}
	return out, err
}

// finish journals a call that never reached its handler, and answers it.
func (s *Sandbox) finish(c *call, out wire.Object, err error) (*wire.Response, error) {
	s.mu.Lock()
	s.journal(c, err)
	s.mu.Unlock()
	return s.encode(c, out, err)
}

func (s *Sandbox) encode(c *call, out wire.Object, err error) (*wire.Response, error) {
	if errors.Is(err, errDropped) {
		return nil, err
	}
	var failure *wire.Error
	if errors.As(err, &failure) {
		return c.target.EncodeError(failure, c.requestID), nil
	}
	if err != nil {
		return c.target.EncodeError(c.fail(wire.Internal, "%v", err), c.requestID), nil
	}
	if c.answer != nil {
		return c.answer, nil
	}
	resp, err := c.target.Encode(out, c.requestID)
	if err != nil {
		s.opts.Logger.Error("output doesn't fit the model", "service", c.svc.name, "operation", c.op.name, "err", err)
		return c.target.EncodeError(c.fail(wire.Internal, "%v", err), c.requestID), nil
	}
	switch {
	case c.svc.name == "cloudfront": // not one of S3's kind
		resp.Header.Set("X-Amzn-Requestid", c.requestID)
	case c.target.Protocol == wire.RESTXML:
		resp.Header.Set("X-Amz-Request-Id", c.requestID)
	}
	return resp, nil
}

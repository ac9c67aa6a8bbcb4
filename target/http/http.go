package http

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"riposte.dev/fault"
	"riposte.dev/target"
)

// Options are what New needs. Client and Secret are required.
type Options struct {
	Connections []Connection
	Client      *http.Client                      // guards against addresses that may not be called, and follows no redirects
	Secret      func(path string) (string, error) // reads a secret from its file; its errors carry fault codes
	Timeout     time.Duration                     // of a call; default 5 s
	Now         func() time.Time                  // default: time.Now
}

// Sender calls endpoints. It is safe for concurrent use.
type Sender struct {
	opts        Options
	connections map[string]*connection
}

var _ target.Sender = (*Sender)(nil)

// connection is a Connection at work.
type connection struct {
	Connection
	limit *rate.Limiter
	token token
}

// New checks the connections. Its errors have code fault.Invalid, those about connections are conf.Problems.
func New(opts Options) (*Sender, error) {
	if opts.Client == nil || opts.Secret == nil {
		return nil, fault.New(fault.Invalid, "targets by HTTP need a client and a way to secrets")
	}
	if err := Check(opts.Connections).Err(); err != nil {
		return nil, err
	}
	if opts.Timeout <= 0 {
		opts.Timeout = 5 * time.Second
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &Sender{opts: opts, connections: map[string]*connection{"": {}}}
	for _, c := range opts.Connections {
		s.connections[c.Name] = &connection{Connection: c}
	}
	for _, c := range s.connections {
		n := c.InvocationRateLimitPerSecond
		if n == 0 {
			n = defaultRate
		}
		c.limit = rate.NewLimiter(rate.Limit(n), n)
	}
	return s, nil
}

// Kind is "http".
func (s *Sender) Kind() string { return "http" }

// Send calls the endpoint with the input as body. The delivery's id is in the header Webhook-Id, by which the endpoint can
// tell a second copy.
//
// Errors by code: fault.Timeout, fault.Throttled and fault.Unavailable are retryable. For good: fault.Invalid for a request
// that can't be made and most answers, fault.Denied for 403 and an address that may not be called, fault.NotFound for 404
// and 410, and those of Secret.
func (s *Sender) Send(ctx context.Context, r target.Request) error {
	c := s.connections[r.Target.Connection]
	if c == nil {
		return fault.New(fault.Invalid, "there is no connection %q", r.Target.Connection).WithHint("define it in the configuration, under connections")
	}
	req, err := s.request(ctx, c, &r)
	if err != nil {
		return err
	}
	if err := c.limit.Wait(ctx); err != nil {
		return fault.New(fault.Throttled, "connection %s is at its limit of calls a second", c.Name)
	}
	calling, cancel := context.WithTimeout(ctx, s.opts.Timeout)
	defer cancel()
	if err := s.authenticate(calling, c, req); err != nil {
		return err
	}
	answer, err := s.opts.Client.Do(req.WithContext(calling))
	if err != nil {
		return unanswered(calling, &r.Target, err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // so that the connection is used again
	if answer.StatusCode == http.StatusUnauthorized {
		c.token.forget()
	}
	return judged(&r.Target, answer.StatusCode)
}

// Authorize puts what a connection has on a request to its endpoint: its parameters and credentials. It returns the body with the
// connection's own parameters, and waits for the connection's turn. An unknown connection is fault.NotFound; other errors are those of Send.
func (s *Sender) Authorize(ctx context.Context, name string, req *http.Request, body []byte) ([]byte, error) {
	c := s.connections[name]
	if c == nil || name == "" {
		return nil, fault.New(fault.NotFound, "there is no connection %q", name).WithHint("define it in the configuration, under connections")
	}
	if err := c.limit.Wait(ctx); err != nil {
		return nil, fault.New(fault.Throttled, "connection %s is at its limit of calls a second", c.Name)
	}
	query := req.URL.Query()
	for name, value := range c.QueryStringParameters {
		query.Set(name, value)
	}
	req.URL.RawQuery = query.Encode()
	for name, value := range c.HeaderParameters {
		req.Header.Set(name, value)
	}
	if len(body) > 0 {
		var err error
		if body, err = withParameters(body, c.BodyParameters); err != nil {
			return nil, err
		}
	}
	return body, s.authenticate(ctx, c, req)
}

// request makes the request without its credentials.
func (s *Sender) request(ctx context.Context, c *connection, r *target.Request) (*http.Request, error) {
	address, err := endpoint(c, r)
	if err != nil {
		return nil, err
	}
	body, err := withParameters(r.Input, c.BodyParameters)
	if err != nil {
		return nil, err
	}
	method := c.Method
	if method == "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, fault.New(fault.Invalid, "target %s: the request can't be made", r.Target.ID).WithHint("check its url")
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "riposte")
	for name, value := range c.HeaderParameters {
		req.Header.Set(name, value)
	}
	if p := r.Target.HTTPParameters; p != nil {
		for name, parameter := range p.HeaderParameters {
			value, err := target.Value(parameter, r.Event)
			if err != nil {
				return nil, err
			}
			req.Header.Set(name, oneLine(value))
		}
	}
	req.Header.Set("Webhook-Id", r.ID)
	return req, nil
}

// oneLine keeps a value of the event from ending the header that it is put into.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// endpoint fills the URL's asterisks and adds the query.
func endpoint(c *connection, r *target.Request) (string, error) {
	path, query, _ := strings.Cut(r.Target.URL, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", fault.New(fault.Invalid, "target %s: the query of its URL can't be read", r.Target.ID)
	}
	for name, value := range c.QueryStringParameters {
		values.Set(name, value)
	}
	if p := r.Target.HTTPParameters; p != nil {
		for _, parameter := range p.PathParameterValues {
			value, err := target.Value(parameter, r.Event)
			if err != nil {
				return "", err
			}
			if value == "." || value == ".." || value == "" { // would lead to another place
				return "", fault.New(fault.Invalid, "target %s: the path parameter %q is no part of a path", r.Target.ID, value)
			}
			path = strings.Replace(path, "*", strings.ReplaceAll(url.PathEscape(value), "*", "%2A"), 1)
		}
		for name, parameter := range p.QueryStringParameters {
			value, err := target.Value(parameter, r.Event)
			if err != nil {
				return "", err
			}
			values.Set(name, value)
		}
	}
	if len(values) > 0 {
		path += "?" + values.Encode()
	}
	return path, nil
}

// withParameters adds fields to an input that is an object.
func withParameters(input []byte, parameters map[string]string) ([]byte, error) {
	if len(parameters) == 0 {
		return input, nil
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(input, &object); err != nil || object == nil {
		return nil, fault.New(fault.Invalid, "the input is not an object, so that body_parameters can't be added")
	}
	for name, value := range parameters {
		object[name], _ = json.Marshal(value) // a text is always JSON
	}
	return json.Marshal(object)
}

// unanswered says why there was no answer. The client's error holds the URL with its query, so only what is inside is told.
func unanswered(ctx context.Context, c *target.Config, err error) error {
	var inside *url.Error
	if errors.As(err, &inside) {
		err = inside.Err
	}
	var coded *fault.Error
	var dns *net.DNSError
	switch {
	case errors.As(err, &coded):
		return fmt.Errorf("call %s: %w", c.Address(), err)
	case ctx.Err() != nil && errors.Is(context.Cause(ctx), context.DeadlineExceeded) || errors.Is(err, context.DeadlineExceeded):
		return fault.New(fault.Timeout, "call %s: no answer in time", c.Address())
	case errors.As(err, &dns) && dns.IsNotFound:
		return target.Coded(target.ConnectionFailure, fault.New(fault.NotFound, "call %s: %w", c.Address(), err).WithHint("check the host's name"))
	}
	return target.Coded(target.ConnectionFailure, fault.New(fault.Unavailable, "call %s: %w", c.Address(), err))
}

// judged decides what an answer means
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html, error codes).
func judged(c *target.Config, status int) error {
	say := func(code fault.Code) error {
		return target.Coded("ERROR_FROM_TARGET", fault.New(code, "%s answers %d %s", c.Address(), status, http.StatusText(status)))
	}
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusTooManyRequests:
		return say(fault.Throttled)
	case status == http.StatusUnauthorized || status == http.StatusProxyAuthRequired || status == http.StatusConflict || status >= 500:
		return say(fault.Unavailable)
	case status == http.StatusForbidden:
		return say(fault.Denied)
	case status == http.StatusNotFound || status == http.StatusGone:
		return say(fault.NotFound)
	default:
		return say(fault.Invalid)
	}
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

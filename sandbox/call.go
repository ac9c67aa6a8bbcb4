package sandbox

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/sigv4"
	"riposte.dev/sandbox/wire"
)

// call is one request on its way through the sandbox. Handlers read in and
// write state; the rest is for records and policies.
type call struct {
	ctx       context.Context
	sb        *Sandbox
	svc       *service
	op        *operation
	target    *wire.Target
	request   *wire.Request
	signature *sigv4.Signature

	in        input
	caller    *principal // nil for anonymous operations
	account   *account   // that the call acts in: the caller's, unless a handler changes it
	region    string
	sourceIP  string
	userAgent string
	requestID string
	time      time.Time

	stale      *staleState
	resources  []recordResource
	subjects   []lookupResource
	additional wire.Object    // additionalEventData of the record
	answer     *wire.Response // instead of the encoded output, when a handler sets it
	shared     *sharedRecord
}

// recordResource is an entry of a record's resources.
type recordResource struct{ arn, account, kind string }

// touch names a resource that the record shall carry.
func (c *call) touch(kind, account, arn string) {
	c.resources = append(c.resources, recordResource{arn, account, kind})
}

// subject names a resource that LookupEvents finds the record by.
func (c *call) subject(kind, name string) {
	c.subjects = append(c.subjects, lookupResource{kind, name})
}

// arn names a resource of the call's service, account and region.
func (c *call) arn(resource string) string {
	return arn(c.svc.prefix, c.region, c.account.id, resource)
}

// fail is a failure in the words of the call's service.
func (c *call) fail(kind wire.Common, format string, args ...any) *wire.Error {
	return c.target.CommonError(kind, format, args...)
}

// wait gives up the sandbox's lock until d has passed, wake is closed or the
// client is gone (then its error is returned). State may have changed after it.
func (c *call) wait(d time.Duration, wake <-chan struct{}) error {
	c.sb.mu.Unlock()
	defer c.sb.mu.Lock()
	select {
	case <-c.sb.opts.Clock.After(d):
	case <-wake:
	case <-c.ctx.Done():
		return c.ctx.Err()
	}
	return nil
}

// baseURL is how this client reaches the sandbox.
func (c *call) baseURL() string {
	if u := c.sb.opts.PublicURL; u != "" {
		return strings.TrimSuffix(u, "/")
	}
	return "http://" + c.request.HTTP.Host
}

// input is a decoded request with the model's member names.
type input wire.Object

func (in input) has(name string) bool { return in[name] != nil }

func (in input) str(name string) string { s, _ := in[name].(string); return s }

// flag is a boolean, with what an absent one means.
func (in input) flag(name string, absent bool) bool {
	if b, ok := in[name].(bool); ok {
		return b
	}
	return absent
}

// number is an integer, with what an absent one means.
func (in input) number(name string, absent int) int {
	if n, ok := in[name].(int64); ok {
		return int(n)
	}
	return absent
}

func (in input) object(name string) input { o, _ := in[name].(wire.Object); return o }

// objects is a list of structures.
func (in input) objects(name string) []input {
	list, _ := in[name].(wire.List)
	out := make([]input, 0, len(list))
	for _, e := range list {
		if o, ok := e.(wire.Object); ok {
			out = append(out, o)
		}
	}
	return out
}

// strs is a list of strings.
func (in input) strs(name string) []string {
	list, _ := in[name].(wire.List)
	out := make([]string, 0, len(list))
	for _, e := range list {
		if s, ok := e.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func (in input) time(name string) (time.Time, bool) { t, ok := in[name].(time.Time); return t, ok }

// list makes an output list.
func list[T any](items []T, each func(T) any) wire.List {
	out := make(wire.List, 0, len(items))
	for _, i := range items {
		out = append(out, each(i))
	}
	return out
}

// strList makes an output list of strings.
func strList(items []string) wire.List { return list(items, func(s string) any { return s }) }

// clientIP is the address in records and policies.
func (s *Sandbox) clientIP(r *http.Request) string {
	if h := s.opts.SourceIPHeader; h != "" {
		if ip := net.ParseIP(strings.TrimSpace(r.Header.Get(h))); ip != nil {
			return ip.String()
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// globalConditions are the condition keys that every request has
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html).
func (c *call) globalConditions() policy.Context {
	now := c.time.UTC()
	ctx := policy.Context{
		"aws:sourceip": {c.sourceIP}, "aws:useragent": {c.userAgent}, "aws:requestedregion": {c.region},
		"aws:currenttime": {now.Format(time.RFC3339)}, "aws:epochtime": {strconv.FormatInt(now.Unix(), 10)},
		// What AWS would see: its endpoints are reached over TLS only.
		"aws:securetransport": {"true"}, "aws:viaawsservice": {"false"},
	}
	p := c.caller
	if p == nil {
		return ctx
	}
	ctx["aws:principalarn"] = []string{orElse(p.issuerARN, p.arn)}
	ctx["aws:principalaccount"] = []string{p.account}
	ctx["aws:userid"] = []string{p.id}
	switch p.kind {
	case "Root":
		ctx["aws:principaltype"] = []string{"Account"}
	case "IAMUser":
		ctx["aws:principaltype"], ctx["aws:username"] = []string{"User"}, []string{p.name}
	default:
		ctx["aws:principaltype"] = []string{"AssumedRole"}
	}
	for k, v := range p.tags {
		ctx["aws:principaltag/"+strings.ToLower(k)] = []string{v}
	}
	if o := c.sb.org; o != nil && o.has(p.account) {
		ctx["aws:principalorgid"] = []string{o.id}
	}
	if ses := p.session; ses != nil {
		ctx["aws:tokenissuetime"] = []string{ses.created.UTC().Format(time.RFC3339)}
		ctx["aws:multifactorauthpresent"] = []string{"false"}
		if ses.mfa {
			ctx["aws:multifactorauthpresent"] = []string{"true"}
		}
		if ses.sourceIdentity != "" {
			ctx["aws:sourceidentity"] = []string{ses.sourceIdentity}
		}
	}
	return ctx
}

func orElse(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
}

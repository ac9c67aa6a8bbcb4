package wire

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// ErrUnknownService means that nothing in a request names a service that the
// sandbox has.
var ErrUnknownService = errors.New("the request names no service of the sandbox")

// Request is an HTTP request whose body was read (and freed of aws-chunked).
type Request struct {
	HTTP *http.Request
	Body []byte
	Form url.Values // of query and ec2; set by Identify
}

// Target is what a request asks for. Operation is nil when the service is
// known and the operation is not answered; Name then says what was asked.
type Target struct {
	Model     *Model
	Protocol  Protocol
	Operation *Operation
	Name      string
	Labels    map[string]string // from the path of REST requests, unescaped
}

// Identify finds service, operation and protocol from what the request speaks.
// signing is the service in the credential scope of the signature, "" when
// there is none. It fails with ErrUnknownService; when it fails otherwise, the
// target (never nil then) says in which protocol to answer.
func (c *Catalog) Identify(r *Request, signing string) (*Target, error) {
	if t := r.HTTP.Header.Get("X-Amz-Target"); t != "" {
		prefix, name, ok := cutLast(t, ".")
		if m := c.byTarget[prefix]; ok && m != nil {
			return &Target{Model: m, Protocol: JSON, Operation: m.Operations[name], Name: name}, nil
		}
		return nil, fmt.Errorf("%w: X-Amz-Target %q", ErrUnknownService, t)
	}
	m := c.bySigning[signing]
	for name, is := range sharing {
		if younger := c.byService[name]; m != nil && younger != nil && younger.SigningName() == m.SigningName() && is(r.HTTP) {
			m = younger
		}
	}
	if signing != "" && m == nil {
		return nil, fmt.Errorf("%w: signed for %q", ErrUnknownService, signing)
	}
	if m == nil || m.Metadata.Protocol == Query || m.Metadata.Protocol == EC2 {
		t, err := c.identifyForm(r, m)
		if t != nil || err != nil {
			return t, err
		}
	}
	if m == nil {
		// Nothing but S3 takes unsigned requests that carry no Action.
		if m = c.byService["s3"]; m == nil {
			return nil, ErrUnknownService
		}
	}
	router := c.routers[m.Service]
	if router == nil {
		return &Target{Model: m, Protocol: m.Metadata.Protocol}, nil
	}
	t := &Target{Model: m, Protocol: m.Metadata.Protocol}
	path := r.HTTP.URL.EscapedPath()
	if b := bucketOfHost(r.HTTP.Host); m.Service == "s3" && b != "" {
		path = "/" + b + path
	}
	t.Operation, t.Name, t.Labels = router.match(r.HTTP, path)
	return t, nil
}

// identifyForm reads Action=… from the body or the query string. It returns
// nil when there is no action and no service is known yet.
func (c *Catalog) identifyForm(r *Request, m *Model) (*Target, error) {
	form, err := readForm(r)
	if err != nil {
		if m == nil {
			return nil, nil
		}
		t := &Target{Model: m, Protocol: m.Metadata.Protocol}
		return t, CommonError(m.Service, t.Protocol, Malformed, "the request's form can't be read: %v", err)
	}
	r.Form = form
	name := form.Get("Action")
	if m == nil {
		if name == "" {
			return nil, nil
		}
		for _, s := range c.Services() {
			// Links in SNS's mails and messages say no version.
			version := form.Get("Version")
			if x := c.byService[s]; (version == "" || version == x.Metadata.APIVersion) && x.Operations[name] != nil {
				m = x
			}
		}
		if m == nil {
			return nil, fmt.Errorf("%w: Action %q of API version %q", ErrUnknownService, name, form.Get("Version"))
		}
	}
	return &Target{Model: m, Protocol: m.Metadata.Protocol, Operation: m.Operations[name], Name: name}, nil
}

const maxFormFields = 10_000

func readForm(r *Request) (url.Values, error) {
	form, err := url.ParseQuery(r.HTTP.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	ct, _, _ := strings.Cut(r.HTTP.Header.Get("Content-Type"), ";")
	if r.HTTP.Method == http.MethodPost && strings.TrimSpace(ct) == "application/x-www-form-urlencoded" {
		body, err := url.ParseQuery(string(r.Body))
		if err != nil {
			return nil, err
		}
		for k, v := range body {
			form[k] = append(v, form[k]...)
		}
	}
	if len(form) > maxFormFields {
		return nil, fmt.Errorf("%d parameters, at most %d are read", len(form), maxFormFields)
	}
	return form, nil
}

// virtualHost matches bucket.s3.region.amazonaws.com, bucket.s3.amazonaws.com
// and bucket.localhost, which every resolver must send to loopback (RFC 6761).
var virtualHost = regexp.MustCompile(`^(.+?)\.(?:s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com|(?:s3\.)?localhost)$`)

func bucketOfHost(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	m := virtualHost.FindStringSubmatch(strings.ToLower(host))
	if m == nil || m[1] == "s3" {
		return ""
	}
	return m[1]
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

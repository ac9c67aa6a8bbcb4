package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"riposte.dev/action"
	"riposte.dev/fault"
	"riposte.dev/notify/outbound"
	"riposte.dev/playbook"
)

// Bounds of http:invoke (https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html).
const (
	httpTimeout = 60 * time.Second
	maxAnswer   = 256 << 10
)

// httpCall is what http:invoke takes.
type httpCall struct {
	ApiEndpoint, Method              string //nolint:revive,staticcheck // AWS's name
	Authentication, InvocationConfig struct{ ConnectionArn string }
	Headers, QueryParameters         map[string]any
	RequestBody                      json.RawMessage
	Transform                        struct {
		RequestBodyEncoding    string
		RequestEncodingOptions struct{ ArrayFormat string }
	}
}

var httpMethods = []string{"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"}

// forbidden are headers that a task may not set, and beginnings of such.
var forbidden = []string{"host", "content-length", "connection", "transfer-encoding", "te", "trailer", "upgrade", "expect", "via", "date", "server",
	"authorization", "proxy-", "x-amz-", "x-amzn-", "x-forwarded", "forwarded", "www-authenticate", "cache-control"}

// httpCall reads and checks the parameters.
func (c *call) httpCall() (*httpCall, *url.URL, error) {
	raw, err := json.Marshal(c.parameters)
	if err != nil {
		return nil, nil, fault.New(fault.Invalid, "the parameters of http:invoke can't be written: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	h := &httpCall{}
	if err := dec.Decode(h); err != nil {
		return nil, nil, fault.New(fault.Invalid, "http:invoke: %w", err)
	}
	u, err := url.Parse(h.ApiEndpoint)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "":
		return nil, nil, fault.New(fault.Invalid, "http:invoke: ApiEndpoint is not a URL such as https://api.example.com/v1/hosts")
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return nil, nil, fault.New(fault.Invalid, "http:invoke: ApiEndpoint must begin with https://")
	case !slices.Contains(httpMethods, h.Method):
		return nil, nil, fault.New(fault.Invalid, "http:invoke: Method must be one of %s", strings.Join(httpMethods, ", "))
	}
	for name := range h.Headers {
		if low := strings.ToLower(name); slices.ContainsFunc(forbidden, func(f string) bool { return low == f || strings.HasSuffix(f, "-") && strings.HasPrefix(low, f) }) {
			return nil, nil, fault.New(fault.Invalid, "http:invoke: a task can't set the header %s", name)
		}
	}
	return h, u, nil
}

// connection is the name of the connection whose ARN the task gives.
func (h *httpCall) connection() string {
	text := h.Authentication.ConnectionArn + h.InvocationConfig.ConnectionArn
	_, rest, _ := strings.Cut(text, ":connection/")
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// planHTTP names what is called: an endpoint is no resource of AWS, so its ARN is that of an API of nobody.
func (r *resource) planHTTP(c *call) (playbook.Planned, error) {
	h, u, err := c.httpCall()
	if err != nil {
		return playbook.Planned{}, err
	}
	if slices.Contains([]string{"GET", "HEAD", "OPTIONS"}, h.Method) {
		return playbook.Planned{Reads: true}, nil
	}
	input, err := json.Marshal(c.parameters)
	if err != nil {
		return playbook.Planned{}, fault.New(fault.Invalid, "the parameters of http:invoke can't be written: %w", err)
	}
	c.names.found = []action.Resource{{Type: "AWS::StepFunctions::HTTPEndpoint", Account: c.account, Region: c.region,
		ARN: c.arn("states", c.region, c.account, "http-endpoint/"+u.Host+u.EscapedPath()), Name: h.Method + " " + u.Scheme + "://" + u.Host + u.EscapedPath()}}
	return playbook.Planned{Plan: c.plan("states", "InvokeHTTPEndpoint", input)}, nil
}

// callHTTP makes the request. Its errors are named as Step Functions does: States.Http.StatusCode.404, States.Http.Socket.
func (r *resource) callHTTP(ctx context.Context, c *call) (json.RawMessage, error) {
	h, u, err := c.httpCall()
	if err != nil {
		return nil, err
	}
	if r.caller.opts.HTTP == nil {
		return nil, fault.New(fault.Unavailable, "riposte makes no HTTP requests here")
	}
	if err := action.Permitted(ctx); err != nil {
		return nil, err
	}
	req, body, err := h.request(u)
	if err != nil {
		return nil, err
	}
	if name := h.connection(); name != "" {
		if r.caller.opts.Authorize == nil {
			return nil, fault.New(fault.NotFound, "there is no connection %q", name)
		}
		if body, err = r.caller.opts.Authorize(ctx, name, req, body); err != nil {
			return nil, err
		}
	}
	if len(body) > 0 {
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	began := r.caller.opts.Now()
	calling, cancel := context.WithTimeout(ctx, httpTimeout)
	defer cancel()
	answer, err := r.caller.opts.HTTP.Do(req.WithContext(calling))
	receipt := action.Receipt{Service: "http", Operation: h.Method + " " + u.Host, Region: c.region, At: began.UTC()}
	if err != nil {
		var coded *fault.Error
		if errors.As(err, &coded) {
			return nil, coded
		}
		err = outbound.Failed("call "+u.Host, err)
		receipt.Error = err.Error()
		action.Note(ctx, receipt)
		return nil, &Error{Name: "States.Http.Socket", Cause: err.Error()}
	}
	defer answer.Body.Close()
	receipt.RequestID = c.id()
	action.Note(ctx, receipt)
	return judged(answer)
}

// judged makes the task's output of the answer, or its error.
func judged(answer *http.Response) (json.RawMessage, error) {
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, &Error{Name: "States.Http.Socket", Cause: "the answer broke off: " + err.Error()}
	case len(text) > maxAnswer:
		return nil, &Error{Name: "States.DataLimitExceeded", Cause: fmt.Sprintf("The answer has more than %d bytes.", maxAnswer)}
	}
	var body any
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	switch isJSON := kind == "application/json" || strings.HasSuffix(kind, "+json"); {
	case isJSON && json.Valid(text):
		body = json.RawMessage(text)
	case len(text) > 0:
		body = legible(text)
	}
	headers := map[string][]string{}
	for name, values := range answer.Header {
		headers[strings.ToLower(name)] = values
	}
	raw, err := json.Marshal(map[string]any{"StatusCode": answer.StatusCode, "StatusText": http.StatusText(answer.StatusCode), "Headers": headers, "ResponseBody": body})
	if err != nil {
		return nil, fault.New(fault.Internal, "the answer can't be written: %w", err)
	}
	if answer.StatusCode < 200 || answer.StatusCode >= 300 {
		return nil, &Error{Name: fmt.Sprintf("States.Http.StatusCode.%d", answer.StatusCode), Cause: string(raw)}
	}
	return raw, nil
}

// request makes the request with its body, without credentials.
func (h *httpCall) request(u *url.URL) (*http.Request, []byte, error) {
	values := u.Query()
	for name, v := range h.QueryParameters {
		values.Del(name)
		for _, one := range listOf(v) {
			values.Add(name, scalarText(one))
		}
	}
	whole := *u
	whole.RawQuery = values.Encode()
	req, err := http.NewRequest(h.Method, whole.String(), nil) //nolint:noctx // Do gives it one
	if err != nil {
		return nil, nil, fault.New(fault.Invalid, "http:invoke: the request can't be made: %w", err)
	}
	req.Header.Set("User-Agent", "Amazon|StepFunctions|HttpInvoke|riposte")
	req.Header.Set("Range", "bytes=0-262144")
	for name, v := range h.Headers {
		req.Header.Del(name)
		for _, one := range listOf(v) {
			req.Header.Add(name, oneLine(scalarText(one)))
		}
	}
	body, err := h.body(req.Header)
	return req, body, err
}

func (h *httpCall) body(headers http.Header) ([]byte, error) {
	if len(h.RequestBody) == 0 || string(h.RequestBody) == "null" {
		return nil, nil
	}
	var text string
	isText := json.Unmarshal(h.RequestBody, &text) == nil
	switch encoding := h.Transform.RequestBodyEncoding; {
	case encoding == "URL_ENCODED":
		headers.Set("Content-Type", "application/x-www-form-urlencoded")
		return h.form()
	case encoding != "" && encoding != "NONE":
		return nil, fault.New(fault.Invalid, "http:invoke: RequestBodyEncoding must be NONE or URL_ENCODED")
	}
	if headers.Get("Content-Type") == "" {
		headers.Set("Content-Type", "application/json")
	}
	if kind, _, _ := mime.ParseMediaType(headers.Get("Content-Type")); isText && kind != "application/json" {
		return []byte(text), nil
	}
	return h.RequestBody, nil
}

// form writes an object as a form; ArrayFormat says how lists are spelled.
func (h *httpCall) form() ([]byte, error) {
	var members map[string]any
	dec := json.NewDecoder(bytes.NewReader(h.RequestBody))
	dec.UseNumber()
	if err := dec.Decode(&members); err != nil {
		return nil, fault.New(fault.Invalid, "http:invoke: a RequestBody that is URL_ENCODED must be an object")
	}
	values := url.Values{}
	for name, v := range members {
		if err := h.field(values, name, v); err != nil {
			return nil, err
		}
	}
	return []byte(values.Encode()), nil
}

func (h *httpCall) field(values url.Values, name string, v any) error {
	switch v := v.(type) {
	case map[string]any:
		for key, member := range v {
			if err := h.field(values, name+"["+key+"]", member); err != nil {
				return err
			}
		}
	case []any:
		for i, item := range v {
			at := name
			switch h.Transform.RequestEncodingOptions.ArrayFormat {
			case "", "INDICES":
				at = fmt.Sprintf("%s[%d]", name, i)
			case "BRACKETS":
				at = name + "[]"
			case "REPEAT":
			case "COMMAS":
				var all []string
				for _, one := range v {
					all = append(all, scalarText(one))
				}
				values.Set(name, strings.Join(all, ","))
				return nil
			default:
				return fault.New(fault.Invalid, "http:invoke: ArrayFormat must be INDICES, REPEAT, COMMAS or BRACKETS")
			}
			if err := h.field(values, at, item); err != nil {
				return err
			}
		}
	default:
		values.Add(name, scalarText(v))
	}
	return nil
}

func listOf(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	return []any{v}
}

func scalarText(v any) string {
	if v == nil {
		return ""
	}
	return string(textOf(v))
}

// oneLine keeps a value from ending its header.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

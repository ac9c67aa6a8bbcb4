package ticket

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"riposte.dev/action"
	"riposte.dev/fault"
	"riposte.dev/notify"
	"riposte.dev/notify/outbound"
)

const (
	maxAnswer  = 4 << 20 // bytes read of an answer
	maxExcerpt = 300     // characters of it in an error
)

// request is a call of a tracker's API.
type request struct {
	Operation string          `json:"-"`
	Tracker   string          `json:"tracker"`
	Method    string          `json:"method"`
	Path      string          `json:"path"` // with its query
	Body      json.RawMessage `json:"body,omitempty"`
}

// client calls one tracker.
type client struct {
	name   string
	config Config
	http   *http.Client
	secret func(path string) (string, error)
	now    func() time.Time
	hold   outbound.Hold
}

func (c *client) what() string { return "tracker " + c.name }

// request makes a call with a body.
func (c *client) request(operation, method, path string, body any) (request, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return request{}, fault.New(fault.Internal, "%s: encode %s: %w", c.what(), operation, err)
	}
	return request{Operation: operation, Tracker: c.name, Method: method, Path: path, Body: raw}, nil
}

// read gets what is at the path.
func (c *client) read(ctx context.Context, path string, into any) error {
	return c.ask(ctx, request{Method: http.MethodGet, Path: path}, into)
}

// ask makes a call that changes nothing.
func (c *client) ask(ctx context.Context, r request, into any) error {
	req, token, err := c.prepare(ctx, r)
	if err != nil {
		return err
	}
	_, err = c.do(req, token, into)
	return err
}

// send makes a call that changes something and notes it. Output is what riposte keeps of the answer.
func (c *client) send(ctx context.Context, r request, region string, output func(answer []byte) json.RawMessage) error {
	req, token, err := c.prepare(ctx, r)
	if err != nil {
		return err
	}
	var answer json.RawMessage
	receipt := action.Receipt{Service: c.config.Kind, Operation: r.Operation, Region: region, At: c.now().UTC()}
	receipt.RequestID, err = c.do(req, token, &answer)
	if err != nil {
		receipt.Error = err.Error()
	} else if output != nil {
		receipt.Output = output(answer)
	}
	action.Note(ctx, receipt)
	return err
}

// prepare makes the HTTP request, with its credentials, unless the tracker asked to wait.
func (c *client) prepare(ctx context.Context, r request) (*http.Request, string, error) {
	if err := c.hold.Check(c.what(), c.now()); err != nil {
		return nil, "", err
	}
	token, err := c.secret(c.config.TokenFile)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", c.what(), err)
	}
	if strings.ContainsAny(token, "\r\n\x00") {
		return nil, "", fault.New(fault.Invalid, "%s: the token in %s has more than one line", c.what(), c.config.TokenFile).WithHint("write the token alone into it")
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, strings.TrimSuffix(c.config.URL, "/")+r.Path, bytes.NewReader(r.Body))
	if err != nil {
		return nil, "", fault.New(fault.Invalid, "%s: the URL can't be called", c.what())
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "riposte")
	req.Header.Set("X-Request-Id", requestID())
	if len(r.Body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.config.User != "" {
		req.SetBasicAuth(c.config.User, token)
	} else {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return req, token, nil
}

// do makes the call. The id is the one that it carries; "" where no answer came, so that nobody knows what became of it.
func (c *client) do(req *http.Request, token string, into any) (id string, err error) {
	answer, err := c.http.Do(req)
	if ended := req.Context().Err(); err != nil && ended != nil {
		return "", fmt.Errorf("%s: %w", c.what(), ended)
	}
	if err != nil {
		return "", outbound.Failed(c.what(), err)
	}
	defer answer.Body.Close()
	id = req.Header.Get("X-Request-Id")
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case answer.StatusCode/100 != 2:
		return id, c.refused(answer, excerpt(text, token))
	case err != nil:
		return "", fault.New(fault.Unavailable, "%s: the answer broke off", c.what())
	case len(text) > maxAnswer:
		return id, fault.New(fault.TooLarge, "%s: the answer has more than %d bytes", c.what(), maxAnswer)
	case len(text) == 0:
		return id, nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return id, fault.New(fault.Invalid, "%s answered %d with what is no answer of its API", c.what(), answer.StatusCode).
			WithHint("check the url of %s: does a page for signing in stand before it, or does the instance sleep?", c.what())
	}
	return id, nil
}

func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

// refused turns an answer that is not 2xx into an error; said is what it said.
func (c *client) refused(answer *http.Response, said string) error {
	status := answer.StatusCode
	say := func(code fault.Code) *fault.Error {
		return fault.New(code, "%s answered %d %s%s", c.what(), status, http.StatusText(status), said)
	}
	if status == http.StatusTooManyRequests || status >= 500 {
		c.hold.For(outbound.RetryAfter(answer.Header, c.now()), c.now())
	}
	switch {
	case status == http.StatusTooManyRequests:
		return say(fault.Throttled)
	case status == http.StatusRequestTimeout:
		return say(fault.Timeout)
	case status >= 500:
		return say(fault.Unavailable)
	case status == http.StatusUnauthorized:
		return say(fault.Unauthenticated).WithHint("check user and token_file of %s: the token may have expired", c.what())
	case status == http.StatusForbidden:
		return say(fault.Denied).WithHint("let the user of %s see, make, comment and change tickets there", c.what())
	case status == http.StatusNotFound:
		return say(fault.NotFound).WithHint("check url, project and table of %s, and whether its user may see the ticket", c.what())
	case status == http.StatusConflict:
		return say(fault.Conflict)
	case status == http.StatusRequestEntityTooLarge:
		return say(fault.TooLarge)
	case status/100 == 3:
		return say(fault.Invalid).WithHint("redirects are not followed; configure the final URL")
	default:
		return say(fault.Invalid).WithHint("the tracker may want more fields: set them as fields of %s in the configuration", c.what())
	}
}

// excerpt is what an error says, in the forms of both trackers' APIs, on one line and without what is secret.
func excerpt(answer []byte, token string) string {
	var said struct {
		ErrorMessages []string          `json:"errorMessages"` // Jira
		Errors        map[string]string `json:"errors"`        // Jira
		Error         json.RawMessage   `json:"error"`         // ServiceNow
	}
	var now struct{ Message, Detail string }
	var text string
	if json.Unmarshal(answer, &said) == nil {
		parts := said.ErrorMessages
		for field, message := range said.Errors {
			parts = append(parts, field+": "+message)
		}
		if json.Unmarshal(said.Error, &now) == nil {
			parts = append(parts, now.Message, now.Detail)
		}
		slices.Sort(parts)
		text = strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), "; ")
	} else {
		text = string(answer[:min(len(answer), maxAnswer)])
	}
	text = strings.Join(strings.Fields(notify.ASCII(notify.Redact(strings.ReplaceAll(text, token, notify.Redacted)))), " ")
	if text == "" {
		return ""
	}
	return ": " + text[:min(len(text), maxExcerpt)]
}

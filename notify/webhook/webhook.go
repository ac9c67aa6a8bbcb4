package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"riposte.dev/fault"
	"riposte.dev/notify"
	"riposte.dev/notify/outbound"
)

// Config names a receiver and how to reach it. Everything in a file is read for each delivery, so that it can be rotated.
type Config struct {
	Name           string            `yaml:"name"`            // of the channel
	URL            string            `yaml:"url"`             // where to post; this or URLFile
	URLFile        string            `yaml:"url_file"`        // has the URL, where that is a secret
	SecretFile     string            `yaml:"secret_file"`     // one or, while rotating, several secrets "whsec_…"; "": not signed
	HeaderFiles    map[string]string `yaml:"header_files"`    // further headers, each with the file that has its value
	AllowPrivate   bool              `yaml:"allow_private"`   // accepts a receiver on a loopback or private address
	AllowPlaintext bool              `yaml:"allow_plaintext"` // accepts http: instead of https:
	CAFile         string            `yaml:"ca_file"`         // PEM, read by New; certificates to trust instead of the system's
	Timeout        time.Duration     `yaml:"timeout"`         // of a whole call; default 30 s

	Now func() time.Time `yaml:"-"` // default time.Now
}

// Payload is the body of a call, application/json. Version changes when a field is taken away or means something else; new
// fields may come at any time.
type Payload struct {
	Type      string         `json:"type"`      // "riposte.notification"
	Version   int            `json:"version"`   // 1
	Timestamp time.Time      `json:"timestamp"` // of the message, RFC 3339
	Data      notify.Message `json:"data"`      // without the mail addresses of its recipients
	Text      string         `json:"text"`      // the message laid out as plain text
}

// Channel posts to one receiver.
type Channel struct {
	cfg    Config
	client *http.Client
	hold   outbound.Hold
}

var _ notify.Channel = (*Channel)(nil)

// reserved are the headers that Send sets itself.
var reserved = []string{"Content-Type", "Content-Length", "Host", "Transfer-Encoding", "Connection", "Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"}

var headerName = regexp.MustCompile(`^[A-Za-z0-9-]{1,100}$`)

// New checks the configuration; it calls nothing and reads no file but CAFile. Its error has code fault.Invalid and names
// every mistake.
func New(cfg Config) (*Channel, error) {
	var wrong []string
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if cfg.Name == "" {
		say("a name is required")
	}
	if (cfg.URL == "") == (cfg.URLFile == "") {
		say("either url or url_file is required")
	}
	if cfg.URL != "" {
		if _, err := target(cfg.URL, cfg.AllowPlaintext); err != nil {
			say("%s", fault.Message(err))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.HeaderFiles)) {
		if !headerName.MatchString(name) || slices.Contains(reserved, http.CanonicalHeaderKey(name)) {
			say("header %q can't be set", name)
		}
	}
	options := outbound.Options{AllowPrivate: cfg.AllowPrivate, Timeout: cfg.Timeout}
	if cfg.CAFile != "" {
		roots, err := outbound.Roots(cfg.CAFile)
		if err != nil {
			say("%s", fault.Message(err))
		}
		options.RootCAs = roots
	}
	if len(wrong) > 0 {
		return nil, fault.New(fault.Invalid, "webhook channel %q: %s", cfg.Name, strings.Join(wrong, "; ")).
			WithHint("docs/guide/notifications.md has an example")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Channel{cfg: cfg, client: outbound.Client(options)}, nil
}

// Name returns the channel's name.
func (c *Channel) Name() string { return c.cfg.Name }

// what names the channel in errors; the URL may be a secret.
func (c *Channel) what() string { return "webhook " + c.cfg.Name }

// Response is the body of a call that a playbook makes, application/json. It changes as [Payload] does.
type Response struct {
	Type      string          `json:"type"`      // "riposte.response"
	Version   int             `json:"version"`   // 1
	Timestamp time.Time       `json:"timestamp"` // of the call, RFC 3339
	Data      json.RawMessage `json:"data"`
}

// Send posts d once and returns nil when the receiver answered 2xx. Errors are those of [Channel.Post].
func (c *Channel) Send(ctx context.Context, d notify.Delivery) error {
	message := d.Message
	message.To = nil
	return c.post(ctx, d.ID, Payload{Type: "riposte.notification", Version: 1, Timestamp: message.Time, Data: message, Text: d.Body.Text})
}

// Post posts what a playbook says once, as a [Response], and returns nil when the receiver answered 2xx. The id becomes the
// webhook-id.
//
// Errors by code: fault.Throttled (429, or while a pause runs that the receiver asked for), fault.Timeout (408 too) and
// fault.Unavailable (5xx, the network, a file that can't be read) are retryable. For good: fault.Denied for an address
// out of bounds and for 403, fault.Unauthenticated for 401, fault.NotFound for 404 and 410, fault.TooLarge for 413,
// fault.Invalid for every other answer, redirects among them.
func (c *Channel) Post(ctx context.Context, id string, data json.RawMessage) error {
	return c.post(ctx, id, Response{Type: "riposte.response", Version: 1, Timestamp: c.cfg.Now().UTC(), Data: data})
}

func (c *Channel) post(ctx context.Context, id string, payload any) error {
	if err := c.hold.Check(c.what(), c.cfg.Now()); err != nil {
		return err
	}
	req, secrets, err := c.request(ctx, id, payload)
	if err != nil {
		return err
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return outbound.Failed(c.what(), err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // what is read of it will do
	if resp.StatusCode/100 == 2 {
		return nil
	}
	if pause := outbound.RetryAfter(resp.Header, c.cfg.Now()); resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500 {
		c.hold.For(pause, c.cfg.Now())
	}
	return c.refused(resp.StatusCode, excerpt(text, secrets))
}

// request builds the call; secrets are the values in it that an answer must not bring into an error.
func (c *Channel) request(ctx context.Context, id string, payload any) (req *http.Request, secrets []string, err error) {
	address := c.cfg.URL
	if c.cfg.URLFile != "" {
		if address, err = outbound.Secret(c.cfg.URLFile); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", c.what(), err)
		}
	}
	to, err := target(address, c.cfg.AllowPlaintext)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", c.what(), err)
	}
	body, err := json.Marshal(payload)
	if err != nil {
		return nil, nil, fault.New(fault.Internal, "%s: encode the message: %w", c.what(), err)
	}
	req, err = http.NewRequestWithContext(ctx, http.MethodPost, to.String(), bytes.NewReader(body))
	if err != nil {
		return nil, nil, fault.New(fault.Invalid, "%s: the URL can't be called", c.what())
	}
	secrets = []string{address, to.RequestURI()}
	for name, file := range c.cfg.HeaderFiles {
		value, err := outbound.Secret(file)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: header %s: %w", c.what(), name, err)
		}
		if strings.ContainsFunc(value, unicode.IsControl) {
			return nil, nil, fault.New(fault.Invalid, "%s: header %s: the value in %s has more than one line or control characters", c.what(), name, file)
		}
		req.Header.Set(name, value)
		secrets = append(secrets, value)
	}
	at := strconv.FormatInt(c.cfg.Now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Webhook-Id", id)
	req.Header.Set("Webhook-Timestamp", at)
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "riposte")
	}
	if c.cfg.SecretFile != "" {
		signature, err := signatures(c.cfg.SecretFile, id+"."+at+".", body)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", c.what(), err)
		}
		req.Header.Set("Webhook-Signature", signature)
	}
	return req, secrets, nil
}

// target checks a URL; it is not in the error.
func target(address string, plaintext bool) (*url.URL, error) {
	to, err := url.Parse(address)
	switch {
	case err != nil || to.Host == "" || to.Scheme != "https" && to.Scheme != "http":
		return nil, fault.New(fault.Invalid, "the URL is not one such as https://example.com/hook")
	case to.Scheme == "http" && !plaintext:
		return nil, fault.New(fault.Invalid, "the URL begins with http:, which sends everything in clear; use https:, or accept it with allow_plaintext: true")
	}
	return to, nil
}

package slack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/slack-go/slack"

	"riposte.dev/fault"
	"riposte.dev/notify"
	"riposte.dev/notify/outbound"
)

// Config names a Slack webhook.
type Config struct {
	Name    string        `yaml:"name"`     // of the channel
	URLFile string        `yaml:"url_file"` // has the webhook's URL; read for each message, so that it can be rotated
	Timeout time.Duration `yaml:"timeout"`  // of a whole call; default 30 s
	// AllowPrivate accepts a URL that is not Slack's, also http: and on a loopback or private address, for what speaks
	// like Slack in one's own network (Mattermost, a gateway).
	AllowPrivate bool `yaml:"allow_private"`

	Now func() time.Time `yaml:"-"` // default time.Now
}

// Channel posts by one webhook.
type Channel struct {
	cfg    Config
	client *http.Client
	hold   outbound.Hold
}

var _ notify.Channel = (*Channel)(nil)

// New checks the configuration; it calls nothing and reads no file. Its error has code fault.Invalid.
func New(cfg Config) (*Channel, error) {
	if cfg.Name == "" || cfg.URLFile == "" {
		return nil, fault.New(fault.Invalid, "slack channel %q: name and url_file are required", cfg.Name).
			WithHint("make an incoming webhook in Slack and put its URL, https://hooks.slack.com/services/…, into a file")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Channel{cfg: cfg, client: outbound.Client(outbound.Options{AllowPrivate: cfg.AllowPrivate, Timeout: cfg.Timeout})}, nil
}

// Name returns the channel's name.
func (c *Channel) Name() string { return c.cfg.Name }

func (c *Channel) what() string { return "slack " + c.cfg.Name }

// Send posts d once and returns nil when Slack took it.
//
// Errors by code: fault.Throttled (429, or while a pause runs that Slack asked for), fault.Timeout and fault.Unavailable
// (5xx, the network, the file) are retryable. For good: fault.Denied and fault.NotFound where the webhook or its channel
// is gone or shut, fault.Invalid for a message or a URL that is none.
func (c *Channel) Send(ctx context.Context, d notify.Delivery) error {
	if err := c.hold.Check(c.what(), c.cfg.Now()); err != nil {
		return err
	}
	hook, err := c.url()
	if err != nil {
		return err
	}
	answer := &listener{next: c.client.Transport}
	client := *c.client
	client.Transport = answer
	err = slack.PostWebhookCustomHTTPContext(ctx, hook, &client, message(d.Message))
	if err == nil {
		return nil
	}
	var limited *slack.RateLimitedError
	if errors.As(err, &limited) {
		c.hold.For(limited.RetryAfter, c.cfg.Now())
	}
	if answer.status != 0 {
		return c.refused(answer.status, answer.text)
	}
	return outbound.Failed(c.what(), err)
}

// url reads the webhook's URL; it is in no error.
func (c *Channel) url() (string, error) {
	text, err := outbound.Secret(c.cfg.URLFile)
	if err != nil {
		return "", fmt.Errorf("%s: %w", c.what(), err)
	}
	hook, err := url.Parse(text)
	slacks := err == nil && hook.Scheme == "https" && (hook.Host == "hooks.slack.com" || hook.Host == "hooks.slack-gov.com")
	own := err == nil && c.cfg.AllowPrivate && hook.Host != "" && (hook.Scheme == "https" || hook.Scheme == "http")
	if !slacks && !own {
		return "", fault.New(fault.Invalid, "%s: what %s has is not the URL of a Slack webhook", c.what(), c.cfg.URLFile).
			WithHint("it looks like https://hooks.slack.com/services/T…/B…/…")
	}
	return text, nil
}

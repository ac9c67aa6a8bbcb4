package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"
)

// posting is a message of SNS on its way out of the sandbox.
type posting struct {
	Mail            bool // else it is posted over HTTP
	Endpoint        string
	From, Subject   string // of a mail; From is a display name
	Body            string
	Raw             bool
	Type, MessageID string
	TopicARN        string
	SubscriptionARN string
}

// newOutbox makes the queue of postings. Like EventBridge's targets it repeats
// what fails.
func (s *Sandbox) newOutbox() (*target, error) {
	var client *mail.Client
	if s.opts.SMTP != "" {
		var err error
		if client, err = newMailClient(s.opts.SMTP); err != nil {
			return nil, err
		}
	}
	return s.newTarget("SNS", nil, func(ctx context.Context, text []byte) error {
		var p posting
		if err := json.Unmarshal(text, &p); err != nil {
			return permanentError{err}
		}
		if p.Mail {
			return sendMail(ctx, client, p)
		}
		return postMessage(ctx, s.opts.HTTPClient, p)
	}), nil
}

// dispatch puts a posting into the outbox; mails only when there is a server.
func (s *Sandbox) dispatch(p posting) error {
	if p.Mail && s.opts.SMTP == "" {
		s.opts.Logger.Warn("mail not sent: the sandbox has no mail server (Options.SMTP)", "topic", p.TopicARN, "type", p.Type)
		return nil
	}
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode a posting: %w", err)
	}
	s.outbox.put(text, 0)
	return nil
}

func newMailClient(address string) (*mail.Client, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("mail server %q: want host:port: %w", address, err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("mail server %q: want host:port: %w", address, err)
	}
	tls := mail.TLSOpportunistic
	if ip, err := netip.ParseAddr(host); host == "localhost" || err == nil && ip.IsLoopback() {
		tls = mail.NoTLS
	}
	client, err := mail.NewClient(host, mail.WithPort(number), mail.WithTLSPolicy(tls), mail.WithTimeout(targetTimeout), mail.WithHELO("localhost"))
	if err != nil {
		return nil, fmt.Errorf("mail server %q: %w", address, err)
	}
	return client, nil
}

func sendMail(ctx context.Context, client *mail.Client, p posting) error {
	ctx, cancel := context.WithTimeout(ctx, targetTimeout)
	defer cancel()
	m := mail.NewMsg()
	if err := m.FromFormat(orElse(p.From, "AWS Notifications"), "no-reply@sns.amazonaws.com"); err != nil {
		return permanentError{err}
	}
	if err := m.To(p.Endpoint); err != nil {
		return permanentError{err}
	}
	m.Subject(p.Subject)
	m.SetBodyString(mail.TypeTextPlain, p.Body)
	err := client.DialAndSendWithContext(ctx, m)
	var refused *mail.SendError
	if errors.As(err, &refused) && !refused.IsTemp() && refused.ErrorCode() >= 500 {
		return permanentError{err}
	}
	return err
}

// postMessage posts as SNS does to HTTP endpoints
// (https://docs.aws.amazon.com/sns/latest/dg/http-header.html).
func postMessage(ctx context.Context, client *http.Client, p posting) error {
	ctx, cancel := context.WithTimeout(ctx, targetTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.Endpoint, strings.NewReader(p.Body))
	if err != nil {
		return permanentError{err}
	}
	req.Header.Set("Content-Type", "text/plain; charset=UTF-8")
	req.Header.Set("User-Agent", "Amazon Simple Notification Service Agent")
	req.Header.Set("X-Amz-Sns-Message-Type", p.Type)
	req.Header.Set("X-Amz-Sns-Message-Id", p.MessageID)
	req.Header.Set("X-Amz-Sns-Topic-Arn", p.TopicARN)
	if p.SubscriptionARN != "" {
		req.Header.Set("X-Amz-Sns-Subscription-Arn", p.SubscriptionARN)
	}
	if p.Raw {
		req.Header.Set("X-Amz-Sns-Rawdelivery", "true")
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	// Read a little, so that the connection can be used again.
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
	switch code := resp.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code >= 400 && code < 500 && code != http.StatusTooManyRequests:
		return permanentError{fmt.Errorf("status %d", code)}
	default:
		return fmt.Errorf("status %d", code)
	}
}

func mailSubject(n notification) string {
	if n.Type == "SubscriptionConfirmation" {
		return "AWS Notification - Subscription Confirmation"
	}
	return orElse(n.Subject, "AWS Notification Message")
}

func mailBody(n notification) string {
	if n.Type == "SubscriptionConfirmation" {
		return "You have chosen to subscribe to the topic:\n" + n.TopicARN + "\n\n" +
			"To confirm this subscription, open this link (if it was an error, do nothing):\n" + n.SubscribeURL + "\n\n" +
			"Please do not reply to this e-mail.\n"
	}
	return n.Message + "\n\n--\n" +
		"To stop receiving notifications from this topic, open this link to unsubscribe:\n" + n.UnsubscribeURL + "\n\n" +
		"Please do not reply to this e-mail.\n"
}

package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/textproto"
	"os"
	"strings"
	"unicode"

	"riposte.dev/fault"
)

// failed turns what happened at a step into an error whose code says whether to try again (RFC 5321, 4.2.1: 4yz may
// pass, 5yz does not). Before MAIL a 5yz is about the server, not about our mail, and may pass as well; except at AUTH,
// where going on would only get the account locked.
func (c *Channel) failed(ctx context.Context, step string, err error) error {
	at := "mail server " + c.cfg.Host + ", " + step
	var reply *textproto.Error
	var untrusted *tls.CertificateVerificationError
	var timeout net.Error
	switch {
	case errors.As(err, &reply):
		return c.answered(at, step, reply)
	case errors.As(err, &untrusted):
		return fault.New(fault.Unavailable, "%s: %w", at, err).
			WithHint("the certificate must be valid for %s; set ca_file for a private authority", c.cfg.Host)
	case ctx.Err() != nil, errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		if errors.Is(context.Cause(ctx), context.Canceled) {
			return fault.New(fault.Unavailable, "%s: interrupted: %w", at, err)
		}
		return fault.New(fault.Timeout, "%s: no answer in time: %w", at, err)
	default:
		return fault.New(fault.Unavailable, "%s: %w", at, err).
			WithHint("check that %s:%d is the mail server's address and can be reached from here", c.cfg.Host, c.cfg.Port)
	}
}

// answered judges a reply code; enhanced codes (RFC 3463) come with the text.
func (c *Channel) answered(at, step string, reply *textproto.Error) error {
	text := printable(reply.Msg)
	say := func(code fault.Code) *fault.Error {
		return fault.New(code, "%s: the server answered %d %s", at, reply.Code, text)
	}
	switch {
	case reply.Code < 500:
		return say(fault.Unavailable)
	case step == "AUTH":
		return say(fault.Unauthenticated).WithHint("check username and password of channel %s", c.cfg.Name)
	case step == "greeting" || step == "EHLO" || step == "STARTTLS":
		return say(fault.Unavailable)
	case reply.Code == 530:
		return say(fault.Unauthenticated).WithHint("the server wants a username and a password; set them for channel %s", c.cfg.Name)
	case reply.Code == 552 || strings.HasPrefix(text, "5.3.4"):
		return say(fault.TooLarge)
	case step == "RCPT":
		return say(fault.NotFound).WithHint("check the address, and whether the server accepts mail for it from riposte")
	default:
		return say(fault.Denied)
	}
}

// printable bounds a server's answer and takes control characters out: it ends up in logs and on terminals.
func printable(s string) string {
	const most = 500
	s = strings.ToValidUTF8(s[:min(len(s), most)], "")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

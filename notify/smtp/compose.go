package smtp

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"riposte.dev/fault"
	"riposte.dev/notify"
)

// compose writes the mail: multipart/alternative, text first and HTML last, as RFC 2046 (5.1.4) orders them. Everything
// in it is the same each time, boundaries aside.
func (c *Channel) compose(d notify.Delivery) ([]byte, error) {
	if err := c.CheckAddress(d.To); err != nil {
		return nil, err
	}
	m := d.Message
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(c.from)
	if c.replyTo != nil {
		msg.ReplyToMailAddress(c.replyTo)
	}
	if err := msg.To(d.To); err != nil {
		return nil, fault.New(fault.Invalid, "mail to %q: %w", d.To, err)
	}
	msg.Subject(header("[" + m.Severity + "] " + m.Subject))
	msg.SetDateWithValue(m.Time.UTC())
	msg.SetMessageIDWithValue(c.messageID("message", m.ID))
	if m.Execution != "" { // what an execution has to say later stands in one thread
		msg.SetGenHeader("References", "<"+c.messageID("execution", m.Execution)+">")
	}
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: keeps out-of-office replies away
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")  // and those of Exchange, which has its own idea
	if m.Severity == "CRITICAL" || m.Severity == "HIGH" {
		msg.SetImportance(gomail.ImportanceHigh)
	}
	for _, h := range []struct {
		name  gomail.Header
		value string
	}{{"X-Riposte-Severity", m.Severity}, {"X-Riposte-Rule", m.Rule}, {"X-Riposte-Execution", m.Execution}} {
		if h.value != "" {
			msg.SetGenHeader(h.name, header(h.value))
		}
	}
	msg.SetBodyString(gomail.TypeTextPlain, d.Body.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, d.Body.HTML)
	var out bytes.Buffer
	if _, err := msg.WriteTo(&out); err != nil {
		return nil, fault.New(fault.Internal, "compose mail %s: %w", d.ID, err)
	}
	return out.Bytes(), nil
}

// messageID derives the Message-ID from riposte's own id, so that a mailbox that gets a mail twice can tell. It is hashed
// because ids may contain what a Message-ID may not.
func (c *Channel) messageID(kind, id string) string {
	sum := sha256.Sum256([]byte(kind + "\x00" + id))
	return hex.EncodeToString(sum[:16]) + "@" + domain(c.from.Address)
}

// header returns s without what could end a header line. Messages from a Router have none of it; this does not rely on
// that.
func header(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u0085' || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}

package smtptest

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"
)

// Bounds on the structure of a mail.
const (
	maxParts = 100
	maxDepth = 5
)

// Mail is a mail as it was caught. Texts are decoded to UTF-8; Raw is what came over the wire, with CRLF line ends and
// without dot stuffing.
type Mail struct {
	From      string      // address of the From header, without the name
	To        []string    // addresses of the To header, without the names
	Subject   string      // decoded (RFC 2047)
	MessageID string      // without angle brackets
	Text      string      // first text/plain part, line ends as "\n"
	HTML      string      // first text/html part, line ends as "\n"
	Header    mail.Header // as sent
	Raw       []byte

	Sender     string    // MAIL FROM
	Recipients []string  // RCPT TO, in order
	User       string    // who authenticated; "": nobody
	TLS        bool      // whether it came encrypted
	Received   time.Time // when it was complete
}

// parse reads a mail of unknown origin (RFC 5322, RFC 2045). Bytes that are no UTF-8 become U+FFFD.
func parse(raw []byte) (Mail, error) {
	msg, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Mail{}, fmt.Errorf("not a mail: %w", err)
	}
	m := Mail{Header: msg.Header, Raw: raw}
	m.Subject = decodeHeader(msg.Header.Get("Subject"))
	m.MessageID = strings.Trim(strings.TrimSpace(msg.Header.Get("Message-Id")), "<>")
	if from, err := msg.Header.AddressList("From"); err == nil {
		m.From = from[0].Address
	}
	if to, err := msg.Header.AddressList("To"); err == nil {
		for _, a := range to {
			m.To = append(m.To, a.Address)
		}
	}
	budget := maxParts
	err = m.part(msg.Header.Get("Content-Type"), msg.Header.Get("Content-Transfer-Encoding"), msg.Body, 0, &budget)
	if err != nil {
		return Mail{}, err
	}
	return m, nil
}

var errStructure = fmt.Errorf("the mail has more than %d parts or nests them deeper than %d", maxParts, maxDepth)

// part reads a body, or the parts of one, and keeps the first text of each kind.
func (m *Mail) part(contentType, encoding string, body io.Reader, depth int, budget *int) error {
	if *budget--; *budget < 0 || depth > maxDepth {
		return errStructure
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if contentType == "" || err != nil {
		kind = "text/plain" // RFC 2045, 5.2
	}
	if strings.HasPrefix(kind, "multipart/") {
		if params["boundary"] == "" {
			return errors.New("a multipart has no boundary")
		}
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("read the parts: %w", err)
			}
			err = m.part(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p, depth+1, budget)
			if err != nil {
				return err
			}
		}
	}
	target := map[string]*string{"text/plain": &m.Text, "text/html": &m.HTML}[kind]
	if target == nil || *target != "" {
		return nil
	}
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return fmt.Errorf("decode the %s part: %w", kind, err)
	}
	*target = strings.ReplaceAll(strings.ToValidUTF8(string(text), "\uFFFD"), "\r\n", "\n")
	return nil
}

func decodeHeader(s string) string {
	decoded, err := new(mime.WordDecoder).DecodeHeader(s)
	if err != nil { // an unknown character set: show it as it was sent
		return s
	}
	return decoded
}

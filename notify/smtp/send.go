package smtp

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	gosmtp "github.com/wneessen/go-mail/smtp"

	"riposte.dev/fault"
	"riposte.dev/notify"
)

// Send delivers d to its recipient and returns when the server has taken it.
//
// Errors by code: fault.Unavailable and fault.Timeout when the server can't be reached, breaks off, shows a certificate
// that isn't trusted, doesn't offer STARTTLS, or answers 4xx; they are retryable. For good: fault.Unauthenticated when
// it refuses the credentials, fault.Invalid for an address that is none, fault.NotFound, fault.TooLarge and fault.Denied
// when it answers 5xx to the mail itself.
func (c *Channel) Send(ctx context.Context, d notify.Delivery) error {
	raw, err := c.compose(d)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	s, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.introduce(ctx); err != nil {
		return err
	}
	if err := s.authenticate(ctx); err != nil {
		return err
	}
	return s.transfer(ctx, d.To, raw)
}

// session is one dialogue with the server.
type session struct {
	*Channel
	conn      net.Conn
	client    *gosmtp.Client
	stop      func() bool
	encrypted bool
	loopback  bool // whether the server's address, not its name, is this machine
}

// connect dials and reads the greeting. The end of ctx breaks the connection from then on.
func (c *Channel) connect(ctx context.Context) (*session, error) {
	address := net.JoinHostPort(c.cfg.Host, strconv.Itoa(c.cfg.Port))
	conn, err := c.cfg.Dial(ctx, "tcp", address)
	if err != nil {
		return nil, c.failed(ctx, "connect", err)
	}
	s := &session{Channel: c, conn: conn}
	if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		s.loopback = tcp.IP.IsLoopback()
	}
	if c.cfg.TLS == None && !s.loopback && !c.cfg.AllowPlaintext {
		_ = conn.Close() // nothing was said yet
		return nil, fault.New(fault.Denied, "mail server %s is not on this machine (%s) and tls is none", address, conn.RemoteAddr()).
			WithHint("use tls: starttls")
	}
	if c.cfg.TLS == Implicit {
		conn, s.encrypted = tls.Client(conn, c.trust), true
	}
	s.conn = conn
	s.stop = context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // wakes whoever reads or writes
	if s.client, err = gosmtp.NewClient(conn, c.cfg.Host); err != nil {
		s.close()
		return nil, c.failed(ctx, "greeting", err)
	}
	s.client.SkipSMTPUTF8(true) // addresses are ASCII, and some servers relay nothing else
	return s, nil
}

func (s *session) close() {
	s.stop()
	_ = s.conn.Close() // the mail is delivered or it isn't; there is nothing left to say
}

// introduce says EHLO and begins TLS.
func (s *session) introduce(ctx context.Context) error {
	if err := s.client.Hello(s.cfg.Hello); err != nil {
		return s.failed(ctx, "EHLO", err)
	}
	if s.cfg.TLS != STARTTLS && s.cfg.TLS != Opportunistic {
		return nil
	}
	if offered, _ := s.client.Extension("STARTTLS"); !offered {
		if s.cfg.TLS == Opportunistic {
			return nil
		}
		// not for good: it is also what somebody on the wire would have us see
		return fault.New(fault.Unavailable, "mail server %s does not offer STARTTLS", s.cfg.Host).
			WithHint("use port 465 with tls: implicit, or have STARTTLS enabled on the server")
	}
	if err := s.client.StartTLS(s.trust); err != nil {
		return s.failed(ctx, "STARTTLS", err)
	}
	s.encrypted = true
	return nil
}

// authenticate proves who we are, where a user name is configured; never in clear to another machine.
func (s *session) authenticate(ctx context.Context) error {
	if s.cfg.Username == "" {
		return nil
	}
	if !s.encrypted && !s.loopback {
		return fault.New(fault.Unavailable, "mail server %s offers no encryption, so the password is not sent", s.cfg.Host).
			WithHint("use tls: starttls or implicit, or remove username and password")
	}
	_, offered := s.client.Extension("AUTH")
	mechanisms := strings.Fields(strings.ToLower(offered))
	use := s.cfg.Auth
	if use == "" {
		for _, m := range []Mechanism{Plain, Login, CRAMMD5} {
			if slices.Contains(mechanisms, string(m)) {
				use = m
				break
			}
		}
	}
	if !slices.Contains(mechanisms, string(use)) {
		return fault.New(fault.Unauthenticated, "mail server %s offers AUTH %q, not what is configured (%q)", s.cfg.Host, offered, use).
			WithHint("choose auth: plain, login or cram-md5 as the server offers, or leave it out")
	}
	password, err := s.password()
	if err != nil {
		return err
	}
	var auth gosmtp.Auth
	switch use {
	case Plain:
		auth = gosmtp.PlainAuth("", s.cfg.Username, password, s.cfg.Host, s.loopback)
	case Login:
		auth = gosmtp.LoginAuth(s.cfg.Username, password, s.cfg.Host, s.loopback)
	case CRAMMD5:
		auth = gosmtp.CRAMMD5Auth(s.cfg.Username, password)
	}
	if err := s.client.Auth(auth); err != nil {
		return s.failed(ctx, "AUTH", err)
	}
	return nil
}

func (c *Channel) password() (string, error) {
	if c.cfg.PasswordFile == "" {
		return c.cfg.Password, nil
	}
	data, err := os.ReadFile(c.cfg.PasswordFile)
	if err != nil {
		return "", fault.New(fault.Unavailable, "read the mail password: %w", err).
			WithHint("password_file must be readable for riposte")
	}
	return strings.TrimRight(string(data), "\r\n"), nil
}

// transfer hands over the mail. Its last answer decides; how the dialogue ends after that does not matter.
func (s *session) transfer(ctx context.Context, to string, raw []byte) error {
	if err := s.client.Mail("<" + s.from.Address + ">"); err != nil {
		return s.failed(ctx, "MAIL", err)
	}
	if err := s.client.Rcpt("<" + to + ">"); err != nil {
		return s.failed(ctx, "RCPT", err)
	}
	w, err := s.client.Data()
	if err != nil {
		return s.failed(ctx, "DATA", err)
	}
	if _, err := w.Write(raw); err != nil {
		return s.failed(ctx, "DATA", err) // without the final dot, so that half a mail is never taken for a whole one
	}
	if err := w.Close(); err != nil {
		return s.failed(ctx, "DATA", err)
	}
	_ = s.client.Quit() // accepted is accepted
	return nil
}

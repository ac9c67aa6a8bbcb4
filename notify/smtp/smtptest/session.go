package smtptest

import (
	"errors"
	"io"
	"slices"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// session is one client's dialogue.
type session struct {
	catcher *Catcher
	conn    *smtp.Conn
	user    string
	from    string
	to      []string
}

var _ smtp.AuthSession = (*session)(nil)

// AuthMechanisms lists what the catcher was told to offer.
func (s *session) AuthMechanisms() []string { return s.catcher.mechanisms }

// Auth begins the exchange of a mechanism.
func (s *session) Auth(mechanism string) (sasl.Server, error) {
	if !slices.Contains(s.catcher.mechanisms, mechanism) {
		return nil, &smtp.SMTPError{Code: 504, EnhancedCode: smtp.EnhancedCode{5, 5, 4}, Message: "mechanism not offered"}
	}
	return newAuth(mechanism, s.catcher.user, s.catcher.pass, func(ok bool) error {
		if err := s.catcher.failure(AtAuth, ""); err != nil {
			return err
		}
		if !ok {
			return smtp.ErrAuthFailed
		}
		s.user = s.catcher.user
		return nil
	}), nil
}

// Mail begins a mail.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.catcher.user != "" && s.user == "" {
		return smtp.ErrAuthRequired
	}
	if err := s.catcher.failure(AtSender, ""); err != nil {
		return err
	}
	s.from = from
	return nil
}

// Rcpt adds a recipient.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := s.catcher.failure(AtRecipient, to); err != nil {
		return err
	}
	s.to = append(s.to, to)
	return nil
}

// Data receives the mail.
func (s *session) Data(r io.Reader) error {
	if err := s.catcher.failure(AtContent, ""); err != nil {
		return refuse(r, err)
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		var answer *smtp.SMTPError
		if errors.As(err, &answer) { // too large
			return answer
		}
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 0, 0}, Message: "the mail ended early"}
	}
	m, err := parse(raw)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: err.Error()}
	}
	m.Sender, m.Recipients, m.User = s.from, slices.Clone(s.to), s.user
	_, m.TLS = s.conn.TLSConnectionState()
	m.Received = s.catcher.now()
	s.catcher.keep(m)
	return nil
}

// Reset forgets the mail begun.
func (s *session) Reset() { s.from, s.to = "", nil }

// Logout ends the dialogue.
func (s *session) Logout() error { return nil }

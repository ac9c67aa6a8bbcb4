package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/mail"
	"os"
	"strings"
	"time"

	"riposte.dev/fault"
	"riposte.dev/notify"
)

// Encryption says how the connection is protected.
type Encryption string

const (
	STARTTLS      Encryption = "starttls"      // in clear until STARTTLS, which the server must offer (RFC 3207)
	Implicit      Encryption = "implicit"      // TLS from the first byte (RFC 8314)
	Opportunistic Encryption = "opportunistic" // STARTTLS where the server offers it, in clear otherwise
	None          Encryption = "none"          // in clear; to loopback only, unless AllowPlaintext
)

// Mechanism is a way to authenticate.
type Mechanism string

const (
	Plain   Mechanism = "plain"    // RFC 4616
	Login   Mechanism = "login"    // draft-murchison-sasl-login
	CRAMMD5 Mechanism = "cram-md5" // RFC 2195
)

// Config describes a mail server and how to use it.
type Config struct {
	Name           string        `yaml:"name"` // of the channel; default "mail"
	Host           string        `yaml:"host" conf:"required"`
	Port           int           `yaml:"port"`            // default 587, with implicit TLS 465
	TLS            Encryption    `yaml:"tls"`             // default starttls
	AllowPlaintext bool          `yaml:"allow_plaintext"` // accepts that mail travels in clear with tls: none
	CAFile         string        `yaml:"ca_file"`         // PEM, read by New; certificates to trust instead of the system's
	Username       string        `yaml:"username"`        // "": no authentication
	Password       string        `yaml:"password"`
	PasswordFile   string        `yaml:"password_file"`        // instead of Password; read for each mail, so that it can be rotated
	Auth           Mechanism     `yaml:"auth"`                 // "": the first of plain, login, cram-md5 that the server offers
	From           string        `yaml:"from" conf:"required"` // "riposte <riposte@example.com>", or the bare address
	ReplyTo        string        `yaml:"reply_to"`
	Hello          string        `yaml:"hello"`   // name said in EHLO; default: the domain of From
	Timeout        time.Duration `yaml:"timeout"` // of a whole dialogue; default 30 s

	// Dial replaces net.Dialer.DialContext.
	Dial func(ctx context.Context, network, address string) (net.Conn, error) `yaml:"-"`
}

// Channel sends mail by one server. Every Send is a connection of its own: notifications are few, and a connection kept
// open is one that breaks unnoticed.
type Channel struct {
	cfg     Config
	from    *mail.Address
	replyTo *mail.Address
	trust   *tls.Config
}

var _ notify.Addressed = (*Channel)(nil)

// New checks the configuration; it does not connect. Its error has code fault.Invalid and names every mistake.
func New(cfg Config) (*Channel, error) {
	var wrong []string
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	c := &Channel{trust: &tls.Config{ServerName: cfg.Host, MinVersion: tls.VersionTLS12}}
	if cfg.Host == "" || strings.ContainsAny(cfg.Host, "/@ \r\n") {
		say("host %q is not a host name or address", cfg.Host)
	}
	switch cfg.TLS {
	case "":
		cfg.TLS = STARTTLS
	case None:
		if !cfg.AllowPlaintext && !loopbackName(cfg.Host) {
			say("tls: none would send mail in clear to %s; use starttls", cfg.Host)
		}
	case STARTTLS, Implicit, Opportunistic:
	default:
		say("tls is %q, but must be starttls, implicit, opportunistic or none", cfg.TLS)
	}
	if cfg.Port == 0 {
		cfg.Port = 587
		if cfg.TLS == Implicit {
			cfg.Port = 465
		}
	}
	if cfg.Port < 0 || cfg.Port > 65535 {
		say("port %d is out of range", cfg.Port)
	}
	switch cfg.Auth {
	case "", Plain, Login, CRAMMD5:
	default:
		say("auth is %q, but must be plain, login or cram-md5", cfg.Auth)
	}
	if cfg.Username == "" && (cfg.Auth != "" || cfg.Password != "" || cfg.PasswordFile != "") {
		say("auth and password need a username")
	}
	if cfg.Username != "" && (cfg.Password == "") == (cfg.PasswordFile == "") {
		say("username needs either password or password_file")
	}
	var err error
	if c.from, err = sender("from", cfg.From); err != nil {
		say("%s", err)
	}
	if cfg.ReplyTo != "" {
		if c.replyTo, err = sender("reply_to", cfg.ReplyTo); err != nil {
			say("%s", err)
		}
	}
	if cfg.CAFile != "" {
		c.trust.RootCAs = x509.NewCertPool()
		pem, err := os.ReadFile(cfg.CAFile)
		if err != nil {
			say("ca_file: %s", err)
		} else if !c.trust.RootCAs.AppendCertsFromPEM(pem) {
			say("ca_file %s has no certificate in PEM form", cfg.CAFile)
		}
	}
	if len(wrong) > 0 {
		return nil, fault.New(fault.Invalid, "mail channel: %s", strings.Join(wrong, "; ")).
			WithHint("docs/guide/notifications.md has an example")
	}
	if cfg.Name == "" {
		cfg.Name = "mail"
	}
	if cfg.Hello == "" {
		cfg.Hello = domain(c.from.Address)
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 30 * time.Second
	}
	if cfg.Dial == nil {
		cfg.Dial = new(net.Dialer).DialContext
	}
	c.cfg = cfg
	return c, nil
}

// Name returns the channel's name.
func (c *Channel) Name() string { return c.cfg.Name }

// CheckAddress accepts a bare address in ASCII, such as secops@example.com, without a name or quotes.
func (c *Channel) CheckAddress(address string) error {
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || !plain(address) {
		return fault.New(fault.Invalid, "%q is not a mail address", address).
			WithHint("write the bare address, such as secops@example.com")
	}
	return nil
}

func sender(field, value string) (*mail.Address, error) {
	a, err := mail.ParseAddress(value)
	if err != nil || !plain(a.Address) {
		return nil, fmt.Errorf("%s %q is not a mail address such as \"riposte <riposte@example.com>\"", field, value)
	}
	return a, nil
}

// plain reports whether an address can be written in a command and a header as it is: at most 254 printable ASCII
// characters without those that would need quotes.
func plain(address string) bool {
	for _, c := range []byte(address) {
		if c <= ' ' || c > '~' || strings.IndexByte(`<>"\,;:()[]`, c) >= 0 {
			return false
		}
	}
	return len(address) <= 254
}

func domain(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

// loopbackName reports whether a host is this machine by its name; the address that it has is checked after dialling.
func loopbackName(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

package smtptest

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"riposte.dev/fault"
)

// Bounds on what a client can make the catcher hold.
const (
	maxMails      = 1000     // the oldest are dropped first
	maxMailBytes  = 10 << 20 // a larger mail is refused with 552
	maxRecipients = 100
	idle          = time.Minute
)

type options struct {
	startTLS   *tls.Config
	implicit   *tls.Config
	user, pass string
	mechanisms []string
	failures   []Failure
	now        func() time.Time
}

// Option changes what Start starts.
type Option func(*options)

// WithSTARTTLS offers STARTTLS with the certificate of config.
func WithSTARTTLS(config *tls.Config) Option { return func(o *options) { o.startTLS = config } }

// WithTLS speaks TLS from the first byte (RFC 8314), as servers on port 465 do.
func WithTLS(config *tls.Config) Option { return func(o *options) { o.implicit = config } }

// WithAuth demands authentication as user before a mail is taken, by one of the mechanisms (PLAIN, LOGIN, CRAM-MD5; all
// three if none is named). It is offered without TLS as well, so that a client's refusal to use it there can be tested.
func WithAuth(user, password string, mechanisms ...string) Option {
	if len(mechanisms) == 0 {
		mechanisms = []string{"PLAIN", "LOGIN", "CRAM-MD5"}
	}
	return func(o *options) { o.user, o.pass, o.mechanisms = user, password, mechanisms }
}

// WithFailures makes the catcher fail from the start; see Catcher.Fail.
func WithFailures(failures ...Failure) Option {
	return func(o *options) { o.failures = append(o.failures, failures...) }
}

// WithClock replaces time.Now as the source of Mail.Received.
func WithClock(now func() time.Time) Option { return func(o *options) { o.now = now } }

// Catcher is a running SMTP server. It is safe for concurrent use.
type Catcher struct {
	options
	server   *smtp.Server
	listener net.Listener
	served   chan struct{} // closed when the server has stopped accepting

	mu       sync.Mutex
	mails    []Mail
	failures []Failure
	changed  chan struct{} // closed and replaced whenever a mail arrives
}

// Start listens on addr ("127.0.0.1:0" picks a free port) and catches mail until Close. The error is fault.Unavailable
// when the address cannot be had.
func Start(addr string, opts ...Option) (*Catcher, error) {
	c := &Catcher{
		options: options{now: time.Now},
		served:  make(chan struct{}),
		changed: make(chan struct{}),
	}
	for _, o := range opts {
		o(&c.options)
	}
	c.failures = slices.Clone(c.options.failures)
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "mail catcher: %w", err).
			WithHint("stop the program that holds %s, or choose another address", addr)
	}
	if c.implicit != nil {
		l = tls.NewListener(l, c.implicit)
	}
	c.listener = l
	c.server = smtp.NewServer(smtp.BackendFunc(func(conn *smtp.Conn) (smtp.Session, error) {
		return &session{catcher: c, conn: conn}, nil
	}))
	c.server.Domain = "mailcatcher.localhost"
	c.server.TLSConfig = c.startTLS
	c.server.AllowInsecureAuth = true
	c.server.EnableSMTPUTF8 = true
	c.server.MaxMessageBytes = maxMailBytes
	c.server.MaxRecipients = maxRecipients
	c.server.ReadTimeout, c.server.WriteTimeout = idle, idle
	c.server.ErrorLog = log.New(io.Discard, "", 0) // protocol errors of clients
	go func() {
		defer close(c.served)
		_ = c.server.Serve(l) // until Close
	}()
	return c, nil
}

// Addr is the address on which the catcher listens, host and port.
func (c *Catcher) Addr() string { return c.listener.Addr().String() }

// Close stops the server and cuts open connections. What was caught stays readable. A second Close does nothing.
func (c *Catcher) Close() error {
	if err := c.server.Close(); errors.Is(err, smtp.ErrServerClosed) {
		return nil
	}
	// The server closes only listeners that Serve has registered, and it may not have come to that yet.
	if err := c.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fault.New(fault.Internal, "close the mail catcher: %w", err)
	}
	<-c.served
	return nil
}

// Messages returns the mails caught so far, oldest first.
func (c *Catcher) Messages() []Mail {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.mails)
}

// Wait returns the first mail, caught already or yet to come, for which match is true. A nil match takes any mail. When
// ctx ends first, the error wraps its cause and says how many mails did not match.
func (c *Catcher) Wait(ctx context.Context, match func(Mail) bool) (Mail, error) {
	for {
		c.mu.Lock()
		mails, changed := slices.Clone(c.mails), c.changed
		c.mu.Unlock()
		for _, m := range mails {
			if match == nil || match(m) {
				return m, nil
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Mail{}, fault.New(fault.Timeout, "no such mail among the %d caught: %w", len(mails), context.Cause(ctx))
		}
	}
}

func (c *Catcher) keep(m Mail) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.mails) == maxMails {
		c.mails = slices.Delete(c.mails, 0, 1)
	}
	c.mails = append(c.mails, m)
	close(c.changed)
	c.changed = make(chan struct{})
}

// refuse reads what remains of a mail, so that the answer reaches a client that is still writing.
func refuse(r io.Reader, err error) error {
	_, _ = io.Copy(io.Discard, r) // bounded by maxMailBytes; the refusal is the answer either way
	return err
}

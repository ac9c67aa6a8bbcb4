package outbound

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"os"
	"syscall"
	"time"

	"riposte.dev/fault"
)

// Options say what a client may reach and how. The zero value is the strictest.
type Options struct {
	// AllowPrivate lets the client reach loopback, private (RFC 1918, RFC 4193) and shared (RFC 6598) addresses.
	// Link-local addresses and the clouds' metadata services stay out of reach.
	AllowPrivate bool
	RootCAs      *x509.CertPool // certificates to trust instead of the system's; see Roots
	Timeout      time.Duration  // of a whole call with its answer; default 30 s
}

// Client returns a client that checks every address that it connects to after the name was resolved, so that no name
// leads to a forbidden place. An address out of bounds is a fault.Denied in the error's chain. It answers with a
// redirect instead of following it, and uses no proxy, because a proxy would resolve names out of sight. TLS is 1.2 or
// later.
func Client(o Options) *http.Client {
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	dialer := &net.Dialer{
		Timeout: 10 * time.Second,
		Control: func(_, address string, _ syscall.RawConn) error { return mayReach(address, o.AllowPrivate) },
	}
	return &http.Client{
		Timeout:       o.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSClientConfig:        &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    10 * time.Second,
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    4,
			IdleConnTimeout:        90 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
		},
	}
}

// Roots reads the certificates of a PEM file. Its errors have code fault.Invalid.
func Roots(path string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.New(fault.Invalid, "ca_file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fault.New(fault.Invalid, "ca_file %s has no certificate in PEM form", path)
	}
	return pool, nil
}

// mayReach judges an address "ip:port" just before the connection is made.
func mayReach(address string, allowPrivate bool) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fault.New(fault.Denied, "%q is no network address", address)
	}
	switch ip := reached(to.Addr()); {
	case in(ip, never):
		return fault.New(fault.Denied, "%s is a link-local, metadata or reserved address, which riposte never calls", to.Addr()).
			WithHint("correct the URL; this address can't be allowed")
	case in(ip, private) && !allowPrivate:
		return fault.New(fault.Denied, "%s is a private address", to.Addr()).
			WithHint("if it is meant to be in your own network, set allow_private: true for a channel, allow_private_targets: true for targets")
	}
	return nil
}

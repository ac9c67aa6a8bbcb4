package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/url"

	"riposte.dev/fault"
)

// Failed turns an error of a call by Client into one that begins with what and whose code says whether to try again:
// fault.Denied for an address out of bounds, fault.Timeout, and fault.Unavailable for everything else of the network. The
// URL, which may be a secret, is not in it.
func Failed(what string, err error) error {
	var located *url.Error
	for errors.As(err, &located) {
		err = located.Err
	}
	var denied *fault.Error
	var untrusted *tls.CertificateVerificationError
	var timeout net.Error
	switch {
	case errors.As(err, &denied):
		return fault.New(denied.Code, "%s: %s", what, denied.Message).WithHint("%s", denied.Hint)
	case errors.As(err, &untrusted):
		return fault.New(fault.Unavailable, "%s: the certificate is not trusted: %w", what, untrusted.Err).
			WithHint("the certificate must be valid for the URL's host; set ca_file for a private authority")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fault.New(fault.Timeout, "%s: no answer in time", what)
	case errors.Is(err, context.Canceled):
		return fault.New(fault.Unavailable, "%s: interrupted", what)
	default:
		return fault.New(fault.Unavailable, "%s: %w", what, err).
			WithHint("check the URL's host and whether it can be reached from here")
	}
}

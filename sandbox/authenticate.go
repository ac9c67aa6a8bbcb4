package sandbox

import (
	"crypto/subtle"
	"errors"

	"riposte.dev/sandbox/sigv4"
	"riposte.dev/sandbox/wire"
)

// What AWS says of keys and tokens that it doesn't accept.
const (
	msgUnknownKey   = "The security token included in the request is invalid."
	msgUnknownKeyS3 = "The AWS Access Key Id you provided does not exist in our records."
	msgUnknownEC2   = "AWS was not able to validate the provided access credentials"
	msgExpired      = "The security token included in the request is expired"
	msgMissing      = "Request is missing Authentication Token"
	msgMismatch     = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)

// authenticate finds who signed a request and checks that they did.
func (s *Sandbox) authenticate(c *call, parseErr error) error {
	var incomplete *sigv4.IncompleteError
	switch {
	case errors.Is(parseErr, sigv4.ErrMissing):
		if c.op != nil && c.op.anonymous {
			return nil
		}
		return c.fail(wire.NoSignature, msgMissing)
	case errors.As(parseErr, &incomplete):
		return c.fail(wire.IncompleteSignature, "%s", incomplete.Reason)
	case parseErr != nil:
		return parseErr
	}
	sig := c.signature
	s.mu.Lock()
	cred := s.keys[sig.AccessKeyID]
	if cred != nil && cred.active {
		c.caller = s.principalOf(sig.AccessKeyID, cred)
	}
	if c.caller != nil {
		c.account = s.accounts[c.caller.account]
	}
	s.mu.Unlock()
	if c.caller == nil {
		return c.unknownKey(wire.UnknownKey)
	}
	if ses := cred.session; ses != nil {
		if subtle.ConstantTimeCompare([]byte(sig.Token), []byte(ses.token)) != 1 {
			return c.unknownKey(wire.InvalidToken)
		}
		if !c.time.Before(ses.expires) {
			return c.fail(wire.ExpiredToken, msgExpired)
		}
	} else if sig.Token != "" {
		return c.unknownKey(wire.InvalidToken)
	}
	if err := c.verify(cred.secret); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	cred.used = keyUse{at: c.time, service: c.svc.prefix, region: c.region}
	return nil
}

func (c *call) verify(secret string) error {
	err := c.signature.Verify(c.request.HTTP, c.request.Body, secret, c.time)
	if err == nil && c.signature.Chunked() {
		c.request.Body, err = c.signature.DecodeChunked(c.request.Body, secret)
	}
	var skew *sigv4.SkewError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &skew):
		return c.fail(wire.SkewedClock, "%s", skew.Reason)
	case errors.Is(err, sigv4.ErrMismatch):
		if c.target.Protocol == wire.EC2 {
			return c.fail(wire.BadSignature, msgUnknownEC2)
		}
		return c.fail(wire.BadSignature, msgMismatch)
	case errors.Is(err, sigv4.ErrChunk):
		return c.fail(wire.Malformed, "%v", err)
	}
	return err
}

func (c *call) unknownKey(kind wire.Common) error {
	switch c.target.Protocol {
	case wire.EC2:
		return c.fail(kind, msgUnknownEC2)
	case wire.RESTXML:
		if kind == wire.UnknownKey {
			return c.fail(kind, msgUnknownKeyS3)
		}
	}
	return c.fail(kind, msgUnknownKey)
}

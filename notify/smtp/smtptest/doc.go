// Package smtptest is a small, real SMTP server that keeps what it receives: the mail catcher of the demo and of tests.
//
// Start at [Start]; [Catcher.Wait] blocks until a mail arrives that the caller is looking for. Options add STARTTLS,
// TLS from the first byte, authentication (PLAIN, LOGIN, CRAM-MD5), and failures, so that a sender's error handling can
// be exercised over the wire. It delivers nothing and asks nobody who they are unless told to: keep it on loopback.
package smtptest

// Package smtp sends notifications as mail: one mail per recipient, plain text and HTML in one, over STARTTLS or TLS.
//
// Start at [New]; [Channel.Send] is the whole dialogue with the server. The mail catcher of tests and of the demo is in
// smtptest.
package smtp

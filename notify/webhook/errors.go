package webhook

import (
	"net/http"
	"strings"

	"riposte.dev/fault"
	"riposte.dev/notify"
)

const (
	maxAnswer  = 64 << 10 // bytes read of an answer
	maxExcerpt = 200      // characters of it in an error
)

// refused turns an answer that is not 2xx into an error; said is what it said.
func (c *Channel) refused(status int, said string) error {
	say := func(code fault.Code) *fault.Error {
		return fault.New(code, "%s: the receiver answered %d %s%s", c.what(), status, http.StatusText(status), said)
	}
	switch {
	case status == http.StatusTooManyRequests:
		return say(fault.Throttled)
	case status == http.StatusRequestTimeout:
		return say(fault.Timeout)
	case status >= 500:
		return say(fault.Unavailable)
	case status/100 == 3:
		return say(fault.Invalid).WithHint("redirects are not followed; configure the final URL")
	case status == http.StatusUnauthorized:
		return say(fault.Unauthenticated).WithHint("check header_files and secret_file of channel %s", c.cfg.Name)
	case status == http.StatusForbidden:
		return say(fault.Denied).WithHint("check header_files and secret_file of channel %s", c.cfg.Name)
	case status == http.StatusNotFound, status == http.StatusGone:
		return say(fault.NotFound).WithHint("check the URL of channel %s", c.cfg.Name)
	case status == http.StatusRequestEntityTooLarge:
		return say(fault.TooLarge)
	default:
		return say(fault.Invalid)
	}
}

// excerpt is the beginning of an answer, on one line and without the secrets that it may repeat.
func excerpt(answer []byte, secrets []string) string {
	text := string(answer)
	for _, secret := range secrets {
		if len(secret) > 1 { // "/" is nobody's secret
			text = strings.ReplaceAll(text, secret, "[redacted]")
		}
	}
	text = strings.Join(strings.Fields(notify.ASCII(notify.Redact(text))), " ")
	if text == "" {
		return ""
	}
	return ": " + text[:min(len(text), maxExcerpt)]
}

package slack

import (
	"bytes"
	"io"
	"net/http"

	"riposte.dev/fault"
)

// maxAnswer bounds what is read of an answer; Slack's are a word.
const maxAnswer = 256

// listener keeps the status and the text of an answer that is not 200, which slack-go throws away.
type listener struct {
	next   http.RoundTripper
	status int
	text   string
}

func (l *listener) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // what is read of it will do
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(text))
	if resp.StatusCode != http.StatusOK {
		l.status, l.text = resp.StatusCode, string(text)
	}
	return resp, nil
}

// reasons are the answers of https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks that a person has
// to do something about.
var reasons = map[string]struct {
	code fault.Code
	hint string
}{
	"invalid_token":                     {fault.Unauthenticated, "make a new webhook in Slack and write its URL into the file"},
	"no_active_hooks":                   {fault.NotFound, "the webhook was disabled; make a new one in Slack and write its URL into the file"},
	"no_service":                        {fault.NotFound, "the webhook was removed or disabled; make a new one in Slack and write its URL into the file"},
	"no_service_id":                     {fault.NotFound, "the URL is not whole; copy it from Slack into the file again"},
	"no_team":                           {fault.NotFound, "the workspace is not there; copy the URL from Slack into the file again"},
	"team_disabled":                     {fault.Denied, "the workspace is disabled; use a webhook of another one"},
	"user_not_found":                    {fault.NotFound, "make a new webhook in Slack and write its URL into the file"},
	"channel_not_found":                 {fault.NotFound, "the Slack channel is gone; make a webhook for another one"},
	"channel_is_archived":               {fault.Denied, "unarchive the Slack channel, or make a webhook for another one"},
	"posting_to_general_channel_denied": {fault.Denied, "let the webhook's maker post to the general channel, or choose another one"},
	"action_prohibited":                 {fault.Denied, "an administrator of the workspace has restricted the webhook"},
	"invalid_payload":                   {fault.Invalid, "please report this: Slack does not take the message"},
	"invalid_blocks":                    {fault.Invalid, "please report this: Slack does not take the message"},
}

// refused turns an answer that is not 200 into an error. Only answers that are known are repeated.
func (c *Channel) refused(status int, text string) error {
	if reason, known := reasons[text]; known {
		return fault.New(reason.code, "%s: Slack answered %d %s", c.what(), status, text).WithHint("%s", reason.hint)
	}
	say := func(code fault.Code) *fault.Error {
		return fault.New(code, "%s: Slack answered %d %s", c.what(), status, http.StatusText(status))
	}
	switch {
	case status == http.StatusTooManyRequests:
		return say(fault.Throttled)
	case status == http.StatusRequestTimeout:
		return say(fault.Timeout)
	case status >= 500:
		return say(fault.Unavailable)
	case status == http.StatusForbidden:
		return say(fault.Denied).WithHint("make a new webhook in Slack and write its URL into %s", c.cfg.URLFile)
	case status == http.StatusNotFound, status == http.StatusGone:
		return say(fault.NotFound).WithHint("make a new webhook in Slack and write its URL into %s", c.cfg.URLFile)
	default:
		return say(fault.Invalid)
	}
}

package app

import (
	"fmt"
	"strings"
	"testing"
)

// TestPeopleAreTold has a finding's notification arrive at what speaks like Slack, and, signed, at a webhook.
func TestPeopleAreTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slack, hook := newReceiver(t), newReceiver(t)
	w.write(t, "slack.url", slack.URL+"/services/T0/B0/secret")
	w.write(t, "hook.secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	w.write(t, "hook.key", "header s3cret")
	w.write(t, "rules/trail.yaml", trailRule+"notify: people\n")
	e := w.start(t, "", onlyRules+fmt.Sprintf(`notify:
  slack: {chat: {url_file: slack.url, allow_private: true}}
  webhooks: {hook: {url: %q, secret_file: hook.secret, header_files: {X-Told: hook.key}, allow_private: true, allow_plaintext: true}}
  routes: {people: {channels: [chat, hook]}}
`, hook.URL+"/hook"))
	e.post(t, stoppedEvent("audit"))

	got := slack.next(t)
	if got.path != "/services/T0/B0/secret" || !strings.Contains(got.body, "audit was stopped") || !strings.Contains(got.body, "mallory") {
		t.Errorf("Slack got %+v", got)
	}
	got = hook.next(t)
	if got.path != "/hook" || got.key != "header s3cret" || !strings.HasPrefix(got.signature, "v1,") || !strings.Contains(got.body, "audit was stopped") {
		t.Errorf("the webhook got %+v", got)
	}
}

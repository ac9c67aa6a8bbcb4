package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"riposte.dev/fault"
	"riposte.dev/notify"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const path = "/services/T0/B0/hunter2"

// hooks stands for Slack: it keeps what was posted and answers as it is told.
type hooks struct {
	*httptest.Server
	posted []posted
	answer func(w http.ResponseWriter)
}

type posted struct {
	Text   string `json:"text"`
	Parse  string `json:"parse"`
	Blocks []struct {
		Type     string `json:"type"`
		Text     text   `json:"text"`
		Elements []text `json:"elements"`
	} `json:"blocks"`
}

type text struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Verbatim bool   `json:"verbatim"`
}

func newHooks(t *testing.T) *hooks {
	t.Helper()
	h := &hooks{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var p posted
		if err := json.NewDecoder(r.Body).Decode(&p); err != nil {
			t.Error(err)
		}
		if r.URL.Path != path {
			t.Errorf("posted to %s", r.URL.Path)
		}
		if h.posted = append(h.posted, p); h.answer != nil {
			h.answer(w)
			return
		}
		io.WriteString(w, "ok")
	}))
	t.Cleanup(h.Close)
	return h
}

func channel(t *testing.T, url string, change ...func(*Config)) *Channel {
	t.Helper()
	file := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(file, []byte(url+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := Config{Name: "ops", URLFile: file, AllowPrivate: true, Now: func() time.Time { return noon }}
	for _, f := range change {
		f(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func example() notify.Message {
	return notify.Message{
		ID: "m1", Time: noon, Severity: "HIGH", Subject: "Trail main was stopped", Summary: "alice stopped it. riposte started it again.",
		Sections: []notify.Section{{Title: "Who", Facts: []notify.Fact{{Label: "User", Value: "alice"}, {Value: "from 198.51.100.7"}}}},
		Next:     []string{"riposte executions get X", "riposte executions undo X"}, Rule: "trail-stopped", Execution: "X",
	}
}

func TestWhatIsPosted(t *testing.T) {
	h := newHooks(t)
	if err := channel(t, h.URL+path).Send(t.Context(), notify.Delivery{Message: example()}); err != nil {
		t.Fatal(err)
	}
	p := h.posted[0]
	if p.Text != "🟠 HIGH: Trail main was stopped" || p.Parse != "none" {
		t.Errorf("text %q, parse %q", p.Text, p.Parse)
	}
	want := []string{
		"header plain_text 🟠 HIGH: Trail main was stopped",
		"section mrkdwn alice stopped it. riposte started it again.",
		"section mrkdwn *Who*\nUser: alice\nfrom 198.51.100.7",
		"section mrkdwn *What to type next*\n```riposte executions get X\nriposte executions undo X```",
		"context mrkdwn 2026-03-01 12:00:00 UTC · rule trail-stopped · execution X · message m1",
	}
	if len(p.Blocks) != len(want) {
		t.Fatalf("%d blocks", len(p.Blocks))
	}
	for i, b := range p.Blocks {
		shown := b.Text
		if len(b.Elements) > 0 {
			shown = b.Elements[0]
		}
		if got := b.Type + " " + shown.Type + " " + shown.Text; got != want[i] {
			t.Errorf("block %d: %q, want %q", i, got, want[i])
		}
		if shown.Type == "mrkdwn" && !shown.Verbatim {
			t.Errorf("block %d: Slack makes mentions out of it", i)
		}
	}
}

// encode returns the texts of a message as Slack would read them.
func encode(t testing.TB, m notify.Message) posted {
	t.Helper()
	data, err := json.Marshal(message(m))
	if err != nil {
		t.Fatal(err)
	}
	var p posted
	if err := json.Unmarshal(data, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestNothingIsInjected(t *testing.T) {
	const evil = "<!channel> <@U1> <https://evil.example|console> & ``` \x1b[31m"
	p := encode(t, notify.Message{
		ID: evil, Severity: "HIGH", Subject: evil, Summary: evil, Rule: evil, Execution: evil, Next: []string{evil},
		Sections: []notify.Section{{Title: evil, Facts: []notify.Fact{{Label: evil, Value: evil}}}},
	})
	texts := []string{p.Text}
	for _, b := range p.Blocks[1:] { // the header is plain text
		texts = append(texts, b.Text.Text)
		for _, e := range b.Elements {
			texts = append(texts, e.Text)
		}
	}
	for _, text := range texts {
		if strings.ContainsAny(text, "<>\x1b") || strings.Contains(strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(text, "&amp;", ""), "&lt;", ""), "&gt;", ""), "&") {
			t.Errorf("not escaped: %q", text)
		}
		if strings.Contains(text, "What to type") && strings.Count(text, "```") != 2 {
			t.Errorf("the commands break out: %q", text)
		}
	}
}

// bounded reports what Slack would refuse.
func bounded(t testing.TB, p posted) {
	t.Helper()
	if len(p.Blocks) > maxBlocks || utf8.RuneCountInString(p.Blocks[0].Text.Text) > maxHeader {
		t.Errorf("%d blocks, header of %d characters", len(p.Blocks), utf8.RuneCountInString(p.Blocks[0].Text.Text))
	}
	for i, b := range p.Blocks {
		shown := b.Text.Text
		if len(b.Elements) > 0 {
			shown = b.Elements[0].Text
		}
		if n := utf8.RuneCountInString(shown); n > maxText || n == 0 {
			t.Errorf("block %d has %d characters", i, n)
		}
	}
}

func TestLimits(t *testing.T) {
	m := example()
	m.Subject, m.Summary = strings.Repeat("s", 200), "ab"+strings.Repeat("&", 5000)
	for i := range 100 {
		m.Sections = append(m.Sections, notify.Section{Title: fmt.Sprint(i), Facts: []notify.Fact{{Value: strings.Repeat("日", 4000)}}})
	}
	m.Sections = append(m.Sections, notify.Section{})
	for range 300 {
		m.Next = append(m.Next, "riposte executions undo X")
	}
	p := encode(t, m)
	bounded(t, p)
	if summary := p.Blocks[1].Text.Text; !strings.HasSuffix(summary, "&amp;"+cut) {
		t.Errorf("the summary ends with %q", summary[len(summary)-80:])
	}
	n := len(p.Blocks)
	if p.Blocks[n-3].Text.Text != cut {
		t.Errorf("the blocks that were cut are not missed: %q", p.Blocks[n-3].Text.Text)
	}
	commands := p.Blocks[n-2].Text.Text
	if !strings.HasSuffix(commands, "undo X```\n"+cut) {
		t.Errorf("the commands end with %q", commands[len(commands)-80:])
	}
	bounded(t, encode(t, notify.Message{Sections: []notify.Section{{}}}))
}

func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		status    int
		text      string
		code      fault.Code
		retryable bool
		hint      string
	}{
		{403, "invalid_token", fault.Unauthenticated, false, "new webhook"},
		{404, "no_service", fault.NotFound, false, "new one"},
		{404, "no_active_hooks", fault.NotFound, false, "new one"},
		{404, "channel_not_found", fault.NotFound, false, "another one"},
		{410, "channel_is_archived", fault.Denied, false, "unarchive"},
		{403, "action_prohibited", fault.Denied, false, "administrator"},
		{400, "invalid_payload", fault.Invalid, false, "report"},
		{403, "/services/T0/B0/hunter2", fault.Denied, false, "new webhook"},
		{404, "<html>hunter2", fault.NotFound, false, "new webhook"},
		{302, "", fault.Invalid, false, ""},
		{400, "", fault.Invalid, false, ""},
		{408, "", fault.Timeout, true, ""},
		{429, "rate_limited", fault.Throttled, true, ""},
		{500, "rollup_error", fault.Unavailable, true, ""},
		{503, strings.Repeat("x", 1<<20), fault.Unavailable, true, ""},
	} {
		h := newHooks(t)
		h.answer = func(w http.ResponseWriter) {
			w.WriteHeader(tt.status)
			io.WriteString(w, tt.text)
		}
		err := channel(t, h.URL+path).Send(t.Context(), notify.Delivery{Message: example()})
		if fault.CodeOf(err) != tt.code || fault.Retryable(err) != tt.retryable || !strings.Contains(fault.Hint(err), tt.hint) {
			t.Errorf("%d %.30s: %v (%s)", tt.status, tt.text, err, fault.CodeOf(err))
		}
		if strings.Contains(err.Error(), "hunter2") || len(err.Error()) > 500 {
			t.Errorf("%d %.30s: error %q", tt.status, tt.text, err)
		}
	}
}

func TestAPauseThatIsAskedForIsKept(t *testing.T) {
	h := newHooks(t)
	now := noon
	c := channel(t, h.URL+path, func(cfg *Config) { cfg.Now = func() time.Time { return now } })
	h.answer = func(w http.ResponseWriter) {
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusTooManyRequests)
	}
	for range 2 {
		if err := c.Send(t.Context(), notify.Delivery{}); fault.CodeOf(err) != fault.Throttled {
			t.Errorf("got %v", err)
		}
	}
	if len(h.posted) != 1 {
		t.Errorf("%d calls within the pause", len(h.posted))
	}
	now, h.answer = noon.Add(30*time.Second), nil
	if err := c.Send(t.Context(), notify.Delivery{}); err != nil {
		t.Errorf("after the pause: %v", err)
	}
}

func TestOutOfReach(t *testing.T) {
	h := newHooks(t)
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	if err := channel(t, h.URL+path).Send(ctx, notify.Delivery{}); fault.CodeOf(err) != fault.Timeout {
		t.Errorf("out of time: %v", err)
	}
	h.Close()
	if err := channel(t, h.URL+path).Send(t.Context(), notify.Delivery{}); fault.CodeOf(err) != fault.Unavailable || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("server down: %v", err)
	}
}

func TestURLs(t *testing.T) {
	strict := func(cfg *Config) { cfg.AllowPrivate = false }
	for _, wrong := range []string{
		"http://hooks.slack.com/services/hunter2", "https://hooks.slack.com.evil.example/hunter2", "https://127.0.0.1/hunter2",
		"hooks.slack.com/hunter2", "https://hunter2:port/", "https://user@evil.example/hunter2",
	} {
		if err := channel(t, wrong, strict).Send(t.Context(), notify.Delivery{}); fault.CodeOf(err) != fault.Invalid || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
	for _, right := range []string{"https://hooks.slack.com/services/T/B/x", "https://hooks.slack-gov.com/services/T/B/x"} {
		if _, err := channel(t, right, strict).url(); err != nil {
			t.Error(err)
		}
	}
	gone := channel(t, "", func(cfg *Config) { cfg.URLFile = "/nowhere" })
	if err := gone.Send(t.Context(), notify.Delivery{}); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("no file: %v", err)
	}
	for _, cfg := range []Config{{Name: "x"}, {URLFile: "f"}} {
		if _, err := New(cfg); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
}

func FuzzMessage(f *testing.F) {
	f.Add("subject", "summary", "value", "command")
	f.Add("<!here>", strings.Repeat("&", 4000), "\xff", "```")
	f.Fuzz(func(t *testing.T, subject, summary, value, command string) {
		p := encode(t, notify.Message{Subject: subject, Summary: summary, Next: []string{command},
			Sections: []notify.Section{{Title: value, Facts: []notify.Fact{{Value: value}}}}})
		bounded(t, p)
		for _, b := range p.Blocks[1:] {
			if strings.ContainsAny(b.Text.Text, "<>") {
				t.Errorf("not escaped: %q", b.Text.Text)
			}
		}
	})
}

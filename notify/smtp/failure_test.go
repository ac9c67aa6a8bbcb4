package smtp

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"riposte.dev/fault"
	"riposte.dev/notify/smtp/smtptest"
)

func TestAnswers(t *testing.T) {
	tests := []struct {
		at   smtptest.Step
		code int
		want fault.Code
	}{
		{smtptest.AtSender, 421, fault.Unavailable},
		{smtptest.AtSender, 553, fault.Denied},
		{smtptest.AtSender, 530, fault.Unauthenticated},
		{smtptest.AtRecipient, 450, fault.Unavailable},
		{smtptest.AtRecipient, 550, fault.NotFound},
		{smtptest.AtContent, 451, fault.Unavailable},
		{smtptest.AtContent, 552, fault.TooLarge},
		{smtptest.AtContent, 554, fault.Denied},
		{smtptest.AtAuth, 454, fault.Unavailable},
		{smtptest.AtAuth, 535, fault.Unauthenticated},
	}
	catcher := catch(t, smtptest.WithAuth("riposte", "s3cret"))
	c := channel(t, catcher.Addr(), func(cfg *Config) { cfg.Username, cfg.Password = "riposte", "s3cret" })
	for i, tt := range tests {
		t.Run(string(tt.at)+" "+string(tt.want), func(t *testing.T) {
			catcher.Fail(smtptest.Failure{Times: 1, Code: tt.code, At: tt.at, Text: "because of the test"})
			err := c.Send(t.Context(), delivery())
			if fault.CodeOf(err) != tt.want || fault.Retryable(err) != (tt.code < 500) {
				t.Fatalf("%d: got %v with code %s, want %s", tt.code, err, fault.CodeOf(err), tt.want)
			}
			if !strings.Contains(err.Error(), "because of the test") {
				t.Errorf("the reason is lost: %v", err)
			}
			if err := c.Send(t.Context(), delivery()); err != nil { // the failure has passed
				t.Fatal(err)
			}
			if got := len(catcher.Messages()); got != i+1 {
				t.Errorf("%d mails, want %d", got, i+1)
			}
		})
	}
}

func TestServerDownThenUp(t *testing.T) {
	catcher := catch(t)
	addr := catcher.Addr()
	c := channel(t, addr, nil)
	if err := catcher.Close(); err != nil {
		t.Fatal(err)
	}
	err := c.Send(t.Context(), delivery())
	if fault.CodeOf(err) != fault.Unavailable || fault.Hint(err) == "" {
		t.Fatalf("got %v, want Unavailable with a hint", err)
	}
	again, err := smtptest.Start(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if err := c.Send(t.Context(), delivery()); err != nil {
		t.Fatal(err)
	}
}

// serve answers one connection with script, a line for each line that comes, and hangs or closes after it.
func serve(t *testing.T, hang bool, script ...string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		buf := make([]byte, 4096)
		for _, line := range script {
			if _, err := io.WriteString(conn, line+"\r\n"); err != nil {
				return
			}
			if _, err := conn.Read(buf); err != nil {
				return
			}
		}
		for hang {
			if _, err := conn.Read(buf); err != nil {
				return
			}
		}
	}()
	return l.Addr().String()
}

func TestBadServers(t *testing.T) {
	for name, tt := range map[string]struct {
		addr string
		code fault.Code
	}{
		"silent":                 {serve(t, true), fault.Timeout},
		"hangs at EHLO":          {serve(t, true, "220 hi"), fault.Timeout},
		"hangs up":               {serve(t, false), fault.Unavailable},
		"hangs up after EHLO":    {serve(t, false, "220 hi", "250 hi"), fault.Unavailable},
		"is no mail server":      {serve(t, false, "HTTP/1.1 400 Bad Request"), fault.Unavailable},
		"has no service for us":  {serve(t, false, "554 go away"), fault.Unavailable},
		"is busy":                {serve(t, false, "421 later"), fault.Unavailable},
		"answers with a control": {serve(t, false, "220 hi", "250 hi", "550 \x1b[2Jno"), fault.Denied},
	} {
		t.Run(name, func(t *testing.T) {
			c := channel(t, tt.addr, func(cfg *Config) { cfg.Timeout = 300 * time.Millisecond })
			err := c.Send(t.Context(), delivery())
			if fault.CodeOf(err) != tt.code {
				t.Errorf("got %v with code %s, want %s", err, fault.CodeOf(err), tt.code)
			}
			if strings.Contains(err.Error(), "\x1b") {
				t.Errorf("%q would reach a terminal", err)
			}
		})
	}
}

func TestCancelledSendEndsAtOnce(t *testing.T) {
	c := channel(t, serve(t, true), func(cfg *Config) { cfg.Timeout = time.Hour })
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	err := c.Send(ctx, delivery())
	if fault.CodeOf(err) != fault.Unavailable || !errors.Is(context.Cause(ctx), context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Texts that the router has not cleaned still can't add a header, a recipient or a mail.
func TestHeadersCannotBeInjected(t *testing.T) {
	catcher := catch(t)
	c := channel(t, catcher.Addr(), nil)
	d := delivery()
	evil := "x\r\nBcc: victim@example.org\r\n\r\nbody\r\n.\r\nMAIL FROM:<a@b>\u2028\u0085\x00"
	d.Message.Subject, d.Message.Severity, d.Message.Rule, d.Message.Execution, d.Message.ID = evil, evil, evil, evil, evil
	d.Body.Text, d.Body.HTML = evil, evil
	if err := c.Send(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	mails := catcher.Messages()
	if len(mails) != 1 {
		t.Fatalf("%d mails", len(mails))
	}
	for name := range mails[0].Header {
		switch name {
		case "Auto-Submitted", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "References", "Subject", "To",
			"X-Auto-Response-Suppress", "X-Riposte-Execution", "X-Riposte-Rule", "X-Riposte-Severity":
		default:
			t.Errorf("header %s was injected: %q", name, mails[0].Header[name])
		}
	}
	d.To = "a@example.com>\r\nRCPT TO:<victim@example.org"
	if err := c.Send(t.Context(), d); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("a recipient with a command in it: %v", err)
	}
	if got := len(catcher.Messages()); got != 1 {
		t.Errorf("%d mails", got)
	}
}

package smtptest

import (
	"context"
	"errors"
	"fmt"
	"net/smtp"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"riposte.dev/fault"
)

func start(t *testing.T, opts ...Option) *Catcher {
	t.Helper()
	c, err := Start("127.0.0.1:0", opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func send(c *Catcher, to, subject string) error {
	mail := fmt.Sprintf("From: a@example.com\r\nTo: %s\r\nSubject: %s\r\n\r\nhello\r\n", to, subject)
	return smtp.SendMail(c.Addr(), nil, "a@example.com", []string{to}, []byte(mail))
}

func TestCatcherKeepsMails(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := start(t, WithClock(func() time.Time { return at }))
	for _, subject := range []string{"one", "two"} {
		if err := send(c, "b@example.com", subject); err != nil {
			t.Fatal(err)
		}
	}
	mails := c.Messages()
	if len(mails) != 2 || mails[0].Subject != "one" || mails[1].Subject != "two" {
		t.Fatalf("caught %+v", mails)
	}
	m := mails[0]
	if m.Sender != "a@example.com" || !slices.Equal(m.Recipients, []string{"b@example.com"}) || m.Text != "hello\n" || m.TLS || !m.Received.Equal(at) {
		t.Errorf("caught %+v", m)
	}
}

func TestWait(t *testing.T) {
	c := start(t)
	if err := send(c, "b@example.com", "early"); err != nil {
		t.Fatal(err)
	}
	subject := func(want string) func(Mail) bool { return func(m Mail) bool { return m.Subject == want } }
	if m, err := c.Wait(t.Context(), subject("early")); err != nil || m.Subject != "early" {
		t.Errorf("got %v, %v", m.Subject, err)
	}
	if m, err := c.Wait(t.Context(), nil); err != nil || m.Subject != "early" {
		t.Errorf("got %v, %v", m.Subject, err)
	}
	var wg sync.WaitGroup
	for range 3 { // everybody who waits is told
		wg.Go(func() {
			if _, err := c.Wait(t.Context(), subject("late")); err != nil {
				t.Error(err)
			}
		})
	}
	for _, s := range []string{"other", "late"} {
		if err := send(c, "b@example.com", s); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := c.Wait(ctx, subject("never"))
	if fault.CodeOf(err) != fault.Timeout || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "3 caught") {
		t.Errorf("got %v", err)
	}
}

func TestFailures(t *testing.T) {
	c := start(t, WithFailures(
		Failure{Times: 2, Code: 451},
		Failure{Times: -1, Code: 550, At: AtRecipient, Recipient: "Gone@example.com", Text: "no such mailbox"},
	))
	code := func(err error) int {
		var reply *textproto.Error
		if errors.As(err, &reply) {
			return reply.Code
		}
		return 0
	}
	for i, want := range []int{451, 451, 0} {
		if err := send(c, "b@example.com", "x"); code(err) != want || want == 0 && err != nil {
			t.Errorf("mail %d: got %v, want %d", i, err, want)
		}
	}
	for range 3 {
		if err := send(c, "gone@example.com", "x"); code(err) != 550 || !strings.Contains(err.Error(), "no such mailbox") {
			t.Errorf("got %v", err)
		}
	}
	c.Fail(Failure{Times: 1, Code: 421, At: AtSender})
	if err := send(c, "b@example.com", "x"); code(err) != 421 {
		t.Errorf("got %v", err)
	}
	if got := len(c.Messages()); got != 1 {
		t.Errorf("caught %d mails", got)
	}
}

func TestAuthenticationIsDemanded(t *testing.T) {
	c := start(t, WithAuth("alice", "s3cret"))
	mail := []byte("Subject: x\r\n\r\nhello\r\n")
	for name, tt := range map[string]struct {
		auth smtp.Auth
		ok   bool
	}{
		"nobody":         {nil, false},
		"plain":          {smtp.PlainAuth("", "alice", "s3cret", "127.0.0.1"), true},
		"plain, wrong":   {smtp.PlainAuth("", "alice", "guess", "127.0.0.1"), false},
		"digest":         {smtp.CRAMMD5Auth("alice", "s3cret"), true},
		"digest, wrong":  {smtp.CRAMMD5Auth("alice", "guess"), false},
		"digest, nobody": {smtp.CRAMMD5Auth("bob", "s3cret"), false},
	} {
		if err := smtp.SendMail(c.Addr(), tt.auth, "a@example.com", []string{"b@example.com"}, mail); (err == nil) != tt.ok {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestStartSaysWhoHoldsTheAddress(t *testing.T) {
	c := start(t)
	_, err := Start(c.Addr())
	if fault.CodeOf(err) != fault.Unavailable || !strings.Contains(fault.Hint(err), c.Addr()) {
		t.Errorf("got %v", err)
	}
}

func TestCloseTwice(t *testing.T) {
	c := start(t)
	for range 2 {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := send(c, "b@example.com", "x"); err == nil {
		t.Error("a closed catcher took a mail")
	}
}

func TestOldestMailsAreDropped(t *testing.T) {
	c := start(t)
	for i := range maxMails + 5 {
		c.keep(Mail{Subject: fmt.Sprint(i)})
	}
	if mails := c.Messages(); len(mails) != maxMails || mails[0].Subject != "5" {
		t.Errorf("%d mails, the first is %s", len(mails), mails[0].Subject)
	}
}

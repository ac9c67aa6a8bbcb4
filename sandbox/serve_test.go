package sandbox_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"riposte.dev/sandbox"
)

func TestServeEndsWithItsContext(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Serve(ctx, l) }()
	w.url = "http://" + l.Addr().String()
	if _, err := sts.NewFromConfig(w.config(w.root, "us-east-1")).GetCallerIdentity(ctx, nil); err != nil {
		t.Fatal(err)
	}
	// A held call doesn't keep the server up.
	w.AddFault(sandbox.Fault{Match: sandbox.Match{Service: "sts"}, Hold: make(chan struct{})})
	held := make(chan error, 1)
	go func() {
		_, err := sts.NewFromConfig(w.config(w.root, "us-east-1")).GetCallerIdentity(context.Background(), nil)
		held <- err
	}()
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if err := <-held; err == nil {
		t.Error("the held call was answered")
	}
}

func TestServeFailsOnAClosedListener(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := w.Serve(t.Context(), l); err == nil || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Errorf("error is %v", err)
	}
}

func TestCloseSaysWhatWasLeft(t *testing.T) {
	down := newReceiver(t, 500, 500, 500, 500, 500, 500, 500, 500, 500, 500)
	sb, err := sandbox.New(sandbox.Options{Clock: newClock(), EventTargets: []sandbox.EventTarget{down.target()}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := sb.CreateAccount(testAccount, "x")
	if err != nil {
		t.Fatal(err)
	}
	a.Emit("us-east-1", "aws.test", "Test", nil, []byte(`{}`))
	down.next(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := sb.Close(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "1 events") || strings.Contains(err.Error(), "k1") {
		t.Errorf("error is %v", err)
	}
	if err := sb.Close(ctx); err == nil {
		t.Error("a second Close forgot what was left")
	}
}

func TestNewRefuses(t *testing.T) {
	for _, url := range []string{"", "127.0.0.1:80", "ftp://x/y", "http://"} {
		if _, err := sandbox.New(sandbox.Options{EventTargets: []sandbox.EventTarget{{URL: url}}}); err == nil {
			t.Errorf("the event target %q was taken", url)
		}
	}
}

func TestSeedRefuses(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	for name, do := range map[string]func() error{
		"a short account id":  func() error { _, err := w.CreateAccount("123", "x"); return err },
		"an account twice":    func() error { _, err := w.CreateAccount(testAccount, "x"); return err },
		"a broken policy":     func() error { _, err := w.account.CreateUser("u", "{}"); return err },
		"an unknown ARN":      func() error { _, err := w.account.CreateUser("u", "arn:aws:iam::aws:policy/X"); return err },
		"a broken trust":      func() error { _, err := w.account.CreateRole("r", "x"); return err },
		"a role policy wrong": func() error { _, err := w.account.CreateRole("r", trust("*", ""), "x"); return err },
	} {
		if do() == nil {
			t.Errorf("%s was taken", name)
		}
	}
	w.user("twice")
	if _, err := w.account.CreateUser("twice"); err == nil {
		t.Error("a user was made twice")
	}
}

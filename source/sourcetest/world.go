// Package sourcetest is what tests of sources share: an account in the sandbox, and a world that keeps what a source did
// there and lets a test wait for it.
package sourcetest

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"riposte.dev/sandbox"
)

// The account and the region of every world.
const (
	Account = "111122223333"
	Region  = "eu-west-1"
)

// patience is how long a test waits.
const patience = 20 * time.Second

// World is a sandbox behind HTTP, the checkpoints of a source, and what it buried. What tests add to it is guarded by the
// same lock: it is changed by Note and looked at by Await, or while it is locked.
type World struct {
	*sandbox.Sandbox
	Account *sandbox.Account
	// Told says what else a test knows, where it waits in vain. It is called while the world is locked.
	Told func() string

	sync.Mutex
	Kept   map[string]string // checkpoints
	Buried map[string]string // reasons

	url     string
	changed chan struct{}
}

// New returns a world that ends with the test.
func New(t testing.TB) *World {
	t.Helper()
	w := &World{Kept: map[string]string{}, Buried: map[string]string{}, changed: make(chan struct{})}
	var err error
	if w.Sandbox, err = sandbox.New(sandbox.Options{}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := w.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	w.url = server.URL
	if w.Account, err = w.CreateAccount(Account, "test"); err != nil {
		t.Fatal(err)
	}
	return w
}

// Root is the configuration of the account's root user, who may do everything.
func (w *World) Root() aws.Config { return w.config(w.Account.CreateRootKey()) }

// User makes a user with the policies and returns how a source reaches AWS as that user.
func (w *World) User(t testing.TB, name string, policies ...string) func(context.Context, string, string) (aws.Config, error) {
	t.Helper()
	keys, err := w.Account.CreateUser(fmt.Sprint(name, time.Now().UnixNano()), policies...)
	if err != nil {
		t.Fatal(err)
	}
	return func(context.Context, string, string) (aws.Config, error) { return w.config(keys), nil }
}

func (w *World) config(k sandbox.Keys) aws.Config {
	return aws.Config{Region: Region, BaseEndpoint: aws.String(w.url), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(k.AccessKeyID, k.SecretAccessKey, k.SessionToken)}
}

// Note changes what the world knows and wakes who waits.
func (w *World) Note(change func()) {
	w.Lock()
	defer w.Unlock()
	change()
	close(w.changed)
	w.changed = make(chan struct{})
}

// Await waits until something is so; what says what, for the case that it never is.
func (w *World) Await(t testing.TB, what string, is func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		w.Lock()
		done, changed := is(), w.changed
		w.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			w.Lock()
			defer w.Unlock()
			t.Fatalf("waiting until %s: kept %v, buried %v, %s", what, w.Kept, w.Buried, w.Told())
		}
	}
}

// Get and Set make the world the checkpoints of a source.
func (w *World) Get(_ context.Context, key string) (string, bool, error) {
	w.Lock()
	defer w.Unlock()
	value, known := w.Kept[key]
	return value, known, nil
}

// Set keeps a checkpoint.
func (w *World) Set(_ context.Context, key, value string) error {
	w.Note(func() { w.Kept[key] = value })
	return nil
}

// Bury takes what a source can't handle.
func (w *World) Bury(_ context.Context, key, reason string, _ []byte) error {
	w.Note(func() { w.Buried[key] = reason })
	return nil
}

// Run runs a source; the returned function stops it and waits for its end, as the end of the test does.
func Run(t testing.TB, run func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	end := make(chan error, 1)
	go func() { end <- run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-end; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

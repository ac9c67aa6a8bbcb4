package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"riposte.dev/sandbox"
)

const (
	testAccount  = "111122223333"
	otherAccount = "444455556666"
)

// world is a sandbox behind a real HTTP server, with one account.
type world struct {
	*sandbox.Sandbox
	t       testing.TB
	url     string
	account *sandbox.Account
	root    sandbox.Keys

	mu     sync.Mutex
	events [][]byte
}

func newWorld(t testing.TB, opts sandbox.Options) *world {
	t.Helper()
	w := &world{t: t}
	opts.SourceIPHeader = "X-Sandbox-Source-Ip"
	if opts.OnEvent == nil {
		opts.OnEvent = func(e []byte) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.events = append(w.events, e)
		}
	}
	sb, err := sandbox.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	w.Sandbox = sb
	srv := httptest.NewServer(sb.Handler())
	t.Cleanup(func() {
		srv.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := sb.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	w.url = srv.URL
	if w.account, err = sb.CreateAccount(testAccount, "test"); err != nil {
		t.Fatal(err)
	}
	w.root = w.account.CreateRootKey()
	return w
}

// config is an SDK configuration that signs with keys and asks the sandbox.
func (w *world) config(keys sandbox.Keys, region string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: aws.String(w.url), HTTPClient: &http.Client{Timeout: 20 * time.Second},
		Credentials: credentials.NewStaticCredentialsProvider(keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken),
		// Each call is to be seen once.
		RetryMaxAttempts: 1,
	}
}

// user makes an IAM user with policies and returns its keys.
func (w *world) user(name string, policies ...string) sandbox.Keys {
	w.t.Helper()
	k, err := w.account.CreateUser(name, policies...)
	if err != nil {
		w.t.Fatal(err)
	}
	return k
}

// delivered are the events that reached OnEvent once there are at least n.
func (w *world) delivered(n int) []map[string]any {
	w.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		w.mu.Lock()
		raw := append([][]byte(nil), w.events...)
		w.mu.Unlock()
		if len(raw) >= n {
			out := make([]map[string]any, len(raw))
			for i, r := range raw {
				if err := json.Unmarshal(r, &out[i]); err != nil {
					w.t.Fatal(err)
				}
			}
			return out
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%d events were delivered, want %d", len(raw), n)
		}
		<-time.After(2 * time.Millisecond)
	}
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		t.Fatalf("error is %v, want the code %s", err, code)
	}
}

func TestCallerIdentity(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	alice := w.user("alice")
	for _, tc := range []struct {
		name string
		keys sandbox.Keys
		arn  string
		code string
	}{
		{"root", w.root, "arn:aws:iam::111122223333:root", ""},
		{"a user without policies", alice, "arn:aws:iam::111122223333:user/alice", ""},
		{"an unknown key", sandbox.Keys{AccessKeyID: "AKIAAAAAAAAAAAAAAAAA", SecretAccessKey: "x"}, "", "InvalidClientTokenId"},
		{"a wrong secret", sandbox.Keys{AccessKeyID: alice.AccessKeyID, SecretAccessKey: "wrong"}, "", "SignatureDoesNotMatch"},
		{"a token that no session has", sandbox.Keys{AccessKeyID: alice.AccessKeyID, SecretAccessKey: alice.SecretAccessKey, SessionToken: "x"}, "", "InvalidClientTokenId"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out, err := sts.NewFromConfig(w.config(tc.keys, "us-east-1")).GetCallerIdentity(t.Context(), nil)
			if tc.code != "" {
				wantCode(t, err, tc.code)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if *out.Arn != tc.arn || *out.Account != testAccount {
				t.Errorf("got %s in %s, want %s", *out.Arn, *out.Account, tc.arn)
			}
		})
	}
}

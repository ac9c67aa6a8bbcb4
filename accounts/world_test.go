package accounts_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"riposte.dev/accounts"
	"riposte.dev/sandbox"
)

const (
	own, other, third = "999988887777", "111122223333", "444455556666"
	region            = "eu-west-1"
	roleName          = "security/riposte"
)

// world is a sandbox where riposte is a user of its own account and other accounts have a role for it.
type world struct {
	*sandbox.Sandbox
	t        *testing.T
	url      string
	base     aws.Config
	accounts map[string]*sandbox.Account
	mu       sync.Mutex
	requests []string
}

// newWorld wraps the sandbox's handler in front, where a test needs answers that the sandbox has not.
func newWorld(t *testing.T, front func(http.Handler) http.Handler) *world {
	t.Helper()
	w := &world{t: t, accounts: map[string]*sandbox.Account{}}
	var err error
	if w.Sandbox, err = sandbox.New(sandbox.Options{}); err != nil {
		t.Fatal(err)
	}
	handler := w.Handler()
	if front != nil {
		handler = front(handler)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := w.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	w.url = server.URL
	for _, id := range []string{own, other, third} {
		w.addAccount(id)
	}
	keys, err := w.accounts[own].CreateUser("riposte", sandbox.AdministratorAccess)
	if err != nil {
		t.Fatal(err)
	}
	w.base, err = accounts.Base(t.Context(), accounts.Identity{
		Region: region, Endpoint: w.url, AccessKeyID: keys.AccessKeyID, SecretAccessKey: keys.SecretAccessKey,
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) addAccount(id string) *sandbox.Account {
	w.t.Helper()
	a, err := w.CreateAccount(id, "account "+id)
	if err != nil {
		w.t.Fatal(err)
	}
	w.accounts[id] = a
	return a
}

// role makes a role with administrator rights that riposte may assume with the external id.
func (w *world) role(account, name, externalID string) string {
	w.t.Helper()
	arn, err := w.accounts[account].CreateRole(name, fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
		"Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":%q}}}]}`, own, externalID),
		sandbox.AdministratorAccess)
	if err != nil {
		w.t.Fatal(err)
	}
	return arn
}

func (w *world) open(change func(*accounts.Options)) *accounts.Accounts {
	w.t.Helper()
	options := accounts.Options{Base: w.base, OnRequest: func(service, operation, id string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.requests = append(w.requests, service+":"+operation+" "+id)
	}}
	if change != nil {
		change(&options)
	}
	a, err := accounts.New(options)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// who calls STS with a configuration and says as whom.
func (w *world) who(a *accounts.Accounts, account, region string) (string, error) {
	cfg, err := a.Config(w.t.Context(), account, region)
	if err != nil {
		return "", err
	}
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(w.t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", err
	}
	return *out.Arn, nil
}

func (w *world) seen(operation string) int {
	n := 0
	for _, c := range w.Calls() {
		if c.Operation == operation {
			n++
		}
	}
	return n
}

// await polls, as nothing tells a test that a loop has come round.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain: %s", what)
		case <-tick.C:
		}
	}
}

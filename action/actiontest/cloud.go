package actiontest

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"riposte.dev/action/awscall"
	"riposte.dev/sandbox"
)

// Accounts and the region of every cloud.
const (
	Account    = "111122223333" // a member of the organisation
	Management = "999988887777" // its management account
	Region     = "eu-west-1"
)

// Cloud is a sandbox behind HTTP with an organisation of two accounts.
type Cloud struct {
	*sandbox.Sandbox
	T               *testing.T
	Member, Manager *sandbox.Account

	url    string
	admins map[string]sandbox.Keys // by account
	users  int
	trail  trail
	clock  clock
}

// NewCloud returns a new cloud that ends with the test.
func NewCloud(t *testing.T) *Cloud {
	t.Helper()
	c := &Cloud{T: t, admins: map[string]sandbox.Keys{}}
	sb, err := sandbox.New(sandbox.Options{OnEvent: c.trail.record, ReadOnlyEvents: true, Clock: &c.clock})
	if err != nil {
		t.Fatal(err)
	}
	c.Sandbox = sb
	srv := httptest.NewServer(sb.Handler())
	t.Cleanup(func() {
		srv.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := sb.Close(ctx); err != nil {
			t.Error(err)
		}
		c.trail.check(t)
	})
	c.url = srv.URL
	c.Member, c.Manager = c.account(Account), c.account(Management)
	c.Must(c.Manager.CreateOrganization(c.Member))
	return c
}

// Must ends the test where there is an error.
func (c *Cloud) Must(err error) {
	c.T.Helper()
	if err != nil {
		c.T.Fatal(err)
	}
}

func (c *Cloud) account(id string) *sandbox.Account {
	account, err := c.CreateAccount(id, "account "+id)
	c.Must(err)
	c.admins[id], err = account.CreateUser("admin", sandbox.AdministratorAccess)
	c.Must(err)
	return account
}

// Admin returns a configuration with which a test builds, breaks and looks, as an administrator of the account.
func (c *Cloud) Admin(account, region string) aws.Config {
	return c.config(c.admins[account], region)
}

// With returns a configuration with the keys, such as those of whom an action acts on.
func (c *Cloud) With(keys sandbox.Keys, region string) aws.Config { return c.config(keys, region) }

// Caller returns a caller that may do in both accounts exactly what the permissions say: the policies of its users there are
// those that `riposte iam policy` prints for them. The suite narrows some as the action's specification does; only "*" is
// everything.
func (c *Cloud) Caller(permissions []string) *awscall.Caller {
	c.T.Helper()
	c.users++
	keys := map[string]sandbox.Keys{}
	for _, account := range []*sandbox.Account{c.Member, c.Manager} {
		policies, err := printed(account.ID, permissions)
		c.Must(err)
		keys[account.ID], err = account.CreateUser(fmt.Sprintf("responder-%d", c.users), policies...)
		c.Must(err)
	}
	return awscall.New(clients{c, keys}, time.Now)
}

type clients struct {
	cloud *Cloud
	keys  map[string]sandbox.Keys
}

// Config implements awscall.Clients.
func (c clients) Config(_ context.Context, account, region string) (aws.Config, error) {
	return c.cloud.trail.follow(c.cloud.config(c.keys[account], region)), nil
}

// config has retries without delay: the sandbox throttles and fails only where a test wants it to.
func (c *Cloud) config(keys sandbox.Keys, region string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: aws.String(c.url),
		Credentials: credentials.NewStaticCredentialsProvider(keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		},
	}
}

// Writes counts the calls so far that are not read-only, by the names of their operations.
func (c *Cloud) Writes() int {
	n := 0
	for _, call := range c.Calls() {
		read := false
		for _, verb := range []string{"Describe", "Get", "List", "Lookup", "BatchGet"} {
			read = read || strings.HasPrefix(call.Operation, verb)
		}
		if !read {
			n++
		}
	}
	return n
}

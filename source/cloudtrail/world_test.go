package cloudtrail_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awscloudtrail "github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"riposte.dev/sandbox"
	"riposte.dev/source/cloudtrail"
)

const account = "111122223333"

// clock moves when somebody sleeps by it, and at once.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func newClock() *clock { return &clock{now: time.Now().Truncate(time.Second)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) After(d time.Duration) <-chan time.Time {
	at := make(chan time.Time, 1)
	at <- c.Now()
	return at
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if d > 0 {
		c.now = c.now.Add(d)
		c.slept = append(c.slept, d)
	}
	return nil
}

func (c *clock) advance(d time.Duration) { _ = c.Sleep(context.Background(), d) } // the context never ends

// world is an account in a look-alike of AWS, on a clock of its own.
type world struct {
	*sandbox.Sandbox
	t       *testing.T
	clock   *clock
	url     string
	account *sandbox.Account
	http    *http.Client // one for all, as a process has
	admin   sandbox.Keys
}

func newWorld(t *testing.T, opts sandbox.Options) *world {
	t.Helper()
	w := &world{t: t, clock: newClock()}
	opts.Clock = w.clock
	var err error
	if w.Sandbox, err = sandbox.New(opts); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(w.Handler())
	t.Cleanup(srv.Close)
	w.url, w.http = srv.URL, srv.Client()
	if w.account, err = w.CreateAccount(account, "shop"); err != nil {
		t.Fatal(err)
	}
	if w.admin, err = w.account.CreateUser("admin", sandbox.AdministratorAccess); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) config(keys sandbox.Keys, region string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: &w.url, RetryMaxAttempts: 1, HTTPClient: w.http,
		Credentials: credentials.NewStaticCredentialsProvider(keys.AccessKeyID, keys.SecretAccessKey, ""),
	}
}

// act makes n calls that leave a record each, a second apart.
func (w *world) act(region string, n int) {
	w.t.Helper()
	topics := sns.NewFromConfig(w.config(w.admin, region))
	for range n {
		if _, err := topics.CreateTopic(w.t.Context(), &sns.CreateTopicInput{Name: aws.String("alarm")}); err != nil {
			w.t.Fatal(err)
		}
		w.clock.advance(time.Second)
	}
}

func (w *world) reader(keys sandbox.Keys, region string) *cloudtrail.Reader {
	return &cloudtrail.Reader{
		API: awscloudtrail.NewFromConfig(w.config(keys, region)), Clock: w.clock,
		Pace: cloudtrail.NewPaces(w.clock).For(account, region),
	}
}

// read returns what a reader gives, and the calls that it took.
func read(t *testing.T, r *cloudtrail.Reader, from, to time.Time) (events []cloudtrail.Event, calls int) {
	t.Helper()
	err := r.Read(t.Context(), from, to, func(p cloudtrail.Page) error {
		events = append(events, p.Events...)
		calls += p.Calls
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return events, calls
}

package demo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"

	"riposte.dev/cli"
	"riposte.dev/content"
	"riposte.dev/notify/smtp/smtptest"
	"riposte.dev/sandbox"
	"riposte.dev/store"
)

// The stage.
const (
	account    = "111122223333"
	management = "999988887777"
	region     = "eu-west-1"
	home       = "us-east-1" // of the trail that the demo's region sees as a shadow

	intruderIP = "203.0.113.66" // on the demo's threat list
	staffIP    = "192.0.2.10"

	externalID = "riposte-demo"
	ipHeader   = "X-Sandbox-Source-Ip"
)

// world is the stage with everybody on it.
type world struct {
	*screen
	folder  string
	data    string
	url     string // of the sandbox
	box     *sandbox.Sandbox
	tenant  *sandbox.Account
	mail    *smtptest.Catcher
	engine  engine
	client  *cli.Client
	keys    map[string]sandbox.Keys
	endBox  context.CancelFunc
	boxDone chan error

	topic, queue, vpc, group string // made in the first scenes
	stopped, opened          string // executions that restarted the trail and closed the port
}

// build starts the sandbox, the mail catcher and the engine.
func build(ctx context.Context, o cli.DemoOptions, folder string, s *screen) (*world, error) {
	w := &world{screen: s, folder: folder, data: filepath.Join(folder, "data"), keys: map[string]sandbox.Keys{}, boxDone: make(chan error, 1)}
	var err error
	if w.mail, err = smtptest.Start("127.0.0.1:0"); err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return w, err
	}
	w.url = "http://" + listener.Addr().String()
	address, err := freeAddress(ctx)
	if err != nil {
		return w, err
	}
	key, err := w.intakeKey(ctx)
	if err != nil {
		return w, err
	}
	w.box, err = sandbox.New(sandbox.Options{
		PublicURL: w.url, SourceIPHeader: ipHeader, SMTP: w.mail.Addr(),
		EventTargets: []sandbox.EventTarget{{URL: "http://" + address + "/events", Header: "X-Api-Key", Value: key}},
	})
	if err != nil {
		return w, err
	}
	serving, endBox := context.WithCancel(context.Background())
	w.endBox = endBox
	go func() { w.boxDone <- w.box.Serve(serving, listener) }()
	if err := w.people(); err != nil {
		return w, err
	}
	if err := w.configure(address); err != nil {
		return w, err
	}
	if o.Crash {
		w.engine = &process{config: w.config(), data: w.data, log: o.Log}
	} else {
		w.engine = &inside{config: w.config(), data: w.data, log: o.Log}
	}
	began := time.Now()
	if err := w.start(ctx); err != nil {
		return w, err
	}
	w.says("riposte took %s to be ready; AWS is the look-alike at %s; mail goes to a catcher at %s.",
		time.Since(began).Round(time.Millisecond), w.url, w.mail.Addr())
	return w, nil
}

// freeAddress finds an address on which riposte can listen, and again after a crash: its port is below those that systems give to
// whoever asks for any.
func freeAddress(ctx context.Context) (string, error) {
	for tries := 0; ; tries++ {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", 20_000+rand.N(10_000)))
		if err == nil {
			return l.Addr().String(), l.Close()
		}
		if tries == 20 {
			return "", err
		}
	}
}

// intakeKey makes the key with which the sandbox's EventBridge delivers: the same as `riposte keys create`.
func (w *world) intakeKey(ctx context.Context) (string, error) {
	state, err := store.Open(ctx, store.Options{Path: filepath.Join(w.data, "riposte.db")})
	if err != nil {
		return "", err
	}
	key, err := state.Keys.Create(ctx, store.Key{Account: account, Roles: []string{"ingest"}, SpeaksForAWS: true, Description: "EventBridge"}, "demo")
	if err := errors.Join(err, state.Close()); err != nil {
		return "", err
	}
	return key.ID + ":" + key.Secret, nil
}

func policy(actions string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[` + actions + `],"Resource":"*"}]}`
}

// people creates the accounts, users and roles of the story.
func (w *world) people() (err error) {
	if w.tenant, err = w.box.CreateAccount(account, "shop"); err != nil {
		return err
	}
	org, err := w.box.CreateAccount(management, "management")
	if err != nil {
		return err
	}
	if err := org.CreateOrganization(w.tenant); err != nil {
		return err
	}
	orgAdmin, err := org.CreateUser("admin", sandbox.AdministratorAccess)
	if err != nil {
		return err
	}
	w.keys["management"] = orgAdmin
	for name, allowed := range map[string]string{
		"admin":   sandbox.AdministratorAccess,
		"riposte": policy(`"sts:AssumeRole"`),
		"mallory": policy(`"cloudtrail:DescribeTrails","cloudtrail:GetTrailStatus","cloudtrail:StopLogging","ec2:AuthorizeSecurityGroupIngress","ec2:DescribeSecurityGroups"`),
		"alice":   policy(`"sts:AssumeRole"`),
	} {
		if w.keys[name], err = w.tenant.CreateUser(name, allowed); err != nil {
			return err
		}
	}
	trust := func(user, condition string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::` + account + `:user/` + user + `"}` + condition + `}]}`
	}
	responder := policy(`"cloudtrail:DescribeTrails","cloudtrail:GetTrail","cloudtrail:GetTrailStatus","cloudtrail:StartLogging","cloudtrail:StopLogging","cloudtrail:LookupEvents",` +
		`"ec2:DescribeSecurityGroups","ec2:DescribeSecurityGroupRules","ec2:DescribeVpcs","ec2:DescribeTags","ec2:RevokeSecurityGroupIngress","ec2:AuthorizeSecurityGroupIngress","ec2:CreateTags",` +
		`"organizations:DescribeOrganization","organizations:ListTagsForResource","account:GetAlternateContact","sns:Publish"`)
	if _, err := w.tenant.CreateRole("riposte-responder", trust("riposte", `,"Condition":{"StringEquals":{"sts:ExternalId":"`+externalID+`"}}`), responder); err != nil {
		return err
	}
	_, err = w.tenant.CreateRole("operations", trust("alice", ""), policy(`"cloudtrail:*"`))
	return err
}

func (w *world) config() string { return filepath.Join(w.folder, "riposte.yaml") }

// configure writes riposte's configuration, the extra rule and the threat list.
func (w *world) configure(address string) error {
	host, port, err := net.SplitHostPort(w.mail.Addr())
	if err != nil {
		return err
	}
	list, err := content.Lists().(interface{ ReadFile(string) ([]byte, error) }).ReadFile("example.txt")
	if err != nil {
		return err
	}
	key := w.keys["riposte"]
	w.topic = "arn:aws:sns:" + region + ":" + account + ":security-alerts"
	files := map[string]string{
		"threats.txt":                        string(list),
		"rules/database-port.yaml":           databaseRule,
		"playbooks/close-database-port.yaml": databasePlaybook,
		"riposte.yaml": fmt.Sprintf(configuration, address, region, w.url, key.AccessKeyID, key.SecretAccessKey,
			account, account, externalID, host, port, w.topic),
	}
	for name, text := range files {
		path := filepath.Join(w.folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// start starts the engine and waits until it handles events.
func (w *world) start(ctx context.Context) error {
	if err := w.engine.start(ctx); err != nil {
		return err
	}
	if err := wait(ctx, "riposte to be ready", func() (bool, error) {
		client, err := cli.Connect(w.data)
		if err != nil {
			return false, nil // not written yet
		}
		w.client = client
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, client.URL+"/readyz", nil)
		if err != nil {
			return false, err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return false, nil // not listening yet
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK, nil
	}); err != nil {
		return err
	}
	go w.timeline(w.client)
	return nil
}

func (w *world) close() error {
	var errs []error
	if w.engine != nil {
		errs = append(errs, w.engine.stop())
	}
	if w.endBox != nil {
		w.endBox()
		errs = append(errs, <-w.boxDone)
	}
	return errors.Join(append(errs, w.mail.Close())...)
}

// as returns a configuration for calls by one of the people, from an address of their own.
func (w *world) as(keys sandbox.Keys, in, ip string) aws.Config {
	return aws.Config{
		Region: in, BaseEndpoint: aws.String(w.url), AppID: "riposte-demo",
		Credentials: credentials.NewStaticCredentialsProvider(keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken),
		HTTPClient:  &http.Client{Timeout: 30 * time.Second, Transport: from(ip)},
	}
}

// from is an HTTP transport whose calls the sandbox sees as coming from the address.
type from string

// RoundTrip adds the header.
func (f from) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set(ipHeader, string(f))
	return http.DefaultTransport.RoundTrip(r)
}

func (w *world) trails(who, in, ip string) *cloudtrail.Client {
	return cloudtrail.NewFromConfig(w.as(w.keys[who], in, ip))
}

func (w *world) ec2(who, ip string) *awsec2.Client {
	return awsec2.NewFromConfig(w.as(w.keys[who], region, ip))
}

// logging reports whether a trail logs.
func (w *world) logging(ctx context.Context, trail, in string) (bool, error) {
	out, err := w.trails("admin", in, staffIP).GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: &trail})
	if err != nil {
		return false, err
	}
	return aws.ToBool(out.IsLogging), nil
}

// wait asks again and again until the answer is yes.
func wait(ctx context.Context, what string, ask func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := ask()
		if err != nil {
			return fmt.Errorf("waiting for %s: %w", what, err)
		}
		if ok {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waited in vain for %s", what)
		}
	}
}

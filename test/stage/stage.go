package stage

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"riposte.dev/notify/smtp/smtptest"
	"riposte.dev/sandbox"
	"riposte.dev/store"
	"riposte.dev/test/loopback"
)

// The account of the stage.
const (
	Account   = "111122223333"
	Region    = "eu-west-1"
	Responder = "riposte-responder" // name of the role as which riposte acts
	Borrowed  = "deploy"            // name of a role that the intruder may assume
)

// Options say what differs between stages.
type Options struct {
	Folder string // of everything that is written; it exists
	// OnEvent receives what EventBridge would deliver, instead of riposte.
	OnEvent func(envelope []byte)
	// Journal is how many calls the sandbox remembers; 0: its default.
	Journal int
	// Unlimited switches the guard's limits off, for programs that measure thousands of responses.
	Unlimited bool
	// Allow is a further entry of guard.allow.
	Allow string
	// Settings are added to riposte's configuration.
	Settings string
	// Permissions are the IAM actions of the responder role beyond those on trails.
	Permissions []string
}

// Stage is the surroundings of one riposte.
type Stage struct {
	Box    *sandbox.Sandbox
	Mail   *smtptest.Catcher
	Config string // path of riposte.yaml
	Data   string // riposte's data folder
	URL    string // of riposte, once it is started
	Key    string // ID:SECRET of an access key that may speak for AWS

	Admin, Intruder sandbox.Keys // an administrator, and a user who may stop trails and assume roles
	Own             sandbox.Keys // with which riposte assumes its role

	sandboxURL string
	settings   string
	unlimited  bool
	allow      string
	closers    []func() error
}

// New starts the sandbox and the mail catcher, and writes riposte's configuration. After an error too, Close.
func New(ctx context.Context, o Options) (*Stage, error) {
	s := &Stage{Config: filepath.Join(o.Folder, "riposte.yaml"), Data: filepath.Join(o.Folder, "data"), settings: o.Settings, unlimited: o.Unlimited, allow: o.Allow}
	var err error
	if s.Mail, err = smtptest.Start("127.0.0.1:0"); err != nil {
		return s, err
	}
	s.closers = append(s.closers, s.Mail.Close)
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return s, err
	}
	s.sandboxURL = "http://" + listener.Addr().String()
	address := loopback.Address().String()
	s.URL = "http://" + address
	if s.Key, err = accessKey(ctx, s.Data); err != nil {
		return s, errors.Join(err, listener.Close())
	}
	options := sandbox.Options{PublicURL: s.sandboxURL, OnEvent: o.OnEvent, JournalSize: o.Journal}
	if o.OnEvent == nil {
		options.EventTargets = []sandbox.EventTarget{{URL: s.URL + "/events", Header: "X-Api-Key", Value: s.Key}}
	}
	if s.Box, err = sandbox.New(options); err != nil {
		return s, errors.Join(err, listener.Close())
	}
	s.serve(listener)
	if err := s.people(o.Permissions); err != nil {
		return s, err
	}
	return s, s.configure(address)
}

// serve runs the sandbox until the stage is closed.
func (s *Stage) serve(l net.Listener) {
	ctx, end := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Box.Serve(ctx, l) }()
	s.closers = append(s.closers, func() error { end(); return <-done }, func() error {
		ended, cancel := context.WithCancel(context.Background())
		cancel() // what still waits for a riposte that has gone is not worth waiting for
		if err := s.Box.Close(ended); !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	})
}

// Close ends the stage, the last started first. The folder stays.
func (s *Stage) Close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(errs...)
}

// accessKey makes a key as `riposte keys create` does.
func accessKey(ctx context.Context, data string) (string, error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return "", err
	}
	state, err := store.Open(ctx, store.Options{Path: filepath.Join(data, "riposte.db")})
	if err != nil {
		return "", err
	}
	key, err := state.Keys.Create(ctx, store.Key{Account: Account, Roles: []string{"ingest", "read"}, SpeaksForAWS: true, Description: "EventBridge"}, "stage")
	return key.ID + ":" + key.Secret, errors.Join(err, state.Close())
}

// configuration is riposte.yaml; the verbs are filled in by configure.
const configuration = `server: {listen: %q}
mode: auto
guard: {allow: [{accounts: ["*"]}]}
aws:
  region: %[2]s
  endpoint: %[3]s
  access_key_id: %[4]s
  secret_access_key: %[5]s
  responder: arn:aws:iam::%[6]s:role/%[7]s
  accounts:
    - {id: %[6]q, role: "arn:aws:iam::%[6]s:role/%[7]s"}
notify:
  mail: {host: %[8]s, port: %[9]s, tls: none, from: riposte@example.com}
  routes:
    secops: {channels: [mail], to: [soc@example.com]}
`

func (s *Stage) configure(listen string) error {
	host, port, err := net.SplitHostPort(s.Mail.Addr())
	if err != nil {
		return err
	}
	text := fmt.Sprintf(configuration, listen, Region, s.sandboxURL, s.Own.AccessKeyID, s.Own.SecretAccessKey, Account, Responder, host, port)
	if s.unlimited {
		text = strings.Replace(text, "guard: {", "guard: {without: [blast-radius, budgets, breaker], ", 1)
	}
	if s.allow != "" {
		text = strings.Replace(text, "allow: [", "allow: ["+s.allow+", ", 1)
	}
	return os.WriteFile(s.Config, []byte(text+s.settings), 0o600)
}

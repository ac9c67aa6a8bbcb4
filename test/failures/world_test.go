package failures

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iam"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/awscall"
	"riposte.dev/action/ec2"
	"riposte.dev/action/iam"
	"riposte.dev/action/s3"
	"riposte.dev/asl"
	"riposte.dev/event"
	"riposte.dev/guard"
	"riposte.dev/playbook"
	"riposte.dev/playbook/playbooktest"
)

const (
	account = actiontest.Account
	region  = actiontest.Region
	// responder is as whom riposte acts.
	responder = "arn:aws:iam::" + account + ":user/responder-1"
)

// clock jumps to the end of every wait of less than five minutes; longer ones are bounds, and never pass.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	moved func(now time.Time)
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) After(d time.Duration) <-chan time.Time {
	bell := make(chan time.Time, 1)
	if d >= 5*time.Minute {
		return bell
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(max(d, 0))
	if c.moved != nil {
		c.moved(c.now)
	}
	bell <- c.now
	return bell
}

type noExceptions struct{}

func (noExceptions) Active(context.Context, time.Time) ([]guard.Exception, error) { return nil, nil }

// cause is what the responses answer, and what CloudTrail says of it.
const cause = `{"version":"0","id":"e-1","source":"aws.iam","detail-type":"AWS API Call via CloudTrail","account":"111122223333","region":"eu-west-1",
	"time":"2026-03-01T11:59:58Z","resources":[],"detail":{"eventVersion":"1.08","eventID":"e-1","eventName":"CreateUser","eventSource":"iam.amazonaws.com",
	"eventTime":"2026-03-01T11:59:58Z","awsRegion":"eu-west-1","recipientAccountId":"111122223333","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/mallory"}}}`

type recorded struct{}

func (recorded) Recorded(context.Context, string, string, string) (*event.Record, error) {
	e, err := event.Parse([]byte(cause))
	if err != nil {
		return nil, err
	}
	return e.Record(), nil
}

// inbox keeps what people are told.
type inbox struct {
	mu      sync.Mutex
	notices []playbook.Notice
}

func (i *inbox) Notify(_ context.Context, _ string, n playbook.Notice) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.notices = append(i.notices, n)
	return nil
}

// world is an account with a user mallory, and riposte.
type world struct {
	*actiontest.Cloud
	t       *testing.T
	clock   *clock
	inbox   *inbox
	iam     *sdk.Client
	caller  *awscall.Caller
	observe func(playbook.Progress)
	guard   *guard.Guard
	runtime *playbook.Runtime
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Cloud: actiontest.NewCloud(t), t: t, clock: &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}, inbox: &inbox{}}
	w.iam = sdk.NewFromConfig(w.Admin(account, region))
	_, err := w.iam.CreateUser(t.Context(), &sdk.CreateUserInput{UserName: aws.String("mallory")})
	w.must(err)
	w.caller = w.Caller([]string{"*"})
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// at does something when the runtime takes a step for the first time.
func (w *world) at(step playbook.Step, do func()) {
	once := sync.OnceFunc(do)
	w.observe = func(p playbook.Progress) {
		if p.Step == step {
			once()
		}
	}
}

const quarantine = `
StartAt: Act
States:
  Act:
    Type: Task
    Resource: riposte:action:iam.quarantine-principal
    Parameters: {principal_arn: "arn:aws:iam::111122223333:user/mallory"}
    ResultPath: $.act
    Retry: [{ErrorEquals: [States.TaskFailed], IntervalSeconds: 2, MaxAttempts: 6, BackoffRate: 2}]
    Next: Tell
  Tell: {Type: Task, Resource: "riposte:notify", Parameters: {message.$: $.act.status}, End: true}
`

// respond runs a playbook and returns how it ended.
func (w *world) respond(text, input string) playbook.View {
	w.t.Helper()
	machine, err := asl.Parse("act.yaml", []byte(text))
	w.must(err)
	actions, err := action.NewSet(iam.NewQuarantine(w.caller), ec2.NewRevokeIngress(w.caller, ec2.Options{}),
		s3.NewBlockBucket(w.caller), s3.NewBlockAccount(w.caller))
	w.must(err)
	index := &playbooktest.Index{}
	ledger := playbook.NewLedger(index)
	w.guard, err = guard.New(guard.Options{Exceptions: noExceptions{}, Requests: ledger, Lost: ledger, Corroborator: recorded{}, Now: w.clock.Now,
		Responders: []string{responder},
		Policy:     func() *guard.Policy { return &guard.Policy{Allow: []guard.Scope{{Accounts: []string{account}}}} }})
	w.must(err)
	w.runtime, err = playbook.New(playbook.Options{Journal: &playbooktest.Journal{}, Index: index, Ledger: ledger, Actions: actions, Guard: w.guard, Notifier: w.inbox,
		Definitions: map[string]*asl.Machine{"act": machine}, Now: w.clock.Now, After: w.clock.After, Drain: time.Hour,
		Observe: func(p playbook.Progress) {
			if w.observe != nil {
				w.observe(p)
			}
		}})
	w.must(err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.runtime.Run(ctx) }()
	w.t.Cleanup(func() { stop(); <-ended })
	id, _, err := w.runtime.Start(w.t.Context(), playbook.Start{Rule: "rule", Playbook: "act", Cause: "cause", Mode: guard.Auto, Input: json.RawMessage(input), Event: json.RawMessage(cause),
		Account: account, Region: region, Severity: "HIGH", Title: "it happened"})
	w.must(err)
	bound, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	v, err := w.runtime.Wait(bound, id)
	w.must(err)
	return v
}

// ends checks how an execution ended, what became of its last item, and that people were told what to do next.
func (w *world) ends(v playbook.View, status playbook.Status, item action.Status, says ...string) {
	w.t.Helper()
	var last action.Item
	if n := len(v.Plans); n > 0 {
		last = v.Plans[n-1].Items[0]
	}
	if v.Status != status || last.Status != item {
		w.t.Errorf("ended %s (%s: %s), the item %s (%s)", v.Status, v.Error, v.Why, last.Status, last.Error)
	}
	w.inbox.mu.Lock()
	defer w.inbox.mu.Unlock()
	if len(w.inbox.notices) == 0 {
		w.t.Fatal("nobody was told")
	}
	n := w.inbox.notices[len(w.inbox.notices)-1]
	text := n.Failed
	for _, plan := range n.Plans {
		for _, item := range plan.Items {
			text += " " + item.Reason + " " + item.Error
		}
	}
	for _, want := range says {
		if !strings.Contains(text, want) {
			w.t.Errorf("people are not told %q: %s", want, text)
		}
	}
}

// denies reports whether mallory is quarantined.
func (w *world) denies() bool {
	w.t.Helper()
	out, err := w.iam.ListUserPolicies(w.t.Context(), &sdk.ListUserPoliciesInput{UserName: aws.String("mallory")})
	w.must(err)
	return len(out.PolicyNames) == 1
}

package stepfunctions_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/smithy-go"

	"riposte.dev/action"
	"riposte.dev/asl"
	"riposte.dev/fault"
	"riposte.dev/guard"
	"riposte.dev/playbook"
	"riposte.dev/playbook/playbooktest"
	"riposte.dev/stepfunctions"
)

// world is the API over a real runtime, as ana uses it with the AWS SDK.
type world struct {
	*sfn.Client
	t       testing.TB
	index   *playbooktest.Index
	runtime *playbook.Runtime
	handler *stepfunctions.Handler
	url     string
	looked  *atomic.Int32 // how often the action looked at its switch
	more    *atomic.Int32 // executions that seem to be under way beside the others
}

type runtime struct {
	*playbook.Runtime
	index *playbooktest.Index
	more  *atomic.Int32 // executions that seem to be under way beside the others
}

func (r runtime) Open() int { return r.Runtime.Open() + int(r.more.Load()) }

func (r runtime) List(ctx context.Context, f playbook.Filter) ([]playbook.Summary, error) {
	return r.index.List(ctx, f)
}

// machines keeps state machines in memory.
type machines struct {
	mu  sync.Mutex
	all map[string]playbook.StateMachine
	by  []string
}

func (m *machines) Create(_ context.Context, x playbook.StateMachine, by string) (playbook.StateMachine, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, there := m.all[x.Name]; there {
		return x, fault.New(fault.Conflict, "there is one")
	}
	x.Created, x.Updated = time.Unix(1, 0), time.Unix(1, 0)
	m.all[x.Name], m.by = x, append(m.by, by)
	return x, nil
}

func (m *machines) Update(_ context.Context, x playbook.StateMachine, by string) (playbook.StateMachine, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	x.Updated = time.Unix(2, 0)
	m.all[x.Name], m.by = x, append(m.by, by)
	return x, nil
}

func (m *machines) Delete(_ context.Context, name, by string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, there := m.all[name]; !there {
		return fault.New(fault.NotFound, "there is none")
	}
	delete(m.all, name)
	m.by = append(m.by, by)
	return nil
}

func (m *machines) Get(_ context.Context, name string) (playbook.StateMachine, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	x, there := m.all[name]
	if !there {
		return x, fault.New(fault.NotFound, "there is none")
	}
	return x, nil
}

func (m *machines) List(context.Context) ([]playbook.StateMachine, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []playbook.StateMachine
	for _, x := range m.all {
		list = append(list, x)
	}
	slices.SortFunc(list, func(a, b playbook.StateMachine) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// lenient is a guard that lets everything pass in the mode that is asked for.
type lenient struct{}

func (lenient) Decide(_ context.Context, p guard.Proposal) (guard.Decision, error) {
	plan := *p.Plan
	return guard.Decision{Mode: p.Mode, Plan: &plan, Reasons: []string{"asked for rule " + p.Rule}}, nil
}
func (lenient) MayCall(context.Context, guard.Proposal, action.Resource) error { return nil }
func (lenient) Done(guard.Proposal, action.Item)                               {}

type silent struct{}

func (silent) Notify(context.Context, string, playbook.Notice) error { return nil }

// actions has one action, which finds a switch that is off.
type actions struct{ looked *atomic.Int32 }

func (a actions) Action(name string) (action.Action, error) {
	if name != "fake.switch-on" {
		return nil, fault.New(fault.NotFound, "there is no action %q", name)
	}
	return switchOn(a), nil
}

type switchOn struct{ looked *atomic.Int32 }

func (switchOn) Spec() action.Spec {
	return action.Spec{Name: "fake.switch-on", Title: "Switch on", Effect: action.StateChecked}
}

func (s switchOn) Plan(_ context.Context, r action.Request) (*action.Plan, error) {
	s.looked.Add(1)
	if strings.Contains(string(r.Params), "lost") {
		return nil, fault.New(fault.NotFound, "there is no such switch")
	}
	return &action.Plan{Action: "fake.switch-on", Account: r.Account, Items: []action.Item{{ID: "1", Status: action.Change, Reason: "It is off.",
		Calls: []action.Call{{Service: "fake", Operation: "Switch"}}}}}, nil
}

func (switchOn) Apply(context.Context, action.Item) ([]action.Receipt, error) { return nil, nil }
func (switchOn) Verify(context.Context, action.Item) error                    { return nil }
func (switchOn) Undo(context.Context, action.Item) (*action.Plan, error)      { return &action.Plan{}, nil }

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, index: &playbooktest.Index{}, looked: &atomic.Int32{}, more: &atomic.Int32{}}
	bundled, err := asl.Parse("bundled.json", []byte(`{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}`))
	if err != nil {
		t.Fatal(err)
	}
	playbooks := map[string]*asl.Machine{"bundled": bundled}
	w.runtime, err = playbook.New(playbook.Options{Journal: &playbooktest.Journal{}, Index: w.index, Ledger: playbook.NewLedger(w.index),
		Actions: actions{w.looked}, Guard: lenient{}, Notifier: silent{}, Definitions: playbooks})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := w.runtime.Resume(ctx); err != nil {
		t.Fatal(err)
	}
	over := make(chan error, 1)
	go func() { over <- w.runtime.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-over })
	var ids atomic.Int32
	w.handler = stepfunctions.New(stepfunctions.Options{
		Runtime: runtime{w.runtime, w.index, w.more}, Machines: &machines{all: map[string]playbook.StateMachine{}}, Since: time.Unix(3, 0),
		Playbooks: func() map[string]*asl.Machine { return playbooks }, Mode: func() guard.Mode { return guard.Auto },
		Check: func(m *asl.Machine) error { return playbook.Check(m, actions{w.looked}, nil) },
		Caller: func(*http.Request) stepfunctions.Caller {
			return stepfunctions.Caller{Name: "ana", Account: "111122223333"}
		},
		NewID: func() string { return "id-" + strconv.Itoa(int(ids.Add(1))) }, Now: time.Now,
	})
	server := httptest.NewServer(w.handler)
	t.Cleanup(server.Close)
	w.url = server.URL
	// The SDK puts sync- before the host of some operations: it means this server too.
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
	}
	w.Client = sfn.New(sfn.Options{Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1, HTTPClient: &http.Client{Transport: &http.Transport{DialContext: dial}},
		Credentials: credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", "")})
	return w
}

const (
	arns = "arn:aws:states:us-east-1:000000000000:"
	role = "arn:aws:iam::111122223333:role/any"
)

func (w *world) create(name, definition string) {
	w.t.Helper()
	_, err := w.CreateStateMachine(w.t.Context(), &sfn.CreateStateMachineInput{Name: &name, Definition: &definition, RoleArn: aws.String(role)})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) begin(machine, name, input string) string {
	w.t.Helper()
	out, err := w.StartExecution(w.t.Context(), &sfn.StartExecutionInput{StateMachineArn: aws.String(arns + "stateMachine:" + machine), Name: &name, Input: &input})
	if err != nil {
		w.t.Fatal(err)
	}
	return *out.ExecutionArn
}

// ended waits for an execution that was started here and returns what is said of it.
func (w *world) ended(machine, name string) *sfn.DescribeExecutionOutput {
	w.t.Helper()
	if _, err := w.runtime.Wait(w.t.Context(), playbook.ID(playbook.StepFunctionsRule, "states:"+machine+":"+name)); err != nil {
		w.t.Fatal(err)
	}
	out, err := w.DescribeExecution(w.t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: aws.String(arns + "execution:" + machine + ":" + name)})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// want checks an error's name, "" for none.
func want(t *testing.T, err error, code string, texts ...string) {
	t.Helper()
	if code == "" {
		if err != nil {
			t.Error(err)
		}
		return
	}
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		t.Errorf("%v, want %s", err, code)
		return
	}
	for _, text := range texts {
		if !strings.Contains(api.ErrorMessage(), text) {
			t.Errorf("%q says nothing of %q", api.ErrorMessage(), text)
		}
	}
}

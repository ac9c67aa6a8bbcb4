package crash

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"riposte.dev/action"
	"riposte.dev/action/ticket/tickettest"
	"riposte.dev/playbook"
	"riposte.dev/sandbox"
	"riposte.dev/test/engine"
	"riposte.dev/test/stage"
)

const outsideRule = `id: outside
title: A trail was stopped
story: Somebody beyond AWS is to know of it, or to do something.
severity: HIGH
match:
  pattern: {source: [aws.cloudtrail], detail-type: [AWS API Call via CloudTrail], detail: {eventName: [StopLogging]}}
respond: {playbook: outside, mode: auto, input: {account: $.account, region: $.region}}
`

const outsidePlaybook = `StartAt: Reach
States:
  Reach:
    Type: Task
    Resource: riposte:action:%s
    Parameters: {account.$: $.account, region.$: $.region, %s}
    End: true
`

// outside is the story of one call that leaves riposte. The answer to it never comes: riposte is killed first.
type outside struct {
	*stage.Stage
	ctx    context.Context
	folder string
	jira   *tickettest.Jira
	engine *engine.Process
	door   *door
}

// door lets requests through to the tracker, or answers them as a webhook would; it holds the first that changes something.
type door struct {
	mu      sync.Mutex
	ids     []string // headers webhook-id
	held    bool
	reached chan struct{} // closed when a request is held
	open    chan struct{} // closed at the end
	tracker http.Handler
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	hook := r.URL.Path == "/hook"
	d.mu.Lock()
	hold := !d.held && (hook || r.Method == http.MethodPost && r.URL.Path == "/rest/api/3/issue")
	d.held = d.held || hold
	if hook {
		d.ids = append(d.ids, r.Header.Get("Webhook-Id"))
	}
	d.mu.Unlock()
	if !hook {
		if !hold {
			d.tracker.ServeHTTP(w, r)
			return
		}
		d.tracker.ServeHTTP(httptest.NewRecorder(), r) // it is done, and nobody hears of it
	}
	if hold {
		close(d.reached)
		<-d.open
	}
}

// SIGKILL after a call has reached what lies beyond AWS, before riposte hears of it: it is made again under the same id, and a ticket,
// which can be looked for, is not opened twice.
func TestSIGKILLWhileOtherSystemsAreReached(t *testing.T) {
	for name, tt := range map[string]struct {
		params string
		dies   func(*outside, *testing.T)
		ids    func(*outside, *testing.T) []string
		times  int
	}{
		"program.run":   {"program: block, input: {address: 203.0.113.7}", (*outside).programKills, (*outside).programIDs, 2},
		"lambda.invoke": {"function: told, payload: {address: 203.0.113.7}", (*outside).functionHolds, (*outside).functionIDs, 2},
		"webhook.send":  {"webhook: soc, data: {address: 203.0.113.7}", (*outside).doorHolds, (*outside).hookIDs, 2},
		"ticket.create": {"title: A trail was stopped", (*outside).doorHolds, (*outside).ticketLabels, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOutside(t, name, tt.params)
			o.engine = start(o.ctx, t, o.Stage, nil)
			tt.dies(o, t)
			o.engine = start(o.ctx, t, o.Stage, nil)
			var list []playbook.Summary
			if err := stage.Wait(o.ctx, "the execution", func() (bool, error) {
				list = executions(o.ctx, o.Stage)
				return len(list) > 0 && list[0].Status != playbook.Running, nil
			}); err != nil {
				t.Fatal(err)
			}
			if len(list) != 1 || list[0].Status != playbook.Succeeded || list[0].Items[action.Changed]+list[0].Items[action.Unneeded] != 1 {
				t.Errorf("the executions are %+v", list)
			}
			ids := tt.ids(o, t)
			if len(ids) != tt.times || ids[0] == "" || ids[0] != ids[len(ids)-1] {
				t.Errorf("it was reached with the ids %q, want %d times the same", ids, tt.times)
			}
		})
	}
}

func newOutside(t *testing.T, name, params string) *outside {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	o := &outside{ctx: ctx, folder: t.TempDir(), jira: tickettest.NewJira(t)}
	tracker, err := url.Parse(o.jira.URL)
	if err != nil {
		t.Fatal(err)
	}
	o.door = &door{reached: make(chan struct{}), open: make(chan struct{}), tracker: httputil.NewSingleHostReverseProxy(tracker)}
	server := httptest.NewServer(o.door)
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(o.door.open) })
	for file, text := range map[string]string{
		"rules.yaml": outsideRule, "playbooks/outside.yaml": fmt.Sprintf(outsidePlaybook, name, params),
		"block.sh": "#!/bin/sh\nread -r input\necho \"$input\" >>" + o.runs() + "\nif [ $(wc -l <" + o.runs() + ") = 1 ]; then kill -9 $PPID; fi\n",
	} {
		path := filepath.Join(o.folder, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil { //nolint:gosec // one of them is a program
			t.Fatal(err)
		}
	}
	// The first line goes on with the section notify of the stage.
	settings := fmt.Sprintf(`  webhooks: {soc: {url: "%[1]s/hook", allow_private: true, allow_plaintext: true}}
rules: {bundled: false, paths: [rules.yaml], playbooks: [playbooks]}
programs: {block: {path: %[2]q}}
tickets: {security: {kind: jira, url: %[1]q, user: %[3]q, token_file: %[4]q, project: %[5]s, allow_private: true}}
`, server.URL, filepath.Join(o.folder, "block.sh"), tickettest.User, tickettest.TokenFile(t), tickettest.Project)
	o.Stage, err = stage.New(ctx, stage.Options{Folder: o.folder, Settings: settings, Allow: "{actions: [" + name + "]}",
		Permissions: []string{"lambda:InvokeFunction", "lambda:GetFunctionConfiguration", "lambda:ListTags"}})
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	if err == nil {
		err = o.CreateBucket(ctx)
	}
	if err == nil {
		err = o.CreateTrail(ctx, stage.Region, trail)
	}
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *outside) runs() string { return filepath.Join(o.folder, "runs") }

// stops stops the trail, waits until what it starts is reached, and kills riposte.
func (o *outside) stops(t *testing.T, what string, reached func() bool) {
	t.Helper()
	if err := o.StopTrail(o.ctx, stage.Region, trail); err != nil {
		t.Fatal(err)
	}
	if err := stage.Wait(o.ctx, what, func() (bool, error) { return reached(), nil }); err != nil {
		t.Fatalf("%v; the executions are %+v", err, executions(o.ctx, o.Stage))
	}
	if o.engine.End(t, syscall.SIGKILL); !o.engine.Killed() {
		t.Fatalf("the engine ended by itself: %s", o.engine)
	}
}

func (o *outside) programKills(t *testing.T) { o.stops(t, "the program's kill", o.engine.Ended) }

func (o *outside) programIDs(t *testing.T) (ids []string) {
	text, err := os.ReadFile(o.runs())
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var in struct{ ID string }
		if err := json.Unmarshal([]byte(line), &in); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, in.ID)
	}
	return ids
}

func (o *outside) functionHolds(t *testing.T) {
	var archive bytes.Buffer
	if err := zip.NewWriter(&archive).Close(); err != nil {
		t.Fatal(err)
	}
	role, err := iam.NewFromConfig(o.As(o.Admin, "us-east-1")).CreateRole(o.ctx, &iam.CreateRoleInput{RoleName: aws.String("told"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}`)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lambda.NewFromConfig(o.As(o.Admin, stage.Region)).CreateFunction(o.ctx, &lambda.CreateFunctionInput{FunctionName: aws.String("told"),
		Runtime: "nodejs18.x", Role: role.Role.Arn, Handler: aws.String("index.handler"),
		Code: &lambdatypes.FunctionCode{ZipFile: archive.Bytes()}}); err != nil {
		t.Fatal(err)
	}
	o.Box.AddFault(sandbox.Fault{Match: sandbox.Match{Operation: "Invoke"}, Times: 1, After: true, Hold: o.door.open})
	o.stops(t, "the invocation", func() bool { return len(o.Calls("Invoke")) > 0 })
}

func (o *outside) functionIDs(t *testing.T) (ids []string) {
	for _, call := range o.Calls("Invoke") {
		var in struct{ ClientContext string }
		if err := json.Unmarshal(call.Params, &in); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, in.ClientContext)
	}
	return ids
}

func (o *outside) doorHolds(t *testing.T) {
	o.stops(t, "the request", func() bool {
		select {
		case <-o.door.reached:
			return true
		default:
			return false
		}
	})
}

func (o *outside) hookIDs(*testing.T) []string {
	o.door.mu.Lock()
	defer o.door.mu.Unlock()
	return slices.Clone(o.door.ids)
}

func (o *outside) ticketLabels(*testing.T) (labels []string) {
	for _, ticket := range o.jira.Tickets() {
		labels = append(labels, strings.Join(ticket.Labels, " "))
	}
	return labels
}

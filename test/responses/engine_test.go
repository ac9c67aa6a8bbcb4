package responses

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/app"
	"riposte.dev/cli"
	"riposte.dev/playbook"
	"riposte.dev/test/stage"
	"riposte.dev/web"
)

// Bounds on a test and on one response, on a busy machine too.
const (
	patience = 150 * time.Second
	answerIn = 30 * time.Second
)

// engine is a riposte on a stage.
type engine struct {
	*stage.Stage
	ctx    context.Context
	admin  aws.Config // of an administrator, in the stage's region
	client *cli.Client
	n      int             // names what is made
	agreed map[string]bool // approvals that were answered
}

// start sets the stage and starts riposte with its bundled rules.
func start(t *testing.T, settings string) *engine {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	e, folder := &engine{ctx: ctx, agreed: map[string]bool{}}, t.TempDir()
	list := filepath.Join(folder, "listed.txt")
	if err := os.WriteFile(list, []byte("203.0.113.0/24\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	e.Stage, err = stage.New(ctx, stage.Options{Folder: folder, Settings: settings + "threat_lists: [{name: listed, path: listed.txt}]\n", Unlimited: true, Permissions: []string{"*"}})
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	if err == nil {
		err = e.CreateBucket(ctx)
	}
	if err != nil {
		t.Fatal(err)
	}
	e.admin = e.As(e.Admin, stage.Region)
	config, err := app.LoadConfig(e.Config)
	if err != nil {
		t.Fatal(err)
	}
	running, err := app.Start(ctx, app.Options{Config: config, Data: e.Data, Version: "test", Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err = e.Ready(ctx); err == nil {
		e.client, err = cli.Connect(e.Data)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// name is one that nothing else has.
func (e *engine) name(of string) string {
	e.n++
	return fmt.Sprintf("%s-%d", of, e.n)
}

// tell posts an event of AWS that the sandbox does not send by itself. detail is JSON.
func (e *engine) tell(source, detailType, detail string) error {
	e.n++
	return e.Post(e.ctx, http.DefaultClient, fmt.Appendf(nil, `{"version":"0","id":"00000000-0000-4000-8000-%012d","source":%q,"detail-type":%q,
		"account":%q,"region":%q,"time":%q,"resources":[],"detail":%s}`, e.n, source, detailType, stage.Account, stage.Region,
		time.Now().UTC().Format(time.RFC3339), detail))
}

func (e *engine) call(method, path string, query url.Values, in, out any) error {
	return e.client.Call(e.ctx, method, path, query, in, out)
}

// answer waits until a rule's response about a resource has ended, agreeing to what it asks.
func (e *engine) answer(rule, mentions string) (v playbook.View, err error) {
	ctx, cancel := context.WithTimeout(e.ctx, answerIn)
	defer cancel()
	err = stage.Wait(ctx, "the response of "+rule, func() (bool, error) {
		if err := e.agree(); err != nil {
			return false, err
		}
		var list []playbook.Summary
		if err := e.call(http.MethodGet, "/api/v1/executions", url.Values{"rule": {rule}}, nil, &list); err != nil {
			return false, err
		}
		for _, s := range list {
			if err := e.call(http.MethodGet, "/api/v1/executions/"+s.ID, nil, nil, &v); err != nil {
				return false, err
			}
			if strings.Contains(string(v.Start.Input), mentions) {
				return v.Status == playbook.Succeeded || v.Status == playbook.Failed, nil
			}
		}
		return false, nil
	})
	if err == nil && v.Status != playbook.Succeeded {
		err = fmt.Errorf("the response ended %s: %s: %s", v.Status, v.Error, v.Why)
	}
	return v, err
}

// agree approves whatever people are asked.
func (e *engine) agree() error {
	var open []playbook.Approval
	err := e.call(http.MethodGet, "/api/v1/approvals", nil, nil, &open)
	for _, a := range open {
		if e.agreed[a.ID] {
			continue
		}
		e.agreed[a.ID] = true
		err = errors.Join(err, e.call(http.MethodPost, "/api/v1/approvals/"+url.PathEscape(a.ID), nil, web.AnswerRequest{Hash: a.Hash, Approve: true}, nil))
	}
	return err
}

// undo takes back what an execution did.
func (e *engine) undo(id string) error {
	var undone playbook.Undone
	err := e.call(http.MethodPost, "/api/v1/executions/"+id+"/undo", nil, json.RawMessage(`{}`), &undone)
	if err == nil && undone.Status != playbook.Succeeded {
		err = fmt.Errorf("the undo ended %s", undone.Status)
	}
	return err
}

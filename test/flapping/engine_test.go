package flapping

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"riposte.dev/app"
	"riposte.dev/cli"
	"riposte.dev/finding"
	"riposte.dev/playbook"
	"riposte.dev/test/stage"
)

// patience is how long a test may take on a busy machine.
const patience = 2 * time.Minute

const trail = "audit"

// own is a project's own rule, which contains without asking.
const own = `id: trail-stopped
title: CloudTrail logging was stopped
story: It is started again, and who goes on stopping it is contained.
severity: HIGH
match: {pattern: {source: [aws.cloudtrail], detail-type: [AWS API Call via CloudTrail], detail: {eventName: [StopLogging]}}}
finding: {type: TTPs/Defense Evasion, title: "${who} stopped ${detail.requestParameters.name}"}
respond:
  playbook: restart-trail
  mode: auto
  input: {account: $.account, region: $.region, trail: $.detail.requestParameters.name}
  cooldown: 1s
  escalate:
    times: 3
    within: 10m
    playbook: contain-principal
    mode: auto
    input: {account: $.account, region: $.region, identity: $.detail.userIdentity}
notify: [secops]
`

// engine is a riposte on a stage with a trail that logs.
type engine struct {
	*stage.Stage
	ctx   context.Context
	app   *app.App
	ahead atomic.Int64 // of riposte's clock, ns
}

// start sets the stage and starts riposte on it. The settings are added to the configuration; it may name the project's own
// rule as rules.yaml.
func start(t *testing.T, settings string) *engine {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "rules.yaml"), []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := stage.New(ctx, stage.Options{Folder: folder, Settings: settings, Permissions: []string{
		"iam:GetUser", "iam:GetAccessKeyLastUsed", "iam:ListAccessKeys", "iam:UpdateAccessKey",
		"iam:GetRole", "iam:GetRolePolicy", "iam:PutRolePolicy", "iam:DeleteRolePolicy"}})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err == nil {
		err = s.CreateBucket(ctx)
	}
	if err == nil {
		err = s.CreateTrail(ctx, stage.Region, trail)
	}
	if err != nil {
		t.Fatal(err)
	}
	e := &engine{Stage: s, ctx: ctx}
	e.run(t)
	t.Cleanup(func() { e.stop(t) })
	return e
}

// run starts riposte on what is there.
func (e *engine) run(t *testing.T) {
	t.Helper()
	config, err := app.LoadConfig(e.Config)
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	if e.app, err = app.Start(e.ctx, app.Options{Config: config, Data: e.Data, Version: "test", Logger: logger,
		Now: func() time.Time { return time.Now().Add(time.Duration(e.ahead.Load())) }}); err != nil {
		t.Fatal(err)
	}
	if err := e.Ready(e.ctx); err != nil {
		t.Fatal(err)
	}
}

func (e *engine) stop(t *testing.T) {
	t.Helper()
	if err := e.app.Stop(); err != nil {
		t.Error(err)
	}
}

func (e *engine) ask(t *testing.T, path string, out any) {
	t.Helper()
	client, err := cli.Connect(e.Data)
	if err == nil {
		err = client.Call(e.ctx, http.MethodGet, path, url.Values{"limit": {"1000"}}, nil, out)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// executions lists what a rule started, or ("") every rule.
func (e *engine) executions(t *testing.T, rule string) (list []playbook.Summary) {
	t.Helper()
	var all []playbook.Summary
	e.ask(t, "/api/v1/executions", &all)
	for _, s := range all {
		if rule == "" || s.Rule == rule {
			list = append(list, s)
		}
	}
	return list
}

// findings lists the findings of a rule.
func (e *engine) findings(t *testing.T, rule string) (list []finding.Finding) {
	t.Helper()
	var page finding.Page
	e.ask(t, "/api/v1/findings", &page)
	for _, r := range page.Records {
		if r.Finding.Rule() == rule {
			list = append(list, r.Finding)
		}
	}
	return list
}

// eventually waits until something holds.
func (e *engine) eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	if err := stage.Wait(e.ctx, what, func() (bool, error) { return holds(), nil }); err != nil {
		t.Fatalf("%v; the executions: %+v", err, e.executions(t, ""))
	}
}

// settled waits until the trail logs and no execution goes on.
func (e *engine) settled(t *testing.T) {
	t.Helper()
	e.eventually(t, "the trail to log and everything to end", func() bool {
		for _, s := range e.executions(t, "") {
			if s.Status == playbook.Running {
				return false
			}
		}
		on, err := e.Logging(e.ctx, stage.Region, trail)
		return err == nil && on
	})
}

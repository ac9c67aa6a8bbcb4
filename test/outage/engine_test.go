package outage

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"riposte.dev/app"
	"riposte.dev/cli"
	"riposte.dev/finding"
	"riposte.dev/web"
)

// rule raises a finding for each event of the shop, and for each launch and each new topic in CloudTrail's log files.
// The other restarts a trail that was stopped.
const rule = `id: told
title: Something happened
story: Each event has a finding of its own. It is compared with what was sent.
severity: LOW
match:
  patterns:
    - {source: [shop], detail-type: [order]}
    - {detail-type: [AWS API Call via CloudTrail], detail: {eventName: [RunInstances, CreateTopic]}}
finding: {type: Unusual Behaviors/Application, title: "${detail.eventID ?? id}"}
---
id: trail-stopped
title: CloudTrail logging was stopped
story: It is started again.
severity: HIGH
match: {pattern: {source: [aws.cloudtrail], detail-type: [AWS API Call via CloudTrail], detail: {eventName: [StopLogging]}}}
respond:
  playbook: restart-trail
  mode: auto
  input: {account: $.account, region: $.region, trail: $.detail.requestParameters.name}
`

// configuration is riposte.yaml; what a test adds follows it.
const configuration = `server: {listen: "127.0.0.1:0"}
mode: auto
guard: {allow: [{accounts: ["*"]}]}
rules: {bundled: false, paths: [rule.yaml]}
aws: {region: %s, endpoint: %q, access_key_id: %s, secret_access_key: %s}
notify: {routes: {secops: {channels: [log]}}}
%s
`

// plenty is more than the disk reserve, which is 1 GiB where the configuration says nothing.
const plenty = 100 << 30

// engine is a riposte on a data folder.
type engine struct {
	data, config string
	clock        *clock
	free         atomic.Uint64 // bytes of its disk
	app          *app.App      // nil in a process of its own
}

// prepare writes the configuration of an engine.
func (w *world) prepare(t *testing.T, settings string) *engine {
	t.Helper()
	folder := t.TempDir()
	e := &engine{clock: w.clock, data: filepath.Join(folder, "data"), config: filepath.Join(folder, "riposte.yaml")}
	e.free.Store(plenty)
	for path, text := range map[string]string{
		e.config:                           fmt.Sprintf(configuration, region, w.url, w.keys.AccessKeyID, w.keys.SecretAccessKey, settings),
		filepath.Join(folder, "rule.yaml"): rule,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

// start starts an engine in this process and waits until it handles events.
func (w *world) start(t *testing.T, settings string) *engine {
	t.Helper()
	e := w.prepare(t, settings)
	config, err := app.LoadConfig(e.config)
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	if e.app, err = app.Start(t.Context(), app.Options{Config: config, Data: e.data, Version: "test", Logger: logger, Now: e.clock.Now,
		FreeSpace: func(string) (uint64, error) { return e.free.Load(), nil }}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.app.Stop(); err != nil {
			t.Error(err)
		}
		select {
		case err := <-e.app.Failed():
			t.Errorf("riposte ended by itself: %v", err)
		default:
		}
	})
	eventually(t, "riposte is ready", func() bool { return e.state(t).Ready })
	return e
}

// sources is the part of a configuration that names queues and buckets.
func sources(queues []*queue, buckets ...string) string {
	var b strings.Builder
	b.WriteString("sources:\n  sqs:\n")
	for _, q := range queues {
		fmt.Fprintf(&b, "    - %s\n", q.source())
	}
	if len(buckets) > 0 {
		b.WriteString("  buckets:\n")
	}
	for _, name := range buckets {
		fmt.Fprintf(&b, "    - {name: %s, owner: %q, region: %s}\n", name, account, region)
	}
	return b.String()
}

// state is what /readyz answers; nothing while riposte does not.
func (e *engine) state(t *testing.T) (r web.Readiness) {
	t.Helper()
	address, err := e.address()
	if err != nil {
		return r
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address.URL+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return r
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&r); err != nil {
		t.Fatal(err)
	}
	if r.Ready != (resp.StatusCode == http.StatusOK) || !r.Ready && resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("/readyz answers %s where ready is %t", resp.Status, r.Ready)
	}
	return r
}

func (e *engine) addressFile() string { return filepath.Join(e.data, cli.AddressFile) }

func (e *engine) address() (a cli.Address, err error) {
	raw, err := os.ReadFile(e.addressFile())
	if err != nil {
		return a, err
	}
	return a, json.Unmarshal(raw, &a)
}

// trouble waits until /readyz tells of a problem with a part, and returns it.
func (e *engine) trouble(t *testing.T, part string) (text string) {
	t.Helper()
	eventually(t, part+" is in trouble", func() bool {
		text = e.state(t).Parts[part]
		return text != "" && text != "ok"
	})
	return text
}

// well waits until /readyz has nothing to tell.
func (e *engine) well(t *testing.T) {
	t.Helper()
	var last web.Readiness
	eventually(t, "all is well again", func() bool {
		last = e.state(t)
		for _, text := range last.Parts {
			if text != "ok" {
				return false
			}
		}
		return last.Ready
	})
}

// ask calls the API.
func (e *engine) ask(ctx context.Context, path string, query url.Values, out any) error {
	client, err := cli.Connect(e.data)
	if err != nil {
		return err
	}
	return client.Call(ctx, http.MethodGet, path, query, nil, out)
}

// post sends an event of the shop as an API destination does.
func (e *engine) post(ctx context.Context, id string) error {
	client, err := cli.Connect(e.data)
	if err != nil {
		return err
	}
	return client.Call(ctx, http.MethodPost, "/events", nil, json.RawMessage(`{"version":"0","id":"`+id+`","source":"shop","detail-type":"order",
		"account":"`+account+`","region":"`+region+`","time":"`+e.clock.Now().UTC().Format(time.RFC3339)+`","resources":[],"detail":{}}`), nil)
}

// found counts the findings by the ids of their events.
func (e *engine) found(t *testing.T) (map[string]int, error) {
	t.Helper()
	count := map[string]int{}
	query := url.Values{"limit": {"1000"}}
	for {
		var page finding.Page
		if err := e.ask(t.Context(), "/api/v1/findings", query, &page); err != nil {
			return nil, err
		}
		for _, r := range page.Records {
			count[r.Finding.Title]++
		}
		if page.Next == "" {
			return count, nil
		}
		query.Set("after", page.Next)
	}
}

// letters lists the dead letters' reasons by key.
func (e *engine) letters(t *testing.T) map[string]string {
	t.Helper()
	var list []web.DeadLetter
	if err := e.ask(t.Context(), "/api/v1/dead-letters", nil, &list); err != nil {
		t.Fatal(err)
	}
	reasons := map[string]string{}
	for _, l := range list {
		if reasons[l.Key] != "" {
			t.Errorf("%s is buried twice", l.Key)
		}
		reasons[l.Key] = l.Reason
	}
	return reasons
}

// expect waits until every event that was sent is found, and sees that each is there once, by one of the engines, that no
// other is there, and that nothing was buried.
func expect(t *testing.T, sent []string, engines ...*engine) {
	t.Helper()
	findOnce(t, sent, nil, engines...)
	for _, e := range engines {
		if letters := e.letters(t); len(letters) > 0 {
			t.Errorf("dead letters: %v", letters)
		}
	}
}

// findOnce is expect where something was buried, of which a part may be found.
func findOnce(t *testing.T, sent, maybe []string, engines ...*engine) {
	t.Helper()
	var all map[string]int
	eventually(t, fmt.Sprintf("%d events are found", len(sent)), func() bool {
		all = map[string]int{}
		for _, e := range engines {
			found, err := e.found(t)
			if err != nil {
				return false // it is on its way down or up
			}
			for id, n := range found {
				all[id] += n
			}
		}
		return !slices.ContainsFunc(sent, func(id string) bool { return all[id] == 0 })
	})
	for id, n := range all {
		if n > 1 {
			t.Errorf("the event %s is found %d times", id, n)
		}
		if !slices.Contains(sent, id) && !slices.Contains(maybe, id) {
			t.Errorf("the event %s is found, and was not sent", id)
		}
	}
}

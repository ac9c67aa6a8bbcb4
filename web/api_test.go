package web

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"riposte.dev/asl"
	"riposte.dev/bus"
	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/finding"
	"riposte.dev/guard"
	"riposte.dev/notify"
	"riposte.dev/playbook"
	"riposte.dev/store"
)

// backend is everything behind the surface; it remembers what it was asked.
type backend struct {
	findings   finding.Filter
	executions playbook.Filter
	stopped    string
	undo       playbook.UndoOptions
	signal     playbook.Signal
	update     finding.Update
	product    string
	exception  guard.Exception
	key        NewKey
	letters    struct {
		source string
		after  uint64
		limit  int
	}
	by  string // who did the last change
	id  string // of what was asked for by id
	err error  // what every call answers
}

type findingsBackend struct{ *backend }

func (b findingsBackend) List(_ context.Context, f finding.Filter) (finding.Page, error) {
	b.findings = f
	return finding.Page{}, b.err
}

func (b findingsBackend) Get(_ context.Context, key finding.Key) (finding.Record, error) {
	b.id, b.product = key.ID, key.ProductArn
	return finding.Record{}, b.err
}

func (b findingsBackend) Update(_ context.Context, key finding.Key, u finding.Update) (finding.Record, error) {
	b.id, b.product, b.update, b.by = key.ID, key.ProductArn, u, u.By
	return finding.Record{}, b.err
}

type executionsBackend struct{ *backend }

func (b executionsBackend) List(_ context.Context, f playbook.Filter) ([]playbook.Summary, error) {
	b.executions = f
	return nil, b.err
}

func (b executionsBackend) Get(_ context.Context, id string) (playbook.View, error) {
	b.id = id
	return playbook.View{ID: id}, b.err
}

func (b executionsBackend) Undo(_ context.Context, id string, o playbook.UndoOptions) (playbook.Undone, error) {
	b.id, b.undo, b.by = id, o, o.By
	return playbook.Undone{}, b.err
}

func (b executionsBackend) Signal(_ context.Context, s playbook.Signal) error {
	b.signal, b.by = s, s.By
	return b.err
}

func (b executionsBackend) History(_ context.Context, id string) ([]asl.HistoryEvent, error) {
	b.id = id
	return []asl.HistoryEvent{{ID: 1, Type: asl.ExecutionStarted}}, b.err
}

func (b executionsBackend) Stop(_ context.Context, id, name, cause, by string) error {
	b.id, b.stopped, b.by = id, name+": "+cause, by
	return b.err
}

func (b executionsBackend) Redrive(_ context.Context, id, by string) error {
	b.id, b.by = id, by
	return b.err
}

func (b *backend) Active(context.Context, time.Time) ([]guard.Exception, error) { return nil, b.err }

func (b *backend) History(context.Context) ([]store.ExceptionRecord, error) {
	return []store.ExceptionRecord{{Exception: guard.Exception{ID: "ex-ended"}, RemovedBy: "ops"}}, b.err
}

func (b *backend) Exception(_ context.Context, id string) (store.ExceptionRecord, error) {
	return store.ExceptionRecord{Exception: guard.Exception{ID: id}}, b.err
}

func (b *backend) AddException(_ context.Context, e guard.Exception, by string) (guard.Exception, error) {
	b.exception, b.by = e, by
	return e, b.err
}

func (b *backend) RemoveException(_ context.Context, id, by string) error {
	b.id, b.by = id, by
	return b.err
}

func (b *backend) CreateKey(_ context.Context, k NewKey, by string) (CreatedKey, error) {
	b.key, b.by = k, by
	return CreatedKey{KeyInfo: KeyInfo{ID: "RIPONEW"}, Secret: "shown-once"}, b.err
}

func (b *backend) ListKeys(context.Context) ([]KeyInfo, error) { return nil, b.err }

func (b *backend) RevokeKey(_ context.Context, id, by string) error {
	b.id, b.by = id, by
	return b.err
}

func (b *backend) DeadLetters(_ context.Context, source string, after uint64, limit int) ([]bus.DeadLetter, error) {
	b.letters.source, b.letters.after, b.letters.limit = source, after, limit
	list := []bus.DeadLetter{}
	for seq := max(after+1, 7); seq < 12 && len(list) < limit; seq++ {
		at := time.Date(2026, 3, 1, int(seq), 0, 0, 0, time.UTC)
		list = append(list, bus.DeadLetter{Seq: seq, Time: at, Source: source, Reason: "no JSON", Data: []byte("a secret"), Size: 8})
	}
	return list, b.err
}

var (
	_ Findings    = findingsBackend{}
	_ Executions  = executionsBackend{}
	_ Exceptions  = (*backend)(nil)
	_ KeyStore    = (*backend)(nil)
	_ DeadLetters = (*backend)(nil)
)

// serve runs the surface over a real connection.
func serve(t *testing.T, b *backend, watch Watch) string {
	t.Helper()
	s := testServer()
	s.Findings, s.Executions = findingsBackend{b}, executionsBackend{b}
	s.Exceptions, s.KeyStore, s.Dead, s.Watch = b, b, b, watch
	s.Rules = func() []Rule { return []Rule{{ID: "r", Severity: "HIGH"}} }
	s.Told = func(_ context.Context, execution string) ([]notify.Entry, error) {
		return []notify.Entry{{Execution: execution, Channel: "mail"}}, nil
	}
	return listen(t, s)
}

func listen(t *testing.T, s *Server) string {
	t.Helper()
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return server.URL
}

// ask sends a request with a key and returns status and body.
func ask(t *testing.T, method, url, key, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return send(t, req, key)
}

// send sends a request with a key and returns status and body.
func send(t *testing.T, req *http.Request, key string) (int, string) {
	t.Helper()
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(raw)
}

const (
	owner  = "owner-of-the-folder"
	reader = "RIPOREADER:s3cret"
	sender = "RIPOSENDER:s3cret"
)

func TestEveryRouteNeedsItsRole(t *testing.T) {
	tests := []struct {
		method, path, body string
		reader             int // status for a key with the role read
	}{
		{"GET", "/api/v1/findings", "", 200},
		{"GET", "/api/v1/findings/a/b", "", 200},
		{"PATCH", "/api/v1/findings/a/b", `{"note":"seen"}`, 403},
		{"GET", "/api/v1/rules", "", 200},
		{"GET", "/api/v1/executions", "", 200},
		{"GET", "/api/v1/executions/e1", "", 200},
		{"POST", "/api/v1/executions/e1/undo", "{}", 403},
		{"POST", "/api/v1/signals", `{"token":"t","heartbeat":true}`, 403},
		{"GET", "/api/v1/executions/e1/history", "", 200},
		{"POST", "/api/v1/executions/e1/stop", "{}", 403},
		{"POST", "/api/v1/executions/e1/redrive", "{}", 403},
		{"GET", "/api/v1/exceptions", "", 200},
		{"GET", "/api/v1/exceptions/x", "", 200},
		{"POST", "/api/v1/exceptions", "{}", 403},
		{"DELETE", "/api/v1/exceptions/x", "", 403},
		{"GET", "/api/v1/keys", "", 403},
		{"POST", "/api/v1/keys", `{"account":"111122223333","roles":["ingest"]}`, 403},
		{"DELETE", "/api/v1/keys/k", "", 403},
		{"GET", "/api/v1/dead-letters", "", 200},
	}
	url := serve(t, &backend{}, nil)
	for _, tt := range tests {
		for key, want := range map[string]int{owner: 200, reader: tt.reader, sender: 403, "RIPOREADER:guess": 403, "": 403} {
			if status, body := ask(t, tt.method, url+tt.path, key, tt.body); status != want {
				t.Errorf("%s %s by %q: %d %s, want %d", tt.method, tt.path, key, status, body, want)
			}
		}
	}
}

func TestFiltersReachTheHubAndTheIndex(t *testing.T) {
	b := &backend{}
	url := serve(t, b, nil)
	status, body := ask(t, "GET", url+"/api/v1/findings?severity=HIGH&severity=CRITICAL&type=TTPs&account=1&rule=r&text=x&workflow=NEW&since=2026-03-01T00:00:00Z&until=2026-03-02T00:00:00Z&limit=5&after=c", owner, "")
	if status != http.StatusOK || !strings.Contains(strings.ToLower(body), `"records":[]`) {
		t.Errorf("answer %d %s, want an empty list", status, body)
	}
	f := b.findings
	if len(f.Severity) != 2 || f.Type != "TTPs" || f.Account != "1" || f.Rule != "r" || f.Text != "x" || f.Workflow[0] != "NEW" || f.Limit != 5 || f.After != "c" || f.Until.Day() != 2 ||
		!f.Since.Equal(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("filter %+v", f)
	}
	if status, body = ask(t, "GET", url+"/api/v1/executions?status=FAILED&playbook=p&cause=c&resource=arn&until=2026-03-02T00:00:00Z&limit=3", owner, ""); status != http.StatusOK || body != "[]" {
		t.Errorf("answer %d %s", status, body)
	}
	if e := b.executions; e.Status != "FAILED" || e.Playbook != "p" || e.Cause != event.Cause("c") || e.Resource != "arn" || e.Limit != 3 || e.Until.Day() != 2 {
		t.Errorf("filter %+v", e)
	}
	for _, query := range []string{"findings?since=yesterday", "executions?limit=0", "executions?limit=many", "dead-letters?after=-1",
		"findings?severity=HIHG", "findings?workflow=DONE", "findings?state=GONE", "findings?until=later", "executions?status=DONE", "executions?until=later", "watch?since=soon"} {
		if status, body := ask(t, "GET", url+"/api/v1/"+query, owner, ""); status != http.StatusBadRequest || !strings.Contains(body, `"code":"invalid"`) {
			t.Errorf("%s: %d %s", query, status, body)
		}
	}
}

func TestChangesNameWhoMadeThem(t *testing.T) {
	b := &backend{}
	url := serve(t, b, nil)
	steps := []struct { // by "local", the owner of the folder
		method, path, body string
		check              func() bool
	}{
		{"POST", "/api/v1/executions/e1/stop", `{"error":"Mistaken","cause":"the wrong account"}`, func() bool { return b.id == "e1" && b.stopped == "Mistaken: the wrong account" }},
		{"POST", "/api/v1/executions/e2/redrive", `{}`, func() bool { return b.id == "e2" && b.by != "" }},
		{"POST", "/api/v1/executions/e1/undo", `{"step":"Restart","dry_run":true}`, func() bool { return b.id == "e1" && b.undo.Step == "Restart" && b.undo.DryRun }},
		{"POST", "/api/v1/signals", `{"token":"t","output":{"a":1}}`, func() bool { return b.signal.Token == "t" && string(b.signal.Output) == `{"a":1}` && !b.signal.Failed }},
		{"POST", "/api/v1/signals", `{"token":"t","error":"E","cause":"c"}`, func() bool { return b.signal.Failed && b.signal.Error == "E" && b.signal.Cause == "c" }},
		{"POST", "/api/v1/signals", `{"token":"t","heartbeat":true}`, func() bool { return b.signal.Beat && !b.signal.Failed }},
		{"POST", "/api/v1/exceptions", `{"resource":"arn:*","owner":"ops","reason":"test"}`, func() bool { return b.exception.Resource == "arn:*" && b.exception.Owner == "ops" }},
		{"PATCH", "/api/v1/findings/a/b?product=arn", `{"workflow":"RESOLVED","severity":"LOW","verification":"FALSE_POSITIVE","note":"seen"}`, func() bool {
			return b.id == "a/b" && b.product == "arn" && b.update.Workflow == "RESOLVED" && b.update.Severity == "LOW" &&
				b.update.VerificationState == "FALSE_POSITIVE" && b.update.Note == "seen"
		}},
		{"DELETE", "/api/v1/exceptions/x-1", "", func() bool { return b.id == "x-1" }},
		{"POST", "/api/v1/keys", `{"account":"111122223333","roles":["ingest","read"],"speaks_for_aws":true}`, func() bool { return b.key.SpeaksForAWS && len(b.key.Roles) == 2 }},
		{"DELETE", "/api/v1/keys/RIPOOLD", "", func() bool { return b.id == "RIPOOLD" }},
	}
	for _, s := range steps {
		b.by = ""
		if status, body := ask(t, s.method, url+s.path, owner, s.body); status != http.StatusOK || !s.check() || b.by != "local" {
			t.Errorf("%s %s: %d %s; backend %+v", s.method, s.path, status, body, b)
		}
	}
}

func TestBadBodiesAreRefusedBeforeAnythingIsDone(t *testing.T) {
	b := &backend{}
	url := serve(t, b, nil)
	tests := []struct {
		path, body string
		status     int
		say        string
	}{
		{"/api/v1/keys", `{"account":"42","roles":["ingest"]}`, 400, "12 digits"},
		{"/api/v1/keys", `{"account":"11112222333x","roles":["ingest"]}`, 400, "12 digits"},
		{"/api/v1/keys", `{"account":"111122223333","roles":["king"]}`, 400, "use ingest, read, respond, approve or admin"},
		{"/api/v1/keys", `{"account":"111122223333"}`, 400, "--role ingest"},
		{"/api/v1/keys", `{"account":"111122223333","roles":["read","approve"]}`, 400, "--name ana"},
		{"/api/v1/keys", `{"name":"local","account":"111122223333","roles":["approve"]}`, 400, "calls itself"},
		{"/api/v1/keys", `{"name":"riposte","account":"111122223333","roles":["approve"]}`, 400, "calls itself"},
		{"/api/v1/keys", `{"name":"RIPOANA","account":"111122223333","roles":["approve"]}`, 400, "small letters"},
		{"/api/v1/keys", `{"acount":"111122223333"}`, 400, "acount"},
		{"/api/v1/keys", `{`, 400, "not the JSON that is expected"},
		{"/api/v1/exceptions", `{"resource":"` + strings.Repeat("x", maxJSONBody) + `"}`, 413, "more than"},
	}
	for _, tt := range tests {
		if status, body := ask(t, "POST", url+tt.path, owner, tt.body); status != tt.status || !strings.Contains(body, tt.say) {
			t.Errorf("%s %.60s: %d %s, want %d with %q", tt.path, tt.body, status, body, tt.status, tt.say)
		}
	}
	if b.by != "" {
		t.Errorf("something was done: %+v", b)
	}
}

func TestFaultsBecomeStatuses(t *testing.T) {
	tests := []struct {
		err    error
		status int
		say    string
	}{
		{fault.New(fault.NotFound, "there is no execution e1").WithHint("list them"), 404, `"hint":"list them"`},
		{fault.New(fault.Conflict, "it runs"), 409, "it runs"},
		{fault.New(fault.Throttled, "slowly"), 429, "slowly"},
		{fault.New(fault.Unavailable, "no disk"), 503, "no disk"},
		{fault.New(fault.Timeout, "too long"), 504, "too long"},
		{errors.New("dial tcp 10.0.0.1: password is hunter2"), 500, "see the log of riposte"},
	}
	for _, tt := range tests {
		url := serve(t, &backend{err: tt.err}, nil)
		status, body := ask(t, "GET", url+"/api/v1/executions/e1", owner, "")
		if status != tt.status || !strings.Contains(body, tt.say) || strings.Contains(body, "hunter2") {
			t.Errorf("%v: %d %s, want %d with %q", tt.err, status, body, tt.status, tt.say)
		}
	}
}

func TestDeadLettersDoNotShowTheirData(t *testing.T) {
	b := &backend{}
	status, body := ask(t, "GET", serve(t, b, nil)+"/api/v1/dead-letters?source=intake&after=6&limit=2", reader, "")
	if status != http.StatusOK || !strings.Contains(body, `"seq":7`) || !strings.Contains(body, `"size":8`) || strings.Contains(body, "secret") {
		t.Errorf("answer %d %s", status, body)
	}
	if b.letters.source != "intake" || b.letters.after != 6 || b.letters.limit != 2 {
		t.Errorf("asked for %+v", b.letters)
	}
}

func TestDeadLettersSinceAreFoundBehindOlderOnes(t *testing.T) {
	status, body := ask(t, "GET", serve(t, &backend{}, nil)+"/api/v1/dead-letters?since=2026-03-01T10:00:00Z&limit=1", reader, "")
	if status != http.StatusOK || !strings.Contains(body, `"seq":10`) || strings.Count(body, "seq") != 1 {
		t.Errorf("answer %d %s, want the first letter of ten o'clock or later", status, body)
	}
}

func TestEndedExceptionsAndWhoWasToldAreShown(t *testing.T) {
	url := serve(t, &backend{}, nil)
	for path, want := range map[string]string{
		"exceptions":          "[]",
		"exceptions?all=true": `"removed_by":"ops"`,
		"exceptions/ex-1":     `"id":"ex-1"`,
		"executions/e1":       `"told":[{"message":"","channel":"mail"`,
		"rules":               `"id":"r"`,
	} {
		if status, body := ask(t, "GET", url+"/api/v1/"+path, reader, ""); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s, want %s", path, status, body, want)
		}
	}
}

func TestUpdatesOfFindingsAreChecked(t *testing.T) {
	b := &backend{}
	url := serve(t, b, nil) + "/api/v1/findings/f1"
	for body, want := range map[string]string{
		`{}`:                       "nothing is to be changed",
		`{"workflow":"DONE"}`:      "use NEW, NOTIFIED, RESOLVED, SUPPRESSED",
		`{"severity":"BAD"}`:       "use CRITICAL, HIGH",
		`{"verification":"MAYBE"}`: "use UNKNOWN, TRUE_POSITIVE",
		`{"title":"other"}`:        "title",
	} {
		if status, answer := ask(t, "PATCH", url, owner, body); status != http.StatusBadRequest || !strings.Contains(answer, want) || b.id != "" {
			t.Errorf("%s: %d %s, want %q", body, status, answer, want)
		}
	}
}

func TestWatchStreamsLinesUntilTheWatcherLeaves(t *testing.T) {
	lines, left := make(chan Line), make(chan error, 1)
	url := serve(t, &backend{}, func(ctx context.Context, from From) <-chan Line {
		if !from.Since.Equal(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)) || from.After != "epoch-7" {
			t.Errorf("lines from %+v", from)
		}
		context.AfterFunc(ctx, func() { left <- ctx.Err() })
		return lines
	})
	ctx, leave := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/v1/watch?since=2026-03-01T00:00:00Z&after=epoch-7", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+reader)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	in := bufio.NewReader(resp.Body)
	for _, text := range []string{"first", "second"} {
		lines <- Line{Kind: "match", Rule: "r", Text: text} // each arrives before the next is sent
		raw, err := in.ReadBytes('\n')
		if err != nil {
			t.Fatal(err)
		}
		var got Line
		if err := json.Unmarshal(raw, &got); err != nil || got.Text != text || got.Rule != "r" {
			t.Errorf("line %s, error %v", raw, err)
		}
	}
	leave()
	select {
	case err := <-left:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the watch ended by %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Error("the watch goes on without a watcher")
	}
}

func TestWatchEndsWithRiposte(t *testing.T) {
	closed := make(chan Line)
	close(closed)
	status, body := ask(t, "GET", serve(t, &backend{}, func(context.Context, From) <-chan Line { return closed })+"/api/v1/watch", reader, "")
	if status != http.StatusOK || body != "" {
		t.Errorf("answer %d %q", status, body)
	}
}

func TestReadinessIsAStatus(t *testing.T) {
	for ready, want := range map[bool]int{true: http.StatusOK, false: http.StatusServiceUnavailable} {
		s := testServer()
		s.Ready = func(context.Context) Readiness {
			return Readiness{Ready: ready, Parts: map[string]string{"aws": "no route to host"}}
		}
		server := httptest.NewServer(s.Handler())
		status, body := ask(t, "GET", server.URL+"/readyz", "", "")
		server.Close()
		if status != want || !strings.Contains(body, "no route to host") {
			t.Errorf("ready %v: %d %s", ready, status, body)
		}
	}
}

package web

import (
	"context"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"riposte.dev/audit"
	"riposte.dev/fault"
)

// auditBackend has two records, and then an error if it is to have one.
type auditBackend struct {
	filter audit.Filter
	since  time.Time
	err    error
}

func (b *auditBackend) records() []audit.Record {
	one := audit.Head{}.Next(audit.Entry{Time: testTime, Kind: audit.Pause, Actor: "ana", Text: "<paused>"})
	return []audit.Record{one, one.Head().Next(audit.Entry{Time: testTime, Kind: audit.Pause, Actor: "ben", Text: "resumed"})}
}

func (b *auditBackend) List(_ context.Context, f audit.Filter) ([]audit.Record, error) {
	b.filter = f
	return nil, b.err
}

func (b *auditBackend) Since(_ context.Context, since time.Time) iter.Seq2[audit.Record, error] {
	b.since = since
	return func(yield func(audit.Record, error) bool) {
		for _, r := range b.records() {
			if !yield(r, nil) {
				return
			}
		}
		if b.err != nil {
			yield(audit.Record{}, b.err)
		}
	}
}

func auditServer(t *testing.T, b *auditBackend) string {
	t.Helper()
	s := testServer()
	s.Audit = b
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return server.URL + "/api/v1/audit"
}

func TestTheAuditRecordIsListed(t *testing.T) {
	b := &auditBackend{}
	url := auditServer(t, b)
	status, body := ask(t, "GET", url+"?kind=call&execution=e1&since=2026-03-01T00:00:00Z&until=2026-03-02T00:00:00Z&limit=3&after=9", reader, "")
	if f := b.filter; status != http.StatusOK || body != "[]" || f.Kind != audit.Call || f.Execution != "e1" || f.Since.Day() != 1 || f.Until.Day() != 2 || f.Limit != 3 || f.After != 9 {
		t.Errorf("%d %s, %+v", status, body, f)
	}
	for _, query := range []string{"?kind=gossip", "?since=soon", "?until=later", "?limit=0", "?after=x", "/export?since=soon"} {
		if status, body := ask(t, "GET", url+query, reader, ""); status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", query, status, body)
		}
	}
	for _, path := range []string{"", "/export"} {
		if status, _ := ask(t, "GET", url+path, sender, ""); status != http.StatusForbidden {
			t.Errorf("%s: %d for a key that may only send", path, status)
		}
	}
}

func TestTheAuditRecordIsExported(t *testing.T) {
	b := &auditBackend{}
	url := auditServer(t, b)
	status, body := ask(t, "GET", url+"/export?since=2026-03-01T00:00:00Z", reader, "")
	report, err := audit.Verify(audit.Lines(strings.NewReader(body)), audit.Check{})
	if status != http.StatusOK || err != nil || report.Broken != nil || report.Records != 2 || b.since.Day() != 1 {
		t.Errorf("%d, %+v, %v\n%s", status, report, err, body)
	}
	damaged := auditServer(t, &auditBackend{err: fault.New(fault.Invalid, "record 3 is stored damaged")})
	if _, body = ask(t, "GET", damaged+"/export", reader, ""); !strings.HasSuffix(body, `{"code":"invalid","message":"record 3 is stored damaged"}`+"\n") {
		t.Errorf("a damaged record: %s", body)
	}
	// a server of its own, since what breaks on a connection that was used before is asked again
	failing := auditServer(t, &auditBackend{err: fault.New(fault.Unavailable, "the disk fails")})
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, failing+"/export", nil)
	req.Header.Set("Authorization", "Bearer "+reader)
	resp, err := http.DefaultClient.Do(req)
	if err == nil { // the connection may break before the answer begins
		_, err = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	if err == nil {
		t.Error("a part passes for the whole")
	}
}

package firehose

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"riposte.dev/event"
	"riposte.dev/fault"
)

// intake is what a handler stored.
type intake struct {
	mu     sync.Mutex
	events []string
	buried map[string]string
	accept Accept
	full   bool // the dead letters, too
}

// lines takes an envelope out of each line; "#" alone is a bad line, "?" makes the record unreadable, "!" is worth a retry.
func lines(data []byte) (events []*event.Envelope, bad []Bad, err error) {
	for i, line := range bytes.Split(data, []byte("\n")) {
		switch string(line) {
		case "#":
			bad = append(bad, Bad{Key: fmt.Sprint("line-", i), Reason: "a hash", Data: line})
			continue
		case "!":
			return nil, nil, fault.New(fault.Unavailable, "later")
		}
		e, err := event.Parse(line)
		if err != nil {
			return nil, nil, err
		}
		events = append(events, e)
	}
	return events, bad, nil
}

func (i *intake) options() Options {
	i.buried = map[string]string{}
	return Options{
		Name: "f", Decode: lines,
		Accept: func(ctx context.Context, events []*event.Envelope) []error {
			if i.accept != nil {
				return i.accept(ctx, events)
			}
			i.mu.Lock()
			defer i.mu.Unlock()
			for _, e := range events {
				i.events = append(i.events, e.ID)
			}
			return make([]error, len(events))
		},
		Bury: func(_ context.Context, key, reason string, _ []byte) error {
			if i.full {
				return errors.New("disk full")
			}
			i.buried[key] = reason
			return nil
		},
		Caller: func(r *http.Request) Caller {
			return Caller{SpeaksForAWS: r.Header.Get("X-Amz-Firehose-Access-Key") == "aws"}
		},
		Now: func() time.Time { return time.UnixMilli(1772334000123) },
	}
}

func envelope(source, id string) string {
	return `{"version":"0","id":"` + id + `","detail-type":"T","source":"` + source + `","account":"1","time":"2026-01-01T00:00:00Z","region":"r","resources":[],"detail":{}}`
}

func body(records ...string) string {
	var all []string
	for _, r := range records {
		all = append(all, `{"data":"`+base64.StdEncoding.EncodeToString([]byte(r))+`"}`)
	}
	return `{"requestId":"r-1","timestamp":1772334000000,"records":[` + strings.Join(all, ",") + `]}`
}

func pack(t testing.TB, plain string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func post(body string, header ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/firehose", strings.NewReader(body))
	r.Header.Set("X-Amz-Firehose-Protocol-Version", "1.0")
	r.Header.Set("X-Amz-Firehose-Request-Id", "r-1")
	r.Header.Set("X-Amz-Firehose-Access-Key", "aws")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

type answered struct {
	RequestID    string `json:"requestId"`
	Timestamp    int64  `json:"timestamp"`
	ErrorMessage string `json:"errorMessage"`
}

// serve returns the status and the answer, which is always one that Firehose understands.
func serve(t testing.TB, h http.Handler, r *http.Request) (int, answered) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var a answered
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	if a.RequestID != r.Header.Get("X-Amz-Firehose-Request-Id") || a.Timestamp != 1772334000123 || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("answer %s, headers %v", w.Body, w.Header())
	}
	if (w.Code == http.StatusOK) != (a.ErrorMessage == "") {
		t.Errorf("%d with error %q", w.Code, a.ErrorMessage)
	}
	return w.Code, a
}

func TestRecordsBecomeEvents(t *testing.T) {
	plain := body(envelope("aws.ec2", "e1")+"\n"+envelope("app", "e2"), envelope("app", "e3")+"\n#", "unreadable")
	for name, r := range map[string]*http.Request{
		"plain": post(plain), "gzip": post(pack(t, plain), "Content-Encoding", "gzip"),
	} {
		i := &intake{}
		status, a := serve(t, NewHandler(i.options()), r)
		if status != http.StatusOK || fmt.Sprint(i.events) != "[e1 e2 e3]" {
			t.Errorf("%s: %d %+v, events %v", name, status, a, i.events)
		}
		if len(i.buried) != 2 || i.buried["line-1"] != "a hash" || i.buried["firehose/r-1/2"] == "" {
			t.Errorf("%s: buried %v", name, i.buried)
		}
	}
}

func TestManyEventsAreStoredInParts(t *testing.T) {
	i := &intake{}
	o := i.options()
	var sizes []int
	i.accept = func(_ context.Context, events []*event.Envelope) []error {
		sizes = append(sizes, len(events))
		return make([]error, len(events))
	}
	records := make([]string, 2*batch+1)
	for n := range records {
		records[n] = envelope("app", fmt.Sprint(n))
	}
	if status, a := serve(t, NewHandler(o), post(body(records...))); status != http.StatusOK || fmt.Sprint(sizes) != fmt.Sprint([]int{batch, batch, 1}) {
		t.Errorf("%d %+v, sizes %v", status, a, sizes)
	}
}

func TestRefusals(t *testing.T) {
	one := body(envelope("app", "e1"))
	answer := func(code fault.Code) Accept {
		return func(context.Context, []*event.Envelope) []error { return []error{fault.New(code, "so it is")} }
	}
	for name, tt := range map[string]struct {
		r      *http.Request
		accept Accept
		full   bool
		status int
	}{
		"no protocol":       {post(one, "X-Amz-Firehose-Protocol-Version", ""), nil, false, 400},
		"not JSON":          {post("hello"), nil, false, 400},
		"another id":        {post(one, "X-Amz-Firehose-Request-Id", "r-2"), nil, false, 400},
		"no id":             {post(strings.Replace(one, "r-1", "", 1), "X-Amz-Firehose-Request-Id", ""), nil, false, 400},
		"not base64":        {post(`{"requestId":"r-1","records":[{"data":"%%%"}]}`), nil, false, 400},
		"not gzip":          {post(one, "Content-Encoding", "gzip"), nil, false, 400},
		"corrupt gzip":      {post(pack(t, one)[:30]+strings.Repeat("\xff", 50), "Content-Encoding", "gzip"), nil, false, 400},
		"cut gzip":          {post(pack(t, one)[:40], "Content-Encoding", "gzip"), nil, false, 503},
		"other encoding":    {post(one, "Content-Encoding", "br"), nil, false, 400},
		"too much":          {post(strings.Repeat(" ", maxBody+1)), nil, false, 413},
		"bomb":              {post(pack(t, strings.Repeat(" ", maxBody+1)), "Content-Encoding", "gzip"), nil, false, 413},
		"pretends":          {post(body(envelope("aws.ec2", "e1")), "X-Amz-Firehose-Access-Key", "other"), nil, false, 403},
		"decoder busy":      {post(body("!")), nil, false, 503},
		"bus full":          {post(one), answer(fault.Unavailable), false, 503},
		"bus slow":          {post(one), answer(fault.Timeout), false, 503},
		"dead letters full": {post(body("#")), nil, true, 503},
		"one is refused":    {post(one), answer(fault.TooLarge), false, 200},
		"refused, no grave": {post(one), answer(fault.TooLarge), true, 503},
		"nothing in it":     {post(body()), nil, false, 200},
	} {
		t.Run(name, func(t *testing.T) {
			i := &intake{accept: tt.accept, full: tt.full}
			status, a := serve(t, NewHandler(i.options()), tt.r)
			if status != tt.status {
				t.Errorf("%d %+v, want %d", status, a, tt.status)
			}
			if len(i.events) != 0 {
				t.Errorf("events %v were stored", i.events)
			}
		})
	}
}

func TestOwnMistakesStayInside(t *testing.T) {
	i := &intake{}
	h := NewHandler(i.options())
	w := httptest.NewRecorder()
	h.answer(w, "r-1", errors.New("table findings has no column"))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "column") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestRequestsAtATimeAreBounded(t *testing.T) {
	i := &intake{}
	began, end := make(chan struct{}), make(chan struct{})
	i.accept = func(_ context.Context, events []*event.Envelope) []error {
		close(began)
		<-end
		return make([]error, len(events))
	}
	o := i.options()
	o.Parallel = 1
	h := NewHandler(o)
	first := make(chan int)
	go func() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, post(body(envelope("app", "e1"))))
		first <- w.Code
	}()
	<-began
	if status, _ := serve(t, h, post(body())); status != http.StatusServiceUnavailable {
		t.Errorf("the second one got %d", status)
	}
	close(end)
	if status := <-first; status != http.StatusOK {
		t.Errorf("the first one got %d", status)
	}
	if status, _ := serve(t, h, post(body())); status != http.StatusOK {
		t.Errorf("the third one got %d", status)
	}
}

func TestRefuse(t *testing.T) {
	w := httptest.NewRecorder()
	NewHandler((&intake{}).options()).Refuse(w, post(body()), fault.New(fault.Unauthenticated, "no key"))
	var a answered
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatal(err)
	}
	if w.Code != http.StatusUnauthorized || a.RequestID != "r-1" || a.Timestamp == 0 || a.ErrorMessage != "no key" {
		t.Errorf("%d %+v", w.Code, a)
	}
}

func FuzzHandler(f *testing.F) {
	f.Add([]byte(body(envelope("app", "e"), "#")), false)
	f.Add([]byte(pack(f, body(envelope("app", "e")))), true)
	f.Add([]byte(`{"requestId":"r-1","records":[{"data":null}]}`), false)
	f.Fuzz(func(t *testing.T, data []byte, zipped bool) {
		i := &intake{}
		r := post(string(data))
		if zipped {
			r.Header.Set("Content-Encoding", "gzip")
		}
		if status, a := serve(t, NewHandler(i.options()), r); status >= 500 && status != 503 {
			t.Errorf("%d %+v", status, a)
		}
	})
}

func BenchmarkHandler(b *testing.B) {
	i := &intake{accept: func(_ context.Context, events []*event.Envelope) []error { return make([]error, len(events)) }}
	o := i.options()
	records := make([]string, 1000)
	for n := range records {
		records[n] = strings.Replace(envelope("app", fmt.Sprint(n)), `{}`, `{"text":"`+strings.Repeat("x", 1000)+`"}`, 1)
	}
	h, data := NewHandler(o), pack(b, body(records...))
	for b.Loop() {
		if status, a := serve(b, h, post(data, "Content-Encoding", "gzip")); status != http.StatusOK {
			b.Fatal(a)
		}
	}
	b.ReportMetric(float64(len(records)*b.N)/b.Elapsed().Seconds(), "events/s")
}

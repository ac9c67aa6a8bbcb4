package webhook_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"riposte.dev/action"
	"riposte.dev/action/webhook"
	"riposte.dev/fault"
	notifywebhook "riposte.dev/notify/webhook"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newSend(t *testing.T, url string) action.Action {
	t.Helper()
	channel, err := notifywebhook.New(notifywebhook.Config{Name: "soc", URL: url, AllowPrivate: true, AllowPlaintext: true, Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	return webhook.NewSend(map[string]webhook.Poster{"soc": channel}, func() time.Time { return noon })
}

func request(params string) action.Request {
	return action.Request{Account: "111122223333", Region: "eu-west-1", Params: json.RawMessage(params), Effect: "e1/Tell.2"}
}

const data = `{"webhook":"soc","data":{"trail":"audit","password":"hunter2hunter2"}}`

// What is posted is what the plan shows, without secrets, under an id that is the same when it is posted again.
func TestSend(t *testing.T) {
	var ids, bodies []string
	status := http.StatusOK
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		ids, bodies = append(ids, r.Header.Get("Webhook-Id")), append(bodies, string(raw))
		w.WriteHeader(status)
	}))
	defer s.Close()
	a := newSend(t, s.URL)
	for range 2 {
		p, err := a.Plan(t.Context(), request(data))
		if err != nil {
			t.Fatal(err)
		}
		item := p.Items[0]
		if strings.Contains(string(item.Calls[0].Input), "hunter2") || item.Resource.ARN != "arn:riposte:webhook:::soc" {
			t.Errorf("planned %+v", item)
		}
		if err := a.Verify(t.Context(), item); !errors.Is(err, action.ErrNotYet) {
			t.Errorf("before it was sent: %v", err)
		}
		if item.Receipts, err = a.Apply(t.Context(), item); err != nil || len(item.Receipts) != 1 || item.Receipts[0].RequestID == "" {
			t.Fatalf("%+v, %v", item.Receipts, err)
		}
		if err := a.Verify(t.Context(), item); err != nil {
			t.Error(err)
		}
		if _, err := a.Undo(t.Context(), item); fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), a.Spec().Irreversible) {
			t.Errorf("undo: %v", err)
		}
	}
	if len(ids) != 2 || ids[0] != ids[1] || ids[0] != action.EffectID(request("")) {
		t.Errorf("ids %q", ids)
	}
	if want := `{"type":"riposte.response","version":1,"timestamp":"2026-03-01T12:00:00Z","data":{"trail":"audit","password":"[redacted]"}}`; bodies[0] != want {
		t.Errorf("%s, want %s", bodies[0], want)
	}
	for code, want := range map[int]fault.Code{500: fault.Unavailable, 429: fault.Throttled, 403: fault.Denied, 307: fault.Invalid} {
		status = code
		a := newSend(t, s.URL)
		p, err := a.Plan(t.Context(), request(data))
		if err != nil {
			t.Fatal(err)
		}
		item := p.Items[0]
		item.Receipts, err = a.Apply(t.Context(), item)
		if fault.CodeOf(err) != want || item.Receipts[0].Error == "" || !errors.Is(a.Verify(t.Context(), item), action.ErrNotYet) {
			t.Errorf("%d: %v, %+v", code, err, item.Receipts)
		}
	}
}

// Only what the configuration names is told; a parameter is never a URL.
func TestRefusals(t *testing.T) {
	a := newSend(t, "https://example.com/hook")
	for params, code := range map[string]fault.Code{
		`{"webhook":"https://evil.example.com","data":{}}`: fault.NotFound, `{"webhook":"other","data":{}}`: fault.NotFound,
		`{"webhook":"soc"}`: fault.Invalid, `{"webhook":"soc","data":"x"}`: fault.Invalid, `{"data":{}}`: fault.Invalid, `{"url":"x"}`: fault.Invalid,
	} {
		if _, err := a.Plan(t.Context(), request(params)); fault.CodeOf(err) != code || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want %s", params, err, code)
		}
	}
	if _, err := a.Plan(t.Context(), action.Request{Params: json.RawMessage(data)}); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("without an account: %v", err)
	}
	if !a.Spec().Outside {
		t.Error("it is not allowed by name alone")
	}
}

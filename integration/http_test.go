package integration_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"riposte.dev/action"
	"riposte.dev/fault"
	"riposte.dev/integration"
)

func TestHTTP(t *testing.T) {
	w := newWorld(t)
	var got *http.Request
	var body string
	w.answer = func(out http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		got, body = r, string(raw)
		switch r.URL.Path {
		case "/text":
			out.Header().Set("Content-Type", "text/plain")
			_, _ = io.WriteString(out, "hello")
		case "/gone":
			out.WriteHeader(http.StatusNotFound)
		case "/away":
			http.Redirect(out, r, "/text", http.StatusFound)
		case "/large":
			_, _ = io.WriteString(out, strings.Repeat("x", 300<<10))
		default:
			out.Header().Set("Content-Type", "application/json; charset=utf-8")
			_, _ = io.WriteString(out, `{"id":7}`)
		}
	}
	w.endpoint.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	at := func(path, rest string) string {
		return `{"ApiEndpoint":"` + w.endpoint.URL + path + `","Method":"POST"` + rest + `}`
	}

	out := w.must(states+"http:invoke", at("/hosts?a=1", `,"Authentication":{"ConnectionArn":"arn:aws:events:eu-west-1:111122223333:connection/edr/0001"},
		"Headers":{"X-Case":["7","8"]},"QueryParameters":{"b":[1,"two"]},"RequestBody":{"host":"h"}`))
	same(t, without(t, out, "Headers"), `{"StatusCode":200,"StatusText":"OK","ResponseBody":{"id":7}}`)
	if got.URL.RawQuery != "a=1&b=1&b=two" || body != `{"host":"h"}` || got.Header.Get("Authorization") != "Bearer of edr" ||
		strings.Join(got.Header.Values("X-Case"), ",") != "7,8" || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s %s %v", got.URL, body, got.Header)
	}
	same(t, without(t, w.must(states+"http:invoke", at("/text", "")), "Headers"), `{"StatusCode":200,"StatusText":"OK","ResponseBody":"hello"}`)
	w.must(states+"http:invoke", at("/", `,"Headers":{"Content-Type":"text/plain"},"RequestBody":"as it is"`))
	if body != "as it is" {
		t.Errorf("sent %q", body)
	}
	for format, want := range map[string]string{"INDICES": "l%5B0%5D=1&l%5B1%5D=2&o%5Bk%5D=v", "BRACKETS": "l%5B%5D=1&l%5B%5D=2&o%5Bk%5D=v", "REPEAT": "l=1&l=2&o%5Bk%5D=v", "COMMAS": "l=1%2C2&o%5Bk%5D=v"} {
		w.must(states+"http:invoke", at("/", `,"RequestBody":{"l":[1,2],"o":{"k":"v"}},"Transform":{"RequestBodyEncoding":"URL_ENCODED","RequestEncodingOptions":{"ArrayFormat":"`+format+`"}}`))
		if body != want || got.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
			t.Errorf("%s: %s", format, body)
		}
	}
	for _, tt := range []struct{ arguments, name string }{
		{at("/gone", ""), "States.Http.StatusCode.404"},
		{at("/away", ""), "States.Http.StatusCode.302"},
		{at("/large", ""), "States.DataLimitExceeded"},
		{`{"ApiEndpoint":"https://localhost:1/","Method":"GET"}`, "States.Http.Socket"},
		{`{"ApiEndpoint":"http://example.com/","Method":"GET"}`, "fault invalid"},
		{`{"ApiEndpoint":"https://user:secret@example.com/","Method":"GET"}`, "fault invalid"},
		{`{"ApiEndpoint":"example.com","Method":"GET"}`, "fault invalid"},
		{`{"ApiEndpoint":"https://example.com/","Method":"TRACE"}`, "fault invalid"},
		{at("/", `,"Headers":{"Authorization":"x"}`), "fault invalid"},
		{at("/", `,"Headers":{"X-Amz-Date":"x"}`), "fault invalid"},
		{at("/", `,"Header":{}`), "fault invalid"},
		{at("/", `,"RequestBody":"x","Transform":{"RequestBodyEncoding":"URL_ENCODED"}`), "fault invalid"},
		{at("/", `,"RequestBody":{},"Transform":{"RequestBodyEncoding":"XML"}`), "fault invalid"},
	} {
		if _, err := w.do(states+"http:invoke", tt.arguments); name(err) != tt.name {
			t.Errorf("%s: %s: %v", tt.arguments, name(err), err)
		}
	}
	if _, err := integration.New(integration.Options{}).Resource(states + "http:invoke"); err != nil {
		t.Error(err)
	}
}

// A call that the guard stops is not made.
func TestHTTPAsksBeforeItCalls(t *testing.T) {
	w := newWorld(t)
	called := false
	w.answer = func(http.ResponseWriter, *http.Request) { called = true }
	ctx := action.Permit(t.Context(), func(context.Context) error { return fault.New(fault.Denied, "paused") })
	_, err := w.find(states+"http:invoke").Call(ctx, task(`{"ApiEndpoint":"`+w.endpoint.URL+`","Method":"POST"}`))
	if err == nil || called {
		t.Errorf("called %v, %v", called, err)
	}
}

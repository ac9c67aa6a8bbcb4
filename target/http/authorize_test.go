package http_test

import (
	"net/http"
	"testing"

	"riposte.dev/fault"
	targethttp "riposte.dev/target/http"
)

func TestAuthorize(t *testing.T) {
	s, err := targethttp.New(targethttp.Options{
		Client: http.DefaultClient, Secret: func(path string) (string, error) { return "secret of " + path, nil },
		Connections: []targethttp.Connection{{Name: "edr", APIKey: &targethttp.APIKey{Name: "X-Key", ValueFile: "key"}, HeaderParameters: map[string]string{"X-Tenant": "7"},
			QueryStringParameters: map[string]string{"v": "2"}, BodyParameters: map[string]string{"source": "riposte"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ask := func() *http.Request {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://edr.example.com/hosts?a=1", nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := ask()
	body, err := s.Authorize(t.Context(), "edr", r, []byte(`{"host":"h"}`))
	if err != nil || string(body) != `{"host":"h","source":"riposte"}` {
		t.Errorf("%s, %v", body, err)
	}
	if r.URL.RawQuery != "a=1&v=2" || r.Header.Get("X-Tenant") != "7" || r.Header.Get("X-Key") != "secret of key" {
		t.Errorf("%s %v", r.URL, r.Header)
	}
	if body, err := s.Authorize(t.Context(), "edr", ask(), nil); err != nil || body != nil {
		t.Errorf("without a body: %s, %v", body, err)
	}
	if _, err := s.Authorize(t.Context(), "edr", ask(), []byte(`[1]`)); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("a body that takes no parameters: %v", err)
	}
	for _, name := range []string{"", "other"} {
		if _, err := s.Authorize(t.Context(), name, ask(), nil); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("connection %q: %v", name, err)
		}
	}
}

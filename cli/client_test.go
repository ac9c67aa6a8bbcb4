package cli

import (
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"riposte.dev/fault"
)

// folder is a data folder on which a riposte runs that answers by handle.
func folder(t *testing.T, handle http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	raw, err := json.Marshal(Address{URL: server.URL, Token: "local-token", PID: 42})
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(writeFile(t, AddressFile, string(raw)))
}

func TestClientSendsWhatItIsGiven(t *testing.T) {
	data := folder(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_ = json.NewEncoder(w).Encode([]string{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("Authorization"), string(body)})
	})
	c, err := Connect(data)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	if err := c.Call(t.Context(), http.MethodPost, "/api/v1/keys", url.Values{"limit": {"5"}}, map[string]string{"a": "b"}, &got); err != nil {
		t.Fatal(err)
	}
	if want := `POST /api/v1/keys limit=5 Bearer local-token {"a":"b"}`; strings.Join(got, " ") != want {
		t.Errorf("sent %q, want %q", got, want)
	}
}

func TestClientPassesRefusalsOn(t *testing.T) {
	tests := []struct {
		name, body string
		code       fault.Code
		say, hint  string
	}{
		{"of riposte", `{"code":"not_found","message":"there is no key K","hint":"list them"}`, "not_found", "there is no key K", "list them"},
		{"of something else on the port", "<html>hello</html>", fault.Internal, "riposte answered 418", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Connect(folder(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusTeapot)
				_, _ = io.WriteString(w, tt.body)
			}))
			if err != nil {
				t.Fatal(err)
			}
			err = c.Call(t.Context(), http.MethodGet, "/", nil, nil, nil)
			if fault.CodeOf(err) != tt.code || !strings.Contains(fault.Message(err), tt.say) || fault.Hint(err) != tt.hint {
				t.Errorf("error %v, code %s, hint %q", err, fault.CodeOf(err), fault.Hint(err))
			}
		})
	}
}

func TestConnectNamesTheNextStep(t *testing.T) {
	if _, err := Connect(t.TempDir()); fault.CodeOf(err) != fault.Unavailable || !strings.Contains(fault.Hint(err), "riposte serve") {
		t.Errorf("error %v, hint %q", err, fault.Hint(err))
	}
	c, err := Connect(filepath.Dir(writeFile(t, AddressFile, `{"url":"http://127.0.0.1:1","pid":42}`)))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Call(t.Context(), http.MethodGet, "/", nil, nil, nil); !strings.Contains(fault.Hint(err), "process 42") {
		t.Errorf("error %v, hint %q", err, fault.Hint(err))
	}
}

func TestRuleSourceIsOneFileOrAFolder(t *testing.T) {
	path := writeFile(t, "a.yaml", "id: a\n")
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "b.yaml"), []byte("id: b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{path: "a.yaml", filepath.Dir(path): "a.yaml b.yaml"} {
		source, err := RuleSource(name)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		entries, err := fs.ReadDir(source.FS, ".")
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
		if strings.Join(names, " ") != want {
			t.Errorf("%s holds %v, want %s", name, names, want)
		}
	}
	if _, err := RuleSource(path + ".gone"); fault.CodeOf(err) != fault.NotFound || fault.Hint(err) == "" {
		t.Errorf("error %v", err)
	}
}

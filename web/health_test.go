package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Anybody may ask whether riposte is ready; why it is not, and its figures, are for this machine and readers.
func TestOnlyReadersSeeWhatIsWrong(t *testing.T) {
	s := testServer()
	s.Ready = func(context.Context) Readiness {
		return Readiness{Parts: map[string]string{"sqs riposte": "queue gone in account 111122223333"}}
	}
	s.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, "figures") })
	for _, tt := range []struct {
		name, from, key string
		sees            bool
	}{
		{"this machine", "127.0.0.1:5000", "", true},
		{"this machine by IPv6", "[::1]:5000", "", true},
		{"a reader", "198.51.100.7:5000", "RIPOREADER:s3cret", true},
		{"anybody", "198.51.100.7:5000", "", false},
		{"somebody with a wrong secret", "198.51.100.7:5000", "RIPOREADER:guess", false},
		{"a sender of events", "198.51.100.7:5000", "RIPOSENDER:s3cret", false},
		{"nobody knows who", "@", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ask := func(path string) (int, string) {
				r := httptest.NewRequest(http.MethodGet, "https://127.0.0.1"+path, nil)
				r.RemoteAddr = tt.from
				r.Header.Set("X-Api-Key", tt.key)
				w := httptest.NewRecorder()
				s.Handler().ServeHTTP(w, r)
				return w.Code, w.Body.String()
			}
			status, body := ask("/readyz")
			if status != http.StatusServiceUnavailable || !strings.Contains(body, `"ready":false`) || strings.Contains(body, "queue gone") != tt.sees {
				t.Errorf("/readyz says %d %s", status, body)
			}
			want := http.StatusForbidden
			if tt.sees {
				want = http.StatusOK
			}
			if status, body := ask("/metrics"); status != want || strings.Contains(body, "figures") != tt.sees {
				t.Errorf("/metrics says %d %s", status, body)
			}
		})
	}
}

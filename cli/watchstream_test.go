package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"riposte.dev/fault"
	"riposte.dev/web"
)

// watched is a riposte that answers each watch with the next of some connections, and remembers what it was asked.
type watched struct {
	connections []string // bodies
	queries     []url.Values
}

func (f *watched) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.queries = append(f.queries, r.URL.Query())
	if len(f.queries) > len(f.connections) {
		<-r.Context().Done()
		return
	}
	_, _ = fmt.Fprint(w, f.connections[len(f.queries)-1])
}

func line(id string) string {
	raw, err := json.Marshal(web.Line{ID: id, Kind: "finding", Text: "line " + id})
	if err != nil {
		panic(err)
	}
	return string(raw) + "\n"
}

func TestAWatchGoesOnWhereItWas(t *testing.T) {
	fake := &watched{connections: []string{
		line("a-1") + "\n" + line("a-2") + line("a-3")[:20], // a line that is cut is not shown, and asked for again
		line("a-3"),
		"",
		line("b-0"),
	}}
	server := httptest.NewServer(fake)
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var shown, said []string
	attempts := 0
	stream := watchStream{
		from: url.Values{"since": {"2026-03-01T00:00:00Z"}}, now: time.Now,
		connect: func() (*Client, error) {
			if attempts++; attempts == 2 {
				return nil, fault.New(fault.Unavailable, "no riposte runs")
			}
			return &Client{Address: Address{URL: server.URL}}, nil
		},
		say: func(text string) { said = append(said, text) },
		show: func(l web.Line, raw []byte) error {
			if string(raw) != line(l.ID) {
				t.Errorf("raw line %q", raw)
			}
			if shown = append(shown, l.ID); l.ID == "b-0" {
				cancel()
			}
			return nil
		},
	}
	if err := stream.run(ctx); err != nil {
		t.Fatal(err)
	}
	if want := []string{"a-1", "a-2", "a-3", "b-0"}; !slices.Equal(shown, want) {
		t.Errorf("shown %v, want %v", shown, want)
	}
	var asked []string
	for _, q := range fake.queries {
		asked = append(asked, q.Encode())
	}
	if want := []string{"since=2026-03-01T00%3A00%3A00Z", "after=a-2", "after=a-3", "after=a-3"}; !slices.Equal(asked, want) {
		t.Errorf("asked for %v, want %v", asked, want)
	}
	if text := strings.Join(said, "\n"); !strings.HasPrefix(text, "watching http") || strings.Count(text, "riposte is away (") != 3 || strings.Count(text, "riposte is back") != 3 {
		t.Errorf("said %q", text)
	}
}

func TestAWatchThatBreaksBeforeItsFirstLineLosesNothing(t *testing.T) {
	fake := &watched{connections: []string{"", line("a-1")}}
	server := httptest.NewServer(fake)
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	began := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	stream := watchStream{
		connect: func() (*Client, error) { return &Client{Address: Address{URL: server.URL}}, nil },
		now:     func() time.Time { return began }, say: func(string) {},
		show: func(web.Line, []byte) error { cancel(); return nil },
	}
	if err := stream.run(ctx); err != nil {
		t.Fatal(err)
	}
	if len(fake.queries) != 2 || len(fake.queries[0]) != 0 || fake.queries[1].Get("since") != "2026-03-01T12:00:00Z" {
		t.Errorf("asked for %v", fake.queries)
	}
}

func TestAWatchEndsWhereWaitingIsOfNoUse(t *testing.T) {
	full := errors.New("the disk is full")
	tests := []struct {
		name    string
		connect []error // of each attempt; nil connects
		body    string
		show    error
		want    string
	}{
		{"riposte does not run", []error{fault.New(fault.Unavailable, "no riposte runs")}, "", nil, "no riposte runs"},
		{"it refuses later", []error{nil, fault.New(fault.Denied, "not you")}, "", nil, "not you"},
		{"nothing can be written", []error{nil}, line("a-1"), full, "the disk is full"},
		{"it answers something else", []error{nil}, "<html>\n", nil, "reading the watch"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, tt.body) }))
			defer server.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			attempts := 0
			stream := watchStream{
				connect: func() (*Client, error) {
					err := tt.connect[attempts]
					attempts++
					return &Client{Address: Address{URL: server.URL}}, err
				},
				now: time.Now, say: func(string) {}, show: func(web.Line, []byte) error { return tt.show },
			}
			if err := stream.run(ctx); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

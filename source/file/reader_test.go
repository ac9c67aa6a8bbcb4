package file

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"riposte.dev/fault"
)

func zip(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestFormats(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
		bad        int
	}{
		{"log file", `{"Records":[{"a":1},{"a":2}]}`, []string{`{"a":1}`, `{"a":2}`}, 0},
		{"log file, pretty", "{\n  \"Records\": [\n    {\"a\": 1},\n    {\"a\": 2}\n  ]\n}\n", []string{`{"a": 1}`, `{"a": 2}`}, 0},
		{"log file, gzip", zip(t, `{"Records":[{"a":1}]}`), []string{`{"a":1}`}, 0},
		{"empty log file", `{"Records":[]}`, nil, 0},
		{"two log files in one", `{"Records":[{"a":1}]}` + "\n" + `{"Records":[{"a":2}]}`, []string{`{"a":1}`, `{"a":2}`}, 0},
		{"lookup-events", `{"Events":[{"EventId":"x","CloudTrailEvent":"{\"a\":1}"}],"NextToken":"t"}`, []string{`{"a":1}`}, 0},
		{"lookup-events without text", `{"Events":[{"EventId":"x"}]}`, nil, 1},
		{"array", `[{"a":1},{"a":2}]`, []string{`{"a":1}`, `{"a":2}`}, 0},
		{"lines", "{\"a\":1}\n\n  {\"a\":2}\r\n{\"a\":3}", []string{`{"a":1}`, `{"a":2}`, `{"a":3}`}, 0},
		{"one pretty event", "{\n \"a\": 1\n}", []string{"{\n \"a\": 1\n}"}, 0},
		{"one pretty event that begins on its first line", "{\"a\": 1,\n \"b\": 2}", []string{"{\"a\": 1,\n \"b\": 2}"}, 0},
		{"empty", "", nil, 0},
		{"cut log file", `{"Records":[{"a":1},{"a":`, []string{`{"a":1}`}, 1},
		{"cut gzip", zip(t, `{"Records":[{"a":1}]}`)[:20], nil, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			var bad []error
			r := Reader{Stdin: strings.NewReader(tt.text), Bad: func(err error) { bad = append(bad, err) }}
			err := r.Read(context.Background(), []string{"-"}, func(raw []byte, _ Where) error {
				got = append(got, string(raw))
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if strings.Join(got, "|") != strings.Join(tt.want, "|") {
				t.Errorf("read %q, want %q", got, tt.want)
			}
			if len(bad) != tt.bad {
				t.Errorf("reported %v, want %d", bad, tt.bad)
			}
		})
	}
}

func TestFoldersAreWalked(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a/1.json": `{"Records":[{"a":1}]}`, "a/2.json.gz": zip(t, `{"Records":[{"a":2}]}`),
		"b.ndjson": `{"a":3}`, "README.md": "not an event",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	var bytesRead int
	r := Reader{Bad: func(err error) { t.Error(err) }, Progress: func(n int) { bytesRead += n }}
	err := r.Read(context.Background(), []string{dir}, func(raw []byte, _ Where) error {
		got = append(got, string(raw))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"a":1} {"a":2} {"a":3}`; strings.Join(got, " ") != want {
		t.Errorf("read %q, want %q", got, want)
	}
	if bytesRead == 0 {
		t.Error("no progress was reported")
	}
}

// TestReaderIsUsedAgain: what a file leaves behind does not reach the next, whether it is packed, broken or neither.
func TestReaderIsUsedAgain(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	for i, text := range []string{`{"Records":[{"a":1}]}`, zip(t, `{"Records":[{"a":2}]}`), zip(t, `{"Records":[{"a":3},`)[:30], "\x1f\x8bnot gzip",
		`{"a":4}`, zip(t, "{\"a\":5}\n"), zip(t, `[{"a":6}]`), "{\n\"a\":7}"} {
		paths = append(paths, filepath.Join(dir, fmt.Sprint(i)))
		if err := os.WriteFile(paths[i], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	bad := 0
	r := Reader{Bad: func(error) { bad++ }}
	for range 2 {
		err := r.Read(context.Background(), paths, func(raw []byte, _ Where) error {
			got = append(got, string(raw))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	once := `{"a":1} {"a":2} {"a":3} {"a":4} {"a":5} {"a":6} ` + "{\n\"a\":7}"
	if all := strings.Join(got, " "); all != once+" "+once || bad != 4 {
		t.Errorf("read %q, %d bad", all, bad)
	}
}

func TestMissingPath(t *testing.T) {
	err := new(Reader).Read(context.Background(), []string{filepath.Join(t.TempDir(), "none")}, nil)
	if fault.CodeOf(err) != fault.NotFound {
		t.Errorf("error = %v", err)
	}
}

func TestCallbackEndsTheReading(t *testing.T) {
	stop := errors.New("enough")
	for _, text := range []string{"{\"a\":1}\n{\"a\":2}\n", `{"Records":[{"a":1},{"a":2}]}`} {
		calls := 0
		err := (&Reader{Stdin: strings.NewReader(text)}).Read(context.Background(), []string{"-"}, func([]byte, Where) error {
			calls++
			return stop
		})
		if !errors.Is(err, stop) || calls != 1 {
			t.Errorf("error %v after %d calls", err, calls)
		}
	}
}

// repeat is n bytes of c without holding them.
type repeat struct {
	c byte
	n int64
}

func (r *repeat) Read(p []byte) (int, error) {
	if r.n == 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > r.n {
		p = p[:r.n]
	}
	for i := range p {
		p[i] = r.c
	}
	r.n -= int64(len(p))
	return len(p), nil
}

func TestHugeInputs(t *testing.T) {
	const huge = 300 << 20
	bomb := func() io.Reader {
		pr, pw := io.Pipe()
		go func() {
			w, _ := gzip.NewWriterLevel(pw, gzip.BestSpeed)
			_, err := io.Copy(w, &repeat{' ', huge})
			pw.CloseWithError(errors.Join(err, w.Close()))
		}()
		return pr
	}
	tests := []struct {
		name string
		in   io.Reader
		want string
		say  string
	}{
		{"a line of 300 MB between good ones", io.MultiReader(strings.NewReader("{\"a\":1}\n"), &repeat{'x', huge}, strings.NewReader("\n{\"a\":2}\n")),
			`{"a":1} {"a":2}`, "-:2: the line has more than"},
		{"a record of 300 MB", io.MultiReader(strings.NewReader(`{"Records":[{"a":1},{"b":"`), &repeat{'x', huge}, strings.NewReader(`"}]}`)),
			`{"a":1}`, "one record has more than"},
		{"a gzip bomb", bomb(), "", "grows more than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			var bad []error
			r := Reader{Stdin: tt.in, Bad: func(err error) { bad = append(bad, err) }}
			err := r.Read(context.Background(), []string{"-"}, func(raw []byte, _ Where) error {
				got = append(got, string(raw))
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("read %.80q, want %q", got, tt.want)
			}
			if len(bad) != 1 || !strings.Contains(bad[0].Error(), tt.say) || fault.CodeOf(bad[0]) != fault.TooLarge {
				t.Errorf("reported %v, want one that says %q", bad, tt.say)
			}
		})
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte(`{"Records":[{"a":1}]}`))
	f.Add([]byte("{\"a\":1}\n{"))
	f.Add([]byte(`[{"a":1}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r := Reader{Stdin: bytes.NewReader(text)}
		if err := r.Read(context.Background(), []string{"-"}, func([]byte, Where) error { return nil }); err != nil {
			t.Fatal(err)
		}
	})
}

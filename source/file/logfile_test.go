package file

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"riposte.dev/fault"
)

func TestLogFile(t *testing.T) {
	good := zip(t, `{"Records":[{"a":1},{"a":2}]}`)
	tests := []struct {
		name, file string
		want       string
		code       fault.Code
	}{
		{"two records", good, "0:{\"a\":1} 1:{\"a\":2}", ""},
		{"pretty", zip(t, "{\n \"Other\": {}, \"Records\": [ {\"a\":1} ]\n}\n"), "0:{\"a\":1}", ""},
		{"none", zip(t, `{"Records":[]}`), "", ""},
		{"in two members", zip(t, `{"Records":[{"a":1},`) + zip(t, `{"a":2}]}`), "0:{\"a\":1} 1:{\"a\":2}", ""},
		{"not gzip", `{"Records":[{"a":1}]}`, "", fault.Invalid},
		{"nothing", "", "", fault.Invalid},
		{"gzip over nothing", zip(t, ""), "", fault.Invalid},
		{"gzip over text", zip(t, "hello"), "", fault.Invalid},
		{"an array", zip(t, `[{"a":1}]`), "", fault.Invalid},
		{"no Records", zip(t, `{"records":[{"a":1}]}`), "", fault.Invalid},
		{"more behind", zip(t, `{"Records":[{"a":1}]}{"Records":[{"a":2}]}`), "0:{\"a\":1}", fault.Invalid},
		{"JSON cut off", zip(t, `{"Records":[{"a":1},{"a":`), "0:{\"a\":1}", fault.Invalid},
		{"gzip cut off at its checksum", good[:len(good)-6], "0:{\"a\":1} 1:{\"a\":2}", fault.Invalid},
		{"a record over a mebibyte", zip(t, `{"Records":[{"a":1},{"a":"`+randomText(2<<20)+`"}]}`), "0:{\"a\":1}", fault.TooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			err := LogFile(context.Background(), strings.NewReader(tt.file), func(raw []byte, index int) error {
				got = append(got, fmt.Sprintf("%d:%s", index, raw))
				return nil
			})
			if fault.CodeOf(err) != tt.code {
				t.Errorf("error %v (%s), want code %q", err, fault.CodeOf(err), tt.code)
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("read %.200q, want %q", got, tt.want)
			}
		})
	}
}

// randomText does not shrink to nothing.
func randomText(n int) string {
	b := make([]byte, n)
	for i, x := 0, uint32(1); i < n; i++ {
		x = x*1664525 + 1013904223
		b[i] = 'a' + byte(x>>24)%26
	}
	return string(b)
}

func TestLogFileBomb(t *testing.T) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(w, `{"Records":[`)
	for range 160 {
		fmt.Fprint(w, `{"a":"`+strings.Repeat(" ", 1<<19)+`"},`)
	}
	fmt.Fprint(w, `{}]}`)
	w.Close()
	err = LogFile(context.Background(), &b, func([]byte, int) error { return nil })
	if fault.CodeOf(err) != fault.TooLarge || !strings.Contains(err.Error(), "grows more than") {
		t.Errorf("error %v", err)
	}
}

func TestLogFileReturnsWhatIsNotTheFilesFault(t *testing.T) {
	broken := errors.New("connection reset")
	good := zip(t, `{"Records":[{"a":1}]}`)
	read := func(ctx context.Context, fn func([]byte, int) error, tail error) error {
		return LogFile(ctx, &tailed{strings.NewReader(good[:20]), tail}, fn)
	}
	if err := read(context.Background(), nil, broken); !errors.Is(err, broken) {
		t.Errorf("a reader's error is lost: %v", err)
	}
	if err := LogFile(context.Background(), iotest.ErrReader(broken), nil); !errors.Is(err, broken) {
		t.Errorf("a reader's first error is lost: %v", err)
	}
	if err := LogFile(context.Background(), strings.NewReader(good), func([]byte, int) error { return broken }); err != broken {
		t.Errorf("the callback's error is lost: %v", err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if err := LogFile(ended, strings.NewReader(good), nil); err != context.Canceled {
		t.Errorf("the context's end is lost: %v", err)
	}
}

// tailed ends with an error instead of io.EOF.
type tailed struct {
	*strings.Reader
	err error
}

func (r *tailed) Read(p []byte) (int, error) {
	if r.Len() == 0 {
		return 0, r.err
	}
	return r.Reader.Read(p)
}

func FuzzLogFile(f *testing.F) {
	f.Add([]byte(`{"Records":[{"a":1}]}`), 0)
	f.Add([]byte(`{"Records":[{"a":1},`), 3)
	f.Add([]byte(`{"Records":{}}`), 100)
	f.Fuzz(func(t *testing.T, plain []byte, cut int) {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Write(plain)
		w.Close()
		file := b.Bytes()
		if cut > 0 && cut < len(file) {
			file = file[:len(file)-cut]
		}
		next := 0
		err := LogFile(context.Background(), bytes.NewReader(file), func(raw []byte, index int) error {
			if index != next || len(raw) == 0 {
				t.Errorf("record %d (%q), want %d", index, raw, next)
			}
			next++
			return nil
		})
		if code := fault.CodeOf(err); err != nil && code != fault.Invalid && code != fault.TooLarge {
			t.Errorf("error %v (%s)", err, code)
		}
	})
}

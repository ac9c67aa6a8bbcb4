package file

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// readAll returns all records that a source holds, and what was reported.
func readAll(t *testing.T, src io.Reader) (records []string, bad []error) {
	t.Helper()
	r := Reader{Stdin: src, Bad: func(err error) { bad = append(bad, err) }}
	err := r.Read(context.Background(), []string{"-"}, func(raw []byte, _ Where) error {
		records = append(records, string(raw))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return records, bad
}

func TestRecordsAcrossChunks(t *testing.T) {
	var want []string
	for i := range 3000 {
		padding := strings.Repeat(`x\\\"}]{[,`, i%97)
		if i%500 == 7 {
			padding = strings.Repeat("y", 3*chunkSize)
		}
		want = append(want, fmt.Sprintf(`{"id":%d,"a":[{"t":"%s"},-1.5e3,null],"end":"\\"}`, i, padding))
	}
	text := `{"Records":[` + strings.Join(want, " ,\n") + `]}`
	if !json.Valid([]byte(text)) {
		t.Fatal("the test's file is no JSON")
	}
	short := text[:100_000]
	short = short[:strings.LastIndex(short, " ,\n")] + "]}"
	for name, tt := range map[string]struct {
		text string
		src  func(io.Reader) io.Reader
	}{
		"at once":        {text, func(r io.Reader) io.Reader { return r }},
		"in halves":      {text, iotest.HalfReader},
		"byte by byte":   {short, iotest.OneByteReader},
		"end with bytes": {text, iotest.DataErrReader},
	} {
		t.Run(name, func(t *testing.T) {
			got, bad := readAll(t, tt.src(strings.NewReader(tt.text)))
			if len(bad) > 0 {
				t.Errorf("reported %v", bad)
			}
			if diff := cmp.Diff(want[:strings.Count(tt.text, `"end"`)], got); diff != "" {
				t.Errorf("records (-want +got):\n%.2000s", diff)
			}
		})
	}
}

// TestBrokenRecordsCostNoOthers: whoever gets a record checks it; the reader goes on behind it.
func TestBrokenRecordsCostNoOthers(t *testing.T) {
	for text, want := range map[string]string{
		`{"Records":[{"a":1},{"a":tru},{"a":"\x"},nonsense,{"a":2}]}`: `{"a":1}|{"a":tru}|{"a":"\x"}|nonsense|{"a":2}`,
		`{"Records":[{"a":1} {"a":2}]}`:                               `{"a":1}; one of ,] is wanted`,
		`{"Records":[{"a":1},,{"a":2}]}`:                              `{"a":1}; a value is wanted`,
		`{"Records":[{"a":1}]]`:                                       `{"a":1}; one of ,} is wanted`,
		`{"Records":[{"a":1}],"x"`:                                    `{"a":1}; unexpected EOF`,
		`{"Records":[{"a":1}],"x":`:                                   `{"a":1}; unexpected EOF`,
		`{"Records":[{"a":1}],"x":"y`:                                 `{"a":1}; unexpected EOF`,
		`{"Records":[{"a":1}],7:1}`:                                   `{"a":1}; a name in double quotes is wanted`,
		`{"Records":[{"a":1}],"more":{"a":[{}]},"n":1}`:               `{"a":1}`,
		`{"Records":7,"Records":[{"a":1}]}`:                           `{"a":1}`,
		`{"Records":[{"a":1}]} hello`:                                 `{"a":1}; an object or an array is wanted`,
		`[{"a":1},[2],"3"]`:                                           `{"a":1}|[2]|"3"`,
		"[{\"a\":1}]\x00":                                             `{"a":1}; an object or an array is wanted`,
	} {
		got, bad := readAll(t, strings.NewReader(text))
		all := strings.Join(got, "|")
		for _, err := range bad {
			message := strings.TrimSuffix(err.Error(), "; what follows is not read")
			all += "; " + message[strings.LastIndex(message, ": ")+2:]
		}
		if all != want {
			t.Errorf("%s: got %s, want %s", text, all, want)
		}
	}
}

func FuzzRecords(f *testing.F) {
	f.Add(`{"a":"\\\""}`, `[1,"]"]`, 3)
	f.Fuzz(func(t *testing.T, one, two string, cut int) {
		if !json.Valid([]byte(one)) || !json.Valid([]byte(two)) {
			return // only whole records are found
		}
		text := `{"Records":[` + one + `,` + two + `]}`
		cut = max(0, min(cut, len(text)))
		got, bad := readAll(t, io.MultiReader(strings.NewReader(text[:cut]), strings.NewReader(text[cut:])))
		if want := []string{strings.Trim(one, " \t\r\n"), strings.Trim(two, " \t\r\n")}; len(bad) > 0 || !cmp.Equal(got, want) {
			t.Fatalf("%q: got %q, %v", text, got, bad)
		}
	})
}

// TestWholeIsAskedFirst: who reads records finds their ends; where that fails, the splitter does.
func TestWholeIsAskedFirst(t *testing.T) {
	var want []string
	for i := range 2000 {
		want = append(want, fmt.Sprintf(`{"id":%d,"t":"%s"}`, i, strings.Repeat("x", i%997)))
	}
	for name, src := range map[string]func(io.Reader) io.Reader{
		"at once":   func(r io.Reader) io.Reader { return r },
		"in halves": iotest.HalfReader,
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			found := 0
			r := Reader{Stdin: src(strings.NewReader(`{"Records":[` + strings.Join(want, ",\n") + `]}`)), Whole: func(text []byte) int {
				if len(got)%100 == 0 {
					return 0 // it cannot say
				}
				end := strings.IndexByte(string(text), '}') + 1
				if end > 0 {
					found++
				}
				return end
			}}
			err := r.Read(t.Context(), []string{"-"}, func(raw []byte, _ Where) error {
				got = append(got, string(raw))
				return nil
			})
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%v\n%s", err, diff)
			}
			if found < 1900 {
				t.Errorf("it found %d of %d", found, len(want))
			}
		})
	}
}

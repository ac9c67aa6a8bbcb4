package audit_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"riposte.dev/audit"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 123456789, time.UTC)

// chain makes n records.
func chain(n int) []audit.Record {
	var head audit.Head
	var records []audit.Record
	for i := range n {
		r := head.Next(audit.Entry{Time: noon.Add(time.Duration(i) * time.Second), Kind: audit.Call, Actor: audit.Self, Execution: "5f0c",
			Action: "cloudtrail.start-logging", Resource: fmt.Sprintf("arn:aws:cloudtrail:eu-west-1:111122223333:trail/t%d", i), Account: "111122223333",
			Region: "eu-west-1", Text: "It called <StartLogging> & said \"ü\u2028\u007f\".", Data: json.RawMessage(`{"request": "r-1", "a": 1.50, "ünï": null}`)})
		records, head = append(records, r), r.Head()
	}
	return records
}

func each(records []audit.Record) iter.Seq2[audit.Record, error] {
	return func(yield func(audit.Record, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func lines(t *testing.T, records []audit.Record) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := audit.Write(&out, each(records)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func verify(t *testing.T, raw []byte, check audit.Check) audit.Report {
	t.Helper()
	report, err := audit.Verify(audit.Lines(bytes.NewReader(raw)), check)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestARecordIsCanonicalJSON(t *testing.T) {
	for _, r := range chain(3) {
		line := r.Encode()
		canonical := jsontext.Value(line).Clone()
		if err := canonical.Canonicalize(); err != nil || string(canonical) != string(line) {
			t.Errorf("%v\n got %s\nwant %s", err, line, canonical)
		}
		back, err := audit.Decode(line)
		if err != nil || string(back.Encode()) != string(line) {
			t.Errorf("%s: %v", back.Encode(), err)
		}
		plain, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if canonical = plain; canonical.Canonicalize() != nil || string(canonical) != string(line) {
			t.Errorf("encoding/json says %s, Encode %s", canonical, line)
		}
	}
}

func TestAWholeChain(t *testing.T) {
	records := chain(50)
	report := verify(t, lines(t, records), audit.Check{Known: []audit.Head{records[7].Head(), records[49].Head()}})
	if report.Broken != nil || report.First != 1 || report.Records != 50 || report.Head != records[49].Head() || report.Known != 2 {
		t.Errorf("%+v", report)
	}
	if !report.Began.Equal(noon.Truncate(time.Microsecond)) || !report.Ended.Equal(records[49].Time) {
		t.Errorf("from %s to %s", report.Began, report.Ended)
	}
	if report := verify(t, nil, audit.Check{}); report != (audit.Report{}) {
		t.Errorf("no records: %+v", report)
	}
}

func TestAPartOfAChain(t *testing.T) {
	records := chain(10)
	part := lines(t, records[4:])
	if report := verify(t, part, audit.Check{}); report.Broken == nil || report.Broken.Seq != 1 {
		t.Errorf("it passes for the whole: %+v", report)
	}
	report := verify(t, part, audit.Check{Part: true, Known: []audit.Head{records[3].Head(), records[4].Head()}})
	if report.Broken != nil || report.First != 5 || report.Records != 6 {
		t.Errorf("%+v", report)
	}
	if report := verify(t, part, audit.Check{Part: true, Known: []audit.Head{records[1].Head()}}); report.Broken == nil || report.Broken.Seq != 2 {
		t.Errorf("a head before the part is taken for known: %+v", report)
	}
}

// TestAnyChangeIsSeen changes, removes, inserts and reorders at random: nothing passes but the chain itself and, without a
// known head, a chain whose end was cut off.
func TestAnyChangeIsSeen(t *testing.T) {
	records := chain(12)
	whole, head := lines(t, records), records[11].Head()
	random := rand.New(rand.NewPCG(1, 2))
	mutations := map[string]func() []byte{
		"a byte": func() []byte {
			raw := bytes.Clone(whole)
			i := random.IntN(len(raw) - 1) // the last line feed may go
			raw[i] ^= byte(1 + random.IntN(255))
			return raw
		},
		"a byte inserted": func() []byte {
			return slices.Insert(bytes.Clone(whole), random.IntN(len(whole)-1), byte(random.IntN(256)))
		},
		"a byte removed": func() []byte {
			i := random.IntN(len(whole) - 1)
			return slices.Delete(bytes.Clone(whole), i, i+1)
		},
		"a record removed": func() []byte {
			i := random.IntN(11)
			return lines(t, slices.Delete(slices.Clone(records), i, i+1))
		},
		"a record twice": func() []byte {
			return lines(t, slices.Insert(slices.Clone(records), random.IntN(12), records[random.IntN(12)]))
		},
		"two records swapped": func() []byte {
			swapped := slices.Clone(records)
			i := random.IntN(11)
			swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
			return lines(t, swapped)
		},
		"a record forged in place": func() []byte { // with a hash of its own that fits
			forged := slices.Clone(records)
			i := random.IntN(12)
			var before audit.Head
			if i > 0 {
				before = records[i-1].Head()
			}
			e := records[i].Entry
			e.Actor = "somebody else"
			forged[i] = before.Next(e)
			return lines(t, forged)
		},
		"everything made anew from a record on": func() []byte {
			i := random.IntN(12)
			forged := slices.Clone(records[:i])
			var before audit.Head
			if i > 0 {
				before = records[i-1].Head()
			}
			for _, r := range records[i:] {
				e := r.Entry
				e.Text = "nothing happened"
				next := before.Next(e)
				forged, before = append(forged, next), next.Head()
			}
			return lines(t, forged)
		},
		"the end cut off": func() []byte { return lines(t, records[:random.IntN(12)]) },
	}
	for name, mutate := range mutations {
		for range 300 {
			raw := mutate()
			if report := verify(t, raw, audit.Check{Known: []audit.Head{head}}); report.Broken == nil {
				t.Fatalf("%s: not seen\n%s", name, raw)
			}
		}
	}
}

func TestWhatDoesNotFitIsCut(t *testing.T) {
	long := strings.Repeat("ü", audit.MaxText)
	r := audit.Head{}.Next(audit.Entry{Time: noon, Kind: audit.Call, Actor: "a\xff", Text: long, Data: json.RawMessage(`"` + long + strings.Repeat(" ", audit.MaxData) + `"`)})
	if len(r.Text) > audit.MaxText || !strings.HasSuffix(r.Text, "ü…") || r.Actor != "a\uFFFD" || !strings.Contains(string(r.Data), `"bytes":`) {
		t.Errorf("%+v", r)
	}
	broken := audit.Head{}.Next(audit.Entry{Time: noon, Kind: audit.Call, Data: json.RawMessage(`{"a":1,"a":2}`)})
	if !strings.Contains(string(broken.Data), `"sha256":`) {
		t.Errorf("ambiguous data: %s", broken.Data)
	}
	if report := verify(t, lines(t, []audit.Record{r}), audit.Check{}); report.Broken != nil {
		t.Errorf("%+v", report.Broken)
	}
}

func TestHeads(t *testing.T) {
	h := chain(3)[2].Head()
	if back, err := audit.ParseHead(h.String()); err != nil || back != h {
		t.Errorf("%v, %v", back, err)
	}
	for _, text := range []string{"", "3", "3:", "0:" + h.Hash, "3:" + h.Hash[1:], "3:" + strings.ToUpper(h.Hash), "x:" + h.Hash, h.Hash} {
		if _, err := audit.ParseHead(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(chain(1)[0].Encode())
	f.Add([]byte(`{"SEQ":1,"data":null}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		r, err := audit.Decode(line)
		if err == nil && string(r.Encode()) != strings.TrimSuffix(string(line), "\n") {
			t.Errorf("%q is read as %q", line, r.Encode())
		}
	})
}

func BenchmarkNext(b *testing.B) {
	e, head := chain(1)[0].Entry, audit.Head{}
	b.ReportAllocs()
	for b.Loop() {
		head = head.Next(e).Head()
	}
}

package cloudtrail_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"riposte.dev/sandbox"
	"riposte.dev/source/cloudtrail"
	"riposte.dev/source/file"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

func TestMissing(t *testing.T) {
	segment := func(from, to int) cloudtrail.Segment { return cloudtrail.Segment{From: at(from), To: at(to)} }
	tests := []struct {
		name     string
		segments []cloudtrail.Segment
		want     string
	}{
		{"nothing there", nil, "0-60"},
		{"all there", []cloudtrail.Segment{segment(0, 60)}, ""},
		{"more than all", []cloudtrail.Segment{segment(-10, 70)}, ""},
		{"the end", []cloudtrail.Segment{segment(0, 20)}, "20-60"},
		{"the beginning", []cloudtrail.Segment{segment(20, 60)}, "0-20"},
		{"holes", []cloudtrail.Segment{segment(50, 55), segment(20, 30)}, "55-60 30-50 0-20"},
		{"others", []cloudtrail.Segment{segment(60, 90), segment(-20, 0)}, "0-60"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, m := range cloudtrail.Missing(tt.segments, cloudtrail.Span{From: at(0), To: at(60)}) {
				got = append(got, fmt.Sprintf("%.0f-%.0f", m.From.Sub(noon).Minutes(), m.To.Sub(noon).Minutes()))
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("missing is %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSegmentsDoNotOverlap(t *testing.T) {
	c := cloudtrail.Cache{Dir: t.TempDir()}
	write := func(from, to int) {
		t.Helper()
		w, err := c.Write(account, "us-east-1", at(to))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Finish(at(from)); err != nil {
			t.Fatal(err)
		}
	}
	write(40, 60)
	write(30, 50)
	write(0, 40)
	dir, err := c.Folder(account, "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"README", "20260301T000000Z-20260228T000000Z.ndjson.gz", "x.part"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	segments, err := c.Segments(account, "us-east-1")
	if err != nil || len(segments) != 2 || !segments[0].From.Equal(at(40)) || !segments[1].From.Equal(at(0)) {
		t.Errorf("segments are %v, %v", segments, err)
	}
	if _, err := c.Folder("../..", "us-east-1"); err == nil {
		t.Error("a folder outside of the cache")
	}
}

// records reads the ids in files.
func records(t *testing.T, segments []cloudtrail.Segment) []string {
	t.Helper()
	var lines []string
	r := file.Reader{Bad: func(err error) { t.Error(err) }}
	for _, s := range segments {
		err := r.Read(t.Context(), []string{s.Path}, func(raw []byte, _ file.Where) error {
			lines = append(lines, string(raw))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return lines
}

// A second look fetches only what is new or had not settled, and an interrupted one is gone on with.
func TestHistoryFetchesOnlyWhatIsMissing(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	began := w.clock.Now()
	w.act("us-east-1", 100)
	now := w.clock.Now().Add(cloudtrail.Settled) // the first hundred have settled
	w.act("us-east-1", 100)
	end := w.clock.Now()
	cache, fresh := cloudtrail.Cache{Dir: t.TempDir()}, cloudtrail.Cache{Dir: t.TempDir()}
	fetch := func(ctx context.Context, progress func(cloudtrail.Progress)) ([]cloudtrail.Segment, cloudtrail.Progress, error) {
		var last cloudtrail.Progress
		h := cloudtrail.History{Reader: w.reader(w.admin, "us-east-1"), Account: account, Region: "us-east-1", Cache: cache, Fresh: fresh, Now: now}
		segments, err := h.Fetch(ctx, cloudtrail.Span{From: began, To: end}, func(p cloudtrail.Progress) { last = p; progress(p) })
		return segments, last, err
	}
	// The hundred fresh events take two calls. After the first page of what has settled, somebody interrupts.
	ctx, cancel := context.WithCancel(t.Context())
	_, _, err := fetch(ctx, func(p cloudtrail.Progress) {
		if p.Events >= 150 {
			cancel()
		}
	})
	if err == nil {
		t.Fatal("an interrupted fetch succeeded")
	}
	kept, err := cache.Segments(account, "us-east-1")
	if err != nil || len(kept) != 1 || len(records(t, kept)) != 49 {
		t.Fatalf("%v kept with %d events, want all of the page but its oldest second; %v", kept, len(records(t, kept)), err)
	}
	segments, last, err := fetch(t.Context(), func(cloudtrail.Progress) {})
	if err != nil {
		t.Fatal(err)
	}
	lines := records(t, segments)
	slices.Sort(lines)
	if len(lines) != 200 || len(slices.Compact(lines)) != 200 {
		t.Errorf("%d events, want 200, each once", len(lines))
	}
	if last.Events != 151 || last.Covered != end.Sub(began) {
		t.Errorf("the second fetch is at %+v", last)
	}
	// Once the rest has settled it is fetched for the cache, and then nothing is.
	now = now.Add(time.Hour)
	if _, last, err = fetch(t.Context(), func(cloudtrail.Progress) {}); err != nil || last.Events != 100 {
		t.Fatalf("the third fetch brought %+v, %v", last, err)
	}
	if segments, last, err = fetch(t.Context(), func(cloudtrail.Progress) {}); err != nil || last.Calls != 0 || len(records(t, segments)) != 200 {
		t.Errorf("the fourth fetch brought %+v, %v; all is on disk", last, err)
	}
	err = filepath.WalkDir(cache.Dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && path != cache.Dir && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v: events carry secrets", path, info.Mode())
		}
		if strings.HasSuffix(path, ".part") {
			t.Errorf("%s was left", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A record is a line whatever AWS's layout, and an event without one leaves none.
func TestSegmentsHoldARecordALine(t *testing.T) {
	w, err := cloudtrail.Cache{Dir: t.TempDir()}.Write(account, "us-east-1", at(60))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Add([]cloudtrail.Event{{ID: "a", Time: at(2), Record: []byte("{\n \"a\": 1\r\n}")}, {ID: "none", Time: at(2)}, {ID: "b", Time: at(1), Record: []byte(`{"b":2}`)}}); err != nil {
		t.Fatal(err)
	}
	segments, err := w.Finish(at(0))
	if err != nil {
		t.Fatal(err)
	}
	if lines := records(t, segments); len(lines) != 2 || strings.ContainsRune(lines[0], '\n') || lines[1] != `{"b":2}` {
		t.Errorf("lines are %q", lines)
	}
}

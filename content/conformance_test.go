//go:build conformance

package content_test

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"riposte.dev/event"
)

// TestConformanceRealRecords matches every bundled rule against CloudTrail files of an attack exercise and prints what each rule
// found: no expectation comes from elsewhere. It fails where a record cannot be read, or a rule cannot be evaluated.
func TestConformanceRealRecords(t *testing.T) {
	data := cmp.Or(os.Getenv("RIPOSTE_SHARED_DATA"), filepath.Join("..", "..", "shared", "data"))
	files, err := filepath.Glob(filepath.Join(data, "cloudtrail", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no CloudTrail files in %s (%v); set RIPOSTE_SHARED_DATA", data, err)
	}
	var envelopes []*event.Envelope
	size := 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var log struct{ Records []json.RawMessage }
		if err := json.Unmarshal(raw, &log); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, record := range log.Records {
			env, err := event.FromCloudTrail(record)
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			size += len(env.JSON())
			envelopes = append(envelopes, env)
		}
	}
	set := load(t)
	found := map[string]int{}
	began := time.Now()
	for _, env := range envelopes {
		matches, failed, err := set.Match(context.Background(), env)
		if err != nil || len(failed) > 0 {
			t.Errorf("event %s: %v %v", env.ID, err, failed)
		}
		for _, m := range matches {
			found[m.Rule.ID]++
		}
	}
	took := time.Since(began)
	t.Logf("%d records (%d bytes as envelopes) in %s: %.0f MB/s", len(envelopes), size, took, float64(size)/1e6/took.Seconds())
	for _, id := range slices.Sorted(maps.Keys(found)) {
		r := set.Rule(id)
		t.Logf("%5d  %-13s %-40s CIS %v", found[id], r.Severity, id, r.Tags.CISControls())
	}
}

package cli

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func detection(n int, rule, severity, principal string, denied bool) Detection {
	return Detection{Rule: rule, Title: rule + " by " + principal, Severity: severity, EventID: fmt.Sprint("event-", n), EventName: "Get" + rule,
		EventSource: "s3.amazonaws.com", Time: fmt.Sprintf("2026-03-01T00:00:%02dZ", n), Account: "111122223333",
		Principal: "arn:" + principal, SourceIP: fmt.Sprintf("192.0.2.%d", n), who: principal, denied: denied}
}

func report(detections ...Detection) string {
	r := newScanReport()
	for _, d := range detections {
		r.add(d)
	}
	var out bytes.Buffer
	r.print(&out)
	return out.String()
}

// row returns the only line that holds all the texts.
func row(t *testing.T, report string, texts ...string) []string {
	t.Helper()
	var found [][]string
lines:
	for line := range strings.Lines(report) {
		for _, text := range texts {
			if !strings.Contains(line, text) {
				continue lines
			}
		}
		found = append(found, strings.Fields(line))
	}
	if len(found) != 1 {
		t.Fatalf("%d lines with %v in\n%s", len(found), texts, report)
	}
	return found[0]
}

func TestTheWorstComesFirstAndTheSameOnce(t *testing.T) {
	text := report(detection(1, "Low", "LOW", "alice", false), detection(2, "Crit", "CRITICAL", "mallory", false), detection(3, "Low", "LOW", "alice", false),
		detection(4, "Low", "LOW", "bob", false))
	if !strings.HasPrefix(text, "4 detections: 1 CRITICAL, 3 LOW\n") {
		t.Errorf("head of\n%s", text)
	}
	if strings.Index(text, "Crit by mallory") > strings.Index(text, "Low by alice") {
		t.Errorf("the critical one is not the first:\n%s", text)
	}
	if fields := row(t, text, "Low by alice"); fields[4] != "2" || !strings.Contains(strings.Join(fields, " "), "192.0.2.1, 192.0.2.3 2026-03-01T00:00:01Z") {
		t.Errorf("row %v", fields)
	}
	row(t, text, "Low by bob") // another principal has a row of its own
}

func TestDenialsAreFoldedByPrincipalAndAPI(t *testing.T) {
	var all []Detection
	for n := 1; n <= 5; n++ {
		all = append(all, detection(n, "Key", "LOW", "mallory", true))
	}
	twice := detection(5, "Key", "MEDIUM", "mallory", true) // a second rule holds for the fifth event
	twice.Rule = "another"
	all = append(all, twice, detection(6, "Bucket", "LOW", "mallory", true))
	text := report(all...)
	fields := row(t, text, "s3:GetKey")
	if fields[0] != "5" || !strings.Contains(strings.Join(fields, " "), "192.0.2.1 and 4 more 2026-03-01T00:00:01Z 2026-03-01T00:00:05Z") {
		t.Errorf("row %v, want five calls", fields)
	}
	if row(t, text, "s3:GetBucket")[0] != "1" || strings.Contains(text, "SEVERITY") {
		t.Errorf("report\n%s", text)
	}
}

func TestManyDenialsAreCutAndCounted(t *testing.T) {
	var all []Detection
	for n := range shownDenials + 3 {
		all = append(all, detection(n, fmt.Sprintf("Api%02d", n), "LOW", "mallory", true))
	}
	if text := report(all...); !strings.HasSuffix(text, "and 3 more; -o ndjson shows all\n") || strings.Count(text, "s3:GetApi") != shownDenials {
		t.Errorf("report\n%s", text)
	}
}

func TestNothingFoundIsSaid(t *testing.T) {
	if text := report(); text != "no rule holds for any event\n" {
		t.Errorf("report %q", text)
	}
}

func TestEllipsisCutsAtRunes(t *testing.T) {
	for text, want := range map[string]string{"kurz": "kurz", "größer": "größ…", "fünf!": "fünf!"} {
		if got := ellipsis(text, 5); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

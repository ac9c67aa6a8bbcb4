package cli

import (
	"strings"
	"testing"
	"time"

	"riposte.dev/finding"
	"riposte.dev/web"
)

func TestWatchFilter(t *testing.T) {
	high := web.Line{Kind: "finding", Severity: "HIGH", Account: "1", Region: "eu-west-1", Rule: "r"}
	step := web.Line{Kind: "ended", Severity: "LOW", Account: "2", Rule: "s"}
	missed := web.Line{Kind: web.LineMissed}
	tests := []struct {
		name               string
		filter             watchFilter
		high, step, missed bool
	}{
		{"none", watchFilter{}, true, true, true},
		{"severity", watchFilter{severities: []finding.Label{"CRITICAL", "HIGH"}}, true, false, true},
		{"account", watchFilter{accounts: []string{"2", "3"}}, false, true, true},
		{"region", watchFilter{regions: []string{"eu-west-1"}}, true, false, true},
		{"rule", watchFilter{rules: []string{"s"}}, false, true, true},
		{"kind", watchFilter{kinds: []string{"finding"}}, true, false, true},
		{"every step", watchFilter{kinds: []string{"execution"}}, false, true, true},
		{"one step", watchFilter{kinds: []string{"started"}}, false, false, true},
		{"two that must hold", watchFilter{kinds: []string{"finding"}, accounts: []string{"2"}}, false, false, true},
	}
	for _, tt := range tests {
		if got := [3]bool{tt.filter.shows(high), tt.filter.shows(step), tt.filter.shows(missed)}; got != [3]bool{tt.high, tt.step, tt.missed} {
			t.Errorf("%s shows %v", tt.name, got)
		}
	}
}

func TestLinesAreColouredOnTerminalsOnly(t *testing.T) {
	l := web.Line{Time: time.Date(2026, 3, 1, 3, 4, 5, 0, time.Local), Since: 12 * time.Millisecond, Kind: "failed", Severity: "HIGH",
		Account: "111122223333", Region: "eu-west-1", Execution: "e1", Text: "Stop: denied"}
	want := "03:04:05.000   +12.0 ms  failed   HIGH          Stop: denied  [111122223333 eu-west-1 e1]"
	if got := lineText(l, false); got != want {
		t.Errorf("line %q, want %q", got, want)
	}
	if got := lineText(l, true); got != "\x1b[31m"+want+"\x1b[0m" {
		t.Errorf("coloured line %q", got)
	}
	if got := lineText(web.Line{Kind: "ended", Text: "a\x1b[2Jb"}, true); strings.Count(got, "\x1b") != 2 {
		t.Errorf("line %q carries a terminal command", got)
	}
	if got := lineText(web.Line{Kind: "applied", Text: "x"}, true); strings.Contains(got, "\x1b") || strings.Contains(got, "[") {
		t.Errorf("plain line %q", got)
	}
}

func TestWatchRefusesWhatItCannotShow(t *testing.T) {
	for args, want := range map[string]string{
		"watch -o yaml":                                    "use -o ndjson",
		"watch --kind fnding":                              `there is no kind "fnding"; use execution, finding`,
		"watch --min-severity bad":                         `there is no severity "bad"; use CRITICAL, HIGH`,
		"watch --since soon":                               `"soon" is no time`,
		"findings list --limit 0":                          "--limit 0 is not a positive number",
		"findings list --since later":                      `"later" is no time`,
		"findings list --severity LOW --min-severity HIGH": "don't go together",
	} {
		code, _, errs := execute(t, folder(t, nil), "", strings.Fields(args)...)
		if code != exitUsage || !strings.Contains(errs, want) {
			t.Errorf("%s: exit code %d, %q, want %q", args, code, errs, want)
		}
	}
}

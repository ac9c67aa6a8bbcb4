package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"riposte.dev/fault"
	"riposte.dev/pattern"
)

// benchOptions are the flags of `pattern bench`.
type benchOptions struct {
	rules, events string
	seconds       float64
	trusted       bool
}

// benchReport is what `pattern bench` prints. Rates are of one thread; allocations and heap come from the runtime.
type benchReport struct {
	Rules              int     `json:"rules"`
	Events             int     `json:"events"`
	EventsPerSecond    float64 `json:"events_per_second"`
	MegabytesPerSecond float64 `json:"megabytes_per_second"`
	Matches            int     `json:"matches"`        // names matched in one pass over the events
	MatchedEvents      int     `json:"matched_events"` // events with a name, in one pass
	BuildMS            float64 `json:"build_ms"`
	HeapMB             float64 `json:"heap_mb"` // what the rules hold once built
	AllocsPerEvent     float64 `json:"allocs_per_event"`
	JSONValidPerSecond float64 `json:"json_valid_events_per_second"`
}

func newPatternBench() *cobra.Command {
	var o benchOptions
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure matching of your rules and events on one thread",
		Long: `Matches the events again and again for the given time, half of it spent on encoding/json.Valid over the same bytes for
comparison, and prints one JSON object. The rules are [{"name","pattern":{…}}…], the events one envelope a line.`,
		Example: `  riposte pattern bench --rules rules.json --events events.ndjson --seconds 5`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.rules == "" || o.events == "" || o.seconds <= 0 {
				return &usageError{errors.New("bench needs --rules, --events and a time above 0; see `riposte pattern bench --help`")}
			}
			report, err := benchPatterns(o, time.Now)
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(report)
		},
	}
	cmd.Flags().StringVar(&o.rules, "rules", "", "file with the rules")
	cmd.Flags().StringVar(&o.events, "events", "", "file with the events")
	cmd.Flags().Float64Var(&o.seconds, "seconds", 5, "how long to measure")
	cmd.Flags().BoolVar(&o.trusted, "trusted", false, "the events were validated before; matching checks them all the same so far")
	return cmd
}

func benchPatterns(o benchOptions, now func() time.Time) (benchReport, error) {
	var report benchReport
	events, bytesTotal, err := readEvents(o.events)
	if err != nil {
		return report, err
	}
	report.Events = len(events)
	m, err := buildRules(o.rules, now, &report)
	if err != nil {
		return report, err
	}
	for _, event := range events { // a first pass counts, refuses bad events and warms up
		names, err := m.Match(event)
		if err != nil {
			return report, err
		}
		if report.Matches += len(names); len(names) > 0 {
			report.MatchedEvents++
		}
	}
	half := time.Duration(o.seconds / 2 * float64(time.Second))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	matched, elapsed := repeat(half, now, events, func(event []byte) error {
		_, err := m.Match(event)
		return err
	})
	runtime.ReadMemStats(&after)
	valid, validElapsed := repeat(half, now, events, func(event []byte) error {
		if !json.Valid(event) {
			return errors.New("not valid")
		}
		return nil
	})
	report.EventsPerSecond = matched / elapsed.Seconds()
	report.MegabytesPerSecond = report.EventsPerSecond * float64(bytesTotal) / float64(len(events)) / 1e6
	report.AllocsPerEvent = float64(after.Mallocs-before.Mallocs) / matched
	report.JSONValidPerSecond = valid / validElapsed.Seconds()
	return report, nil
}

// repeat runs do over the events for at least the given time and returns how many it did in how long.
func repeat(atLeast time.Duration, now func() time.Time, events [][]byte, do func([]byte) error) (done float64, elapsed time.Duration) {
	for start := now(); elapsed <= 0 || elapsed < atLeast; elapsed = now().Sub(start) {
		for _, event := range events {
			if do(event) == nil {
				done++
			}
		}
	}
	return done, elapsed
}

// buildRules reads and compiles the rules and measures that.
func buildRules(path string, now func() time.Time, report *benchReport) (*pattern.Matcher, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var rules []struct {
		Name    string          `json:"name"`
		Pattern json.RawMessage `json:"pattern"`
	}
	if err := json.Unmarshal(raw, &rules); err != nil {
		return nil, fault.New(fault.Invalid, "%s: %w", path, err).WithHint(`rules are [{"name": "…", "pattern": {…}}, …]`)
	}
	report.Rules = len(rules)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := now()
	m := pattern.New()
	for _, r := range rules {
		p, err := parsePattern(r.Pattern)
		if err != nil {
			return nil, fmt.Errorf("%s: rule %q: %w", path, r.Name, err)
		}
		m.Add(r.Name, p)
	}
	report.BuildMS = float64(now().Sub(start).Microseconds()) / 1000
	runtime.GC()
	runtime.ReadMemStats(&after)
	report.HeapMB = (float64(after.HeapAlloc) - float64(before.HeapAlloc)) / 1e6
	runtime.KeepAlive(rules) // they were there before, too
	return m, nil
}

// readEvents reads the events, one a line, and their size together.
func readEvents(path string) (events [][]byte, total int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	r := bufio.NewReader(f)
	for {
		line, err := readCase(r, maxCaseBytes)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, 0, fmt.Errorf("%s: event %d: %w", path, len(events)+1, err)
		}
		if len(line) > 0 {
			events, total = append(events, line), total+len(line)
		}
	}
	if len(events) == 0 {
		return nil, 0, fault.New(fault.Invalid, "%s holds no events", path).WithHint("write one JSON object a line")
	}
	return events, total, nil
}

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
	"riposte.dev/pattern/inturns"
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
		Long: `Matches the events again and again for the given time, in turns with encoding/json.Valid over the same bytes for
comparison, and prints one JSON object. Rates are of one thread's processor time; the slower half of the turns, in which
other programs disturb, is left out on both sides. The rules are [{"name","pattern":{…}}…], the events one envelope a line. With
--trusted matching stops reading an event when the rest can't change the answer, as it does for events that were checked
when they came in; each is checked before the measurement.`,
		Example: `  riposte pattern bench --rules rules.json --events events.ndjson --seconds 5
  riposte pattern bench --trusted --rules rules.json --events events.ndjson --seconds 5`,
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
	cmd.Flags().BoolVar(&o.trusted, "trusted", false, "the events were checked before: stop reading each as soon as the answer is known")
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
	var names []string
	for _, event := range events { // a first pass counts, refuses bad events and warms up
		if names, err = m.Append(names[:0], event); err != nil {
			return report, err
		}
		if report.Matches += len(names); len(names) > 0 {
			report.MatchedEvents++
		}
	}
	match := m.Append
	if o.trusted {
		match = m.AppendTrusted
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const passes = 20
	for range passes {
		for _, event := range events {
			names, _ = match(names[:0], event) // the first pass has refused what is no event
		}
	}
	runtime.ReadMemStats(&after)
	report.AllocsPerEvent = float64(after.Mallocs-before.Mallocs) / float64(passes*len(events))
	start := now()
	took := inturns.Measure(events, func() bool { return now().Sub(start).Seconds() >= o.seconds },
		func(event []byte) { names, _ = match(names[:0], event) },
		func(event []byte) { json.Valid(event) })
	report.EventsPerSecond = float64(time.Second) / float64(took[0])
	report.MegabytesPerSecond = report.EventsPerSecond * float64(bytesTotal) / float64(len(events)) / 1e6
	report.JSONValidPerSecond = float64(time.Second) / float64(took[1])
	return report, nil
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

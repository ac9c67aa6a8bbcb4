// Command patternbench measures the pattern package against encoding/json.Valid on the same events, on one thread, in turns of a
// few milliseconds, and prints a table of ratios. Figures from different runs don't compare; ratios do.
//
//	go run ./test/patternbench [--cloudtrail FOLDER] [--rounds N] [--write FOLDER]
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"riposte.dev/pattern"
	"riposte.dev/pattern/inturns"
)

func main() {
	folder := flag.String("cloudtrail", "", "folder with CloudTrail log files; without it events are made up")
	rounds := flag.Int("rounds", 40, "turns of each measurement")
	writeTo := flag.String("write", "", "also write rules and events there, for riposte pattern bench")
	flag.Parse()
	if err := run(os.Stdout, *folder, *rounds, *writeTo); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// ruleSet is a named set of patterns.
type ruleSet struct {
	name     string
	patterns []string
}

func run(out io.Writer, folder string, rounds int, writeTo string) error {
	events, err := loadEvents(folder)
	if err != nil {
		return err
	}
	kinds := kindsOf(events)
	var sets []ruleSet
	for _, n := range []int{15, 100, 1000, 10_000} {
		sets = append(sets, ruleSet{fmt.Sprint(n), newRuleMaker(kinds, 1).patterns(n)})
	}
	broad := newRuleMaker(kinds, 2)
	broad.broad = true
	sets = append(sets, ruleSet{"1000 broad", broad.patterns(1000)}, ruleSet{"1000 wildcards", newRuleMaker(kinds, 3).wildcards(1000)})
	orders := []order{
		{"as is", texts(events, asIs)}, {"sorted", texts(events, sorted)},
		{"shuffled", texts(events, shuffled(rand.New(rand.NewPCG(5, 6))))},
	}
	if writeTo != "" {
		for _, o := range orders {
			if err := writeEvents(filepath.Join(writeTo, o.name+".ndjson"), o.events); err != nil {
				return err
			}
		}
	}
	fmt.Fprintf(out, "%-15s %-9s %8s %8s %10s %8s %8s %8s\n", "rules", "names", "strict", "trusted", "json.Valid", "matched", "build", "heap")
	for _, set := range sets {
		if err := writeRules(writeTo, set); err != nil {
			return err
		}
		if err := benchSet(out, set, orders, rounds); err != nil {
			return err
		}
	}
	return benchHard(out, orders[0].events, rounds)
}

// order is the events with their names in one order.
type order struct {
	name   string
	events [][]byte
}

func benchSet(out io.Writer, set ruleSet, orders []order, rounds int) error {
	m, build, heap, err := buildMatcher(set.patterns)
	if err != nil {
		return err
	}
	for _, o := range orders {
		strict, trusted, valid, matched := measure(m, o.events, rounds)
		fmt.Fprintf(out, "%-15s %-9s %7.1fx %7.1fx %7.0f ns %7.1f%% %5.0f ms %5.1f MB\n", set.name, o.name, strict, trusted, valid,
			100*matched, float64(build.Microseconds())/1000, heap)
	}
	return nil
}

func buildMatcher(patterns []string) (m *pattern.Matcher, took time.Duration, heapMB float64, err error) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.GC() // pools keep what they have over one collection
	runtime.ReadMemStats(&before)
	start := time.Now()
	m = pattern.New()
	for i, text := range patterns {
		p, err := pattern.Parse([]byte(text))
		if err != nil {
			return nil, 0, 0, fmt.Errorf("%s: %w", text, err)
		}
		m.Add(fmt.Sprint("rule ", i), p)
	}
	took = time.Since(start)
	runtime.GC()
	runtime.ReadMemStats(&after)
	defer runtime.KeepAlive(m)
	return m, took, (float64(after.HeapAlloc) - float64(before.HeapAlloc)) / 1e6, nil
}

// measure returns how many times faster than json.Valid the two modes are, json.Valid's time an event, and the part of the
// events that matched.
func measure(m *pattern.Matcher, events [][]byte, rounds int) (strict, trusted, validNS, matched float64) {
	names := make([]string, 0, 1024)
	ways := []func([]byte){
		func(event []byte) { json.Valid(event) },
		func(event []byte) { names, _ = m.Append(names[:0], event) },
		func(event []byte) { names, _ = m.AppendTrusted(names[:0], event) },
	}
	for _, event := range events {
		if ways[1](event); len(names) > 0 {
			matched++
		}
	}
	took := inturns.Measure(events, func() bool { rounds--; return rounds <= 0 }, ways...)
	ratio := func(way int) float64 { return float64(took[0]) / float64(took[way]) }
	return ratio(1), ratio(2), float64(took[0]), matched / float64(len(events))
}

func writeEvents(path string, events [][]byte) error {
	var text []byte
	for _, e := range events {
		text = append(append(text, e...), '\n')
	}
	return os.WriteFile(path, text, 0o644)
}

func writeRules(folder string, set ruleSet) error {
	if folder == "" {
		return nil
	}
	type rule struct {
		Name    string          `json:"name"`
		Pattern json.RawMessage `json:"pattern"`
	}
	rules := make([]rule, len(set.patterns))
	for i, p := range set.patterns {
		rules[i] = rule{fmt.Sprint("rule ", i), json.RawMessage(p)}
	}
	text, err := json.Marshal(rules)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "rules "+set.name+".json"), text, 0o644)
}

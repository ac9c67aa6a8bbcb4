// Command intake measures how fast riposte takes events from SQS: a queue of the sandbox AWS is filled with events of
// CloudTrail as EventBridge puts them there, and riposte, started as `riposte serve` starts it, with all bundled rules and a
// bus that syncs to disk, empties it. Then events come at a steady rate, and their age when they are on disk is measured.
// Beside it stands what the same disk does with the bus's own server alone, one synced publish after the other.
//
// The sandbox is a process of its own, but shares the machine's processors with riposte, so the figures are lower bounds.
//
//	go run ./test/intake [--events 40000] [--rate 1000] [--seconds 5] [-o json]
//
// queue.go is the sandbox's process; riposte.go is the one that is measured; reference.go is the bare publish.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"time"
)

// floor is how many events a second riposte promises to take from SQS.
const floor = 5000

// bound is how long the whole may take; alone on two processors it takes 20 s.
const bound = time.Minute

type options struct {
	events, rate, seconds int
	output, profile       string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if os.Getenv(queueVariable) != "" {
		exit(serveQueue(ctx, os.Stdin, os.Stdout))
		return
	}
	var o options
	flag.IntVar(&o.events, "events", 40_000, "events in the queue")
	flag.IntVar(&o.rate, "rate", 1000, "events a second afterwards")
	flag.IntVar(&o.seconds, "seconds", 5, "how long they come")
	flag.StringVar(&o.output, "o", "text", "how the figures are printed: text or json")
	flag.StringVar(&o.profile, "cpuprofile", "", "write a CPU profile of riposte while it empties the queue to this file")
	flag.Parse()
	bounded, cancel := context.WithTimeoutCause(ctx, bound, fmt.Errorf("not done in %s: the machine does something else too; pass fewer --events", bound))
	defer cancel()
	err := run(bounded, o, os.Stdout)
	if cause := context.Cause(bounded); cause != nil {
		err = cause
	}
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "intake:", err)
		os.Exit(1)
	}
}

// figures are what was measured.
type figures struct {
	Processors int     `json:"processors"`
	Rules      int     `json:"rules"`
	Events     int     `json:"events"`
	Seconds    float64 `json:"seconds"`           // from the first receive to the last delete
	Taken      float64 `json:"eventsPerSecond"`   // in that time
	Compared   float64 `json:"comparedPerSecond"` // until all were compared with the rules
	// Microseconds of a processor that riposte spends on an event, its start and the comparison with the rules included.
	Microseconds float64 `json:"processorMicrosecondsPerEvent"`
	Published    float64 `json:"publishesPerSecond"` // by the bus's server alone, one event a sync
	Floor        float64 `json:"floor"`
	Rate         int     `json:"rate"` // events a second of which these are the ages when they are on disk
	Ages         ages    `json:"agesInMilliseconds"`
}

func run(ctx context.Context, o options, w io.Writer) (err error) {
	folder, err := os.MkdirTemp("", "riposte-intake-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	q, err := startQueue(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.close()) }()
	f := figures{Processors: runtime.NumCPU(), Events: o.events, Floor: floor, Rate: o.rate}
	if err := q.fill(o.events); err != nil {
		return err
	}
	before, err := publish(ctx, folder)
	if err != nil {
		return err
	}
	sent, began, err := measure(ctx, q, folder, o, &f)
	if err != nil {
		return err
	}
	after, err := publish(ctx, folder)
	if err != nil {
		return err
	}
	f.Published = (before + after) / 2
	if f.Ages, err = readAges(ctx, folder, o.events, sent, began); err != nil {
		return err
	}
	return f.print(w, o.output)
}

func (f figures) print(w io.Writer, output string) error {
	if output == "json" {
		return json.NewEncoder(w).Encode(f)
	}
	fmt.Fprintf(w, "%d processors, %s, %d rules; %d events of 1.5 kB in SQS, emptied in %.1f s\n\n", f.Processors, runtime.Version(), f.Rules, f.Events, f.Seconds)
	fmt.Fprintf(w, "%-64s %8s\n", "", "events/s")
	for _, row := range []struct {
		name string
		rate float64
	}{
		{"from SQS, synced to disk, first receive to last delete", f.Taken},
		{"the same until all were compared with the rules", f.Compared},
		{"floor", f.Floor},
		{"for comparison, this disk: one synced JetStream publish an event", f.Published},
	} {
		fmt.Fprintf(w, "%-64s %8.0f\n", row.name, row.rate)
	}
	fmt.Fprintf(w, "\nriposte's processor time: %.0f µs an event; all else goes to the sandbox and whatever the machine does beside\n", f.Microseconds)
	_, err := fmt.Fprintf(w, "age on disk, from its sending to SQS, beside %d events/s: p50 %.1f ms, p90 %.1f ms, p99 %.1f ms, max %.1f ms\n",
		f.Rate, f.Ages.P50, f.Ages.P90, f.Ages.P99, f.Ages.Max)
	return err
}

// Command executions measures the engine that runs playbooks, over the journal and the index that `riposte serve` uses, synced
// to disk: how many executions of three tasks it completes a second, how long one takes alone, and what executions cost that
// only wait. The tasks tell nobody, so what is measured is the engine. Beside it stands what the same disk does with the bus's
// own server alone, one synced publish after the other.
//
//	go run ./test/executions [--executions 10000] [--starters 256] [--alone 300] [--waiting 10000] [--idle 10s] [-o json]
//
// engine.go builds what is measured; waiting.go measures executions at rest, in a process of its own; reference.go is the bare
// publish.
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
	"runtime/pprof"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// What the engine promises.
const (
	floor       = 1000 // executions of three tasks completed a second, on two processors
	aloneTarget = 10   // ms, p50
	restTarget  = 200  // MB that 10,000 waiting executions may take
)

type options struct {
	executions, starters, alone, waiting int
	idle                                 time.Duration
	output, profile                      string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if folder := os.Getenv(restVariable); folder != "" {
		exit(rest(ctx, folder, os.Stdin, os.Stdout))
		return
	}
	var o options
	flag.IntVar(&o.executions, "executions", 10_000, "executions of three tasks")
	flag.IntVar(&o.starters, "starters", 256, "how many are started at the same time")
	flag.IntVar(&o.alone, "alone", 300, "executions that run one after the other")
	flag.IntVar(&o.waiting, "waiting", 10_000, "executions that wait; 0: not measured")
	flag.DurationVar(&o.idle, "idle", 10*time.Second, "how long they are watched")
	flag.StringVar(&o.output, "o", "text", "how the figures are printed: text or json")
	flag.StringVar(&o.profile, "cpuprofile", "", "write a CPU profile of the executions side by side to this file")
	flag.Parse()
	exit(run(ctx, o, os.Stdout))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "executions:", err)
		os.Exit(1)
	}
}

// figures are what was measured.
type figures struct {
	Processors int     `json:"processors"`
	Executions int     `json:"executions"`
	Completed  float64 `json:"completedPerSecond"` // first start to last end
	Indexed    float64 `json:"indexedPerSecond"`   // until the index and the audit record held all of them
	// Microseconds of processor time that an execution takes, the bus's server and the index included.
	Microseconds float64 `json:"processorMicrosecondsPerExecution"`
	Published    float64 `json:"publishesPerSecond"` // by the bus's server alone, one after the other, each synced
	AloneP50     float64 `json:"aloneMillisecondsP50"`
	AloneP99     float64 `json:"aloneMillisecondsP99"`
	PublishP50   float64 `json:"publishMillisecondsP50"`
	Waiting      int     `json:"waiting"`
	Rest         resting `json:"rest"`
}

func run(ctx context.Context, o options, w io.Writer) (err error) {
	folder, err := os.MkdirTemp("", "riposte-executions-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	f := figures{Processors: runtime.NumCPU(), Executions: o.executions, Waiting: o.waiting}
	before, err := publish(ctx, folder)
	if err != nil {
		return err
	}
	if err := working(ctx, folder, o, &f); err != nil {
		return err
	}
	after, err := publish(ctx, folder)
	if err != nil {
		return err
	}
	f.Published, f.PublishP50 = (before.rate+after.rate)/2, milliseconds((before.p50+after.p50)/2)
	if o.waiting > 0 {
		if f.Rest, err = measureRest(ctx, folder, o.waiting, o.idle); err != nil {
			return err
		}
	}
	return f.print(w, o)
}

// working measures executions that work: one after the other, then side by side.
func working(ctx context.Context, folder string, o options, f *figures) (err error) {
	e, err := newEngine(ctx, folder+"/working")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	var took []time.Duration
	for i := range o.alone + warmUp {
		began := time.Now()
		if err := e.start(ctx, threeTasks, fmt.Sprint("alone-", i)); err != nil {
			return err
		}
		e.await(i + 1)
		if i >= warmUp {
			took = append(took, time.Since(began))
		}
	}
	slices.Sort(took)
	f.AloneP50, f.AloneP99 = milliseconds(took[len(took)/2]), milliseconds(took[len(took)*99/100])
	if err := e.indexed(ctx); err != nil {
		return err
	}
	if o.profile != "" {
		to, err := os.Create(o.profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(to); err != nil {
			return err
		}
		defer func() {
			pprof.StopCPUProfile()
			err = errors.Join(err, to.Close())
		}()
	}
	return sideBySide(ctx, e, o, f)
}

// warmUp is how many executions are run before those that count.
const warmUp = 50

func sideBySide(ctx context.Context, e *engine, o options, f *figures) error {
	ended := o.alone + warmUp
	used, began := processorTime(), time.Now()
	var next atomic.Int64
	var all sync.WaitGroup
	errs := make([]error, o.starters)
	for s := range o.starters {
		all.Go(func() {
			for i := next.Add(1); i <= int64(o.executions) && errs[s] == nil; i = next.Add(1) {
				errs[s] = e.start(ctx, threeTasks, fmt.Sprint("beside-", i))
			}
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	e.await(ended + o.executions)
	f.Completed = float64(o.executions) / time.Since(began).Seconds()
	if err := e.indexed(ctx); err != nil {
		return err
	}
	f.Indexed = float64(o.executions) / time.Since(began).Seconds()
	f.Microseconds = float64((processorTime() - used).Microseconds()) / float64(o.executions)
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (f figures) print(w io.Writer, o options) error {
	if o.output == "json" {
		return json.NewEncoder(w).Encode(f)
	}
	fmt.Fprintf(w, "%d processors, %s; %d executions of three tasks, four synced journal appends each, %d started side by side\n\n", f.Processors, runtime.Version(), f.Executions, o.starters)
	fmt.Fprintf(w, "%-74s %8s\n", "", "a second")
	for _, row := range []struct {
		name string
		rate float64
	}{
		{"executions completed", f.Completed},
		{"the same until index and audit record held all of them", f.Indexed},
		{"floor", floor},
		{"for comparison, this disk: one synced JetStream publish after the other", f.Published},
	} {
		fmt.Fprintf(w, "%-74s %8.0f\n", row.name, row.rate)
	}
	fmt.Fprintf(w, "\nprocessor time: %.0f µs an execution, server and index included\n", f.Microseconds)
	fmt.Fprintf(w, "one alone, from its start to its end: p50 %.2f ms, p99 %.2f ms (target: p50 < %d ms; one bare publish: p50 %.2f ms)\n",
		f.AloneP50, f.AloneP99, aloneTarget, f.PublishP50)
	if o.waiting == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "%d waiting executions: %.0f MB resident in all, %.0f MB more than without (target: < %d MB); %.2f %% of a processor over %s; ready %.1f s after a restart\n",
		f.Waiting, f.Rest.Megabytes, f.Rest.Megabytes-f.Rest.Before, restTarget, f.Rest.Percent, o.idle, f.Rest.Ready)
	return err
}

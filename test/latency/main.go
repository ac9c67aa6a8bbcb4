// Command latency measures riposte from the outside: how long it takes from the post of an event to the first AWS call of
// the response, alone and beside a stream of other events, and how many events a second are taken, each synced to disk before
// it is acknowledged. The sandbox AWS, the senders and riposte share one process and its processors, so the figures are upper
// bounds; AWS's own delivery delay is not in them.
//
//	go run ./test/latency [-n 200] [-rate 1000] [-cpuprofile FILE]
//
// responses.go stops trails and reads the sandbox's journal of calls; load.go sends events.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"time"

	"riposte.dev/app"
	"riposte.dev/test/stage"
)

func main() {
	var o options
	flag.IntVar(&o.samples, "n", 200, "trails to stop in each run")
	flag.IntVar(&o.rate, "rate", 1000, "background events a second")
	flag.DurationVar(&o.pace, "pace", 110*time.Millisecond, "time between two stops; 100 of them should take longer than the rule's cooldown of 10s")
	flag.DurationVar(&o.intake, "intake", 5*time.Second, "how long the intake is measured; 0 for not")
	flag.StringVar(&o.profile, "cpuprofile", "", "write a CPU profile of the run beside the background load to this file")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "latency:", err)
		os.Exit(1)
	}
}

type options struct {
	samples, rate int
	pace, intake  time.Duration
	profile       string
}

func run(ctx context.Context, o options, w io.Writer) (err error) {
	folder, err := os.MkdirTemp("", "riposte-latency-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	b := &bench{events: make(chan []byte, 1<<16)}
	b.stage, err = stage.New(ctx, stage.Options{Folder: folder, Journal: 1 << 20, Unlimited: true, OnEvent: func(e []byte) { b.events <- e }})
	defer func() { err = errors.Join(err, b.stage.Close()) }()
	if err != nil {
		return err
	}
	if err := b.trails(ctx); err != nil {
		return err
	}
	config, err := app.LoadConfig(b.stage.Config)
	if err != nil {
		return err
	}
	began := time.Now()
	riposte, err := app.Start(ctx, app.Options{Config: config, Data: b.stage.Data, Version: "latency"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, riposte.Stop()) }()
	if err := b.stage.Ready(ctx); err != nil {
		return err
	}
	fmt.Fprintf(w, "%d processors, %s; ready after %s\n\n", runtime.GOMAXPROCS(0), runtime.Version(), time.Since(began).Round(time.Millisecond))
	if err := b.warmUp(ctx); err != nil {
		return err
	}
	fmt.Fprintf(w, "%-34s %-14s %8s %8s %8s %8s %8s\n", "from the post of the event to", "beside", "samples", "p50", "p90", "p99", "max")
	alone, err := b.respond(ctx, o)
	if err != nil {
		return err
	}
	alone.print(w, "nothing else")
	beside, rate, err := b.loaded(ctx, o)
	if err != nil {
		return err
	}
	beside.print(w, fmt.Sprintf("%.0f events/s", rate))
	fmt.Fprintln(w, "target for the first AWS call, beside 1000 events/s: p50 < 5 ms, p99 < 25 ms")
	if o.intake == 0 {
		return nil
	}
	return b.flood(ctx, o.intake, w)
}

// loaded is respond beside the background load; rate is what was really sent and acknowledged.
func (b *bench) loaded(ctx context.Context, o options) (f figures, rate float64, err error) {
	if o.profile != "" {
		file, err := os.Create(o.profile)
		if err != nil {
			return f, 0, err
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			return f, 0, err
		}
		defer pprof.StopCPUProfile()
	}
	loading, end := context.WithCancel(ctx)
	done := make(chan error, 1)
	began := time.Now()
	sent := 0
	go func() {
		var err error
		sent, err = b.steady(loading, o.rate)
		done <- err
	}()
	f, err = b.respond(ctx, o)
	end()
	err = errors.Join(err, <-done)
	return f, float64(sent) / time.Since(began).Seconds(), err
}

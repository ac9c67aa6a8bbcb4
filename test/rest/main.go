// Command rest measures riposte as it waits for events, in a process of its own: how soon it is ready, how much memory it holds at
// rest, and how long the first response takes from there. The AWS look-alike stands in this process.
//
//	go run ./test/rest [-program FILE] [-runs 3] [-rest 15s]
//
// Memory is what Linux counts as resident (https://man7.org/linux/man-pages/man5/proc_pid_status.5.html): "own" is the process's
// alone, "program" are pages of its file, which the kernel can take back at any time.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"riposte.dev/test/stage"
)

func main() {
	program := flag.String("program", "", "riposte's `file`; without it, it is built")
	runs := flag.Int("runs", 3, "how often it is started")
	rest := flag.Duration("rest", 15*time.Second, "how long it rests before memory is looked at; it settles 10s after the start")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *program, *runs, *rest, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "rest:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, program string, runs int, rest time.Duration, w io.Writer) (err error) {
	folder, err := os.MkdirTemp("", "riposte-rest-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if program == "" {
		program = filepath.Join(folder, "riposte")
		if err := build(ctx, program); err != nil {
			return err
		}
	}
	fmt.Fprintf(w, "%10s %10s %10s %10s %10s %14s %14s\n", "ready", "resident", "own", "program", "peak", "first call", "first change")
	for range runs {
		if err := once(ctx, program, rest, w); err != nil {
			return err
		}
	}
	return nil
}

// once starts riposte, lets it rest and has it answer one event.
func once(ctx context.Context, program string, rest time.Duration, w io.Writer) (err error) {
	s, err := newScene(ctx, program)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	select {
	case <-time.After(rest):
	case <-ctx.Done():
		return ctx.Err()
	}
	m, err := memoryOf(s.process.Process.Pid)
	if err != nil {
		return err
	}
	call, change, err := s.respond(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%8dms %7d MiB %7d MiB %7d MiB %7d MiB %12.1fms %12.1fms\n", s.ready.Milliseconds(),
		m.resident>>20, m.own>>20, m.program>>20, m.peak>>20, milliseconds(call), milliseconds(change))
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

const trail = "organization"

// respond stops a trail, posts the event of it, and says how long after that riposte asked AWS and started the trail again.
func (s *scene) respond(ctx context.Context) (call, change time.Duration, err error) {
	if err := s.stage.StopTrail(ctx, stage.Region, trail); err != nil {
		return 0, 0, err
	}
	var at time.Time
	for stopped := false; !stopped; {
		select {
		case e := <-s.events:
			stopped = bytes.Contains(e, []byte(`"eventName":"StopLogging"`))
			at = time.Now()
			if err := s.stage.Post(ctx, http.DefaultClient, e); err != nil {
				return 0, 0, err
			}
		case <-ctx.Done():
			return 0, 0, ctx.Err()
		}
	}
	wait, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	err = stage.Wait(wait, "the trail to log again", func() (bool, error) { return s.stage.Logging(wait, stage.Region, trail) })
	if err != nil {
		return 0, 0, err
	}
	for _, c := range s.stage.Calls("") {
		switch {
		case c.Time.Before(at):
		case c.Operation == "StartLogging":
			return call, c.Time.Sub(at), nil
		case call == 0:
			call = c.Time.Sub(at)
		}
	}
	return 0, 0, errors.New("the trail logs again, and riposte did not start it")
}

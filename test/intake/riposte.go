package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"riposte.dev/app"
	"riposte.dev/bus"
	"riposte.dev/test/stage"
)

func data(folder string) string { return filepath.Join(folder, "data") }

// configure writes riposte.yaml and reads it.
func configure(q *queue, folder string) (app.Config, error) {
	path := filepath.Join(folder, "riposte.yaml")
	text := fmt.Sprintf(`server: {listen: "127.0.0.1:0"}
aws: {region: %s, endpoint: %q, access_key_id: %s, secret_access_key: %q}
sources: {sqs: [{url: %q}]}
`, region, q.Endpoint, q.Keys.AccessKeyID, q.Keys.SecretAccessKey, q.Queue)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return app.Config{}, err
	}
	return app.LoadConfig(path)
}

// measure lets riposte empty the queue, and then take what comes. sent is when those that came later were sent; none of them
// before began.
func measure(ctx context.Context, q *queue, folder string, o options, f *figures) (sent []int64, began time.Time, err error) {
	config, err := configure(q, folder)
	if err != nil {
		return nil, began, err
	}
	end, err := profile(o.profile)
	if err != nil {
		return nil, began, err
	}
	before := processorTime()
	riposte, err := app.Start(ctx, app.Options{Config: config, Data: data(folder), Version: "intake"})
	if err != nil {
		return nil, began, errors.Join(err, end())
	}
	defer func() { err = errors.Join(err, riposte.Stop()) }()
	emptied, err := q.empty()
	if err != nil {
		return nil, began, errors.Join(err, end())
	}
	f.Seconds = emptied.Last.Sub(emptied.First).Seconds()
	f.Taken = float64(o.events) / f.Seconds
	compared, err := awaitCompared(ctx, riposte.URL(), o.events, f)
	if err = errors.Join(err, end()); err != nil {
		return nil, began, err
	}
	f.Microseconds = float64((processorTime() - before).Microseconds()) / float64(o.events)
	f.Compared = float64(o.events) / max(compared.Sub(emptied.First).Seconds(), f.Seconds)
	began = time.Now()
	if sent, err = q.trickle(o.rate*o.seconds, o.rate); err == nil {
		_, err = q.empty()
	}
	return sent, began, err
}

// processorTime is what this process has used of the processors. Unlike the time on the clock it hardly depends on what else
// the machine does.
func processorTime() time.Duration {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil {
		return 0 // it only fails for a wrong argument
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// profile begins a CPU profile where a file is named; end completes it.
func profile(path string) (end func() error, err error) {
	if path == "" {
		return func() error { return nil }, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() error { pprof.StopCPUProfile(); return file.Close() }, nil
}

// awaitCompared waits until so many events were compared with the rules and returns when that was.
func awaitCompared(ctx context.Context, url string, events int, f *figures) (time.Time, error) {
	err := stage.Wait(ctx, "all events to be compared with the rules", func() (bool, error) {
		rules, err := metric(ctx, url, "riposte_detect_rules")
		if err != nil {
			return false, err
		}
		f.Rules = int(rules)
		compared, err := metric(ctx, url, "riposte_detect_events_total")
		return compared >= float64(events), err
	})
	return time.Now(), err
}

// metric reads one of riposte's metrics.
func metric(ctx context.Context, url, name string) (float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(io.LimitReader(resp.Body, 10<<20)); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, fmt.Errorf("riposte has no metric %s", name)
}

// ages are quantiles, in milliseconds.
type ages struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// readAges reads the bus of a riposte that has ended: how old the events were when they were stored that were sent after
// began, the first of which has that number. It fails unless each event is there once.
func readAges(ctx context.Context, folder string, first int, sent []int64, began time.Time) (a ages, err error) {
	b, err := bus.Open(ctx, bus.Options{Dir: filepath.Join(data(folder), "bus")})
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, b.Close(ctx)) }()
	seen := make([]int, first+len(sent))
	var took []float64
	err = b.Replay(ctx, bus.Events, time.Time{}, func(m bus.Message) error {
		var e struct{ ID string }
		if err := json.Unmarshal(m.Data, &e); err != nil {
			return err
		}
		number, _, _ := strings.Cut(e.ID, "-")
		n, err := strconv.ParseUint(number, 16, 32)
		if err != nil || int(n) >= len(seen) {
			return fmt.Errorf("an event that nobody sent is on disk: %q", e.ID)
		}
		seen[n]++
		if m.Time.After(began) && int(n) >= first {
			took = append(took, float64(m.Time.UnixNano()-sent[int(n)-first])/1e6)
		}
		return nil
	})
	if err != nil {
		return a, err
	}
	for n, times := range seen {
		if times != 1 {
			return a, fmt.Errorf("event %d is on disk %d times", n, times)
		}
	}
	return quantiles(took), nil
}

func quantiles(took []float64) ages {
	if len(took) == 0 {
		return ages{}
	}
	slices.Sort(took)
	at := func(q float64) float64 { return took[min(int(q*float64(len(took))), len(took)-1)] }
	return ages{at(0.5), at(0.9), at(0.99), at(1)}
}

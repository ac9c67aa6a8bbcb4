package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"
)

// restVariable makes this program the process whose executions rest; it is the folder of its files.
const restVariable = "RIPOSTE_EXECUTIONS_FOLDER"

// resting is what executions cost that wait.
type resting struct {
	Before    float64 `json:"megabytesBefore"` // resident, without executions
	Megabytes float64 `json:"megabytes"`       // resident, after a restart with all of them
	Percent   float64 `json:"percentOfAProcessor"`
	Ready     float64 `json:"secondsToResume"` // opening bus, index and every execution
}

// measureRest lets executions come to rest in one process and looks at the next one that takes them over.
func measureRest(ctx context.Context, folder string, n int, idle time.Duration) (r resting, err error) {
	folder = filepath.Join(folder, "waiting")
	first, err := startRest(ctx, folder)
	if err != nil {
		return r, err
	}
	r.Before, err = first.ask("look", 0, 0)
	if err == nil {
		_, err = first.ask("start", n, 0)
	}
	if err = errors.Join(err, first.close()); err != nil {
		return r, err
	}
	began := time.Now()
	second, err := startRest(ctx, folder)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, second.close()) }()
	if _, err = second.ask("rest", n, 0); err != nil {
		return r, err
	}
	r.Ready = time.Since(began).Seconds()
	if r.Percent, err = second.ask("idle", 0, idle); err == nil {
		r.Megabytes, err = second.ask("look", 0, 0)
	}
	return r, err
}

// order is what the parent asks for, and answer what comes back.
type order struct {
	What string
	N    int
	For  time.Duration
}

type answer struct {
	Value float64
	Error string
}

// process is the resting process as the parent sees it. It ends when its standard input does.
type process struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	write *json.Encoder
	read  *json.Decoder
}

func startRest(ctx context.Context, folder string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.CommandContext(ctx, self)}
	p.cmd.Env, p.cmd.Stderr = append(os.Environ(), restVariable+"="+folder), os.Stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.write, p.read = json.NewEncoder(p.in), json.NewDecoder(out)
	return p, p.cmd.Start()
}

func (p *process) ask(what string, n int, d time.Duration) (float64, error) {
	var a answer
	err := p.write.Encode(order{what, n, d})
	if err == nil {
		err = p.read.Decode(&a)
	}
	if err == nil && a.Error != "" {
		err = errors.New(a.Error)
	}
	return a.Value, err
}

func (p *process) close() error { return errors.Join(p.in.Close(), p.cmd.Wait()) }

// rest is the process's main.
func rest(ctx context.Context, folder string, in io.Reader, out io.Writer) (err error) {
	e, err := newEngine(ctx, folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	orders, answers := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var o order
		if err := orders.Decode(&o); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		var a answer
		if a.Value, err = e.carryOut(ctx, o); err != nil {
			a.Error = err.Error()
		}
		if err := answers.Encode(a); err != nil {
			return err
		}
	}
}

func (e *engine) carryOut(ctx context.Context, o order) (float64, error) {
	switch o.What {
	case "start":
		var all sync.WaitGroup
		errs := make([]error, o.N)
		slots := make(chan struct{}, 256)
		for i := range o.N {
			slots <- struct{}{}
			all.Go(func() {
				errs[i] = e.start(ctx, waits, strconv.Itoa(i))
				<-slots
			})
		}
		all.Wait()
		return 0, errors.Join(append(errs, e.asleep(ctx, o.N))...)
	case "rest":
		return 0, e.asleep(ctx, o.N)
	case "idle":
		used, began := processorTime(), time.Now()
		time.Sleep(o.For)
		return 100 * (processorTime() - used).Seconds() / time.Since(began).Seconds(), nil
	default:
		runtime.GC()
		debug.FreeOSMemory()
		return resident()
	}
}

// asleep returns when so many executions wait for their time.
func (e *engine) asleep(ctx context.Context, n int) error {
	for {
		families, err := e.metrics.Gather()
		if err != nil {
			return err
		}
		for _, f := range families {
			if f.GetName() == "riposte_executions_waiting" && f.GetMetric()[0].GetGauge().GetValue() >= float64(n) {
				return ctx.Err()
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// resident is this process's memory, in MB of 1,000,000 bytes.
func resident() (float64, error) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
			kilobytes, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 64)
			return kilobytes * 1024 / 1e6, err
		}
	}
	return 0, fmt.Errorf("the system does not say how much memory is resident")
}

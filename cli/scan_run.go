package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"riposte.dev/detect"
	"riposte.dev/event"
	"riposte.dev/source/file"
)

// scan matches events of files with rules, on every core, and reports in the order of the files.
type scan struct {
	rules     *detect.RuleSet
	refused   func(error)
	since     time.Time // older events are left out; zero: none are
	responses bool      // keep what the rules start

	events, bad int
	bytes       int64 // of events

	room sync.Pool // of *scanBatch
}

// A batch of events is what one core matches at once. A file may have some batches that nobody has taken yet, so that
// matching does not wait for the disk; then its reading waits.
const (
	scanBatchEvents = 256
	scanBatchBytes  = 256 << 10
	scanBatches     = 4
)

// scanGarbage is how much garbage a scan lets lie before it is collected, in percent of what is in use: some 20 MB with the
// bundled rules. Nearly all that a scan reads is garbage at once, and a fifth of the time went into collecting it.
const scanGarbage = 300

// scanFile is a file on its way through the scan.
type scanFile struct {
	path    string
	batches chan *scanBatch // in the order of the file; closed at its end
	err     error           // that ends the scan; read after batches is closed
}

// scanBatch are events of one file that were read and checked. Batches are used again, for their room.
type scanBatch struct {
	events []event.Checked
	wheres []file.Where
	text   []byte // of the events
	read   int    // how many were read: also those that are older or no events
	older  int
	bytes  int64   // of what was read
	bad    []error // what could not be read among them
	done   chan scanResult
}

type scanResult struct {
	detections []Detection
	errs       []error
}

// run reads the paths and hands every detection to emit. Files are read side by side and their events matched side by
// side; what comes of it is told in the order of the paths and of the events in each.
func (s *scan) run(ctx context.Context, paths []string, stdin io.Reader, progress func(int), emit func(Detection) error) error {
	names, err := scanFiles(paths)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if os.Getenv("GOGC") == "" {
		defer debug.SetGCPercent(debug.SetGCPercent(scanGarbage))
	}
	cores := runtime.GOMAXPROCS(0)
	queue, ordered := make(chan *scanFile), make(chan *scanFile, cores)
	batches := make(chan *scanBatch, cores)
	var readers, matchers sync.WaitGroup
	for range cores {
		readers.Go(func() {
			reader := newScanReader(s, stdin, progress, batches)
			for f := range queue {
				f.err = reader.read(ctx, f)
				close(f.batches)
			}
		})
		matchers.Go(func() {
			for b := range batches {
				b.done <- s.match(ctx, b)
			}
		})
	}
	go func() {
		defer close(ordered)
		defer close(queue)
		for _, name := range names {
			f := &scanFile{path: name, batches: make(chan *scanBatch, scanBatches)}
			select {
			case ordered <- f:
			case <-ctx.Done():
				return
			}
			queue <- f
		}
	}()
	for f := range ordered {
		for b := range f.batches {
			if problem := s.tell(ctx, b, emit); problem != nil && err == nil {
				err = problem
				cancel()
			}
		}
		if f.err != nil && err == nil {
			err = f.err
			cancel()
		}
	}
	readers.Wait()
	close(batches)
	matchers.Wait()
	if err == nil {
		err = ctx.Err()
	}
	return err
}

// scanFiles lists the files of all paths.
func scanFiles(paths []string) ([]string, error) {
	var names []string
	for _, path := range paths {
		if path == "-" {
			names = append(names, path)
			continue
		}
		files, err := file.Files(path)
		if err != nil {
			return nil, err
		}
		names = append(names, files...)
	}
	return names, nil
}

// tell counts and reports what came of a batch; the error is emit's, or the end of ctx.
func (s *scan) tell(ctx context.Context, b *scanBatch, emit func(Detection) error) error {
	result := <-b.done
	if err := ctx.Err(); err != nil {
		return err // what was not matched any more is not told
	}
	defer s.recycle(b)
	s.events += b.read - b.older
	s.bytes += b.bytes
	for _, errs := range [][]error{result.errs, b.bad} {
		for _, err := range errs {
			s.bad++
			s.refused(err)
		}
	}
	for _, d := range result.detections {
		if err := emit(d); err != nil {
			return err
		}
	}
	return nil
}

func (s *scan) match(ctx context.Context, b *scanBatch) scanResult {
	var result scanResult
	for i := range b.events {
		refuse := func(err error) { result.errs = append(result.errs, fmt.Errorf("%s: %w", b.wheres[i], err)) }
		env, matches, failed, err := s.rules.MatchChecked(ctx, b.events[i])
		if err != nil {
			refuse(err)
			continue
		}
		for _, f := range failed {
			refuse(f)
		}
		for _, m := range matches {
			result.detections = append(result.detections, s.detection(env, m))
		}
	}
	return result
}

func (s *scan) detection(env *event.Envelope, m detect.Match) Detection {
	d := Detection{
		Rule: m.Rule.ID, Title: m.Title, Severity: string(m.Rule.Severity),
		Tags:    ScanTags{CIS: m.Rule.Tags.CISControls(), ATTACK: m.Rule.Tags.ATTACK},
		EventID: env.ID, EventSource: env.Source, Time: env.Time.UTC().Format(time.RFC3339),
		Account: env.Account, Region: env.Region, Resources: []string{},
	}
	for _, resource := range m.Resources {
		d.Resources = append(d.Resources, resource.ID)
	}
	if record := env.Record(); record != nil {
		d.EventID, d.EventName, d.EventSource = record.EventID, record.EventName, record.EventSource
		d.Principal, d.SourceIP = record.UserIdentity.Principal(), record.SourceIPAddress
		d.who, d.denied = record.UserIdentity.Person(), record.ErrorCode != ""
	}
	if s.responses && m.Rule.Respond != nil && m.Input != nil && !d.denied {
		d.response = &response{playbook: m.Rule.Respond.Playbook, input: m.Input, event: env}
	}
	return d
}

// summary is the last line of a scan.
func (s *scan) summary(took time.Duration, detections int) string {
	return fmt.Sprintf("%d events, %.1f MB in %s (%.0f MB/s) with %d rules; %d detections; %d unreadable",
		s.events, float64(s.bytes)/1e6, took.Round(time.Millisecond), float64(s.bytes)/1e6/took.Seconds(), s.rules.Len(), detections, s.bad)
}

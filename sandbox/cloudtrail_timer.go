package sandbox

import (
	"context"
	"sync"
	"time"
)

// LogFiles says when CloudTrail writes to the buckets of trails by itself. AWS
// takes about five minutes for log files and an hour for digest files.
type LogFiles struct {
	Interval time.Duration // of log files; 0: on DeliverLogFiles, and when a file is full
	Digests  time.Duration // of digest files; 0: on DeliverDigests
}

// fileTimers deliver in intervals until they are stopped.
type fileTimers struct {
	stop    context.CancelFunc
	running sync.WaitGroup
}

func (s *Sandbox) startLogFiles() {
	ctx, stop := context.WithCancel(context.Background())
	s.files.stop = stop
	if d := s.opts.LogFiles.Interval; d > 0 {
		s.files.running.Go(func() { s.every(ctx, d, s.DeliverLogFiles) })
	}
	if d := s.opts.LogFiles.Digests; d > 0 {
		s.files.running.Go(func() { s.every(ctx, d, s.DeliverDigests) })
	}
}

func (s *Sandbox) endLogFiles() {
	s.files.stop()
	s.files.running.Wait()
}

// every delivers in intervals. The only failure is that ctx ended, and ends it.
func (s *Sandbox) every(ctx context.Context, interval time.Duration, deliver func(context.Context) error) {
	for {
		select {
		case <-s.opts.Clock.After(interval):
			if deliver(ctx) != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

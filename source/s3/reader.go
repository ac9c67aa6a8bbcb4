package s3

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/semaphore"

	"riposte.dev/fault"
)

const (
	attempts = 3                // at a file that is not there, or whose bytes stop coming
	maxTime  = 10 * time.Minute // for one file
)

// Reader reads log files. It is safe for concurrent use.
type Reader struct {
	opts    Options
	buckets map[string]*bucket
	files   *semaphore.Weighted
}

// New checks the options; it calls nothing. Its error has code fault.Invalid.
func New(o Options) (*Reader, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	r := &Reader{opts: o, buckets: map[string]*bucket{}, files: semaphore.NewWeighted(int64(o.Files))}
	for _, b := range o.Buckets {
		r.buckets[b.Name] = &bucket{Bucket: b, aws: o.AWS, breaker: breaker{backoff: o.Backoff}}
	}
	return r, nil
}

// laterError is a failure of one bucket: its notices come again, the others go on.
type laterError struct {
	error
	after time.Duration
}

func (e *laterError) Unwrap() error             { return e.error }
func (e *laterError) RetryAfter() time.Duration { return e.after }

// Read reads the files of a notice. nil means that all there is to read of them is on disk: every record was accepted, or
// buried by itself; a file that is broken or gone was buried by name. Reading a file twice is harmless.
//
// Errors: fault.Denied for a bucket that isn't configured, before anything is read. All others are worth retrying
// (fault.Unavailable): those of Accept and Bury, and those of one bucket, which have a method RetryAfter.
func (r *Reader) Read(ctx context.Context, n Notice) error {
	for _, o := range n.Objects {
		if r.buckets[o.Bucket] == nil {
			return fault.New(fault.Denied, "the bucket %.63q is not configured as a log bucket; %.200q is not read", o.Bucket, o.Key).
				WithHint("if its logs are yours, add the bucket with its owner to the configuration")
		}
	}
	var first error
	for _, o := range n.Objects {
		err := r.file(ctx, r.buckets[o.Bucket], o)
		var later *laterError
		switch {
		case err == nil:
		case errors.As(err, &later): // the other files may be in other buckets
			if first == nil {
				first = err
			}
		default:
			return err
		}
	}
	return first
}

// file reads one file, or says when to try again.
func (r *Reader) file(ctx context.Context, b *bucket, o Object) error {
	if !isLog(o.Key) || !strings.HasPrefix(o.Key, b.Prefix) {
		r.opts.Metrics.file(b.Name, ignored)
		return nil
	}
	if wait := b.breaker.peek(r.opts.Now()); wait > 0 {
		return r.later(b, wait) // without waiting for a turn that others need
	}
	if err := r.files.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("read %s: %w", o, err)
	}
	defer r.files.Release(1)
	if wait := b.breaker.allow(r.opts.Now()); wait > 0 {
		return r.later(b, wait)
	}
	limited, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	says, err := r.try(limited, b, o)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		says, err = failure, fault.New(fault.Timeout, "%s was not read within %v", o, maxTime)
	}
	wait := b.breaker.ended(r.opts.Now(), says)
	switch says {
	case success:
		b.say(r.opts.Report, "")
	case failure:
		b.say(r.opts.Report, err.Error())
		r.opts.Metrics.file(b.Name, postponed)
		r.opts.Logger.Debug("log file not read", "bucket", b.Name, "key", o.Key, "error", err)
		return &laterError{fault.New(fault.Unavailable, "%w", err), wait}
	}
	return err
}

func (r *Reader) later(b *bucket, wait time.Duration) error {
	r.opts.Metrics.file(b.Name, postponed)
	return &laterError{fault.New(fault.Unavailable, "the bucket %s can't be read at present; it is tried again later", b.Name), wait}
}

// try reads a file, with a few attempts where that may help, and tells what that says about the bucket.
func (r *Reader) try(ctx context.Context, b *bucket, o Object) (result, error) {
	for attempt := 1; ; attempt++ {
		err := r.read(ctx, b, o)
		var source *sourceError
		var gone *types.NoSuchKey
		switch {
		case err == nil:
			r.opts.Metrics.file(b.Name, read)
			return success, nil
		case errors.As(err, &source):
			missing := errors.As(err, &gone)
			if (missing || source.midway) && attempt < attempts {
				if err := pause(ctx, r.opts.Again(attempt)); err != nil {
					return nothing, fmt.Errorf("read %s: %w", o, err)
				}
				continue
			}
			if missing {
				return success, r.give(ctx, b, o, absent, fault.New(fault.NotFound, "%s is not there", o))
			}
			if archived(err) {
				return nothing, r.give(ctx, b, o, broken, err)
			}
			return failure, source.error
		case fault.Retryable(err), ctx.Err() != nil:
			return nothing, err
		default:
			return success, r.give(ctx, b, o, broken, err)
		}
	}
}

// give buries a file by its name.
func (r *Reader) give(ctx context.Context, b *bucket, o Object, outcome string, reason error) error {
	name, err := json.Marshal(map[string]string{"s3Bucket": o.Bucket, "s3ObjectKey": o.Key})
	if err != nil {
		return fmt.Errorf("bury %s: %w", o, err)
	}
	if err := r.bury(ctx, o.String(), reason, name); err != nil {
		return err
	}
	r.opts.Metrics.file(b.Name, outcome)
	r.opts.Logger.Warn("log file buried", "bucket", o.Bucket, "key", o.Key, "error", reason)
	return nil
}

// bury makes sure that a failure to bury is one to retry: the notice must stay.
func (r *Reader) bury(ctx context.Context, key string, reason error, data []byte) error {
	if err := r.opts.Bury(ctx, key, reason.Error(), data[:min(len(data), 1<<20)]); err != nil {
		return fault.New(fault.Unavailable, "%s can't be read, and not be buried either: %w", key, err)
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

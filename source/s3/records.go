package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"golang.org/x/sync/errgroup"

	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/source/file"
)

// Bounds on what is in memory of one file, and on a file.
const (
	maxGroup  = 256     // events handed to Accept together
	groupSize = 1 << 20 // bytes of them, roughly
	ahead     = 2       // groups that Accept has at a time
	maxFile   = 1 << 30 // bytes, packed; CloudTrail's have a few megabytes
	maxBuried = 100     // records of one file that are buried one by one
)

// sourceError is a failure of S3 rather than of the file or the bus.
type sourceError struct {
	error
	midway bool // the file's bytes stopped coming
}

func (e *sourceError) Unwrap() error { return e.error }

// archived says whether a file lies where it can't be read from, for good.
func archived(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "InvalidObjectState"
}

// read reads a file once. Its error is a *sourceError, a retryable one of Accept or Bury, or says why the file is broken.
func (r *Reader) read(ctx context.Context, b *bucket, o Object) error {
	out, err := b.get(ctx, o)
	if err != nil {
		return &sourceError{err, false}
	}
	defer out.Body.Close()
	if size := aws.ToInt64(out.ContentLength); size > maxFile {
		return fault.New(fault.TooLarge, "%s has %d bytes, at most %d are read", o, size, maxFile)
	}
	body := &remembering{src: out.Body}
	calls, within := errgroup.WithContext(ctx)
	calls.SetLimit(ahead)
	g := &grouping{Reader: r, bucket: b, object: o, calls: calls, ctx: within}
	err = file.LogFile(within, body, g.record)
	if waited := g.finish(); waited != nil {
		return waited // what Accept said, rather than the end of the context that it caused
	}
	r.opts.Metrics.bytes.WithLabelValues(b.Name).Add(float64(body.n))
	if err != nil && body.err != nil && ctx.Err() == nil {
		return &sourceError{fault.New(fault.Unavailable, "read %s: its bytes stopped coming: %w", o, body.err), true}
	}
	return err
}

// remembering keeps the error that a body ended with, and counts.
type remembering struct {
	src io.Reader
	err error
	n   int64
}

func (b *remembering) Read(p []byte) (int, error) {
	n, err := b.src.Read(p)
	b.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}

// grouping hands a file's records to Accept in groups, while the next ones are read.
type grouping struct {
	*Reader
	bucket *bucket
	object Object
	calls  *errgroup.Group
	ctx    context.Context

	events  []*event.Envelope
	indexes []int
	size    int
	wrong   int // records that were not events
}

// record takes one record.
func (g *grouping) record(raw []byte, index int) error {
	e, err := event.FromCloudTrail(raw)
	if err != nil {
		g.wrong++
		if g.wrong > maxBuried {
			return nil // counted; the file is buried by name at the end
		}
		return g.buryRecord(index, err, raw)
	}
	g.events, g.indexes, g.size = append(g.events, e), append(g.indexes, index), g.size+len(raw)
	if len(g.events) >= maxGroup || g.size >= groupSize {
		g.flush()
	}
	return nil
}

func (g *grouping) buryRecord(index int, reason error, raw []byte) error {
	g.opts.Metrics.records.WithLabelValues(g.bucket.Name, buried).Inc()
	return g.bury(g.ctx, g.object.String()+"#"+strconv.Itoa(index), fmt.Errorf("record %d of %s: %w", index, g.object, reason), raw)
}

// flush hands over what was gathered; it waits while Accept has enough.
func (g *grouping) flush() {
	events, indexes := g.events, g.indexes
	g.events, g.indexes, g.size = nil, nil, 0
	if len(events) > 0 {
		g.calls.Go(func() error { return g.accept(events, indexes) })
	}
}

func (g *grouping) accept(events []*event.Envelope, indexes []int) error {
	errs := g.opts.Accept(g.ctx, events)
	if len(errs) != len(events) {
		return fault.New(fault.Unavailable, "%d events were answered for %d", len(errs), len(events))
	}
	stored := 0
	for i, err := range errs {
		switch {
		case err == nil:
			stored++
		case fault.Retryable(err):
			return err
		default:
			if err := g.buryRecord(indexes[i], err, events[i].Detail); err != nil {
				return err
			}
		}
	}
	g.opts.Metrics.records.WithLabelValues(g.bucket.Name, accepted).Add(float64(stored))
	return nil
}

// finish waits for Accept. What was gathered before a file broke is good, and is handed over too.
func (g *grouping) finish() error {
	g.flush()
	if err := g.calls.Wait(); err != nil {
		return err
	}
	if g.wrong > maxBuried {
		return fault.New(fault.Invalid, "%d records of %s are not CloudTrail's, of which %d were buried by themselves", g.wrong, g.object, maxBuried)
	}
	return nil
}

package cloudtrail

import (
	"context"
	"errors"
	"time"
)

// Settled is the age from which the event history changes no more: AWS shows an event within about 15 minutes.
const Settled = 20 * time.Minute

// History reads the history of one region through a cache.
type History struct {
	Reader          *Reader
	Account, Region string
	Cache           Cache     // what has settled is kept here
	Fresh           Cache     // what has not is put here; another folder, which the caller removes
	Now             time.Time // of the look
}

// Progress is how far a Fetch has come.
type Progress struct {
	Events  int           // fetched, without those on disk
	Calls   int           // of LookupEvents
	Covered time.Duration // of the span, with what was on disk
	Back    time.Time     // what is newer than this is there, from the end of the stretch that is being read
}

// Fetch reads what of the span the cache does not hold, newest first, and returns the segments that hold the span, newest
// first. They may begin before it. What was whole when ctx ended or a call failed is kept, and the next Fetch goes on
// there. fn is called after every call of LookupEvents and once before.
func (h *History) Fetch(ctx context.Context, span Span, fn func(Progress)) ([]Segment, error) {
	span = Span{span.From.Truncate(time.Second), span.To.Truncate(time.Second)}
	settled := h.Now.Add(-Settled).Truncate(time.Second)
	if settled.After(span.To) {
		settled = span.To
	}
	if settled.Before(span.From) {
		settled = span.From
	}
	segments, err := h.Cache.Segments(h.Account, h.Region)
	if err != nil {
		return nil, err
	}
	missing := Missing(segments, Span{span.From, settled})
	progress := Progress{Covered: settled.Sub(span.From)}
	for _, m := range missing {
		progress.Covered -= m.To.Sub(m.From)
	}
	fn(progress)
	fetched, err := h.fetch(ctx, h.Fresh, Span{settled, span.To}, &progress, fn)
	for _, m := range missing {
		if err != nil {
			break
		}
		_, err = h.fetch(ctx, h.Cache, m, &progress, fn)
	}
	if err != nil {
		return nil, err
	}
	if segments, err = h.Cache.Segments(h.Account, h.Region); err != nil {
		return nil, err
	}
	for _, s := range segments {
		if s.To.After(span.From) && s.From.Before(settled) {
			fetched = append(fetched, s)
		}
	}
	return fetched, nil
}

func (h *History) fetch(ctx context.Context, into Cache, span Span, progress *Progress, fn func(Progress)) ([]Segment, error) {
	if !span.From.Before(span.To) {
		return nil, nil
	}
	w, err := into.Write(h.Account, h.Region, span.To)
	if err != nil {
		return nil, err
	}
	before := progress.Covered
	err = h.Reader.Read(ctx, span.From, span.To, func(page Page) error {
		progress.Events += len(page.Events)
		progress.Calls += page.Calls
		progress.Covered = before + span.To.Sub(page.Back)
		progress.Back = page.Back
		fn(*progress)
		return w.Add(page.Events)
	})
	if err != nil {
		return nil, errors.Join(err, w.Stop())
	}
	progress.Covered = before + span.To.Sub(span.From)
	fn(*progress)
	return w.Finish(span.From)
}

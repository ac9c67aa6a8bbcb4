package cloudtrail

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"riposte.dev/fault"
)

// Cache keeps what was read of the event history: a folder for each account and region, in it a gzip file of one
// CloudTrail record a line for each stretch of time. The file's name says which stretch it holds entirely, from
// inclusive to exclusive, so that a file which is there is all that there is to know. Folders and files are the owner's
// only: records can carry secrets.
type Cache struct{ Dir string }

// Segment is a stretch of one region's history on disk.
type Segment struct {
	Path     string
	From, To time.Time // From inclusive, To exclusive, to the second
}

const (
	segmentTime   = "20060102T150405Z"
	segmentSuffix = ".ndjson.gz"
	partSuffix    = ".part"
)

func segmentName(from, to time.Time) string {
	return from.UTC().Format(segmentTime) + "-" + to.UTC().Format(segmentTime) + segmentSuffix
}

func parseSegment(name string) (from, to time.Time, ok bool) {
	stem, ok := strings.CutSuffix(name, segmentSuffix)
	if !ok {
		return from, to, false
	}
	first, last, ok := strings.Cut(stem, "-")
	if !ok {
		return from, to, false
	}
	from, err := time.Parse(segmentTime, first)
	to, err2 := time.Parse(segmentTime, last)
	return from, to, err == nil && err2 == nil && from.Before(to)
}

// Folder is where the segments of an account and region are.
func (c Cache) Folder(account, region string) (string, error) {
	for _, part := range []string{account, region} {
		if part == "" || strings.ContainsAny(part, `/\.`) {
			return "", fault.New(fault.Invalid, "%q cannot be the name of a folder of the cache", part)
		}
	}
	return filepath.Join(c.Dir, account, region), nil
}

// Segments lists what is there of a region, newest first, without overlap: of two segments that overlap (two scans ran
// at once) the later one stays out.
func (c Cache) Segments(account, region string) ([]Segment, error) {
	dir, err := c.Folder(account, region)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the cache: %w", err)
	}
	var segments []Segment
	for _, entry := range entries {
		if from, to, ok := parseSegment(entry.Name()); ok && entry.Type().IsRegular() {
			segments = append(segments, Segment{filepath.Join(dir, entry.Name()), from, to})
		}
	}
	slices.SortFunc(segments, func(a, b Segment) int {
		if d := b.To.Compare(a.To); d != 0 {
			return d
		}
		return a.From.Compare(b.From)
	})
	kept := segments[:0]
	for _, s := range segments {
		if len(kept) == 0 || !s.To.After(kept[len(kept)-1].From) {
			kept = append(kept, s)
		}
	}
	return kept, nil
}

// Span is a stretch of time, From inclusive, To exclusive.
type Span struct{ From, To time.Time }

// Missing returns what of the span no segment holds, newest first. Segments are as Segments gives them.
func Missing(segments []Segment, span Span) []Span {
	var missing []Span
	to := span.To
	for _, s := range segments {
		if !s.From.Before(to) {
			continue
		}
		if !s.To.After(span.From) {
			break
		}
		if s.To.Before(to) {
			missing = append(missing, Span{s.To, to})
		}
		to = s.From
	}
	if span.From.Before(to) {
		missing = append(missing, Span{span.From, to})
	}
	return missing
}

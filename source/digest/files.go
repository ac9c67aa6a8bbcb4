package digest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
)

// maxUnpacked bounds what is unpacked of a log file; CloudTrail's have some hundred megabytes at most. What is larger has
// another hash than the digest says.
const maxUnpacked = 4 << 30

// readings is how often a log file is read when the connection breaks.
const readings = 3

// logFiles checks every log file that a valid digest names.
func (r *regional) logFiles(ctx context.Context) {
	var named []logFile
	for _, e := range slices.Concat(r.entries, r.late) {
		if e.state == valid {
			named = append(named, e.file.Files...)
		}
	}
	each(r.Workers, named, func(f logFile) {
		n, ok := r.logFile(ctx, f)
		r.mu.Lock()
		r.report.Files.Checked++
		r.report.Bytes += n
		if ok {
			r.report.Files.Valid++
		}
		r.mu.Unlock()
		r.count(0, 1)
	})
}

func (r *regional) logFile(ctx context.Context, f logFile) (n int64, ok bool) {
	place := strings.TrimPrefix(f.Bucket+"/"+f.Object, r.Bucket+"/")
	if f.Algorithm != "SHA-256" {
		r.found(Unreadable, place, fmt.Sprintf("The digest gives a hash of the kind %q, which riposte does not know.", f.Algorithm), "update riposte")
		return 0, false
	}
	for reading := 1; ; reading++ {
		hash, size, err := r.hash(ctx, f)
		var torn *tornError
		switch {
		case err == nil && hash == strings.ToLower(f.Hash):
			return size, true
		case err == nil:
			r.found(FileAltered, place, "The file is not the one that CloudTrail delivered: its SHA-256 is another one.", "its older versions, if the bucket keeps them, may hold the original")
		case errors.Is(err, errMissing):
			r.found(FileMissing, place, "CloudTrail delivered the file, and it is gone.", "look for DeleteObject in the bucket's data events, and in its older versions")
		case errors.As(err, &torn):
			if reading < readings && ctx.Err() == nil {
				continue
			}
			r.found(Unreadable, place, err.Error(), "try again")
		case errors.Is(err, errPacking):
			r.found(FileAltered, place, "The file is not the one that CloudTrail delivered: it is no whole gzip file.", "its older versions, if the bucket keeps them, may hold the original")
		default:
			r.unreadable(place, err)
		}
		return size, false
	}
}

var (
	errMissing = errors.New("there is no such file")
	errPacking = errors.New("no whole gzip file")
)

// tornError is a connection that broke.
type tornError struct{ err error }

func (e *tornError) Error() string { return "the connection broke: " + e.err.Error() }

// hash streams a log file and returns the SHA-256 of what is unpacked, and the size of what is packed.
func (r *regional) hash(ctx context.Context, f logFile) (string, int64, error) {
	out, missing, err := r.open(ctx, f.Bucket, f.Object)
	if missing {
		return "", 0, errMissing
	}
	if err != nil {
		return "", 0, err
	}
	defer out.Body.Close()
	body := &fragile{Reader: out.Body}
	sum := sha256.New()
	zip, err := gzip.NewReader(body)
	if err == nil {
		_, err = io.Copy(sum, io.LimitReader(zip, maxUnpacked))
	}
	switch {
	case body.err != nil:
		return "", body.n, &tornError{body.err}
	case err != nil:
		return "", body.n, errPacking
	}
	return hex.EncodeToString(sum.Sum(nil)), body.n, nil
}

// unnamed looks for log files that no digest names. A file is judged where the digests around its time are all there: what
// was delivered in the last hour, or around a gap, may be named by no digest yet.
func (r *regional) unnamed(ctx context.Context) error {
	names := map[string]bool{}
	sound := !r.shared && !r.others
	var covered span
	for i, e := range r.entries {
		sound = sound && e.state == valid
		if e.state != valid {
			continue
		}
		for _, f := range e.file.Files {
			names[f.Object] = true
		}
		if i == 0 {
			covered.to = e.end.Add(-digestEvery)
		}
		covered.from = e.file.Start
	}
	for _, e := range r.late {
		if e.state == valid {
			for _, f := range e.file.Files {
				names[f.Object] = true
			}
		}
	}
	sound = sound && !slices.ContainsFunc(r.report.Wrong, func(p Problem) bool { return p.Kind != FileAltered && p.Kind != FileMissing })
	stray, unprotected, example := 0, 0, ""
	err := r.list(ctx, r.filesOf(r.name), r.From.Format(dayFolder), r.To.Format(dayFolder), func(key string) {
		at, ok := r.parseFileKey(r.name, key)
		switch {
		case !ok || names[key] || at.Before(r.From) || at.After(r.To):
		case len(r.entries) == 0 && at.After(r.Now().Add(-digestEvery-deliveryTime)): // its digest is still to come
		case len(r.entries) == 0:
			unprotected++
			example = key
		case at.Before(covered.from) || at.After(covered.to) || r.nearGap(at):
		case sound:
			r.found(FileUnnamed, key, "No digest names the file: CloudTrail did not deliver it for this trail, or delivered it while validation was off.", "")
		default:
			stray++
			example = key
		}
	})
	if unprotected > 0 {
		r.found(Unjudged, example, fmt.Sprintf("There are %d log files of this time (here one), and no digest.", unprotected), "")
	}
	if stray > 0 {
		r.found(Unjudged, example, fmt.Sprintf("No digest of this trail names %d log files (here one). Another trail may have delivered them, or a digest that is missing.", stray),
			"verify the other trails that deliver to the bucket")
	}
	return err
}

func (r *regional) nearGap(at time.Time) bool {
	for _, g := range r.gaps {
		if at.After(g.from.Add(-deliveryTime)) && at.Before(g.to) {
			return true
		}
	}
	return false
}

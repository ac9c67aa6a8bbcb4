package digest

import (
	"fmt"
)

// chain follows the digests from the newest to the oldest: each names the one before it and holds its signature.
func (r *regional) chain(entries []*entry) {
	var later *digestFile // whose predecessor is looked for; nil where that is not known
	for _, e := range entries {
		if later != nil {
			if stop := r.link(later, e); stop {
				continue // e stands beside the chain
			}
		}
		later = nil
		if e.state == valid {
			later = e.file
		} else if e.file != nil {
			r.found(Unjudged, e.key, fmt.Sprintf("Nothing can be said about the %d log files that this digest names.", len(e.file.Files)), "")
		}
	}
	if later != nil && !later.first() {
		if previous, ok := r.parseDigestKey(r.name, later.PreviousObject); ok && previous.end.After(r.From) {
			r.absent(later)
		}
	}
}

// link compares what a digest says about its predecessor with the next older digest that is there. It returns true where
// that one is not its predecessor, so that the search goes on.
func (r *regional) link(later *digestFile, e *entry) bool {
	switch {
	case later.first():
		if e.end.Before(later.Start) {
			r.gaps = append(r.gaps, span{e.end, later.Start})
			r.found(Gap, "", fmt.Sprintf("No digests between %s and %s: the trail did not log or validate, and log files of that time are not protected.",
				stamp(e.end), stamp(later.Start)), "")
		}
		return false
	case later.PreviousBucket == r.Bucket && later.PreviousObject == e.key:
		if e.state == valid && e.file.signature != later.PreviousSignature {
			r.found(DigestUnlinked, e.key, "CloudTrail signed this digest, but not the one that its successor "+later.Object+" was bound to.", "")
		}
		return false
	}
	previous, ok := r.parseDigestKey(r.name, later.PreviousObject)
	if ok && previous.end.Before(e.end) && later.PreviousBucket == r.Bucket {
		r.found(DigestUnlinked, e.key, "The digest "+later.Object+" comes after this one and names another one as its predecessor.", "")
		return true
	}
	r.absent(later)
	return false
}

// absent reports that a digest's predecessor is not there.
func (r *regional) absent(later *digestFile) {
	if later.PreviousBucket != r.Bucket {
		r.found(Unjudged, "", "Digests up to "+stamp(later.Start)+" are in the bucket "+later.PreviousBucket+".",
			"verify that time with --bucket "+later.PreviousBucket)
		return
	}
	r.found(DigestMissing, later.PreviousObject, "The digest "+later.Object+" names it as its predecessor. Nothing can be said about the log files of that hour.",
		"look for DeleteObject in the bucket's data events, and in its older versions")
}

package digest

import (
	"cmp"
	"slices"
	"time"
)

// Kind says what a problem is.
type Kind string

// What is wrong: somebody changed, removed or added files, or they are not where CloudTrail put them.
const (
	DigestAltered  Kind = "digest-altered"  // its signature is not CloudTrail's
	DigestMoved    Kind = "digest-moved"    // it says that it belongs elsewhere
	DigestMissing  Kind = "digest-missing"  // a later digest names it
	DigestUnlinked Kind = "digest-unlinked" // its successor names another one
	FileAltered    Kind = "file-altered"    // its hash is another one
	FileMissing    Kind = "file-missing"    // a digest names it
	FileUnnamed    Kind = "file-unnamed"    // no digest names it
	DigestsStopped Kind = "digests-stopped" // none is there for the end of the time asked for
)

// What could not be checked: nothing is known of it, good or bad.
const (
	Unreadable Kind = "unreadable" // AWS refused, or did not answer
	Unjudged   Kind = "unjudged"   // what it depends on is wrong or missing
)

// What is as it should be and worth knowing.
const Gap Kind = "gap" // no digests: the trail or its validation was off

// Problem is one thing that was found.
type Problem struct {
	Kind    Kind   `json:"kind"`
	Region  string `json:"region,omitempty"`
	Key     string `json:"key,omitempty"` // BUCKET/KEY of the file
	Meaning string `json:"meaning"`       // one or two sentences for people
	Next    string `json:"next,omitempty"`
}

// Count is how many files were looked at and how many of them are right.
type Count struct {
	Checked int `json:"checked"`
	Valid   int `json:"valid"`
}

// Report is what Verify found.
type Report struct {
	Trail     string    `json:"trail"`
	Account   string    `json:"account"`
	Bucket    string    `json:"bucket"`
	From      time.Time `json:"from"` // of the time asked for
	To        time.Time `json:"to"`
	Regions   []string  `json:"regions"`
	Digests   Count     `json:"digests"`
	Files     Count     `json:"files"`
	Bytes     int64     `json:"bytes"` // of log files, packed
	Wrong     []Problem `json:"wrong"`
	Unchecked []Problem `json:"unchecked"`
	Notes     []Problem `json:"notes"`
}

// OK reports whether everything was checked and is right, and there was something to check.
func (r *Report) OK() bool {
	return len(r.Wrong) == 0 && len(r.Unchecked) == 0 && r.Digests.Checked > 0
}

func (r *Report) add(p Problem) {
	switch p.Kind {
	case Unreadable, Unjudged:
		r.Unchecked = append(r.Unchecked, p)
	case Gap:
		r.Notes = append(r.Notes, p)
	default:
		r.Wrong = append(r.Wrong, p)
	}
}

// merge adds what was found in a region.
func (r *Report) merge(o *Report) {
	r.Digests.Checked += o.Digests.Checked
	r.Digests.Valid += o.Digests.Valid
	r.Files.Checked += o.Files.Checked
	r.Files.Valid += o.Files.Valid
	r.Bytes += o.Bytes
	r.Wrong = append(r.Wrong, o.Wrong...)
	r.Unchecked = append(r.Unchecked, o.Unchecked...)
	r.Notes = append(r.Notes, o.Notes...)
}

func (r *Report) sort() {
	for _, list := range []*[]Problem{&r.Wrong, &r.Unchecked, &r.Notes} {
		slices.SortStableFunc(*list, func(a, b Problem) int {
			return cmp.Or(cmp.Compare(a.Region, b.Region), cmp.Compare(a.Key, b.Key))
		})
		if *list == nil {
			*list = []Problem{}
		}
	}
}

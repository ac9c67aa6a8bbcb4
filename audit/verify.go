package audit

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"time"

	"riposte.dev/fault"
)

// Check says what a chain is held against.
type Check struct {
	Part  bool   // it may begin anywhere; what is before its first record is taken on trust
	Known []Head // heads that were kept elsewhere: the records must be there with these hashes
}

// Report says what Verify found.
type Report struct {
	First   uint64    `json:"first"`            // sequence of the first record; 0 without any
	Records uint64    `json:"records"`          // that fit
	Head    Head      `json:"head"`             // the last that fits
	Began   time.Time `json:"began,omitzero"`   // time of the first record
	Ended   time.Time `json:"ended,omitzero"`   // time of the last one that fits
	Known   int       `json:"known"`            // heads that were kept elsewhere and are there
	Broken  *Break    `json:"broken,omitempty"` // nil: the chain is whole
}

// Break is the first place where a chain does not hold. What follows it is not looked at.
type Break struct {
	Seq uint64 `json:"seq"` // of the record that should be there
	Why string `json:"why"`
}

// Verify follows a chain from its first record to its last. An error of the iterator with the code fault.Invalid is a record
// that can't be read, and so a break; any other ends the check and is returned.
func Verify(records iter.Seq2[Record, error], check Check) (Report, error) {
	var report Report
	missing := slices.Clone(check.Known)
	for r, err := range records {
		seq := report.Head.Seq + 1
		if err != nil {
			if fault.CodeOf(err) != fault.Invalid {
				return report, err
			}
			report.Broken = &Break{seq, fault.Message(err)}
			return report, nil
		}
		if report.First == 0 && check.Part && r.Seq > 0 {
			report.Head = Head{r.Seq - 1, r.Prev}
			missing = slices.DeleteFunc(missing, func(h Head) bool { return h == report.Head })
		}
		if why := misfit(report.Head, r, missing); why != "" {
			report.Broken = &Break{report.Head.Seq + 1, why}
			return report, nil
		}
		if report.First == 0 {
			report.First, report.Began = r.Seq, r.Time
		}
		missing = slices.DeleteFunc(missing, func(h Head) bool { return h == r.Head() })
		report.Records++
		report.Head, report.Ended, report.Known = r.Head(), r.Time, len(check.Known)-len(missing)
	}
	if len(missing) > 0 {
		h := slices.MinFunc(missing, func(a, b Head) int { return cmp.Compare(a.Seq, b.Seq) })
		report.Broken = &Break{h.Seq, fmt.Sprintf("record %d was kept elsewhere as the head, and is not there", h.Seq)}
	}
	return report, nil
}

// misfit says why a record can't follow the head; "" where it does.
func misfit(head Head, r Record, known []Head) string {
	switch {
	case r.Seq != head.Seq+1:
		return fmt.Sprintf("record %d follows record %d", r.Seq, head.Seq)
	case r.Prev != head.Hash:
		return "the record before is not the one that it was written after"
	case r.Hash != r.sum():
		return "what it says is not what its hash was made of"
	}
	for _, h := range known {
		if h.Seq == r.Seq && h.Hash != r.Hash {
			return fmt.Sprintf("it has the hash %s, and was kept elsewhere with the hash %s", r.Hash, h.Hash)
		}
	}
	return ""
}

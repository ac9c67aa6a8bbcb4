package audit

import "time"

// Filter selects records for a list; empty fields select everything.
type Filter struct {
	Kind      Kind
	Execution string
	Since     time.Time // at or after
	Until     time.Time // before
	After     uint64    // cursor: the sequence of the last record of the page before
	Limit     int       // at most; 0: 100, never over 1,000
}

package web

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"strconv"
	"time"

	"riposte.dev/audit"
	"riposte.dev/fault"
)

// Audit is the record of what was decided, done and told.
type Audit interface {
	// List returns records, the latest first.
	List(ctx context.Context, f audit.Filter) ([]audit.Record, error)
	// Since returns the chain from the first record at or after a time, to the head at the call.
	Since(ctx context.Context, since time.Time) iter.Seq2[audit.Record, error]
}

// listAudit takes kind, execution, since and until (RFC 3339), limit, and after (a record's sequence).
func (s *Server) listAudit(r *http.Request) (any, error) {
	q := r.URL.Query()
	f := audit.Filter{Kind: audit.Kind(q.Get("kind")), Execution: q.Get("execution")}
	err := oneOf("kind of record", optional(f.Kind), audit.Kinds())
	if err != nil {
		return nil, err
	}
	if f.Since, f.Limit, err = sinceAndLimit(q); err != nil {
		return nil, err
	}
	if f.Until, err = moment(q, "until"); err != nil {
		return nil, err
	}
	if after := q.Get("after"); after != "" {
		if f.After, err = strconv.ParseUint(after, 10, 64); err != nil {
			return nil, fault.New(fault.Invalid, "after is no place in the audit record: %q", after)
		}
	}
	list, err := s.Audit.List(r.Context(), f)
	return some(list), err
}

// exportAudit streams the chain as NDJSON. It takes since (RFC 3339). A record that is stored damaged ends it with a line
// that says so and is no record; any other failure breaks the connection, so that nobody takes a part for the whole.
func (s *Server) exportAudit(w http.ResponseWriter, r *http.Request) {
	since, err := moment(r.URL.Query(), "since")
	if err != nil {
		writeFault(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // years of records take longer than other answers
	for record, err := range s.Audit.Since(r.Context(), since) {
		line := record.Encode()
		if err != nil {
			if fault.CodeOf(err) != fault.Invalid {
				panic(http.ErrAbortHandler)
			}
			line, _ = json.Marshal(Problem{Code: fault.Invalid, Message: fault.Message(err)}) // texts only: it can't fail
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return
		}
	}
}

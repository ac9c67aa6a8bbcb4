package playbook

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"riposte.dev/fault"
)

// Query asks what riposte knows. Which filters there are depends on From; an empty one selects everything.
type Query struct {
	From      string    `json:"from"`      // findings, executions or accounts
	Account   string    `json:"account"`   // findings, executions
	Region    string    `json:"region"`    // findings
	Resource  string    `json:"resource"`  // findings, executions: the ARN of a resource
	Principal string    `json:"principal"` // findings: the ARN of who did it
	Rule      string    `json:"rule"`      // findings, executions
	Severity  []string  `json:"severity"`  // findings: labels, such as HIGH
	Workflow  []string  `json:"workflow"`  // findings: such as NEW
	Status    string    `json:"status"`    // executions: such as SUCCEEDED
	Playbook  string    `json:"playbook"`  // executions
	Cause     string    `json:"cause"`     // executions: the cause or root cause
	Since     time.Time `json:"since"`     // findings: last changed at or after; executions: started
	Until     time.Time `json:"until"`     // before
	Limit     int       `json:"limit"`     // rows; 0: 100, at most 1,000
}

// Knowledge answers queries. A filter that From doesn't have is fault.Invalid; the rows are JSON objects, the latest first, at most
// Query.Limit, and more says that there are others.
type Knowledge interface {
	Query(ctx context.Context, q Query) (rows []json.RawMessage, more bool, err error)
}

// Bounds of a query. Together with what is around them, the rows must fit into a state's data.
const (
	defaultRows  = 100
	maxRows      = 1000
	maxRowsBytes = 192 << 10
)

// queried is the output of riposte:query.
type queried struct {
	Count int               `json:"count"` // of rows
	Rows  []json.RawMessage `json:"rows"`
	More  bool              `json:"more"` // there are others that were left out
}

// query carries out riposte:query. It changes nothing, so it runs in every mode.
func (t *task) query(ctx context.Context) (any, error) {
	var q Query
	if err := strictly(t.command.Arguments, &q, QueryResource); err != nil {
		return nil, err
	}
	if t.runtime.opts.Knowledge == nil {
		return nil, fault.New(fault.Unavailable, "there is nothing to query here")
	}
	switch {
	case q.Limit < 0 || q.Limit > maxRows:
		return nil, &taskError{ErrInvalidInput, fmt.Sprintf("limit must be from 1 to %d", maxRows)}
	case q.Limit == 0:
		q.Limit = defaultRows
	}
	rows, more, err := t.runtime.opts.Knowledge.Query(ctx, q)
	if err != nil {
		return nil, err
	}
	out := queried{Rows: []json.RawMessage{}, More: more}
	size := 0
	for _, row := range rows {
		if size += len(row) + 1; size > maxRowsBytes {
			out.More = true
			break
		}
		out.Rows = append(out.Rows, row)
	}
	out.Count = len(out.Rows)
	return out, nil
}

package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"riposte.dev/fault"
	"riposte.dev/finding"
)

// Bounds of a list.
const (
	defaultLimit = 100
	maxLimit     = 1000
	maxText      = 1000 // bytes of Filter.Text
)

// List implements finding.Store.
func (f *Findings) List(ctx context.Context, filter finding.Filter) (finding.Page, error) {
	if len(filter.Text) > maxText {
		return finding.Page{}, fault.New(fault.TooLarge, "the text to look for has %d bytes, over the limit of %d", len(filter.Text), maxText)
	}
	var w where
	w.equal("f.account", filter.Account)
	w.equal("f.region", filter.Region)
	w.equal("f.record_state", string(filter.RecordState))
	w.equal("f.rule", filter.Rule)
	oneOf(&w, "f.severity", filter.Severity)
	oneOf(&w, "f.workflow", filter.Workflow)
	if !filter.Since.IsZero() {
		w.add("f.updated_at >= ?", micros(filter.Since))
	}
	if !filter.Until.IsZero() {
		w.add("f.updated_at < ?", micros(filter.Until))
	}
	if filter.Type != "" {
		below := strings.TrimSuffix(filter.Type, "/")
		// Everything below "a/b" lies between "a/b/" and "a/b0": 0 follows / in ASCII.
		w.add("f.seq IN (SELECT finding FROM finding_types WHERE type = ? OR type >= ? AND type < ?)", below, below+"/", below+"0")
	}
	if filter.Resource != "" {
		w.add("f.seq IN (SELECT finding FROM finding_resources WHERE resource = ?)", filter.Resource)
	}
	if filter.Text != "" {
		w.add(`f.search LIKE ? ESCAPE '\'`, "%"+likeEscape.Replace(strings.ToLower(filter.Text))+"%")
	}
	if filter.After != "" {
		updated, seq, err := parseCursor(filter.After)
		if err != nil {
			return finding.Page{}, err
		}
		w.add("(f.updated_at, f.seq) < (?, ?)", updated, seq)
	}
	limit := pageLimit(filter.Limit)
	type row struct {
		updated, seq int64
		record       finding.Record
	}
	query := "SELECT " + findingColumns + " FROM findings f" + w.String() + " ORDER BY f.updated_at DESC, f.seq DESC LIMIT ?"
	rows, err := collect(ctx, f.store.read, query, append(w.args, limit+1), func(scan *sql.Rows) (r row, err error) {
		r.seq, r.updated, r.record, err = scanRecord(scan)
		return r, err
	})
	if err != nil {
		return finding.Page{}, classify(err, "list findings")
	}
	var page finding.Page
	if len(rows) > limit {
		rows = rows[:limit]
		page.Next = fmt.Sprintf("%d-%d", rows[limit-1].updated, rows[limit-1].seq)
	}
	for _, r := range rows {
		page.Records = append(page.Records, r.record)
	}
	return page, nil
}

func parseCursor(text string) (updated, seq int64, err error) {
	if n, err := fmt.Sscanf(text, "%d-%d", &updated, &seq); err != nil || n != 2 {
		return 0, 0, fault.New(fault.Invalid, "the list has no page after %q", text).WithHint("pass the next of the page before, or nothing for the first page")
	}
	return updated, seq, nil
}

func pageLimit(limit int) int {
	if limit <= 0 {
		return defaultLimit
	}
	return min(limit, maxLimit)
}

// likeEscape takes the meaning from LIKE's wildcards.
var likeEscape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

package cli

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"riposte.dev/finding"
	"riposte.dev/web"
)

// maxPage is the most that one answer lists.
const maxPage = 1000

// listQuery is the filter of a list command, and which part of the list is asked for.
type listQuery struct {
	filters      []func(url.Values)
	least        string // severity
	since, until string
	after        string
	limit        int
}

// listFilter is a filter by name.
type listFilter struct {
	name, usage string
	many        bool // may be given more than once
	upper       bool // is one of some names in capitals
}

// flags adds a flag for each filter, and --since, --limit and --after.
func (q *listQuery) flags(cmd *cobra.Command, filters ...listFilter) {
	f := cmd.Flags()
	for _, filter := range filters {
		var texts []string
		var text string
		if filter.many {
			f.StringSliceVar(&texts, filter.name, nil, filter.usage+" (repeatable)")
		} else {
			f.StringVar(&text, filter.name, "", filter.usage)
		}
		q.filters = append(q.filters, func(v url.Values) {
			for _, value := range append(texts, text) {
				if filter.upper {
					value = strings.ToUpper(value)
				}
				if value != "" {
					v.Add(filter.name, value)
				}
			}
		})
	}
	f.StringVar(&q.since, "since", "", "only since then: 24h, 7d, 2026-11-20, 2026-11-20T03:00:00Z")
	f.IntVar(&q.limit, "limit", 100, "at most so many")
	f.StringVar(&q.after, "after", "", "go on after this place, which the page before named")
}

// leastFlag adds --min-severity.
func (q *listQuery) leastFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&q.least, "min-severity", "", "only of this severity or worse")
}

// untilFlag adds --until.
func (q *listQuery) untilFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&q.until, "until", "", "only before then; written as --since")
}

// values is the query without the part of the list.
func (q *listQuery) values(now time.Time) (url.Values, error) {
	v := url.Values{}
	for _, add := range q.filters {
		add(v)
	}
	if q.least != "" && v.Has("severity") {
		return nil, &usageError{errors.New("--severity and --min-severity don't go together")}
	}
	least, err := atLeast(q.least)
	if err != nil {
		return nil, err
	}
	for _, label := range least {
		v.Add("severity", string(label))
	}
	for name, text := range map[string]string{"since": q.since, "until": q.until} {
		if text == "" {
			continue
		}
		at, err := parseMoment(text, now)
		if err != nil {
			return nil, err
		}
		v.Set(name, at.UTC().Format(time.RFC3339))
	}
	if q.limit < 1 {
		return nil, &usageError{fmt.Errorf("--limit %d is not a positive number", q.limit)}
	}
	return v, nil
}

// atLeast is every severity as bad as this one; none for "".
func atLeast(severity string) ([]finding.Label, error) {
	if severity == "" {
		return nil, nil
	}
	for i, label := range web.Severities() {
		if strings.EqualFold(string(label), severity) {
			return web.Severities()[:i+1], nil
		}
	}
	return nil, &usageError{fmt.Errorf("there is no severity %q; use %s", severity, words(web.Severities()))}
}

// pages asks for one page after the other until there is as much as the query asks for. fetch returns a page and the place
// of its last element, "" where nothing follows for certain. next is the place to go on from, "" at the end of the list.
func pages[T any](q *listQuery, now time.Time, fetch func(url.Values) ([]T, string, error)) (list []T, next string, err error) {
	v, err := q.values(now)
	if err != nil {
		return nil, "", err
	}
	for next = q.after; ; {
		v.Set("limit", strconv.Itoa(min(q.limit-len(list), maxPage)))
		v.Set("after", next)
		page, last, err := fetch(v)
		if err != nil || last == "" || len(page) == 0 {
			return append(list, page...), "", err
		}
		list, next = append(list, page...), last
		if len(list) < q.limit {
			continue
		}
		v.Set("limit", "1")
		v.Set("after", next)
		if page, _, err = fetch(v); len(page) == 0 {
			next = ""
		}
		return list, next, err
	}
}

// sayMore says where a list goes on.
func sayMore(cmd *cobra.Command, next string) {
	if next != "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "there is more: raise --limit, narrow the filter, or see the next page with --after %s\n", next)
	}
}

// words joins names for an error.
func words[T ~string](names []T) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = string(name)
	}
	return strings.Join(texts, ", ")
}

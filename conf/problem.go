package conf

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"riposte.dev/fault"
)

// Position is a place in a file. Line and Col count from 1, Col in bytes; 0 where unknown.
type Position struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"`
	Col  int    `json:"col,omitempty"`
}

// String returns file:line:col, without what is unknown.
func (p Position) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Col == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	default:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
	}
}

// Problem is one mistake in a file.
type Problem struct {
	Position
	Path    string `json:"path,omitempty"` // of the value, such as tests[1].expect; "" is the document
	Message string `json:"message"`        // what is wrong
	Hint    string `json:"hint,omitempty"` // what to write instead
}

// String returns "file:line:col: message — hint".
func (p Problem) String() string {
	var b strings.Builder
	if at := p.Position.String(); at != "" {
		b.WriteString(at + ": ")
	}
	b.WriteString(p.Message)
	if p.Hint != "" {
		b.WriteString(" — " + p.Hint)
	}
	return b.String()
}

// maxPrinted bounds an error's text: a file that is wrong everywhere is wrong in one way.
const maxPrinted = 50

// Problems are all mistakes of one or several files, in the order of the files. As an error its code is fault.Invalid.
type Problems []Problem

// Error returns one line a problem; over 50, the rest is counted.
func (p Problems) Error() string {
	lines := make([]string, 0, min(len(p), maxPrinted)+1)
	for i, problem := range p {
		if i == maxPrinted {
			lines = append(lines, fmt.Sprintf("… and %d more problems", len(p)-i))
			break
		}
		lines = append(lines, problem.String())
	}
	return strings.Join(lines, "\n")
}

// As lets fault.CodeOf see the code Invalid.
func (p Problems) As(target any) bool {
	coded, ok := target.(**fault.Error)
	if ok {
		*coded = &fault.Error{Code: fault.Invalid, Message: p.Error()}
	}
	return ok
}

// Err returns the problems sorted by place and without repetitions, nil where there are none.
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	sorted := slices.Clone(p)
	slices.SortStableFunc(sorted, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	return slices.Compact(sorted)
}

// In returns the problems of a part of a document with the part's path put before theirs.
func (p Problems) In(path string) Problems {
	moved := slices.Clone(p)
	for i := range moved {
		switch rest := moved[i].Path; {
		case rest == "":
			moved[i].Path = path
		case path != "" && rest[0] != '[':
			moved[i].Path = path + "." + rest
		default:
			moved[i].Path = path + rest
		}
	}
	return moved
}

// Join merges errors into one Problems, sorted; an error that is no Problems becomes a problem without a place. It
// returns nil where every error is nil.
func Join(errs ...error) error {
	var all Problems
	for _, err := range errs {
		if err == nil {
			continue
		}
		var problems Problems
		if errors.As(err, &problems) {
			all = append(all, problems...)
			continue
		}
		all = append(all, Problem{Message: fault.Message(err), Hint: fault.Hint(err)})
	}
	return all.Err()
}

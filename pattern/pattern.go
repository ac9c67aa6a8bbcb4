package pattern

import (
	"bytes"
	"errors"
	"sync"
	"unicode/utf8"

	"riposte.dev/fault"
)

// Bounds on what is parsed and matched. EventBridge takes patterns of 2,048 characters and events of 1 MiB.
const (
	MaxPatternBytes = 1 << 20
	MaxEventBytes   = 8 << 20
)

// Pattern is a compiled event pattern. It is immutable and safe for concurrent use.
type Pattern struct {
	src        []byte   // the text, for Explain
	fields     []string // paths of the fields, joined by dots
	conditions []condition
	root       group
	program    []step // root as steps, for consistent.go
	warnings   []Warning

	once  sync.Once
	alone *Matcher // holds this pattern only; made when Match is first called
}

// Parse compiles a pattern from its JSON text (UTF-8, at most MaxPatternBytes). The error is SyntaxErrors with up to 100
// mistakes; broken JSON ends the search at the first. Duplicate keys are legal: the later list for a field replaces the
// earlier one.
func Parse(src []byte) (*Pattern, error) {
	c := &compiler{src: src, fieldIDs: map[string]int32{}}
	if len(src) > MaxPatternBytes {
		return nil, SyntaxErrors{{Line: 1, Col: 1, Msg: "the pattern is over 1 MiB", Fix: "split it into several rules"}}
	}
	if !utf8.Valid(src) {
		c.errorAt(firstInvalid(src), "save the text as UTF-8", "the text is not valid UTF-8")
		return nil, c.errs
	}
	tree, err := parseTree(src)
	if err != nil {
		var broken *scanError
		if errors.As(err, &broken) {
			c.errorAt(broken.pos, broken.fix, broken.msg)
		}
		return nil, c.errs
	}
	c.tree = tree
	statements := c.object(tree, false)
	if c.plainOr != nil && c.ors > 0 {
		c.plainOr()
	}
	if len(c.errs) > 0 {
		return nil, c.errs
	}
	p := &Pattern{src: bytes.Clone(src), root: c.resolve(statements)}
	if len(c.errs) > 0 {
		return nil, c.errs
	}
	p.fields, p.conditions = c.fields, c.conditions
	p.program = compileSteps(&p.root)
	c.lintText(p)
	p.warnings = c.warnings
	return p, nil
}

func firstInvalid(src []byte) int {
	for i := 0; i < len(src); {
		r, n := utf8.DecodeRune(src[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(src)
}

// Match reports whether an event, one JSON object of at most MaxEventBytes, matches. The errors are those of
// Matcher.Match. For more than one pattern use a Matcher, which reads the event once.
func (p *Pattern) Match(event []byte) (bool, error) {
	p.once.Do(func() {
		p.alone = New()
		p.alone.Add("", p)
	})
	names, err := p.alone.Match(event)
	return len(names) > 0, err
}

// ErrTooComplex is the cause when a pattern can't be decided for an event within bounded work: conditions that are
// spread over many arrays of the event at once. The pattern counts as not matching.
var ErrTooComplex = errors.New("too many ways to combine the elements of the event's arrays")

func invalidEvent(pos int, src []byte, msg string) error {
	line, col := position(src, pos)
	return fault.New(fault.Invalid, "event is not a JSON object: line %d, col %d: %s", line, col, msg).
		WithHint("send one JSON object, as EventBridge delivers it")
}

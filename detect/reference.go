package detect

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"riposte.dev/fault"
)

// maxReference bounds a reference's text; nobody writes a longer one on purpose.
const maxReference = 2048

// reference reads a value out of an event: a path, or several with ?? between them, of which the first that leads to a
// value counts. The last may be a quoted string, which always does.
//
//	detail.userIdentity.arn
//	$.detail.findings[0].ProductFields["a/b"] ?? $.detail.findings[0].Resources[0].Id ?? "unknown"
type reference struct {
	text         string
	alternatives []alternative
}

type alternative struct {
	steps   []step // empty: literal
	literal string
}

// step is a key of an object or, where key is "", an index of a list.
type step struct {
	key   string
	index int
}

// parseReference reads a reference; the error says where it stops making sense.
func parseReference(text string) (reference, error) {
	if len(text) > maxReference {
		return reference{}, fault.New(fault.Invalid, "a reference of %d characters", len(text)).WithHint("at most %d", maxReference)
	}
	r := reference{text: text}
	rest := strings.TrimSpace(text)
	for {
		var a alternative
		var err error
		if strings.HasPrefix(rest, `"`) {
			a.literal, rest, err = quoted(rest)
		} else {
			a.steps, rest, err = parsePath(rest)
		}
		if err != nil {
			return reference{}, err
		}
		r.alternatives = append(r.alternatives, a)
		rest = strings.TrimSpace(rest)
		if rest == "" {
			return r, nil
		}
		next, ok := strings.CutPrefix(rest, "??")
		if !ok {
			return reference{}, fault.New(fault.Invalid, "%q is not a path at %q", text, rest).
				WithHint(`write a path such as detail.userIdentity.arn or detail.fields["a/b"][0], alternatives with ?? between them`)
		}
		rest = strings.TrimSpace(next)
	}
}

func quoted(s string) (value, rest string, err error) {
	prefix, err := strconv.QuotedPrefix(s)
	if err == nil {
		value, err = strconv.Unquote(prefix)
	}
	if err != nil {
		return "", "", fault.New(fault.Invalid, "the quoted text in %q does not end", s).WithHint(`close it with "`)
	}
	return value, s[len(prefix):], nil
}

// parsePath reads a path up to the first character that cannot belong to it.
func parsePath(s string) (steps []step, rest string, err error) {
	rest = s
	if after, ok := strings.CutPrefix(rest, "$"); ok {
		rest = after
		if !strings.HasPrefix(rest, ".") && !strings.HasPrefix(rest, "[") {
			return nil, "", fault.New(fault.Invalid, "the path %q names nothing", s).WithHint("write $.detail.… for a part of the event")
		}
	} else {
		rest = "." + rest
	}
	for rest != "" {
		switch rest[0] {
		case '.':
			n := 1
			for n < len(rest) && isNameByte(rest[n]) {
				n++
			}
			if n == 1 {
				return nil, "", fault.New(fault.Invalid, "the path %q lacks a name at %q", s, rest).
					WithHint(`names of other characters are written in brackets: fields["a/b"]`)
			}
			steps, rest = append(steps, step{key: rest[1:n]}), rest[n:]
		case '[':
			var st step
			if st, rest, err = parseBracket(rest); err != nil {
				return nil, "", err
			}
			steps = append(steps, st)
		default:
			return steps, rest, nil
		}
	}
	return steps, "", nil
}

func parseBracket(s string) (st step, rest string, err error) {
	inside := s[1:]
	if strings.HasPrefix(inside, `"`) {
		if st.key, rest, err = quoted(inside); err != nil {
			return step{}, "", err
		}
		if st.key == "" {
			return step{}, "", fault.New(fault.Invalid, "%q names nothing", s).WithHint(`write [0] or ["a/b"]`)
		}
	} else {
		n := 0
		for n < len(inside) && inside[n] >= '0' && inside[n] <= '9' {
			n++
		}
		if st.index, err = strconv.Atoi(inside[:n]); err != nil {
			return step{}, "", fault.New(fault.Invalid, "%q is neither an index nor a quoted name", s).WithHint(`write [0] or ["a/b"]`)
		}
		rest = inside[n:]
	}
	after, ok := strings.CutPrefix(rest, "]")
	if !ok {
		return step{}, "", fault.New(fault.Invalid, "the bracket in %q is not closed", s).WithHint("close it with ]")
	}
	return st, after, nil
}

func isNameByte(c byte) bool {
	return c == '_' || c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// lookup returns the first alternative's value that is there and not null.
func (r reference) lookup(s *scope) (value any, ok bool) {
	for _, a := range r.alternatives {
		if a.steps == nil {
			return a.literal, true
		}
		if value, ok := s.walk(a.steps); ok && value != nil {
			return value, true
		}
	}
	return nil, false
}

// render writes a value for a person: text as it is, anything else as JSON.
func render(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	default:
		raw, err := json.Marshal(v)
		if err != nil { // the value was decoded from JSON
			return fmt.Sprint(v)
		}
		return string(raw)
	}
}

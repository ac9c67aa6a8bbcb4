package eventpattern

import (
	"errors"
	"strings"
)

// wildcard accepts strings by a text in which * stands for any characters, \*
// for a star and \\ for a backslash.
func wildcard(operand any) (test, error) {
	text, ok := operand.(string)
	if !ok {
		return nil, errNotText
	}
	parts, err := splitWildcard(text)
	if err != nil {
		return nil, err
	}
	return func(v any) bool { s, ok := v.(string); return ok && between(s, parts) }, nil
}

// splitWildcard is the literal text before, between and after the stars.
func splitWildcard(text string) ([]string, error) {
	var parts []string
	var literal strings.Builder
	star := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '*' && star:
			return nil, errors.New("consecutive wildcard characters")
		case c == '*':
			parts = append(parts, literal.String())
			literal.Reset()
			star = true
			continue
		case c == '\\':
			i++
			if i == len(text) || text[i] != '*' && text[i] != '\\' {
				return nil, errors.New(`a backslash must stand before * or \`)
			}
			literal.WriteByte(text[i])
		default:
			literal.WriteByte(c)
		}
		star = false
	}
	return append(parts, literal.String()), nil
}

// between says whether s is the parts with anything in between.
func between(s string, parts []string) bool {
	first, last := parts[0], parts[len(parts)-1]
	if len(parts) == 1 {
		return s == first
	}
	if !strings.HasPrefix(s, first) || !strings.HasSuffix(s[len(first):], last) {
		return false
	}
	s = s[len(first) : len(s)-len(last)]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(s, p)
		if i < 0 {
			return false
		}
		s = s[i+len(p):]
	}
	return true
}

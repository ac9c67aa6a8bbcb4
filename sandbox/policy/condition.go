package policy

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// compare says whether a value of the request meets a value of the policy.
type compare func(have, want string) bool

// operators by lower-case name. A name that starts with "not" or contains
// "Not" is the negation of another; it is listed in negated.
var operators = map[string]compare{
	"stringequals":             func(h, w string) bool { return h == plain(w) },
	"stringequalsignorecase":   func(h, w string) bool { return strings.EqualFold(h, plain(w)) },
	"stringlike":               Like,
	"arnequals":                likeARN,
	"arnlike":                  likeARN,
	"bool":                     strings.EqualFold,
	"binaryequals":             func(h, w string) bool { return h == w },
	"ipaddress":                inNetwork,
	"numericequals":            number(func(h, w float64) bool { return h == w }),
	"numericlessthan":          number(func(h, w float64) bool { return h < w }),
	"numericlessthanequals":    number(func(h, w float64) bool { return h <= w }),
	"numericgreaterthan":       number(func(h, w float64) bool { return h > w }),
	"numericgreaterthanequals": number(func(h, w float64) bool { return h >= w }),
	"dateequals":               date(func(h, w time.Time) bool { return h.Equal(w) }),
	"datelessthan":             date(func(h, w time.Time) bool { return h.Before(w) }),
	"datelessthanequals":       date(func(h, w time.Time) bool { return !h.After(w) }),
	"dategreaterthan":          date(func(h, w time.Time) bool { return h.After(w) }),
	"dategreaterthanequals":    date(func(h, w time.Time) bool { return !h.Before(w) }),
}

var negated = map[string]string{
	"stringnotequals": "stringequals", "stringnotequalsignorecase": "stringequalsignorecase",
	"stringnotlike": "stringlike", "arnnotequals": "arnequals", "arnnotlike": "arnlike",
	"notipaddress": "ipaddress", "numericnotequals": "numericequals", "datenotequals": "dateequals",
}

func parseCondition(op, key string, vals []string) (Condition, error) {
	c := Condition{Key: strings.ToLower(key), Values: vals}
	name := op
	if rest, ok := strings.CutPrefix(name, "ForAllValues:"); ok {
		name, c.ForAll = rest, true
	} else if rest, ok := strings.CutPrefix(name, "ForAnyValue:"); ok {
		name, c.ForAny = rest, true
	}
	if rest, ok := strings.CutSuffix(name, "IfExists"); ok {
		name, c.IfExists = rest, true
	}
	c.Operator = strings.ToLower(name)
	if c.Operator != "null" && operators[c.Operator] == nil && negated[c.Operator] == "" {
		return c, fmt.Errorf("the operator %q is unknown", op)
	}
	if len(vals) == 0 {
		return c, fmt.Errorf("%s %s has no value", op, key)
	}
	return c, nil
}

// holds evaluates a condition. Values of the policy are alternatives; a
// negated operator holds when none of them is met, and for an absent key.
func (c Condition) holds(r *Request) bool {
	have, exists := r.Context[c.Key]
	exists = exists && len(have) > 0
	if c.Operator == "null" {
		return strings.EqualFold(c.Values[0], "true") != exists
	}
	positive, negative := c.Operator, false
	if p, ok := negated[c.Operator]; ok {
		positive, negative = p, true
	}
	if !exists {
		return c.IfExists || c.ForAll || negative && !c.ForAny
	}
	met := func(h string) bool {
		for _, w := range c.Values {
			if operators[positive](h, r.expand(w)) {
				return !negative
			}
		}
		return negative
	}
	if c.ForAny || !c.ForAll && !negative {
		for _, h := range have {
			if met(h) {
				return true
			}
		}
		return false
	}
	for _, h := range have {
		if !met(h) {
			return false
		}
	}
	return true
}

func number(cmp func(h, w float64) bool) compare {
	return func(have, want string) bool {
		h, err1 := strconv.ParseFloat(have, 64)
		w, err2 := strconv.ParseFloat(want, 64)
		return err1 == nil && err2 == nil && cmp(h, w)
	}
}

func date(cmp func(h, w time.Time) bool) compare {
	return func(have, want string) bool {
		h, ok1 := parseDate(have)
		w, ok2 := parseDate(want)
		return ok1 && ok2 && cmp(h, w)
	}
}

func parseDate(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.Unix(n, 0), true
	}
	return time.Time{}, false
}

func inNetwork(have, want string) bool {
	ip, err := netip.ParseAddr(have)
	if err != nil {
		return false
	}
	if p, err := netip.ParsePrefix(want); err == nil {
		return p.Contains(ip.Unmap())
	}
	single, err := netip.ParseAddr(want)
	return err == nil && single.Unmap() == ip.Unmap()
}

// likeARN compares the six parts of two ARNs each by itself, so that a
// wildcard never crosses a colon but in the last.
func likeARN(have, want string) bool {
	h, w := strings.SplitN(have, ":", 6), strings.SplitN(want, ":", 6)
	if len(h) != len(w) {
		return false
	}
	for i := range h {
		if !Like(h[i], w[i]) {
			return false
		}
	}
	return true
}

// plain takes off the marks of expand where no wildcards are matched.
func plain(s string) string { return strings.ReplaceAll(s, escape, "") }

// Like matches * (any run) and ? (any one byte). It is linear in the length of
// text times the number of stars.
func Like(text, pattern string) bool {
	var i, j int
	star, mark := -1, 0
	for i < len(text) {
		if n := one(text[i], pattern[j:]); n > 0 {
			i++
			j += n
			continue
		}
		switch {
		case j < len(pattern) && pattern[j] == '*':
			star, mark = j, i
			j++
		case star >= 0:
			mark++
			i, j = mark, star+1
		default:
			return false
		}
	}
	return strings.Trim(pattern[j:], "*") == ""
}

// one is the length of what matches the byte c at the beginning of a pattern,
// 0 when that is a star or another byte.
func one(c byte, pattern string) int {
	switch {
	case pattern == "" || pattern[0] == '*':
		return 0
	case pattern[0] == escape[0] && len(pattern) > 1:
		if pattern[1] == c {
			return 2
		}
		return 0
	case pattern[0] == '?' || pattern[0] == c:
		return 1
	}
	return 0
}

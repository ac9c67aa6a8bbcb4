package pattern_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// This file is the language a second time, as plainly as possible and without regard to speed: $or is multiplied out,
// an event becomes a list of leaves, and a match is a walk through all ways to pick one. It shares no code with the
// package and is what the package is compared with. It takes valid patterns and events only.

// refLeaf is a leaf of an event: its path, its value, and for each array around it the element that holds it.
type refLeaf struct {
	name   string
	value  any // string, json.Number, bool or nil
	arrays map[int]int
}

// refEvent lists the leaves of an event; nil if the text is not one JSON object.
func refEvent(text []byte) ([]refLeaf, error) {
	if !json.Valid(text) {
		return nil, fmt.Errorf("not JSON")
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var leaves []refLeaf
	arrays := 0
	var walk func(token json.Token, path []string, in map[int]int) error
	next := func() json.Token {
		token, err := dec.Token()
		if err != nil {
			panic(err) // the text is valid
		}
		return token
	}
	walk = func(token json.Token, path []string, in map[int]int) error {
		switch token {
		case json.Delim('{'):
			for {
				key := next()
				if key == json.Delim('}') {
					return nil
				}
				if err := walk(next(), append(slices.Clip(path), key.(string)), in); err != nil {
					return err
				}
			}
		case json.Delim('['):
			this := arrays
			arrays++
			for i := 0; ; i++ {
				item := next()
				if item == json.Delim(']') {
					return nil
				}
				inside := in
				if _, composite := item.(json.Delim); composite {
					inside = maps.Clone(in)
					inside[this] = i
				}
				if err := walk(item, path, inside); err != nil {
					return err
				}
			}
		default:
			leaves = append(leaves, refLeaf{name: strings.Join(path, "."), value: token, arrays: in})
			return nil
		}
	}
	root := next()
	if root != json.Delim('{') {
		return nil, fmt.Errorf("not an object")
	}
	err := walk(root, nil, map[int]int{})
	if _, rest := dec.Token(); rest != io.EOF {
		return nil, fmt.Errorf("more text")
	}
	return leaves, err
}

// refRule is one combination of branches: alternatives by path.
type refRule map[string][]any

// refMost is how many combinations of branches EventBridge takes; the reference stops soon after.
const refMost = 1000

// refRules multiplies a pattern out. An object is kept as a list of pairs, since order and duplicates count.
func refRules(text []byte) []refRule {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	return refObject([]refRule{{}}, nil, refValue(dec).([]refPair))
}

type refPair struct {
	key   string
	value any // []refPair, []any, string, json.Number, bool or nil
}

func refValue(dec *json.Decoder) any {
	token, err := dec.Token()
	if err != nil {
		panic(err)
	}
	switch token {
	case json.Delim('{'):
		pairs := []refPair{}
		for dec.More() {
			key, _ := dec.Token()
			pairs = append(pairs, refPair{key.(string), refValue(dec)})
		}
		dec.Token()
		return pairs
	case json.Delim('['):
		list := []any{}
		for dec.More() {
			list = append(list, refValue(dec))
		}
		dec.Token()
		return list
	default:
		return token
	}
}

func refObject(rules []refRule, path []string, pairs []refPair) []refRule {
	for _, p := range pairs {
		at := append(slices.Clip(path), p.key)
		switch value := p.value.(type) {
		case []refPair:
			rules = refObject(rules, at, value)
		case []any:
			if p.key == "$or" && refIsOr(value) {
				var all []refRule
				for _, branch := range value {
					var copies []refRule
					for _, r := range rules {
						copies = append(copies, maps.Clone(r))
					}
					if all = append(all, refObject(copies, path, branch.([]refPair))...); len(all) > refMost {
						break // the caller looks at the number
					}
				}
				rules = all
				continue
			}
			for _, r := range rules {
				r[strings.Join(at, ".")] = value
			}
		}
	}
	return rules
}

func refIsOr(list []any) bool {
	pairs, ok := list[0].([]refPair)
	return ok && !slices.Contains([]string{"exactly", "prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but",
		"numeric", "cidr", "exists"}, pairs[0].key)
}

// refMatch decides a pattern for an event.
func refMatch(patternText, event []byte) (bool, error) {
	leaves, err := refEvent(event)
	if err != nil {
		return false, err
	}
	return refAny(refRules(patternText), leaves), nil
}

func refAny(rules []refRule, leaves []refLeaf) bool {
	return slices.ContainsFunc(rules, func(r refRule) bool {
		return refPick(r, slices.Sorted(maps.Keys(r)), leaves, map[int]int{})
	})
}

// refPick satisfies the fields in names one by one; chosen are the elements that those before lie in.
func refPick(r refRule, names []string, leaves []refLeaf, chosen map[int]int) bool {
	if len(names) == 0 {
		return true
	}
	present := false
	for _, l := range leaves {
		if l.name != names[0] {
			continue
		}
		together, ok := maps.Clone(chosen), true
		for array, element := range l.arrays {
			if other, there := chosen[array]; there && other != element {
				ok = false
			}
			together[array] = element
		}
		if !ok {
			continue
		}
		present = true
		holds := slices.ContainsFunc(r[names[0]], func(alternative any) bool { return refHolds(alternative, l.value) })
		if holds && refPick(r, names[1:], leaves, together) {
			return true
		}
	}
	absent := slices.ContainsFunc(r[names[0]], func(alternative any) bool {
		pairs, ok := alternative.([]refPair)
		return ok && pairs[0].key == "exists" && pairs[0].value == false
	})
	return absent && !present && refPick(r, names[1:], leaves, chosen)
}

// refHolds decides one alternative for one value.
func refHolds(alternative, value any) bool {
	text, isText := value.(string)
	switch alternative := alternative.(type) {
	case string:
		if a, ok := refAddress(alternative); ok {
			b, ok := refAddress(text)
			return isText && ok && a == b
		}
		return isText && text == alternative
	case json.Number:
		return refNumbersEqual(alternative, value)
	case []refPair:
		return refExpression(alternative[0].key, alternative[0].value, value)
	default:
		return alternative == value
	}
}

func refExpression(name string, operand, value any) bool {
	text, isText := value.(string)
	fold, folded := operand.([]refPair)
	switch name {
	case "exists":
		return operand == true
	case "exactly":
		return isText && text == operand
	case "prefix", "suffix":
		expr := ""
		if folded {
			expr = refFold(fold[0].value.(string))
		} else {
			expr = regexp.QuoteMeta(operand.(string))
		}
		if name == "prefix" {
			return isText && refRegexp(expr+".*", text)
		}
		return isText && refRegexp(".*"+expr, text)
	case "equals-ignore-case":
		return isText && refRegexp(refFold(operand.(string)), text)
	case "wildcard":
		var expr strings.Builder
		for s := operand.(string); s != ""; {
			switch {
			case s[0] == '\\':
				expr.WriteString(regexp.QuoteMeta(s[1:2]))
				s = s[2:]
			case s[0] == '*':
				expr.WriteString(".*")
				s = s[1:]
			default:
				expr.WriteString(regexp.QuoteMeta(s[:1]))
				s = s[1:]
			}
		}
		return isText && refRegexp(expr.String(), text)
	case "cidr":
		address, ok := refAddress(text)
		return isText && ok && netip.MustParsePrefix(operand.(string)).Masked().Contains(address)
	case "numeric":
		list := operand.([]any)
		for i := 0; i < len(list); i += 2 {
			if !refCompare(list[i].(string), value, list[i+1].(json.Number)) {
				return false
			}
		}
		return true
	case "anything-but":
		if folded {
			for _, one := range refList(fold[0].value) {
				if refExpression(fold[0].key, one, value) {
					return false
				}
			}
			return true
		}
		for _, one := range refList(operand) {
			number, isNumber := one.(json.Number)
			if isNumber && refNumbersEqual(number, value) || !isNumber && isText && text == one {
				return false
			}
		}
		return true
	default:
		panic("the reference knows no " + name)
	}
}

func refList(operand any) []any {
	if list, ok := operand.([]any); ok {
		return list
	}
	return []any{operand}
}

// refRegexp matches byte by byte: invalid UTF-8 is ordinary text.
func refRegexp(expr, text string) bool {
	latin := func(s string) string {
		var b strings.Builder
		for i := range len(s) {
			b.WriteRune(rune(s[i]))
		}
		return b.String()
	}
	return regexp.MustCompile(`(?s)\A(?:` + latin(expr) + `)\z`).MatchString(latin(text))
}

// refFold is a regular expression for a text in any case. It knows ASCII and the special characters that tests use.
func refFold(text string) string {
	var expr strings.Builder
	for _, r := range text {
		switch {
		case r == 'ß':
			expr.WriteString("(?:ß|SS)")
		case r < 0x80:
			expr.WriteString("(?:" + regexp.QuoteMeta(strings.ToLower(string(r))) + "|" + regexp.QuoteMeta(strings.ToUpper(string(r))) + ")")
		default:
			expr.WriteString("(?:" + strings.ToLower(string(r)) + "|" + strings.ToUpper(string(r)) + ")")
		}
	}
	return expr.String()
}

var refIPv4 = regexp.MustCompile(`\A0*(\d+)\.0*(\d+)\.0*(\d+)\.0*(\d+)\z`)

func refAddress(text string) (netip.Addr, bool) {
	if parts := refIPv4.FindStringSubmatch(text); parts != nil && len(text) <= 15 {
		text = strings.Join(parts[1:], ".")
	} else if strings.ContainsAny(text, ".%") {
		return netip.Addr{}, false
	}
	address, err := netip.ParseAddr(text)
	return address.Unmap(), err == nil
}

// refFloat is a number as float64, if that keeps its value to the last digit that float64 prints.
func refFloat(spelling json.Number) (float64, bool) {
	f, err := strconv.ParseFloat(string(spelling), 64)
	if err != nil {
		return 0, false
	}
	exact, ok := new(big.Rat).SetString(string(spelling))
	kept, _ := new(big.Rat).SetString(strconv.FormatFloat(f, 'g', -1, 64))
	return f, ok && exact.Cmp(kept) == 0
}

func refNumbersEqual(a json.Number, value any) bool {
	b, ok := value.(json.Number)
	if !ok {
		return false
	}
	x, okX := refFloat(a)
	y, okY := refFloat(b)
	if okX {
		return okY && x == y
	}
	return a == b
}

func refCompare(operator string, value any, bound json.Number) bool {
	number, ok := value.(json.Number)
	if !ok {
		return false
	}
	x, ok := refFloat(number)
	y, _ := refFloat(bound)
	switch operator {
	case "=":
		return ok && x == y
	case "<":
		return ok && x < y
	case "<=":
		return ok && x <= y
	case ">":
		return ok && x > y
	default:
		return ok && x >= y
	}
}

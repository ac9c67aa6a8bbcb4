package pattern_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"riposte.dev/pattern"
)

// The generators draw from few names and values, so that patterns and events meet.

var (
	genName = rapid.SampledFrom([]string{"a", "b", "c", "a.b", "b.c", "source", "é", "\\u0061"})
	genText = rapid.SampledFrom([]string{`""`, `"x"`, `"X"`, `"xy"`, `"xyx"`, `"x*"`, `"10.0.0.1"`, `"10.0.0.200"`, `"010.0.0.1"`,
		`"::1"`, `"0:0::1"`, `"2001:db8::5"`, `"ß"`, `"SS"`, `"1"`, `"true"`, `"\u0078"`, `"\"\\"`})
	genNumber = rapid.SampledFrom([]string{"0", "-0", "1", "1.0", "10e-1", "2", "-3.5", "1e3", "1000", "9007199254740993",
		"9007199254740992", "0.1", "0.10000000000000000001", "1e400", "123456789012"})
	genComparable = rapid.SampledFrom([]string{"0", "1", "1.0", "2", "-3.5", "1e3", "0.1", "123456789012"})
	genLiteral    = rapid.SampledFrom([]string{"true", "false", "null"})
)

// genEvent draws an object, with arrays of objects, arrays of arrays and sometimes a name twice.
func genEvent(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		n := rapid.IntRange(0, 4).Draw(t, "members")
		members := make([]string, n)
		for i := range members {
			members[i] = fmt.Sprintf(`"%s": %s`, genName.Draw(t, "name"), genEventValue(depth).Draw(t, "value"))
		}
		return "{" + strings.Join(members, ", ") + "}"
	})
}

func genEventValue(depth int) *rapid.Generator[string] {
	scalars := []*rapid.Generator[string]{genText, genText, genNumber, genLiteral}
	if depth == 0 {
		return rapid.OneOf(scalars...)
	}
	list := rapid.Custom(func(t *rapid.T) string {
		items := rapid.SliceOfN(rapid.Deferred(func() *rapid.Generator[string] { return genEventValue(depth - 1) }), 0, 3).Draw(t, "items")
		return "[" + strings.Join(items, ", ") + "]"
	})
	object := rapid.Deferred(func() *rapid.Generator[string] { return genEvent(depth - 1) })
	return rapid.OneOf(append(scalars, object, object, list, list)...)
}

// genPattern draws an object of a pattern, with $or at most ors levels deep.
func genPattern(depth, ors int, nameGen *rapid.Generator[string]) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		n := rapid.IntRange(1, 3).Draw(t, "members")
		members := make([]string, n)
		for i := range members {
			switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
			case kind < 2 && ors > 0:
				branches := rapid.SliceOfN(genPattern(depth, ors-1, nameGen), 2, 3).Draw(t, "branches")
				members[i] = `"$or": [` + strings.Join(branches, ", ") + "]"
			case kind < 5 && depth > 0:
				members[i] = fmt.Sprintf(`"%s": %s`, nameGen.Draw(t, "name"), genPattern(depth-1, ors, nameGen).Draw(t, "inner"))
			default:
				list := rapid.SliceOfN(genAlternative, 1, 3).Draw(t, "list")
				members[i] = fmt.Sprintf(`"%s": [%s]`, nameGen.Draw(t, "name"), strings.Join(list, ", "))
			}
		}
		return "{" + strings.Join(members, ", ") + "}"
	})
}

var genAlternative = rapid.Custom(func(t *rapid.T) string {
	texts := func() string {
		if rapid.Bool().Draw(t, "single") {
			return genFullText.Draw(t, "text")
		}
		return "[" + strings.Join(rapid.SliceOfN(genFullText, 1, 3).Draw(t, "texts"), ",") + "]"
	}
	switch rapid.IntRange(0, 16).Draw(t, "alternative") {
	case 0, 1, 2:
		return genText.Draw(t, "text")
	case 3:
		return genNumber.Draw(t, "number")
	case 4:
		return genLiteral.Draw(t, "literal")
	case 5:
		return fmt.Sprintf(`{"%s": %s}`, rapid.SampledFrom([]string{"prefix", "suffix"}).Draw(t, "affix"), genText.Draw(t, "text"))
	case 6:
		return fmt.Sprintf(`{"%s": {"equals-ignore-case": %s}}`,
			rapid.SampledFrom([]string{"prefix", "suffix"}).Draw(t, "affix"), genText.Draw(t, "text"))
	case 7:
		return fmt.Sprintf(`{"equals-ignore-case": %s}`, genText.Draw(t, "text"))
	case 8:
		return fmt.Sprintf(`{"wildcard": %s}`, genWildcard.Draw(t, "wildcard"))
	case 9:
		return fmt.Sprintf(`{"anything-but": %s}`, texts())
	case 10:
		return fmt.Sprintf(`{"anything-but": [%s]}`, strings.Join(rapid.SliceOfN(genComparable, 1, 3).Draw(t, "numbers"), ","))
	case 11:
		return fmt.Sprintf(`{"anything-but": {"%s": %s}}`,
			rapid.SampledFrom([]string{"prefix", "suffix", "equals-ignore-case"}).Draw(t, "name"), texts())
	case 12:
		return fmt.Sprintf(`{"anything-but": {"wildcard": [%s, %s]}}`, genWildcard.Draw(t, "one"), genWildcard.Draw(t, "two"))
	case 13:
		return rapid.SampledFrom([]string{`{"numeric": ["=", 1]}`, `{"numeric": ["<", 2]}`, `{"numeric": [">=", 1]}`,
			`{"numeric": [">", 0, "<=", 1000]}`, `{"numeric": [">=", -3.5, "<", 0.1]}`}).Draw(t, "numeric")
	case 14:
		return rapid.SampledFrom([]string{`{"cidr": "10.0.0.0/25"}`, `{"cidr": "10.0.0.7/8"}`, `{"cidr": "2001:db8::/32"}`}).Draw(t, "cidr")
	case 15:
		return `{"exists": true}`
	default:
		return `{"exists": false}`
	}
})

// genFullText is a text that anything-but may have in a prefix or suffix: not empty.
var genFullText = genText.Filter(func(s string) bool { return s != `""` })

var genWildcard = rapid.SampledFrom([]string{`"*"`, `""`, `"x*"`, `"*x"`, `"x*x"`, `"*y*"`, `"x\\*"`, `"*\\\\"`, `"x*y*x"`, `"10.*"`})

// orNames leaves out nothing: no name of genName is reserved in $or.
var orNames = genName

// taken reports whether a pattern has no more combinations than EventBridge takes.
func taken(text string) bool { return len(refRules([]byte(text))) <= refMost }

func TestMatchAgreesWithReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := genPattern(2, 2, orNames).Filter(taken).Draw(t, "pattern")
		p, err := pattern.Parse([]byte(text))
		if err != nil {
			t.Fatalf("pattern %s refused: %v", text, err)
		}
		for range 4 {
			event := genEvent(3).Draw(t, "event")
			want, err := refMatch([]byte(text), []byte(event))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := p.Match([]byte(event)); err != nil || got != want {
				t.Fatalf("got %v, %v, want %v\npattern %s\nevent   %s", got, err, want, text, event)
			}
		}
	})
}

// TestArraysAgreeWithReference draws from fewer names and values, so that conditions meet inside arrays.
func TestArraysAgreeWithReference(t *testing.T) {
	name := rapid.SampledFrom([]string{"a", "b", "c"})
	value := rapid.SampledFrom([]string{`"x"`, `"y"`, "1"})
	var object func(depth int) *rapid.Generator[string]
	object = func(depth int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			var item func(depth int) string
			item = func(depth int) string {
				switch kind := rapid.IntRange(0, 3).Draw(t, "kind"); {
				case depth > 0 && kind == 0:
					return object(depth-1).Draw(t, "object")
				case depth > 0 && kind <= 2:
					items := make([]string, rapid.IntRange(0, 3).Draw(t, "items"))
					for i := range items {
						items[i] = item(depth - 1)
					}
					return "[" + strings.Join(items, ", ") + "]"
				default:
					return value.Draw(t, "value")
				}
			}
			members := make([]string, rapid.IntRange(1, 4).Draw(t, "members"))
			for i := range members {
				members[i] = fmt.Sprintf(`"%s": %s`, name.Draw(t, "name"), item(depth))
			}
			return "{" + strings.Join(members, ", ") + "}"
		})
	}
	alternative := rapid.SampledFrom([]string{`"x"`, `"y"`, "1", `{"exists": true}`, `{"exists": false}`, `{"exists": false}, "x"`})
	var patternText func(depth, ors int) *rapid.Generator[string]
	patternText = func(depth, ors int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			members := make([]string, rapid.IntRange(1, 3).Draw(t, "members"))
			for i := range members {
				switch kind := rapid.IntRange(0, 5).Draw(t, "kind"); {
				case kind == 0 && ors > 0:
					branches := rapid.SliceOfN(patternText(depth, ors-1), 2, 3).Draw(t, "branches")
					members[i] = `"$or": [` + strings.Join(branches, ", ") + "]"
				case kind <= 2 && depth > 0:
					members[i] = fmt.Sprintf(`"%s": %s`, name.Draw(t, "name"), patternText(depth-1, ors).Draw(t, "inner"))
				default:
					members[i] = fmt.Sprintf(`"%s": [%s]`, name.Draw(t, "name"), alternative.Draw(t, "alternative"))
				}
			}
			return "{" + strings.Join(members, ", ") + "}"
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		text := patternText(3, 2).Filter(taken).Draw(t, "pattern")
		p, err := pattern.Parse([]byte(text))
		if err != nil {
			t.Fatalf("pattern %s refused: %v", text, err)
		}
		for range 4 {
			event := object(4).Draw(t, "event")
			want, err := refMatch([]byte(text), []byte(event))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := p.Match([]byte(event)); err != nil || got != want {
				t.Fatalf("got %v, %v, want %v\npattern %s\nevent   %s", got, err, want, text, event)
			}
		}
	})
}

// TestMatcherAgreesWithSinglePatterns adds and removes patterns and compares with each pattern alone, and with a
// Matcher built from what is left: nothing of a removed pattern may stay.
func TestMatcherAgreesWithSinglePatterns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := pattern.New()
		kept := map[string][]*pattern.Pattern{}
		name := rapid.SampledFrom([]string{"r1", "r2", "r3", "r4", "r5"})
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				p, err := pattern.Parse([]byte(genPattern(2, 1, orNames).Draw(t, "pattern")))
				if err != nil {
					t.Fatal(err)
				}
				n := name.Draw(t, "name")
				m.Add(n, p)
				kept[n] = append(kept[n], p)
			},
			"remove": func(t *rapid.T) {
				n := name.Draw(t, "name")
				m.Remove(n)
				delete(kept, n)
			},
			"match": func(t *rapid.T) {
				event := []byte(genEvent(3).Draw(t, "event"))
				fresh := pattern.New()
				var want []string
				for n, patterns := range kept {
					any := false
					for _, p := range patterns {
						fresh.Add(n, p)
						matched, err := p.Match(event)
						if err != nil {
							t.Fatal(err)
						}
						any = any || matched
					}
					if any {
						want = append(want, n)
					}
				}
				slices.Sort(want)
				for which, matcher := range map[string]*pattern.Matcher{"changed": m, "fresh": fresh} {
					if got, err := matcher.Match(event); err != nil || !slices.Equal(got, want) {
						t.Fatalf("%s matcher: got %q, %v, want %q\nevent %s", which, got, err, want, event)
					}
				}
			},
		})
	})
}

package pattern_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"

	"riposte.dev/pattern"
)

// full makes TestHostilePatterns use patterns of the largest size: go test ./pattern -run Hostile -full
var full = flag.Bool("full", false, "test with patterns of the largest size")

// TestHostilePatterns compiles large patterns that would take minutes or gigabytes if any part of the
// compiler grew with the square of the text. Whether they are taken or refused does not matter.
func TestHostilePatterns(t *testing.T) {
	shrink := 16
	if *full {
		shrink = 1
	}
	fill := func(open, unit, end string) string { // unit may hold %d
		var b strings.Builder
		b.WriteString(open)
		for i := 0; b.Len() < pattern.MaxPatternBytes/shrink-len(unit)-len(end)-10; i++ {
			if i > 0 {
				b.WriteByte(',')
			}
			if strings.Contains(unit, "%d") {
				fmt.Fprintf(&b, unit, i)
			} else {
				b.WriteString(unit)
			}
		}
		return b.String() + end
	}
	fields := func(n int, value string) string {
		list := make([]string, n/shrink)
		for i := range list {
			list[i] = fmt.Sprintf(`"f%d":[%s]`, i, value)
		}
		return strings.Join(list, ",")
	}
	deep := func(n int, inner string) string { return strings.Repeat(`{"a":`, n) + inner + strings.Repeat("}", n) }
	nestedOrs := func(n int, inner string) string {
		return strings.Repeat(`{"$or":[{"x":[1]},`, n) + inner + strings.Repeat("]}", n)
	}
	for name, text := range map[string]string{
		"one field again and again":        fill(`{`, `"a":[1]`, `}`),
		"many fields":                      fill(`{`, `"f%d":[1]`, `}`),
		"many fields, then again":          `{` + fields(40_000, "1") + `,` + fields(40_000, "2") + `}`,
		"many fields, then in a branch":    `{` + fields(35_000, "1") + `,"$or":[{` + fields(35_000, "2") + `},{"x":[1]}]}`,
		"a branch, then many fields":       `{"$or":[{` + fields(35_000, "1") + `},{"x":[1]}],` + fields(35_000, "2") + `}`,
		"many fields and small branches":   fill(`{`+fields(20_000, "1")+`,"$or":[`, `{"f%d":[2]}`, `]}`),
		"many $or":                         fill(`{`, `"$or":[{"a%d":[1]},{"b":[1]}]`, `}`),
		"$or inside $or":                   nestedOrs(490, `{"y":[1]}`),
		"$or inside $or, with many fields": nestedOrs(30, `{`+fields(60_000, "1")+`}`),
		"$or that replace one another":     `{` + strings.Repeat(`"$or":[{"a":[1]},{"b":[1]}],`, 998) + `"$or":[{"a":[1]},{"b":[1]}]}`,
		"many fields far down":             deep(900, `{`+fields(70_000, "1")+`}`),
		"many fields below a long name":    `{"` + strings.Repeat("n", 100_000/shrink) + `":{` + fields(50_000, "1") + `}}`,
		"a name of dots":                   `{"` + strings.Repeat(".", 1_000_000/shrink) + `":[1]}`,
		"a mistake everywhere":             fill(`{`, `"a":1`, `}`),
		"a warning everywhere":             fill(`{"detail":{"a":[`, `"*"`, `]}}`),
		"many addresses":                   fill(`{"a":[`, `"::%d"`, `]}`),
		"many wildcards":                   fill(`{"a":[`, `{"wildcard":"*a*b%d*"}`, `]}`),
		"a wildcard of stars":              `{"a":[{"wildcard":"` + strings.Repeat("*a", 500_000/shrink) + `"}]}`,
		"any case":                         `{"a":[{"equals-ignore-case":"` + strings.Repeat("ß", 300_000/shrink) + `"}]}`,
		"a long number":                    `{"a":[` + strings.Repeat("9", 1_000_000/shrink) + `]}`,
	} {
		t.Run(name, func(t *testing.T) {
			p, err := pattern.Parse([]byte(text))
			if err != nil {
				if n := len(err.Error()); n > 200_000 {
					t.Errorf("a message of %d bytes", n)
				}
				t.Logf("refused: %.120s", err)
				return
			}
			if n := len(p.Lint()); n > 100 {
				t.Errorf("%d warnings", n)
			}
			m := pattern.New()
			m.Add("r", p)
			if _, err := m.Match([]byte(`{"a": "` + strings.Repeat("a", 1_000_000) + `", "f1": 1}`)); err != nil {
				t.Error(err)
			}
			m.Remove("r")
		})
	}
}

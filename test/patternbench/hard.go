package main

import (
	"fmt"
	"io"
	"strings"

	"riposte.dev/pattern"
)

// hardCase is a rule set or an event on which careless matchers take exponential or quadratic time or memory.
type hardCase struct {
	name     string
	patterns []string
	events   [][]byte // those of the other measurements if there are none
}

func hardCases() []hardCase {
	return []hardCase{
		{"100 x 200 x 200 values", manyValues(100, 200), nil},
		{"4^8 $or branches", []string{branches(8, 4)}, nil},
		{"5,000 objects", []string{`{"detail":{"items":{"x":[1],"y":[2]}}}`}, [][]byte{manyObjects(5_000)}},
		{"10,000 objects", []string{`{"detail":{"items":{"x":[1],"y":[2]}}}`}, [][]byte{manyObjects(10_000)}},
		{"20,000 objects", []string{`{"detail":{"items":{"x":[1],"y":[2]}}}`}, [][]byte{manyObjects(20_000)}},
	}
}

// manyValues are n patterns with two fields of so many values each.
func manyValues(n, values int) []string {
	patterns := make([]string, n)
	for i := range patterns {
		list := func(kind string) string {
			texts := make([]string, values)
			for j := range texts {
				texts[j] = fmt.Sprintf(`"%s%d"`, kind, i*values/2+j)
			}
			return strings.Join(texts, ",")
		}
		patterns[i] = `{"detail":{"eventName":[` + list("Name") + `],"userIdentity":{"type":[` + list("Type") + `]}}}`
	}
	return patterns
}

// branches is a pattern with so many $or of so many branches each, no two about one field.
func branches(ors, each int) string {
	list := make([]string, ors)
	for i := range list {
		fields := make([]string, each)
		for j := range fields {
			fields[j] = fmt.Sprintf(`{"field%dOf%d":["v"]}`, j, i)
		}
		list[i] = `"$or":[` + strings.Join(fields, ",") + `]`
	}
	return `{"detail":{` + strings.Join(list, ",") + `}}`
}

// manyObjects is an event with an array of n objects, none of which satisfies both conditions while the array does.
func manyObjects(n int) []byte {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf(`{"x":%d,"y":%d}`, i%2, 2-i%2)
	}
	return []byte(`{"source":"aws.ec2","detail":{"eventName":"RunInstances","items":[` + strings.Join(items, ",") + `]}}`)
}

// benchHard prints how long each case takes to build and how fast it matches.
func benchHard(out io.Writer, usual [][]byte, rounds int) error {
	fmt.Fprintf(out, "\n%-25s %8s %8s %12s %8s %8s\n", "hard cases", "strict", "trusted", "json.Valid", "build", "heap")
	for _, c := range hardCases() {
		m, build, heap, err := buildMatcher(c.patterns)
		if err != nil {
			return err
		}
		events := c.events
		if events == nil {
			events = usual
		}
		if err := nothing(m, events); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		strict, trusted, valid, _ := measure(m, events, rounds)
		fmt.Fprintf(out, "%-25s %7.2fx %7.2fx %9.0f ns %5.0f ms %5.1f MB\n", c.name, strict, trusted, valid,
			float64(build.Microseconds())/1000, heap)
	}
	return nil
}

// nothing refuses events that match, or can't be decided.
func nothing(m *pattern.Matcher, events [][]byte) error {
	for _, event := range events {
		names, err := m.Match(event)
		if err != nil {
			return err
		}
		if len(names) > 0 {
			return fmt.Errorf("%d patterns match an event that none should", len(names))
		}
	}
	return nil
}

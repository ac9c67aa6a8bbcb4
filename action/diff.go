package action

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Unchanged lines shown around a change, and the size from which two texts are no longer compared line by line (the
// comparison takes time and memory in the product of both).
const (
	diffContext  = 3
	diffMaxCells = 4 << 20
)

// Diff shows people what changes between two states, a line a member and a line a list element, members sorted: removed
// lines begin with "- ", added ones with "+ ", unchanged ones with two spaces. Of unchanged stretches only three lines around a
// change are shown; "  …" stands for the rest. It returns nothing where both are the same value. An absent state has no
// lines.
func Diff(before, after json.RawMessage) []string {
	if SameState(before, after) {
		return nil
	}
	a, b := stateLines(before), stateLines(after)
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	lines := make([]string, 0, len(a)+len(b))
	for _, line := range a[:head] {
		lines = append(lines, "  "+line)
	}
	lines = append(lines, diffMiddle(a[head:len(a)-tail], b[head:len(b)-tail])...)
	for _, line := range a[len(a)-tail:] {
		lines = append(lines, "  "+line)
	}
	return elide(lines)
}

// diffMiddle compares by the longest common subsequence.
func diffMiddle(a, b []string) []string {
	var out []string
	if len(a)*len(b) > diffMaxCells {
		for _, line := range a {
			out = append(out, "- "+line)
		}
		for _, line := range b {
			out = append(out, "+ "+line)
		}
		return out
	}
	common := make([][]int32, len(a)+1) // common[i][j]: length of the longest common subsequence of a[i:] and b[j:]
	for i := range common {
		common[i] = make([]int32, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, "  "+a[i])
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			out = append(out, "- "+a[i])
			i++
		default:
			out = append(out, "+ "+b[j])
			j++
		}
	}
	return out
}

// elide keeps the context around changed lines and marks what it leaves out.
func elide(lines []string) []string {
	keep := make([]bool, len(lines))
	for i, line := range lines {
		if line[0] == ' ' {
			continue
		}
		for k := max(0, i-diffContext); k <= min(len(lines)-1, i+diffContext); k++ {
			keep[k] = true
		}
	}
	var out []string
	for i, line := range lines {
		switch {
		case keep[i]:
			out = append(out, line)
		case i == 0 || keep[i-1]:
			out = append(out, "  …")
		}
	}
	return out
}

// stateLines lays a state out for people: a line a member, the elements of a list on a line each. What is not JSON keeps
// its own lines.
func stateLines(raw json.RawMessage) []string {
	if len(raw) == 0 {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var value any
	if dec.Decode(&value) != nil {
		return strings.Split(string(raw), "\n")
	}
	return layOut(nil, "", value)
}

func layOut(lines []string, indent string, value any) []string {
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			switch member := v[name].(type) {
			case map[string]any, []any:
				lines = layOut(append(lines, indent+name+":"), indent+"  ", member)
			default:
				lines = append(lines, indent+name+": "+oneLine(member))
			}
		}
	case []any:
		for _, element := range v {
			lines = append(lines, indent+oneLine(element))
		}
	default:
		lines = append(lines, indent+oneLine(v))
	}
	return lines
}

// oneLine writes a value without line breaks: text as it is where that is clear, objects as name value pairs.
func oneLine(value any) string {
	switch v := value.(type) {
	case map[string]any:
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, name+": "+oneLine(v[name]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		var parts []string
		for _, element := range v {
			parts = append(parts, oneLine(element))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case string:
		if v != "" && !strings.ContainsAny(v, "\n\r\t\"{}[],") {
			return v
		}
	}
	raw, err := json.Marshal(value)
	if err != nil { // values come from a JSON decoder
		return fmt.Sprint(value)
	}
	return string(raw)
}

package pattern_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"riposte.dev/pattern"
)

// docRow is a row of a table of docs/reference/patterns.md: its cells, and the JSON in each.
type docRow struct {
	line  int
	cells []string
	json  [][]string
}

// docTables returns the rows of every table with these columns.
func docTables(t *testing.T, columns string) []docRow {
	t.Helper()
	text, err := os.ReadFile("../docs/reference/patterns.md")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile("`([^`]+)`")
	var rows []docRow
	inside := false
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == columns:
			inside = true
		case !strings.HasPrefix(line, "|"):
			inside = false
		case inside && !strings.HasPrefix(line, "| ---"):
			row := docRow{line: i + 1, cells: strings.Split(strings.Trim(line, "| "), " | ")}
			for j, cell := range row.cells {
				row.cells[j] = strings.TrimSpace(cell)
				var all []string
				for _, found := range code.FindAllStringSubmatch(cell, -1) {
					all = append(all, found[1])
				}
				row.json = append(row.json, all)
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// TestDocumentIsTrue: what the reference says of patterns and events is what the package does.
func TestDocumentIsTrue(t *testing.T) {
	cases := 0
	for _, row := range docTables(t, "| list | takes | does not take |") {
		for column, want := range map[int]bool{1: true, 2: false} {
			for _, value := range row.json[column] {
				cases++
				if got := verdict(t, `{"f": `+row.json[0][0]+`}`, `{"f": `+value+`}`); got != want {
					t.Errorf("line %d: %s on %s is %v", row.line, row.json[0][0], value, got)
				}
			}
		}
	}
	for _, row := range docTables(t, "| pattern | event | matches |") {
		cases++
		if got := verdict(t, row.json[0][0], row.json[1][0]); got != (row.cells[2] == "yes") || row.cells[2] != "yes" && row.cells[2] != "no" {
			t.Errorf("line %d: %s on %s is %v", row.line, row.json[0][0], row.json[1][0], got)
		}
	}
	for _, row := range docTables(t, "| refused | because |") {
		cases++
		if _, err := pattern.Parse([]byte(row.json[0][0])); err == nil || !strings.Contains(err.Error(), row.cells[1]) {
			t.Errorf("line %d: %s is refused with %v", row.line, row.json[0][0], err)
		}
	}
	if cases < 250 {
		t.Errorf("only %d statements were found", cases)
	}
}

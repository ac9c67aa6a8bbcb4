package diagram_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"riposte.dev/asl"
	"riposte.dev/asl/diagram"
)

const definition = `{"Comment":"a & b","StartAt":"Look","States":{
  "Look":{"Type":"Task","Resource":"riposte:action:ec2.stop-instance","Next":"Both","Catch":[{"ErrorEquals":["States.ALL"],"Next":"No \"<way>\""}]},
  "Both":{"Type":"Parallel","Next":"Again?","Branches":[
    {"StartAt":"One","States":{"One":{"Type":"Pass","End":true}}},
    {"StartAt":"Each","States":{"Each":{"Type":"Map","ItemProcessor":{"StartAt":"In","States":{"In":{"Type":"Wait","Seconds":1,"End":true}}},"End":true}}}]},
  "Again?":{"Type":"Choice","Choices":[{"Variable":"$.again","BooleanEquals":true,"Next":"Look"}],"Default":"Done"},
  "Done":{"Type":"Succeed"},
  "No \"<way>\"":{"Type":"Fail","Error":"E"}}}`

func machine(t *testing.T, text string) *asl.Machine {
	t.Helper()
	m, err := asl.Parse("m.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMermaid(t *testing.T) {
	var b strings.Builder
	if err := diagram.Mermaid(&b, machine(t, definition)); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`flowchart TD`,
		`start((" ")) --> s1`,
		`s1["Look<br>riposte:action:ec2.stop-instance"]`,
		`s1 -.->|"States.ALL"| s3`,
		`subgraph s2["Both (Parallel)"]`,
		`s8{"Again?"}`,
		`|"rule 1"| s1`,
		`|"otherwise"|`,
		`(["No #quot;#lt;way#gt;#quot; (Fail)"])`,
	} {
		if !strings.Contains(b.String(), line) {
			t.Errorf("no %q in\n%s", line, b.String())
		}
	}
}

func TestSVGIsWellFormedAndWhole(t *testing.T) {
	var b bytes.Buffer
	if err := diagram.SVG(&b, machine(t, definition)); err != nil {
		t.Fatal(err)
	}
	titles := map[string]bool{}
	for dec := xml.NewDecoder(&b); ; {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not XML: %v", err)
		}
		if text, ok := token.(xml.CharData); ok {
			titles[string(text)] = true
		}
	}
	for _, want := range []string{"a & b", "Look: riposte:action:ec2.stop-instance", "Both: Parallel", "Each: Map", "In: Wait", `No "<way>": Fail`, "otherwise"} {
		if !titles[want] {
			t.Errorf("the drawing does not show %q", want)
		}
	}
}

// A definition may have ten thousand states in a row.
func TestALongMachine(t *testing.T) {
	var states []string
	const n = 10_000
	for i := range n - 1 {
		states = append(states, fmt.Sprintf(`"S%d":{"Type":"Pass","Next":"S%d"}`, i, i+1))
	}
	text := `{"StartAt":"S0","States":{` + strings.Join(states, ",") + fmt.Sprintf(`,"S%d":{"Type":"Pass","End":true}}}`, n-1)
	m := machine(t, text)
	for name, draw := range map[string]func(io.Writer, *asl.Machine) error{"Mermaid": diagram.Mermaid, "SVG": diagram.SVG} {
		var b strings.Builder
		if err := draw(&b, m); err != nil || strings.Count(b.String(), "S9999") == 0 {
			t.Errorf("%s: %v, %d bytes", name, err, b.Len())
		}
	}
}

package asl

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"riposte.dev/conf"
	"riposte.dev/fault"
)

func TestParseReportsEverythingAtOnce(t *testing.T) {
	src := `Comment: everything is wrong
StartAt: Frist
Version: "2.0"
TimeoutSeconds: 0
States:
  First:
    Type: Task
    Resorce: riposte:notify
    Next: Secnd
    End: true
  Second:
    Type: Choice
    Choices:
      - {Variable: $.a, StringEqual: x, Next: First}
      - {Variable: a.b, NumericEquals: "1", Next: Third}
      - {And: [{Variable: $.a, IsNull: true, Next: First}], Next: First}
      - {Variable: $.a, TimestampEquals: yesterday}
    Default: Nowhere
  Third:
    Type: Pass
    Parameters: {x.$: "States.Fromat('{}', $.a)", y.$: 5, z.$: "a.b"}
    ResultPath: $.a[*]
    Assign: {bad-name: 1}
  Fourth: {Type: Wait, Seconds: 5, Timestamp: 2020-01-01T00:00:00Z, End: true}
  Fifth: {Type: Tsak, End: true}
  Sixth:
    Type: Task
    Resource: x
    TimeoutSeconds: 5
    HeartbeatSeconds: 5
    Retry:
      - {ErrorEquals: [States.ALL, X], BackoffRate: 0.5, MaxAttempts: -1}
      - {ErrorEquals: [States.Timout], IntervalSeconds: 0, JitterStrategy: HALF}
    Catch: [{ErrorEquals: [], Next: Lost}]
    End: true
  Seventh: {Type: Fail, Error: a, ErrorPath: $.b}
  Eighth: {Type: Map, End: true}
  Ninth: {Type: Pass, QueryLanguage: XPath, End: false}
`
	_, err := Parse("p.yaml", []byte(src))
	want := `p.yaml:2:10: there is no state "Frist" — did you mean "First"?
p.yaml:3:10: there is no version "2.0" of the language — write "1.0" or leave it out
p.yaml:4:17: TimeoutSeconds must be at least 1
p.yaml:7:5: the required field "Resource" is missing — add Resource:
p.yaml:8:5: unknown field "Resorce" — did you mean "Resource"?
p.yaml:9:11: there is no state "Secnd" — did you mean "Second"?
p.yaml:10:10: the state "First" has both Next and End — keep one of them
p.yaml:14:9: a choice rule has exactly one comparison, And, Or or Not; this one has 0
p.yaml:14:25: unknown field "StringEqual" of a choice rule — did you mean "StringEquals"?
p.yaml:15:20: "a.b" is not valid at character 1: a path begins with $
p.yaml:15:40: NumericEquals compares with a number, not a string
p.yaml:16:46: Next is not allowed inside And, Or and Not — put it beside the outermost And, Or or Not
p.yaml:17:9: the choice rule says not what comes next — add Next: <state>
p.yaml:17:42: "yesterday" is no time — write 2006-01-02T15:04:05Z
p.yaml:18:14: there is no state "Nowhere" — known: Eighth, Fifth, First, Fourth, Ninth, Second, Seventh, Sixth, Third
p.yaml:20:5: the state "Third" says not what comes next — add Next: <state> or End: true
p.yaml:21:23: there is no intrinsic function "States.Fromat": did you mean "States.Format"?
p.yaml:21:56: "y.$" ends in .$, so its value must be text with a path or an intrinsic function — name it "y" where the value is meant as it is
p.yaml:21:64: "a.b" is neither a path (it would begin with $) nor an intrinsic function (States.…)
p.yaml:22:17: "$.a[*]" can lead to several places, but a reference path must lead to one
p.yaml:23:14: "bad-name" is no name for a variable — use letters, digits and _, at most 80
p.yaml:24:11: a Wait state has exactly one of Seconds, SecondsPath, Timestamp and TimestampPath; "Fourth" has 2 of them
p.yaml:25:17: there is no state type "Tsak" — did you mean "Task"?
p.yaml:30:23: HeartbeatSeconds must be less than TimeoutSeconds
p.yaml:32:23: States.ALL must stand alone, and in the last entry
p.yaml:32:53: BackoffRate must be at least 1.0 — write 1 for equal intervals
p.yaml:32:71: MaxAttempts must be from 0 to 99999999 — write 0 for never
p.yaml:33:23: there is no reserved error "States.Timout" — did you mean "States.Timeout"?
p.yaml:33:57: IntervalSeconds must be from 1 to 99999999
p.yaml:33:76: JitterStrategy must be FULL or NONE, not "HALF"
p.yaml:34:27: ErrorEquals names no error — write [States.ALL] for every error
p.yaml:34:37: there is no state "Lost" — known: Eighth, Fifth, First, Fourth, Ninth, Second, Seventh, Sixth, Third
p.yaml:36:46: Error and ErrorPath exclude each other — keep one of them
p.yaml:37:11: the Map state "Eighth" has no ItemProcessor — add ItemProcessor: {StartAt: …, States: …}
p.yaml:38:38: there is no query language "XPath" — write JSONPath or JSONata
p.yaml:38:50: End must be true — write true, or Next instead`
	if err == nil || fault.CodeOf(err) != fault.Invalid {
		t.Fatalf("got %v", err)
	}
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(err.Error(), "\n")); diff != "" {
		t.Error(diff)
	}
}

func TestParseGraph(t *testing.T) {
	for name, tt := range map[string]struct{ src, want string }{
		"never reached": {"StartAt: A\nStates:\n  A: {Type: Succeed}\n  B: {Type: Succeed}", `p.yaml:4:6: the state "B" is never reached from "A"`},
		"no end":        {"StartAt: A\nStates:\n  A: {Type: Pass, Next: B}\n  B: {Type: Pass, Next: A}", `p.yaml:3:6: from the state "A" no end can be reached`},
		"no states":     {"StartAt: A\nStates: {}", "States must be an object with states"},
		"no type":       {"StartAt: A\nStates: {A: {End: true}}", `the state "A" has no Type`},
		"twice":         {"StartAt: A\nStates: {A: {Type: Succeed}, A: {Type: Succeed}}", `the key "A" is there twice`},
		"long name":     {"StartAt: " + strings.Repeat("x", 81) + "\nStates: {" + strings.Repeat("x", 81) + ": {Type: Succeed}}", "81 characters"},
		"not an object": {"[1]", "the document must be an object"},
	} {
		_, err := Parse("p.yaml", []byte(tt.src))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v\nwant %s", name, err, tt.want)
		}
	}
}

func TestParseNodeInsideADocument(t *testing.T) {
	doc, err := conf.Parse("rule.yaml", []byte("id: x\nplaybook:\n  StartAt: A\n  States: {A: {Type: Pass}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = ParseNode(doc.Root.Get("playbook"))
	problems, _ := err.(conf.Problems)
	if len(problems) != 1 || problems[0].Line != 4 || problems[0].Path != "States.A" {
		t.Errorf("got %+v", problems)
	}
}

func TestTextParsesToTheSameMachine(t *testing.T) {
	m := parse(t, "# comment\nStartAt: A\nTimeoutSeconds: 60\nStates: {A: {Type: Pass, Result: {b: 1.50, a: [yes]}, End: true}}")
	again, err := Parse("again.json", m.Text())
	if err != nil || again.Hash() != m.Hash() || again.Timeout != m.Timeout {
		t.Errorf("%s, %v", again.Text(), err)
	}
	if want := `{"StartAt":"A","TimeoutSeconds":60,"States":{"A":{"Type":"Pass","Result":{"b":1.50,"a":["yes"]},"End":true}}}`; string(m.Text()) != want {
		t.Errorf("text %s", m.Text())
	}
}

// Ten thousand states take no more than a moment; one more is refused.
func TestParseManyStates(t *testing.T) {
	for _, n := range []int{MaxStates, MaxStates + 1} {
		var b strings.Builder
		b.WriteString(`{"StartAt":"0","States":{`)
		for i := range n {
			b.WriteString(`"` + itoa(i) + `":{"Type":"Pass","Next":"` + itoa(i+1) + `"},`)
		}
		b.WriteString(`"` + itoa(n) + `":{"Type":"Succeed"}}}`)
		src := strings.Replace(b.String(), `"`+itoa(n-1)+`":{"Type":"Pass","Next":"`+itoa(n)+`"},"`+itoa(n)+`":{"Type":"Succeed"}`, `"`+itoa(n-1)+`":{"Type":"Succeed"}`, 1)
		_, err := Parse("p.json", []byte(src))
		if (err == nil) != (n == MaxStates) {
			t.Errorf("%d states: %v", n, err)
		}
	}
}

func itoa(n int) string { return string(numberOf(n)) }

func parse(t *testing.T, src string) *Machine {
	t.Helper()
	m, err := Parse("p.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestParseChecksBranchesToo(t *testing.T) {
	_, err := Parse("p.yaml", []byte(`StartAt: A
States:
  A:
    Type: Parallel
    Branches:
      - StartAt: B
        States:
          B: {Type: Pass, Next: E}
          C: {Type: Pass, Parameters: {x.$: "$["}, End: true}
      - StartAt: Nowhere
        States: {D: {Type: Pass, Next: B}}
        TimeoutSeconds: 9
    Next: E
  E:
    Type: Map
    MaxConcurrency: -1
    MaxConcurrencyPath: $.n
    ToleratedFailurePercentage: 101
    ItemsPath: $[
    ItemSelector: {a.$: b}
    Parameters: {}
    Iterator: {StartAt: F, States: {F: {Type: Pass, End: true}}}
    ItemProcessor:
      ProcessorConfig: {Mode: INLINE, ExecutionType: STANDARD}
      StartAt: A
      States: {A: {Type: Task, Resource: x, Next: D}}
    ItemBatcher: {MaxInputBytesPerBatch: 300000}
    ItemReader: {Resource: "arn:aws:states:::s3:getObject", Parameters: {}, ReaderConfig: {InputType: XML}}
    ResultWriter: {}
    Label: a b
    End: true
  H: {Type: Map, ItemProcessor: {ProcessorConfig: {Mode: DISTRIBUTED}, StartAt: I, States: {I: {Type: Succeed}}}, ItemBatcher: {}, ItemReader: {Resource: y, Parameters: {}}, End: true}
  J: {Type: Parallel, Branches: [], End: true}
`))
	want := []string{
		"p.yaml:8:33: the state \"E\" is in another branch",
		"p.yaml:9:45: \"$[\"",
		"p.yaml:10:18: there is no state \"Nowhere\"",
		"p.yaml:11:40: the state \"B\" is in another branch",
		"p.yaml:12:9: unknown field \"TimeoutSeconds\"",
		"p.yaml:16:21: MaxConcurrency must be a whole number",
		"p.yaml:17:25: MaxConcurrency and MaxConcurrencyPath exclude each other",
		"p.yaml:18:33: ToleratedFailurePercentage must be",
		"p.yaml:19:16: \"$[\"",
		"p.yaml:20:25: ",
		"p.yaml:21:17: ItemSelector and Parameters exclude each other",
		"p.yaml:22:15: ItemProcessor and Iterator exclude each other",
		"p.yaml:24:54: ExecutionType is for Mode: DISTRIBUTED",
		"p.yaml:26:16: there are two states \"A\"",
		"p.yaml:26:51: the state \"D\" is in another branch",
		"p.yaml:27:42: MaxInputBytesPerBatch must be at most",
		"p.yaml:28:17: ItemReader is for a distributed Map",
		"p.yaml:28:91: an object needs an InputType",
		"p.yaml:29:19: ResultWriter is for a distributed Map",
		"p.yaml:29:19: ResultWriter says nothing",
		"p.yaml:30:12: the label",
		"p.yaml:32:51: Mode: DISTRIBUTED needs an ExecutionType",
		"p.yaml:32:128: ItemBatcher needs",
		"p.yaml:32:155: items can't be read by \"y\"",
		"p.yaml:33:33: Branches must be a list with at least one branch",
	}
	var problems conf.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("%v", err)
	}
	got := strings.Split(problems.Error(), "\n")
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(want):
			t.Errorf("beyond: %s", got[i])
		case i >= len(got):
			t.Errorf("missing: %s", want[i])
		case !strings.Contains(got[i], want[i]):
			t.Errorf("got %s\nwant %s", got[i], want[i])
		}
	}
}

func TestStatesInBranchesMustBeReachedAndEnd(t *testing.T) {
	for states, want := range map[string]string{
		`B: {Type: Pass, End: true}, C: {Type: Pass, End: true}`: `the state "C" is never reached from "B"`,
		`B: {Type: Pass, Next: C}, C: {Type: Pass, Next: B}`:     `from the state "B" no end can be reached`,
	} {
		_, err := Parse("p.yaml", []byte("StartAt: A\nStates: {A: {Type: Parallel, Branches: [{StartAt: B, States: {"+states+"}}], End: true}}"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestTooManyStates(t *testing.T) {
	var b strings.Builder
	for i := range MaxStates {
		fmt.Fprintf(&b, `,"S%d":{"Type":"Succeed"}`, i)
	}
	_, err := Parse("p.json", []byte(`{"StartAt":"A","States":{"A":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"S0","States":{`+b.String()[1:]+`}}]}}}`))
	if err == nil || !strings.Contains(err.Error(), "there are 10001 states, over the limit of 10000") {
		t.Errorf("%.300v", err)
	}
}

func TestAllStates(t *testing.T) {
	m := parse(t, `
StartAt: A
States:
  A: {Type: Parallel, Branches: [{StartAt: B, States: {B: {Type: Map, Iterator: {StartAt: C, States: {C: {Type: Task, Resource: x, End: true}}}, End: true}}}], Next: D}
  D: {Type: Succeed}
`)
	var got []string
	for path, s := range m.All() {
		if m.State(s.Name) != s {
			t.Errorf("State(%q) is another one", s.Name)
		}
		got = append(got, path)
	}
	want := []string{"States.A", "States.A.Branches[0].States.B", "States.A.Branches[0].States.B.Iterator.States.C", "States.D"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	for range m.All() {
		break
	}
}

func TestReservedErrors(t *testing.T) {
	const machine = "StartAt: A\nStates: {A: {Type: Task, Resource: x, Retry: [{ErrorEquals: [%s]}], End: true}}"
	for _, name := range append(reserved(), "States.Http.Socket", "States.Http.StatusCode.404", "My.Error") {
		if _, err := Parse("p.yaml", []byte(fmt.Sprintf(machine, name))); err != nil {
			t.Error(err)
		}
	}
	if _, err := Parse("p.yaml", []byte(fmt.Sprintf(machine, "States.TaskFaild"))); err == nil || !strings.Contains(err.Error(), "States.TaskFailed") {
		t.Errorf("%v", err)
	}
}

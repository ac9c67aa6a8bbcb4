package stepfunctions_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

func (w *world) test(state, input, variables string) (*sfn.TestStateOutput, error) {
	in := &sfn.TestStateInput{Definition: &state, RoleArn: aws.String(role), Input: &input, InspectionLevel: types.InspectionLevelDebug}
	if variables != "" {
		in.Variables = &variables
	}
	return w.TestState(w.t.Context(), in)
}

func TestOneState(t *testing.T) {
	w := newWorld(t)
	const act = `{"Type":"Task","Resource":"riposte:action:fake.switch-on","Parameters":{"names.$":"$.names"},"ResultSelector":{"s.$":"$.status"},"ResultPath":"$.r",`
	for _, c := range []struct{ name, state, input, variables, want string }{
		{"next", `{"Type":"Pass","Parameters":{"b.$":"$.a"},"Next":"After"}`, `{"a":1}`, "", `SUCCEEDED → After {"b":1}`},
		{"end", `{"Type":"Pass","End":true}`, `{"a":1}`, "", `SUCCEEDED → {"a":1}`},
		{"variables", `{"Type":"Pass","Parameters":{"b.$":"$v.x"},"End":true}`, `{}`, `{"v":{"x":[1,"{% 1 %}"]}}`, `SUCCEEDED → {"b":[1,"{% 1 %}"]}`},
		{"JSONata", `{"QueryLanguage":"JSONata","Type":"Pass","Output":"{% $v + $states.input.a %}","End":true}`, `{"a":1}`, `{"v":2}`, `SUCCEEDED → 3`},
		{"choice", `{"Type":"Choice","Choices":[{"Variable":"$.a","NumericGreaterThan":0,"Next":"More"}],"Default":"Less"}`, `{"a":1}`, "", `SUCCEEDED → More {"a":1}`},
		{"wait", `{"Type":"Wait","Seconds":86400,"Next":"After"}`, `{}`, "", `SUCCEEDED → After {}`},
		{"fail", `{"Type":"Fail","Error":"Broken","Cause":"why"}`, `{}`, "", `FAILED → Broken: why`},
		{"a plan", act + `"End":true}`, `{"names":["a"]}`, "", `SUCCEEDED → {"names":["a"],"r":{"s":"dry-run"}}`},
		{"a failed task", act + `"End":true}`, `{"names":["lost"]}`, "", `FAILED → Riposte.NotFound: there is no such switch`},
		{"a retry", act + `"Retry":[{"ErrorEquals":["States.ALL"]}],"End":true}`, `{"names":["lost"]}`, "", `RETRIABLE → Riposte.NotFound: there is no such switch`},
		{"a catch", act + `"Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":null,"Next":"Else"}],"End":true}`, `{"names":["lost"]}`, "",
			`CAUGHT_ERROR → Else {"names":["lost"]} Riposte.NotFound: there is no such switch`},
		{"people", `{"Type":"Task","Resource":"riposte:notify","End":true}`, `{}`, "", `SUCCEEDED → {"status":"dry-run"}`},
		{"itself", `{"Type":"Pass","Next":"StateToTest"}`, `{}`, "", `SUCCEEDED → StateToTest {}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := w.test(c.state, c.input, c.variables)
			if err != nil {
				t.Fatal(err)
			}
			parts := []string{string(out.Status), "→"}
			for _, part := range []*string{out.NextState, out.Output, out.Error, out.Cause} {
				if part != nil {
					parts = append(parts, *part)
				}
			}
			if out.Error != nil {
				parts[len(parts)-2] += ":"
			}
			if got := strings.Join(parts, " "); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
		})
	}
}

func TestTheWayThroughAState(t *testing.T) {
	w := newWorld(t)
	out, err := w.test(`{"Type":"Task","Resource":"riposte:action:fake.switch-on","InputPath":"$.in","Parameters":{"names.$":"$.n"},
		"ResultSelector":{"s.$":"$.status"},"ResultPath":"$.r","OutputPath":"$.r","End":true}`, `{"in":{"n":["a"]}}`, "")
	want(t, err, "")
	d := out.InspectionData
	for what, got := range map[string][2]string{
		"input":               {*d.Input, `{"in":{"n":["a"]}}`},
		"afterInputPath":      {*d.AfterInputPath, `{"n":["a"]}`},
		"afterParameters":     {*d.AfterParameters, `{"names":["a"]}`},
		"afterResultSelector": {*d.AfterResultSelector, `{"s":"dry-run"}`},
		"afterResultPath":     {*d.AfterResultPath, `{"in":{"n":["a"]},"r":{"s":"dry-run"}}`},
		"output":              {*out.Output, `{"s":"dry-run"}`},
	} {
		if got[0] != got[1] {
			t.Errorf("%s %s, want %s", what, got[0], got[1])
		}
	}
	if !strings.Contains(*d.Result, `"mode":"dry-run"`) || !strings.Contains(*d.Result, "asked for rule states:StartExecution") {
		t.Errorf("result %s", *d.Result)
	}
	if w.looked.Load() != 1 {
		t.Errorf("the action looked %d times", w.looked.Load())
	}
}

func TestTheWayThroughAStateInJSONata(t *testing.T) {
	w := newWorld(t)
	out, err := w.test(`{"QueryLanguage":"JSONata","Type":"Task","Resource":"riposte:action:fake.switch-on","Arguments":{"names":"{% $append($states.input.n, $v) %}"},
		"Output":"{% $states.result.status %}","End":true}`, `{"n":["a"]}`, `{"v":"b"}`)
	want(t, err, "")
	d := out.InspectionData
	if *d.AfterArguments != `{"names":["a","b"]}` || d.AfterParameters != nil || *d.Variables != `{"v":"b"}` || *out.Output != `"dry-run"` || d.Result == nil {
		t.Errorf("%s, output %s", *d.AfterArguments, *out.Output)
	}
}

func TestAStateThatIsWrong(t *testing.T) {
	w := newWorld(t)
	for state, text := range map[string]string{
		`{"Type":"Pass"}`: "says not what comes next",
		`{"Type":"Pas"}`:  "Pass",
		`[]`:              "one state",
		`{`:               "INVALID_JSON",
		`{"StartAt":"A"}`: "one state",
		`{"Type":"Task","Resource":"riposte:action:fake.switch-of","End":true}`: "fake.switch-of",
	} {
		_, err := w.test(state, "{}", "")
		want(t, err, "InvalidDefinition", text)
	}
	_, err := w.test(`{"Type":"Pass","End":true}`, "{}", "[]")
	want(t, err, "ValidationException", "variables")
	_, err = w.test(`{"Type":"Pass","End":true}`, "{", "")
	want(t, err, "InvalidExecutionInput")
}

package pattern_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"riposte.dev/fault"
	"riposte.dev/pattern"
)

// explained parses and explains, and fails the test on any error.
func explained(t *testing.T, patternText, event string) *pattern.Explanation {
	t.Helper()
	p, err := pattern.Parse([]byte(patternText))
	if err != nil {
		t.Fatalf("pattern %.500s refused: %v", patternText, err)
	}
	x, err := p.Explain([]byte(event))
	if err != nil {
		t.Fatalf("event %.500s refused: %v", event, err)
	}
	return x
}

func TestExplainSaysWhatDecided(t *testing.T) {
	tests := []struct{ name, pattern, event, because string }{
		{"matches", `{"a": ["x"]}`, `{"a": "x"}`, "every field that the pattern asks for holds"},
		{"another text", `{"detail": {"eventName": ["StopLogging", "DeleteTrail"]}}`, `{"detail": {"eventName": "StartLogging"}}`,
			`detail.eventName is "StartLogging"; wanted one of "StopLogging", "DeleteTrail"; nearest: "StopLogging"`},
		{"nothing near", `{"a": ["x", 5]}`, `{"a": "entirely different"}`, `a is "entirely different"; wanted one of "x", 5`},
		{"several values", `{"a": ["x"]}`, `{"a": ["alpha", "beta", "gamma"]}`, `a is "alpha" (and 2 other values); wanted "x"`},
		{"two fields", `{"a": ["x"], "b": ["y"]}`, `{"a": 1, "b": 2}`, `a is 1; wanted "x"; nor does b`},
		{"many fields", `{"a": ["x"], "b": ["y"], "c": ["z"]}`, `{}`, `a is absent; wanted "x"; nor do b, c`},
		{"absent", `{"a": {"b": [{"exists": true}]}}`, `{"a": {"c": 1}}`, `a.b is absent; wanted any value`},
		{"below null", `{"a": {"b": {"c": ["x"]}}}`, `{"a": {"b": null}}`, `a.b.c is absent, for a.b is null; wanted "x"`},
		{"present", `{"a": [{"exists": false}]}`, `{"a": "x"}`, `a is "x", and the pattern wants it to be absent`},
		{"an object", `{"a": [{"exists": true}]}`, `{"a": {"b": 1}}`, `a is an object, and a condition looks at plain values only; wanted any value`},
		{"an empty array", `{"a": ["x"]}`, `{"a": []}`, `a is an empty array, which is no value; wanted "x"`},
		{"forgotten detail", `{"eventName": ["x"]}`, `{"detail": {"eventName": "x"}}`,
			`eventName is absent; the event has detail.eventName: put the field inside "detail": {…}; wanted "x"`},
		{"bare record", `{"detail": {"eventName": ["x"]}}`, `{"eventName": "x"}`,
			`detail.eventName is absent; the event has eventName at its top: is it a bare record without its envelope?; wanted "x"`},
		{"name in another case", `{"detail": {"eventname": ["x"]}}`, `{"detail": {"eventName": "x"}}`,
			`detail.eventname is absent; the event has "detail.eventName", and the case of names counts; wanted "x"`},
		{"another parent", `{"detail": {"request": {"name": ["x"]}}}`, `{"detail": {"requestParameters": {"name": "x"}}}`,
			`detail.request.name is absent; the event has detail.requestParameters.name; wanted "x"`},
		{"number for text", `{"port": ["80"]}`, `{"port": 80}`, `port is 80; wanted "80"; it is a number, and the pattern compares strings: 80 isn't "80"`},
		{"text for number", `{"port": [80]}`, `{"port": "80"}`, `port is "80"; wanted 80; it is a string, and the pattern wants the number 80: "80" isn't 80`},
		{"text for true", `{"a": [true]}`, `{"a": "true"}`, `a is "true"; wanted true; it is a string, and the pattern wants true: "true" isn't true`},
		{"number in text", `{"a": [{"numeric": [">", 5]}]}`, `{"a": "7"}`, `a is "7"; wanted a number > 5; it is a string, and numeric compares numbers only`},
		{"prefix of a number", `{"a": [{"prefix": "7"}]}`, `{"a": 77}`, `a is 77; wanted a string that begins with "7"; it is a number, and prefix looks at strings only`},
		{"wildcard of null", `{"a": [{"wildcard": "*"}]}`, `{"a": null}`, `a is null; wanted a string like "*"; it is the value null, and wildcard looks at strings only`},
		{"case", `{"a": ["Root"]}`, `{"a": "root"}`, `a is "root"; wanted "Root"; only the case differs from "Root"; {"equals-ignore-case": "Root"} would take it`},
		{"case of a prefix", `{"a": [{"prefix": "EU-"}]}`, `{"a": "eu-west-1"}`,
			`a is "eu-west-1"; wanted a string that begins with "EU-"; only the case differs from "EU-"; {"prefix": {"equals-ignore-case": "EU-"}} would take it`},
		{"case of a suffix", `{"a": [{"suffix": ".PNG"}]}`, `{"a": "a.png"}`,
			`a is "a.png"; wanted a string that ends with ".PNG"; only the case differs from ".PNG"; {"suffix": {"equals-ignore-case": ".PNG"}} would take it`},
		{"a star", `{"a": ["Stop*"]}`, `{"a": "StopLogging"}`, `a is "StopLogging"; wanted "Stop*"; a * in a plain string is only a star; {"wildcard": "Stop*"} would take it`},
		{"blanks", `{"a": ["x"]}`, `{"a": " x"}`, `a is " x"; wanted "x"; only blanks around it differ from "x"`},
		{"no address", `{"a": [{"cidr": "10.0.0.0/8"}]}`, `{"a": "cloudtrail.amazonaws.com"}`, `a is "cloudtrail.amazonaws.com"; wanted an address in 10.0.0.0/8; it is not an IP address`},
		{"another block", `{"a": [{"cidr": "10.0.0.0/8"}]}`, `{"a": "11.0.0.1"}`, `a is "11.0.0.1"; wanted an address in 10.0.0.0/8`},
		{"out of range", `{"a": [{"numeric": [">", 0, "<=", 5]}]}`, `{"a": 6}`, `a is 6; wanted a number > 0 and <= 5`},
		{"a number too long", `{"a": [{"numeric": [">", 0]}]}`, `{"a": 9007199254740993}`,
			`a is 9007199254740993; wanted a number > 0; the number does not fit a 64-bit float, so it can't be compared`},
		{"excluded", `{"a": [{"anything-but": {"prefix": ["x", "y"]}}]}`, `{"a": "yes"}`,
			`a is "yes"; wanted a value other than a string that begins with "x", a string that begins with "y"; anything-but excludes it`},
		{"any case", `{"a": [{"equals-ignore-case": "yes"}, {"prefix": {"equals-ignore-case": "no"}}, {"exactly": "::1"}]}`, `{"a": "perhaps"}`,
			`a is "perhaps"; wanted "yes" in any case, a string that begins with "no" in any case or "::1"`},
		{"$or", `{"$or": [{"a": ["x"], "b": ["y"]}, {"a": ["z"], "c": ["y"], "d": ["y"]}]}`, `{"a": "q", "b": "y"}`,
			`no branch of the $or at 1:9 holds; the nearest is branch 1, where a is "q"; wanted "x"`},

		{"different elements", `{"items": {"port": [22], "range": ["0.0.0.0/0"]}}`,
			`{"items": [{"port": 22, "range": "10.0.0.0/8"}, {"port": 443, "range": "0.0.0.0/0"}, {"port": 22}]}`,
			`items.port and items.range both hold, but in different elements of items: port in [0], [2]; range in [1]`},
		{"different elements, and another array", `{"b": {"v": [1]}, "a": {"v": [1], "w": [2]}}`, `{"b": [{}, {"v": 1}], "a": [{"v": 1}, {"w": 2}]}`,
			`a.v and a.w both hold, but in different elements of a: v in [0]; w in [1]`},
		{"three that never meet", `{"a": {"v": [1], "w": [2], "x": [3]}}`, `{"a": [{"v": 1, "w": 2}, {"v": 1, "x": 3}, {"w": 2, "x": 3}]}`,
			`each field holds alone, but not together: no elements of the event's arrays satisfy a.v, a.w, a.x at once`},
		{"present in the chosen element", `{"a": {"v": [1], "w": [{"exists": false}]}}`, `{"a": [{"v": 1, "w": 3}, {"v": 2}]}`,
			`each field holds alone, but not together: no elements of the event's arrays satisfy a.v, a.w; a field is absent only if the element that the others chose lacks it`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := explained(t, tt.pattern, tt.event)
			if x.Because != tt.because {
				t.Errorf("%s on %s:\ngot  %s\nwant %s", tt.pattern, tt.event, x.Because, tt.because)
			}
			if x.Matches != verdict(t, tt.pattern, tt.event) {
				t.Errorf("the verdict is %v", x.Matches)
			}
		})
	}
}

func TestExplainFields(t *testing.T) {
	x := explained(t, `{
  "source": ["aws.ec2"],
  "detail": {
    "$or": [
      {"a": ["x"], "b": [{"exists": false}]},
      {"c": ["y"]}
    ],
    "list": {"v": [1, 2]}
  }
}`, `{"source": "aws.ec2", "detail": {"a": "x", "b": 7, "list": [{"v": [0, 2]}, {"v": 3}]}}`)
	got, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"matches":false,"because":"no branch of the $or at 4:12 holds; the nearest is branch 1, where detail.b is 7, and the pattern wants it to be absent","fields":[` +
		`{"field":"source","line":2,"col":13,"path":["source"],"holds":true,"decides":false,"wanted":"\"aws.ec2\"","found":[{"path":"$.source","value":"\"aws.ec2\"","holds":true}],"why":"is \"aws.ec2\", as wanted"},` +
		`{"field":"detail.a","line":5,"col":13,"path":["detail","$or","0","a"],"holds":true,"decides":false,"wanted":"\"x\"","found":[{"path":"$.detail.a","value":"\"x\"","holds":true}],"why":"is \"x\", as wanted"},` +
		`{"field":"detail.b","line":5,"col":25,"path":["detail","$or","0","b"],"holds":false,"decides":true,"wanted":"no value","found":[{"path":"$.detail.b","value":"7","holds":false}],"why":"is 7, and the pattern wants it to be absent"},` +
		`{"field":"detail.list.v","line":8,"col":19,"path":["detail","list","v"],"holds":true,"decides":false,"wanted":"one of 1, 2","found":[{"path":"$.detail.list[0].v[1]","value":"2","holds":true},{"path":"$.detail.list[0].v[0]","value":"0","holds":false},{"path":"$.detail.list[1].v","value":"3","holds":false}],"why":"is 2, as wanted: one of 1, 2"}],` +
		`"choices":[{"line":4,"col":12,"branches":[{"line":5,"col":7,"holds":false,"lacks":["detail.b"]},{"line":6,"col":7,"holds":false,"lacks":["detail.c"]}],"nearest":0,"holds":false}]}`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestExplainNestedChoices: the nearest branch is found through $or inside $or, and a field that branches replace is
// explained where it is in force.
func TestExplainNestedChoices(t *testing.T) {
	x := explained(t, `{"n": ["a"], "$or": [{"n": ["b"]}, {"m": ["c"], "$or": [{"o": [1]}, {"p": [2]}]}]}`, `{"n": "a", "m": "c", "p": 3}`)
	var fields []string
	for _, f := range x.Fields {
		fields = append(fields, fmt.Sprint(f.Field, f.Col, f.Holds))
	}
	if got := strings.Join(fields, " "); got != "n7 true m42 true o63 false" {
		t.Errorf("fields %s", got)
	}
	x = explained(t, `{"$or": [{"n": ["b"]}, {"m": ["c"]}], "n": ["a"]}`, `{"n": "b"}`)
	if len(x.Choices) != 1 || x.Choices[0].Branches[0].Line != 0 || x.Because != `n is "b"; wanted "a"` {
		t.Errorf("%+v", x)
	}
	x = explained(t, `{"a": {"$or": [{"x": [1]}, {"x": [2]}]}, "a": {"y": [1]}}`, `{"a": {"x": 2, "y": 2}}`)
	if len(x.Choices) != 1 || x.Choices[0].Nearest != 1 || !x.Choices[0].Holds || x.Choices[0].Branches[1].Col != 28 || x.Because != `a.y is 2; wanted 1` {
		t.Errorf("%+v", x)
	}
}

// consistent fails the test where an explanation contradicts the verdict or itself.
func consistent(t *rapid.T, text, event string) {
	p, err := pattern.Parse([]byte(text))
	if err != nil {
		t.Fatalf("pattern %.500s refused: %v", text, err)
	}
	m := pattern.New()
	m.Add("p", p)
	names, err := m.Match([]byte(event))
	if errors.Is(err, pattern.ErrTooComplex) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	x, err := p.Explain([]byte(event))
	if err != nil {
		t.Fatalf("%v\npattern %s\nevent   %s", err, text, event)
	}
	complain := func(what string) {
		all, _ := json.MarshalIndent(x, "", " ")
		t.Fatalf("%s\npattern %s\nevent   %s\n%s", what, text, event, all)
	}
	lacks, decides := 0, 0
	for _, f := range x.Fields {
		if !f.Holds {
			lacks++
		}
		if f.Decides {
			decides++
			if !strings.Contains(x.Because, f.Field) && decides == 1 {
				complain("a field that decides is not named")
			}
		}
		if f.Decides && f.Holds && x.Apart == "" {
			complain("a field that holds decides")
		}
		if slices.ContainsFunc(f.Found, func(v pattern.FoundValue) bool { return v.Holds }) && !f.Holds {
			complain("a value holds and its field does not")
		}
		if len(f.Path) == 0 || f.Line == 0 || f.Col == 0 || f.More < 0 {
			complain("a field has no place")
		}
	}
	open := slices.ContainsFunc(x.Choices, func(c pattern.Choice) bool { return !c.Holds })
	switch {
	case x.Matches != (len(names) > 0):
		complain(fmt.Sprintf("explained as %v, the matcher says %v", x.Matches, names))
	case x.Matches && (lacks > 0 || open || x.Apart != "" || decides > 0):
		complain("it matches in spite of what is explained")
	case !x.Matches && lacks == 0 && !open && x.Apart == "":
		complain("it does not match, and nothing says why")
	case !x.Matches && (lacks > 0) == (x.Apart != ""):
		complain("either a field lacks, or they lie apart")
	case !x.Matches && decides == 0 && len(x.Fields) < 200:
		complain("no field decides")
	}
}

func TestExplanationAgreesWithMatcher(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := genPattern(2, 2, orNames).Filter(taken).Draw(t, "pattern")
		for range 4 {
			consistent(t, text, genEvent(3).Draw(t, "event"))
		}
	})
}

// TestExplanationOfArraysAgreesWithMatcher draws from few names and values, so that fields meet in arrays of objects.
func TestExplanationOfArraysAgreesWithMatcher(t *testing.T) {
	value := rapid.SampledFrom([]string{"1", "2"})
	element := rapid.Custom(func(t *rapid.T) string {
		var members []string
		for _, name := range []string{"v", "w", "x"} {
			if rapid.Bool().Draw(t, name) {
				members = append(members, fmt.Sprintf(`"%s": %s`, name, value.Draw(t, "value")))
			}
		}
		return "{" + strings.Join(members, ", ") + "}"
	})
	list := rapid.Custom(func(t *rapid.T) string {
		return "[" + strings.Join(rapid.SliceOfN(element, 0, 4).Draw(t, "elements"), ", ") + "]"
	})
	condition := rapid.SampledFrom([]string{"[1]", "[2]", `[{"exists": true}]`, `[{"exists": false}]`, `[{"exists": false}, 1]`})
	fields := rapid.Custom(func(t *rapid.T) string {
		var members []string
		for _, name := range []string{"v", "w", "x"} {
			if len(members) == 0 || rapid.Bool().Draw(t, name) {
				members = append(members, fmt.Sprintf(`"%s": %s`, name, condition.Draw(t, "condition")))
			}
		}
		if rapid.IntRange(0, 3).Draw(t, "or") == 0 {
			members = append(members, fmt.Sprintf(`"$or": [{"v": %s}, {"w": %s}]`, condition.Draw(t, "one"), condition.Draw(t, "two")))
		}
		return "{" + strings.Join(members, ", ") + "}"
	})
	rapid.Check(t, func(t *rapid.T) {
		text := fmt.Sprintf(`{"a": %s, "b": %s}`, fields.Draw(t, "a"), fields.Draw(t, "b"))
		for range 4 {
			event := fmt.Sprintf(`{"a": %s, "b": [{"b": 0}, %s]}`, list.Draw(t, "a"), list.Draw(t, "b"))
			consistent(t, text, strings.Replace(event, `{"b": 0}, `, element.Draw(t, "first")+", ", 1))
		}
	})
}

func TestExplainRefusesWhatMatchRefuses(t *testing.T) {
	p, err := pattern.Parse([]byte(`{"a": ["x"]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range []string{``, `[]`, `{"a": }`, `{"a": 1} x`, `{"a": ` + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + "}"} {
		if x, err := p.Explain([]byte(event)); fault.CodeOf(err) != fault.Invalid || x != nil {
			t.Errorf("%.20s: %+v, %v", event, x, err)
		}
	}
	if _, err := p.Explain(make([]byte, pattern.MaxEventBytes+1)); fault.CodeOf(err) != fault.TooLarge {
		t.Errorf("error %v", err)
	}
}

// TestExplanationsAreBounded: huge patterns and events are explained in few words.
func TestExplanationsAreBounded(t *testing.T) {
	repeat := func(open, unit, end string, n int) string {
		return open + strings.Repeat(unit+",", n-1) + unit + end
	}
	long := strings.Repeat("x", 1_000_000)
	manyOrs := make([]string, 999)
	for i := range manyOrs {
		manyOrs[i] = fmt.Sprintf(`"$or":[{"a%d":[1]},{"b%d":[1]}]`, i, i)
	}
	manyFields := make([]string, 3000)
	for i := range manyFields {
		manyFields[i] = fmt.Sprintf(`"f%d":["x"]`, i)
	}
	for name, tt := range map[string]struct{ pattern, event string }{
		"many values":        {`{"a": {"v": ["x"]}}`, repeat(`{"a": [`, `{"v": "abcdefgh"}`, `]}`, 200_000)},
		"many that hold":     {`{"a": {"v": ["x"], "w": ["x"]}}`, repeat(`{"a": [`, `{"v": "x"},{"w": "x"}`, `]}`, 100_000)},
		"a long value":       {`{"a": ["x"]}`, `{"a": "` + long + `"}`},
		"a long name":        {`{"` + long + `": ["x"]}`, `{"` + long + `": "y"}`},
		"deep":               {`{"a": ["x"]}`, strings.Repeat(`{"b":{"a":`, 400) + "1" + strings.Repeat("}}", 400)},
		"a long list":        {repeat(`{"a": [`, `"abcdefgh"`, `]}`, 90_000), `{"a": "abcdefgi"}`},
		"many fields":        {"{" + strings.Join(manyFields, ",") + "}", `{"f1": "x"}`},
		"many $or":           {"{" + strings.Join(manyOrs, ",") + "}", `{"a": 2}`},
		"$or inside $or":     {strings.Repeat(`{"$or":[{"x":[1]},`, 32) + `{"y":[1]}` + strings.Repeat("]}", 32), `{"y": 2}`},
		"names that stray":   {`{"v": ["x"]}`, repeat(`{"a": [`, `{"v": {"v": 1}}`, `]}`, 100_000)},
		"an excluded list":   {repeat(`{"a": [{"anything-but": [`, `"b"`, `]}]}`, 100_000), `{"a": "b"}`},
		"names beyond bytes": {`{"a": ["x"]}`, "{\"\xff\": {\"a\": \"\xff\"}, \"a\": \"\xff\"}"},
	} {
		t.Run(name, func(t *testing.T) {
			x := explained(t, tt.pattern, tt.event)
			all, err := json.Marshal(x)
			if err != nil || len(all) > 300_000+len(tt.pattern) || len(x.Because) > 1500 {
				t.Errorf("%d bytes, %d of them say why, %v", len(all), len(x.Because), err)
			}
		})
	}
}

func FuzzExplain(f *testing.F) {
	f.Add(`{"a": {"b": [{"prefix": "x"}], "$or": [{"c": [1]}, {"d": [{"exists": false}]}]}}`, `{"a": [{"b": "xy"}, {"c": 1}]}`)
	f.Fuzz(func(t *testing.T, text, event string) {
		p, err := pattern.Parse([]byte(text))
		if err != nil {
			return
		}
		want, wantErr := p.Match([]byte(event))
		x, err := p.Explain([]byte(event))
		if (err == nil) != (wantErr == nil) || err == nil && (x.Matches != want || x.Because == "") {
			t.Fatalf("explained %+v, %v; Match says %v, %v", x, err, want, wantErr)
		}
	})
}

func ExamplePattern_Explain() {
	p, err := pattern.Parse([]byte(`{
  "source": ["aws.cloudtrail"],
  "detail": {"eventName": ["StopLogging", "DeleteTrail"]}
}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	x, err := p.Explain([]byte(`{"source": "aws.cloudtrail", "detail": {"eventName": "StartLogging"}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(x.Matches, x.Because)
	for _, f := range x.Fields {
		fmt.Println(f.Line, f.Col, f.Field, f.Holds, f.Why)
	}
	// Output:
	// false detail.eventName is "StartLogging"; wanted one of "StopLogging", "DeleteTrail"; nearest: "StopLogging"
	// 2 13 source true is "aws.cloudtrail", as wanted
	// 3 27 detail.eventName false is "StartLogging"; wanted one of "StopLogging", "DeleteTrail"; nearest: "StopLogging"
}

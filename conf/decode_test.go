package conf

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"riposte.dev/fault"
)

type base struct {
	ID string `yaml:"id" conf:"required"`
}

type names []string

func (l *names) UnmarshalConf(n *Node) error {
	switch n.Kind {
	case String:
		*l = names{n.Text}
		return nil
	case List:
		return n.Decode((*[]string)(l))
	default:
		return errors.New("want a name or a list of names")
	}
}

type sample struct {
	base
	Title    string            `yaml:"title"`
	Cooldown time.Duration     `yaml:"cooldown"`
	Since    time.Time         `yaml:"since"`
	Count    int8              `yaml:"count"`
	Size     uint16            `yaml:"size"`
	Ratio    float64           `yaml:"ratio"`
	Enabled  bool              `yaml:"enabled"`
	Tags     map[string]string `yaml:"tags"`
	List     []string          `yaml:"list"`
	Names    names             `yaml:"names"`
	Any      any               `yaml:"any"`
	Child    *child            `yaml:"child"`
	Pattern  Raw               `yaml:"pattern"`
	At       Position          `conf:"position"`
}

type child struct {
	Name string `yaml:"name" conf:"required"`
}

func TestDecode(t *testing.T) {
	src := `id: a
title: 2012-10-17   # text that looks like a date stays text
cooldown: 1h30m
since: 2026-01-02
count: -7
size: 65535
ratio: 1.5e3
enabled: true
tags: {a: b, "on": "off"}
list: &l [x, y]
names: *l
any: [1, 2.5, null, yes, {k: true}]
child: {name: c}
`
	doc, err := Parse("r.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	var got sample
	if err := doc.Decode(&got); err != nil {
		t.Fatal(err)
	}
	want := sample{
		base: base{ID: "a"}, Title: "2012-10-17", Cooldown: 90 * time.Minute,
		Since: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), Count: -7, Size: 65535, Ratio: 1500, Enabled: true,
		Tags: map[string]string{"a": "b", "on": "off"}, List: []string{"x", "y"}, Names: names{"x", "y"},
		Any: []any{int64(1), 2.5, nil, "yes", map[string]any{"k": true}}, Child: &child{Name: "c"},
		At: Position{File: "r.yaml", Line: 1, Col: 1},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(sample{}, Raw{}), cmp.AllowUnexported(base{})); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeReportsEverythingAtOnce(t *testing.T) {
	src := `titel: x
title: 12
cooldown: 5
since: yesterday
count: 300
size: -1
ratio: 1e999
enabled: yes
tags: [a]
list: one
names: 7
child:
  nam: x
child: {name: d}
`
	doc, err := Parse("r.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	err = doc.Decode(&sample{})
	want := `r.yaml:1:1: unknown field "titel" — did you mean "title"?
r.yaml:1:1: the required field "id" is missing — add id:
r.yaml:2:8: title must be a string, not the number 12 — put it in quotes: "12"
r.yaml:3:11: cooldown must be a duration, not the number 5 — write a number and a unit: "30s", "5m", "1h30m"
r.yaml:4:8: since must be a time, not the string "yesterday" — write 2006-01-02T15:04:05Z or 2006-01-02
r.yaml:5:8: count must be a whole number within 8 bits, not 300
r.yaml:6:7: size must be a whole number from 0, within 16 bits, not -1
r.yaml:7:8: ratio must be a number within 64 bits, not 1e999
r.yaml:8:10: enabled must be a boolean, not the string "yes" — write true, without quotes
r.yaml:9:7: tags must be an object, not a list
r.yaml:10:7: list must be a list, not the string "one" — write [one]
r.yaml:11:8: want a name or a list of names
r.yaml:13:3: unknown field "nam" — did you mean "name"?
r.yaml:13:3: the required field "name" is missing in child — add name:
r.yaml:14:1: the key "child" is there twice — keep one of them; the first is in line 12`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
	if got := fault.CodeOf(err); got != fault.Invalid {
		t.Errorf("code %q, want invalid", got)
	}
}

func TestDecodeNeedsAPointer(t *testing.T) {
	doc, err := Parse("r.yaml", []byte("id: a"))
	if err != nil {
		t.Fatal(err)
	}
	if got := fault.CodeOf(doc.Decode(sample{})); got != fault.Internal {
		t.Errorf("code %q, want internal", got)
	}
}

func TestJoin(t *testing.T) {
	a := Problems{{Position: Position{File: "b.yaml", Line: 2}, Message: "second"}}
	b := fault.New(fault.NotFound, "no such list").WithHint("create it")
	got := Join(a, nil, b, Problems{{Position: Position{File: "a.yaml", Line: 9, Col: 1}, Message: "first"}})
	want := "no such list — create it\na.yaml:9:1: first\nb.yaml:2: second"
	if got == nil || got.Error() != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if err := Join(nil, nil); err != nil {
		t.Errorf("Join of nothing is %v", err)
	}
}

func TestProblemsMoveIntoTheirParent(t *testing.T) {
	inner := Problems{{Path: ""}, {Path: "a.b"}, {Path: `["x y"]`}}
	var got []string
	for _, path := range []string{"", "States.One"} {
		for _, p := range inner.In(path) {
			got = append(got, p.Path)
		}
	}
	want := []string{"", "a.b", `["x y"]`, "States.One", "States.One.a.b", `States.One["x y"]`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestProblemsAreCutWhenPrinted(t *testing.T) {
	var many Problems
	for i := range 60 {
		many = append(many, Problem{Position: Position{File: "x", Line: i + 1}, Message: "bad"})
	}
	if text := many.Error(); strings.Count(text, "bad") != 50 || !strings.HasSuffix(text, "… and 10 more problems") {
		t.Errorf("got %q", text)
	}
}

func TestSuggest(t *testing.T) {
	known := []string{"title", "severity", "match"}
	for name, want := range map[string]string{
		"TITLE": `did you mean "title"?`, "sevrity": `did you mean "severity"?`, "zzzzzz": "known: match, severity, title",
	} {
		if got := Suggest(name, known); got != want {
			t.Errorf("Suggest(%q) = %q, want %q", name, got, want)
		}
	}
}

package asl

import (
	"errors"
	"strings"
	"testing"
)

const store = `{"book":[{"title":"A","price":8,"tags":["x"]},{"title":"B","price":12.5},{"title":"C","price":"free","tags":[]}],
"detail-type":"t","a b":{"c'd":1},"n":null,"deep":{"x":{"y":[{"x":1},{"x":2}]}},"limit":10}`

func TestPaths(t *testing.T) {
	input, err := parseValue([]byte(store))
	if err != nil {
		t.Fatal(err)
	}
	c := &scope{input: input, context: func() any { return input.(*object).values["deep"] }, variables: &variables{own: map[string]any{"v": input.(*object).values["book"]}}}
	for path, want := range map[string]string{
		"$.book[0].title":                         `"A"`,
		"$['book'][1]['price']":                   `12.5`,
		"$.detail-type":                           `"t"`,
		`$["a b"]['c\'d']`:                        `1`,
		"$.n":                                     `null`,
		"$.book[-1].title":                        `"C"`,
		"$.book[0,2].title":                       `["A","C"]`,
		"$.book[1:].title":                        `["B","C"]`,
		"$.book[:-2].title":                       `["A"]`,
		"$.book[-2:].title":                       `["B","C"]`,
		"$.book[5:].title":                        `[]`,
		"$.book[*].price":                         `[8,12.5,"free"]`,
		"$.book[0]['title','price']":              `["A",8]`,
		"$..x":                                    `[{"y":[{"x":1},{"x":2}]},1,2]`,
		"$.deep..y[*].x":                          `[1,2]`,
		"$.deep.*":                                `[{"y":[{"x":1},{"x":2}]}]`,
		"$.book[?(@.price < 10)].title":           `["A"]`,
		"$.book[?(@.price <= $.limit)].title":     `["A"]`,
		"$.book[?(@.price >= 8 && @.tags)].title": `["A"]`,
		"$.book[?(@.title == 'B' || @.price == 'free')].title": `["B","C"]`,
		"$.book[?(!(@.tags))].title":                           `["B"]`,
		"$.book[?(@.title != 'A' && @.price > 1)].title":       `["B"]`,
		"$.book[?(@.tags[0] == \"x\")].title":                  `["A"]`,
		"$.deep.x.y[?(@.x==2)]":                                `[{"x":2}]`,
		"$$.x.y[0].x":                                          `1`,
		"$v[0].title":                                          `"A"`,
		"$.nothing[*]":                                         `[]`,
		"$.book[9]":                                            "",
		"$.n.m":                                                "",
		"$w":                                                   "",
	} {
		p, err := ParsePath(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		v, err := p.find(c)
		if want == "" {
			if !errors.Is(err, errNotFound) {
				t.Errorf("%s leads to %s, %v; want nowhere", path, encode(v), err)
			}
		} else if err != nil || string(encode(v)) != want {
			t.Errorf("%s leads to %s, %v; want %s", path, encode(v), err, want)
		}
	}
}

func TestBadPaths(t *testing.T) {
	for path, want := range map[string]string{
		"a.b":                           "a path begins with $",
		"$.":                            "a name is missing",
		"$.a..":                         "a name is missing",
		"$.a[":                          "an index is missing",
		"$.a[1":                         "a ] is missing",
		"$.a['b]":                       "the closing quote is missing",
		"$.a b":                         `unexpected " b"`,
		"$.a[?(@.b == )]":               "neither a path nor",
		"$.a[?(5)]":                     "an operator is missing",
		"$.a[?(@.b]":                    "a ) is missing",
		"$.a[99999999999999999999]":     "is no index",
		"$1a":                           "no variable name",
		"$.a[?(" + nest("(", 40) + "1)": "too many parentheses",
	} {
		if _, err := ParsePath(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
	for _, path := range []string{"$.a[*]", "$..a", "$.a[-1]", "$.a[0,1]", "$.a[?(@.b)]", "$['a','b']"} {
		if _, err := parseReference(path); err == nil {
			t.Errorf("%s is taken as a reference path", path)
		}
	}
}

func nest(s string, n int) string { return strings.Repeat(s, n) }

// A path that multiplies is stopped.
func TestPathsAreBounded(t *testing.T) {
	v, err := parseValue([]byte(nest("[", 100) + "[[],[],[],[],[],[]]" + nest("]", 100)))
	if err != nil {
		t.Fatal(err)
	}
	p, err := ParsePath("$..*..*..*..*")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.find(&scope{input: v}); !errors.Is(err, errTooMany) {
		t.Errorf("got %v", err)
	}
}

func TestPut(t *testing.T) {
	for _, tt := range []struct{ path, root, want string }{
		{"$", `{"a":1}`, `9`},
		{"$.b", `{"a":1}`, `{"a":1,"b":9}`},
		{"$.a", `{"a":1}`, `{"a":9}`},
		{"$.b.c.d", `{"a":1}`, `{"a":1,"b":{"c":{"d":9}}}`},
		{"$.a[1].x", `{"a":[0,{"y":1}]}`, `{"a":[0,{"y":1,"x":9}]}`},
		{"$.a", `null`, `{"a":9}`},
		{"$.a.b", `{"a":1}`, ""},
		{"$.a[2]", `{"a":[1]}`, ""},
		{"$.a", `[1]`, ""},
	} {
		root, err := parseValue([]byte(tt.root))
		if err != nil {
			t.Fatal(err)
		}
		p, err := parseReference(tt.path)
		if err != nil {
			t.Fatal(err)
		}
		v, ok := p.put(root, numberOf(9))
		if ok != (tt.want != "") || ok && string(encode(v)) != tt.want {
			t.Errorf("%s in %s gives %s, %v; want %s", tt.path, tt.root, encode(v), ok, tt.want)
		}
		if string(encode(root)) != tt.root {
			t.Errorf("%s changed its input to %s", tt.path, encode(root))
		}
	}
}

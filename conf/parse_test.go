package conf

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestParseErrors(t *testing.T) {
	deep := strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1)
	laughs := "a: &a " + strings.Repeat("x", 1000) + "\nb: &b [" + strings.Repeat("*a,", 200) + "]\nc: &c [" + strings.Repeat("*b,", 200) + "]\nd: [*c]\n"
	tests := []struct{ name, file, src, want string }{
		{"empty", "a.yaml", "", "a.yaml: the file is empty"},
		{"only comments", "a.yaml", "# nothing\n", "a.yaml: the file is empty"},
		{"empty json", "a.json", " ", "a.json: the file is empty"},
		{"too large", "a.yaml", strings.Repeat("x", MaxBytes+1), "a.yaml: the file has 1048577 bytes, over the limit of 1048576 — split it"},
		{"not UTF-8", "a.yaml", "a: b\nc: \xff", "a.yaml:2:4: the file is not UTF-8 here — save it as UTF-8"},
		{"yaml syntax", "a.yaml", "a: b\n  c: d", "a.yaml:2:3: not valid YAML: mapping values are not allowed in this context"},
		{"tab", "a.yaml", "a:\n\tb: c", "a.yaml:2:2: not valid YAML: found character that cannot start any token — indent with spaces; YAML does not allow tabs"},
		{"unknown alias", "a.yaml", "a: *b", "not valid YAML: unknown anchor 'b' referenced"},
		{"alias loop", "a.yaml", "a: &a [*a]", "a.yaml:1:8: the alias *a contains itself — write the value out"},
		{"alias bomb", "a.yaml", laughs, "aliases expand to more than 16777216 bytes"},
		{"deep yaml", "a.yaml", "x: " + deep, "a.yaml:1:67: nested deeper than 64 levels"},
		{"deep json", "a.json", deep, "a.json:1:65: nested deeper than 64 levels"},
		{"merge key", "a.yaml", "a: &a {b: c}\nd:\n  <<: *a", "a.yaml:3:3: merge keys (<<) are not supported"},
		{"tag", "a.yaml", "a: !!binary eA==", "a.yaml:1:4: the YAML tag !!binary is not supported — remove it"},
		{"octal", "a.yaml", "account: 012345670123", `a.yaml:1:10: 012345670123 can be read as several numbers or as text — write it in decimal, or "012345670123" if it is text`},
		{"infinity", "a.yaml", "a: .inf", "a.yaml:1:4: .inf can be read"},
		{"list as key", "a.yaml", "? [a]\n: b", "a.yaml:1:3: a key must be text"},
		{"null key", "a.yaml", "~: b", "a.yaml:1:1: a key must not be empty"},
		{"json syntax", "a.json", "{\n \"a\": ]}", "a.json:2:7: not valid JSON"},
		{"json cut", "a.json", `{"a": [1,`, "a.json:1:10: not valid JSON: the file ends in the middle of a value"},
		{"json trailing", "a.json", `{} {}`, "not valid JSON: after the document comes more JSON"},
		{"json in yaml file", "a.yaml", `{"a": 1,, "b": 2}`, "a.yaml:1:9: not valid JSON"},
		{"two documents", "a.yaml", "a: b\n---\nc: d", "a.yaml:3:1: the file holds 2 documents, one is expected"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse(tt.file, []byte(tt.src))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestJSONText(t *testing.T) {
	tests := []struct{ name, file, src, want string }{
		{"numbers as written", "a.yaml", "[1.0, 1e400, -0, 10000000000000000001]", "[1.0,1e400,-0,10000000000000000001]"},
		{"order and duplicates", "a.yaml", "{z: 1, a: 2, z: 3}", `{"z":1,"a":2,"z":3}`},
		{"json escapes", "a.json", `{"a": "\ud83d\ude00\u0041\n"}`, "{\"a\":\"😀A\\n\"}"},
		{"yaml 1.2 words", "a.yaml", "[yes, no, on, off, TRUE, Null, ~, 'true', !!str 5, 2024-01-01]", `["yes","no","on","off",true,null,null,"true","5","2024-01-01"]`},
		{"block text", "a.yaml", "a: |\n  x\n  y\nb: >\n  p\n  q\n", `{"a":"x\ny\n","b":"p q\n"}`},
		{"aliases", "a.yaml", "a: &x {k: [1]}\nb: *x", `{"a":{"k":[1]},"b":{"k":[1]}}`},
		{"byte order mark", "a.yaml", "\xef\xbb\xbfa: b", `{"a":"b"}`},
		{"flow yaml is not json", "a.yaml", "{a: b, c: [d]}", `{"a":"b","c":["d"]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc, err := Parse(tt.file, []byte(tt.src))
			if err != nil {
				t.Fatal(err)
			}
			if got := string(doc.Root.JSON()); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestPositions(t *testing.T) {
	src := "match:\n  pattern:\n    source: [aws.ec2]\n    detail:\n      eventName:\n        - StopLogging\n        - {prefix: \"Del\"}\n      \"a.b\": {x: 1}\n"
	doc, err := Parse("r.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	var rule struct {
		Match struct {
			Pattern Raw `yaml:"pattern"`
		} `yaml:"match"`
	}
	if err := doc.Decode(&rule); err != nil {
		t.Fatal(err)
	}
	raw := rule.Match.Pattern
	for path, want := range map[string]string{
		"$.detail.eventName[0]":        "r.yaml:6:11",
		"detail.eventName[1].prefix":   "r.yaml:7:20",
		`$.detail["a.b"].x`:            "r.yaml:8:18",
		"":                             "r.yaml:3:5",
		"$.detail.eventName[9].nobody": "r.yaml:3:5",
	} {
		if got := raw.Position(path).String(); got != want {
			t.Errorf("Position(%s) = %s, want %s", path, got, want)
		}
	}
	for text, want := range map[string]string{
		`"StopLogging"`: "r.yaml:6:11", `"prefix"`: "r.yaml:7:12", `Del`: "r.yaml:7:20", `"eventName"`: "r.yaml:5:7",
	} {
		if got := raw.At(strings.Index(string(raw.JSON), text)).String(); got != want {
			t.Errorf("At(%s) = %s, want %s", text, got, want)
		}
	}
	if got := doc.Position("match.pattern.nothing.here").String(); got != "r.yaml:3:5" {
		t.Errorf("the position of a missing value is %s, want its parent's", got)
	}
}

func TestParseAll(t *testing.T) {
	docs, err := ParseAll("a.yaml", []byte("---\na: 1\n---\n---\nb: 2\n"))
	if err != nil || len(docs) != 2 || docs[1].Root.Get("b").Line != 5 {
		t.Errorf("got %d documents, %v", len(docs), err)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"a: b", `{"a":[1,"x",null,true,1e5]}`, "a: &a [x]\nb: *a", "- |\n  t\n- !!str 5", "---\na\n---\nb", "{a: 'b'", "? a\n: b"} {
		f.Add("f.yaml", []byte(seed))
		f.Add("f.json", []byte(seed))
	}
	f.Fuzz(func(t *testing.T, file string, src []byte) {
		docs, err := ParseAll(file, src)
		if err != nil {
			if _, ok := err.(Problems); !ok {
				t.Fatalf("the error is a %T", err)
			}
			return
		}
		for _, doc := range docs {
			text := doc.Root.JSON()
			if !json.Valid(text) {
				t.Fatalf("not JSON: %q", text)
			}
			if len(text) > MaxBytes {
				continue // aliases may expand to more than a file may hold
			}
			again, err := Parse("again.json", text)
			if err != nil {
				t.Fatalf("its own JSON does not parse: %v", err)
			}
			if got := again.Root.JSON(); string(got) != string(text) {
				t.Fatalf("round trip gives %q, want %q", got, text)
			}
		}
	})
}

package eventpattern_test

import (
	"fmt"
	"strings"
	"testing"

	"riposte.dev/sandbox/eventpattern"
)

func TestMatch(t *testing.T) {
	for _, tc := range []struct {
		pattern, event string
		want           bool
	}{
		{`{"a":["x"]}`, `{"a":"x","b":1}`, true},
		{`{"a":["x"],"b":[2]}`, `{"a":"x","b":1}`, false},
		{`{"a":["1"]}`, `{"a":1}`, false},
		{`{"a":[300]}`, `{"a":3.0e2}`, true},
		{`{"a":[12345678901234567890]}`, `{"a":12345678901234567891}`, false},
		{`{"a":[null]}`, `{"a":null}`, true},
		{`{"a":[null]}`, `{}`, false},
		{`{"a":[true]}`, `{"a":"true"}`, false},
		{`{"a":["y"]}`, `{"a":["x",["y"]]}`, true},
		{`{"a":[{"prefix":"ab"}]}`, `{"a":"abc"}`, true},
		{`{"a":[{"prefix":{"equals-ignore-case":"ab"}}]}`, `{"a":"ABC"}`, true},
		{`{"a":[{"suffix":".png"}]}`, `{"a":"x.PNG"}`, false},
		{`{"a":[{"suffix":{"equals-ignore-case":".png"}}]}`, `{"a":"x.PNG"}`, true},
		{`{"a":[{"equals-ignore-case":"Ab"}]}`, `{"a":"aB"}`, true},
		{`{"a":[{"wildcard":"*/lib/*"}]}`, `{"a":"/usr/lib/x"}`, true},
		{`{"a":[{"wildcard":"ab*ba"}]}`, `{"a":"aba"}`, false},
		{`{"a":[{"wildcard":"a*b*b"}]}`, `{"a":"ab"}`, false},
		{`{"a":[{"wildcard":"a\\*\\\\"}]}`, `{"a":"a*\\"}`, true},
		{`{"a":[{"anything-but":"x"}]}`, `{"a":"y"}`, true},
		{`{"a":[{"anything-but":["x","y"]}]}`, `{"a":"y"}`, false},
		{`{"a":[{"anything-but":["x"]}]}`, `{}`, false},
		{`{"a":[{"anything-but":[1,2]}]}`, `{"a":2.0}`, false},
		{`{"a":[{"anything-but":"x"}]}`, `{"a":["x","y"]}`, true},
		{`{"a":[{"anything-but":{"prefix":"us-"}}]}`, `{"a":"us-east-1"}`, false},
		{`{"a":[{"anything-but":{"suffix":["x","y"]}}]}`, `{"a":"z"}`, true},
		{`{"a":[{"anything-but":{"wildcard":"*/lib/*"}}]}`, `{"a":"/usr/lib/x"}`, false},
		{`{"a":[{"anything-but":{"equals-ignore-case":"X"}}]}`, `{"a":"x"}`, false},
		{`{"a":[{"numeric":[">",0,"<=",5]}]}`, `{"a":5}`, true},
		{`{"a":[{"numeric":[">",0,"<=",5]}]}`, `{"a":0}`, false},
		{`{"a":[{"numeric":["=",1]}]}`, `{"a":"1"}`, false},
		{`{"a":[{"cidr":"10.0.0.0/24"}]}`, `{"a":"10.0.0.255"}`, true},
		{`{"a":[{"cidr":"10.0.0.0/24"}]}`, `{"a":"10.0.1.0"}`, false},
		{`{"a":[{"cidr":"2001:db8::/32"}]}`, `{"a":"2001:db8::1"}`, true},
		{`{"a":[{"exists":true}]}`, `{"a":null}`, true},
		{`{"a":[{"exists":true}]}`, `{"a":{"b":1}}`, false},
		{`{"a":[{"exists":true}]}`, `{"a":[]}`, false},
		{`{"a":[{"exists":false}]}`, `{"b":1}`, true},
		{`{"a":{"b":[{"exists":false}]}}`, `{"a":1}`, true},
		{`{"a":{"b":[{"exists":false},"x"]}}`, `{"a":{"b":"x"}}`, true},
		{`{"$or":[{"a":["x"]},{"b":[{"numeric":["<",3]}]}],"c":["z"]}`, `{"b":2,"c":"z"}`, true},
		{`{"$or":[{"a":["x"]},{"b":["y"]}],"c":["z"]}`, `{"a":"x","c":"w"}`, false},
		{`{"a":{"$or":[{"b":["x"]},{"c":["y"]}]}}`, `{"a":{"c":"y"}}`, true},
		{`{"$or":["x"]}`, `{"$or":"x"}`, true},
		{`{"a":{"b":["1"],"c":["2"]}}`, `{"a":[{"b":"1","c":"2"}]}`, true},
		{`{"a":{"b":["1"],"c":["2"]}}`, `{"a":[{"b":"1","c":"0"},{"b":"0","c":"2"}]}`, false},
		{`{"a.b":["x"]}`, `{"a":{"b":"x"}}`, true},
	} {
		p, err := eventpattern.Parse([]byte(tc.pattern))
		if err != nil {
			t.Errorf("%s: %v", tc.pattern, err)
			continue
		}
		event, err := eventpattern.Decode([]byte(tc.event))
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Match(event); got != tc.want {
			t.Errorf("%s and %s: %v, want %v", tc.pattern, tc.event, got, tc.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for pattern, want := range map[string]string{
		`{`:                                      "unexpected EOF",
		`[]`:                                     "cannot unmarshal array",
		`null`:                                   "want a JSON object",
		`{} {}`:                                  "something follows",
		`{}`:                                     "empty object",
		`{"a":{}}`:                               `"a": empty objects`,
		`{"a":[]}`:                               `"a": empty arrays`,
		`{"a":"x"}`:                              "object or an array",
		`{"a":[[1]]}`:                            "array in an array",
		`{"a":[{"prefix":"x","suffix":"y"}]}`:    "only one key",
		`{"a":[{"prefix":1}]}`:                   "prefix: must be a string",
		`{"a":[{"prefix":{"x":"y"}}]}`:           "unsupported pattern x",
		`{"a":[{"near":"x"}]}`:                   "unrecognized match type near",
		`{"a":[{"exists":"yes"}]}`:               "true or false",
		`{"a":[{"wildcard":"a**"}]}`:             "consecutive wildcard",
		`{"a":[{"wildcard":"\\a"}]}`:             "backslash",
		`{"a":[{"cidr":"10.0.0.0"}]}`:            "bits",
		`{"a":[{"cidr":1}]}`:                     "must be a string",
		`{"a":[{"anything-but":["x",1]}]}`:       "mixed",
		`{"a":[{"anything-but":[]}]}`:            "empty arrays",
		`{"a":[{"anything-but":[true]}]}`:        "a list of either",
		`{"a":[{"anything-but":{"prefix":""}}]}`: "empty string",
		`{"a":[{"anything-but":{"prefix":[]}}]}`: "empty arrays",
		`{"a":[{"anything-but":{"numeric":["=",1]}}]}`:                    "unsupported pattern numeric",
		`{"a":[{"anything-but":{"wildcard":[1]}}]}`:                       "must be a string",
		`{"a":[{"numeric":1}]}`:                                           "array of comparisons",
		`{"a":[{"numeric":["="]}]}`:                                       "two of each",
		`{"a":[{"numeric":["~",1]}]}`:                                     "unrecognized comparison",
		`{"a":[{"numeric":["=","1"]}]}`:                                   "must be a number",
		`{"a":[{"numeric":["<",5,">",0]}]}`:                               "lower bound first",
		`{"a":[{"numeric":[">",5,"<",5]}]}`:                               "bottom of the range",
		`{"a":[1e999]}`:                                                   "cannot compare number",
		`{"a":[{"numeric":["=",1e-400]}]}`:                                "cannot compare number",
		strings.Repeat(`{"a":`, 200) + `["x"]` + strings.Repeat("}", 200): "nested deeper",
	} {
		if _, err := eventpattern.Parse([]byte(pattern)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", pattern, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"a":["x",{"prefix":"y"},{"anything-but":{"wildcard":"a*b"}}]}`, `{"a":["z",1,null]}`)
	f.Add(`{"$or":[{"a":[{"numeric":[">",1,"<",2]}]},{"b":[{"exists":false}]}]}`, `{"a":1.5}`)
	f.Add(`{"a":{"b":[{"cidr":"10.0.0.0/8"}]}}`, `{"a":[{"b":"10.1.2.3"}]}`)
	f.Fuzz(func(t *testing.T, pattern, text string) {
		p, err := eventpattern.Parse([]byte(pattern))
		event, bad := eventpattern.Decode([]byte(text))
		if err != nil || bad != nil {
			return
		}
		first := p.Match(event)
		if p.Match(event) != first {
			t.Error("the answer changes")
		}
	})
}

func Example() {
	p, err := eventpattern.Parse([]byte(`{"source":["aws.cloudtrail"],"detail":{"eventName":[{"prefix":"Stop"}]}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	event, err := eventpattern.Decode([]byte(`{"source":"aws.cloudtrail","detail":{"eventName":"StopLogging"}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Match(event))
	// Output: true
}

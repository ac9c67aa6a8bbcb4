package detect

import (
	"reflect"
	"strings"
	"testing"

	"riposte.dev/event"
)

const sample = `{"version":"0","id":"e1","detail-type":"AWS API Call via CloudTrail","source":"aws.cloudtrail",
"account":"111122223333","time":"2024-05-01T12:00:00Z","region":"eu-west-1","resources":[],
"detail":{"eventName":"StopLogging","eventSource":"cloudtrail.amazonaws.com","eventID":"c1","eventTime":"2024-05-01T12:00:00Z",
"awsRegion":"eu-west-1","recipientAccountId":"111122223333","sourceIPAddress":"203.0.113.7",
"userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/mallory","accountId":"111122223333","userName":"mallory"},
"requestParameters":{"name":"audit","null":null,"port":22,"ratio":1.5,"flag":true,"list":["a","b"],"object":{"k":1},
"a/b":"slash","lines":"one\ntwo\u2028three"}}}`

func sampleScope(t testing.TB) *scope {
	t.Helper()
	env, err := event.Parse([]byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	s, err := newScope(env)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestReferenceLookup(t *testing.T) {
	s := sampleScope(t)
	for _, c := range []struct {
		text string
		want any // nil: not there
	}{
		{"detail.requestParameters.name", "audit"},
		{"$.detail.requestParameters.name", "audit"},
		{"$.detail.requestParameters.port", 22.0},
		{"$.detail.requestParameters.list[1]", "b"},
		{"$.detail.requestParameters.list[2]", nil},
		{"$.detail.requestParameters.list", []any{"a", "b"}},
		{`$.detail.requestParameters["a/b"]`, "slash"},
		{`$["detail-type"]`, "AWS API Call via CloudTrail"},
		{"detail-type", "AWS API Call via CloudTrail"},
		{"detail.requestParameters.null", nil},
		{"detail.requestParameters.name.deeper", nil},
		{"detail.requestParameters.object[0]", nil},
		{"detail.missing ?? detail.eventName", "StopLogging"},
		{"detail.requestParameters.null ?? detail.eventName", "StopLogging"},
		{`detail.missing ?? "a \"b\""`, `a "b"`},
		{"detail.missing ?? detail.missing2", nil},
		{"who", "IAM user mallory"},
		{"partition", "aws"},
	} {
		r, err := parseReference(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		got, ok := r.lookup(s)
		if ok != (c.want != nil) || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s = %v, %v; want %v", c.text, got, ok, c.want)
		}
	}
}

func TestReferenceErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "lacks a name",
		"$":                            "names nothing",
		"$detail":                      "names nothing",
		"detail.":                      "lacks a name",
		"detail..x":                    "lacks a name",
		"detail.x y":                   "is not a path",
		"detail.x ??":                  "lacks a name",
		"detail.x || detail.y":         "is not a path",
		`detail["x]`:                   "does not end",
		`detail["x"`:                   "not closed",
		`detail[""]`:                   "names nothing",
		"detail[x]":                    "neither an index nor",
		"detail[-1]":                   "neither an index nor",
		"detail[99999999999999999999]": "neither an index nor",
		`"open`:                        "does not end",
		strings.Repeat("a.", 2000):     "characters",
		"detail.x ?? \"y\" ?? $other":  "names nothing",
	} {
		if _, err := parseReference(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: error %v, want one with %q", text, err, want)
		}
	}
}

func FuzzParseTemplate(f *testing.F) {
	for _, seed := range []string{"${who} did ${detail.eventName}", `${a["}"] ?? "}"}`, "$${", "${", "${a[0]}${b}", "$", `${"\x00"}`} {
		f.Add(seed)
	}
	s := sampleScope(f)
	f.Fuzz(func(t *testing.T, text string) {
		tpl, err := ParseTemplate(text)
		if err != nil {
			return
		}
		if tpl.String() != text {
			t.Fatalf("String() = %q, want %q", tpl.String(), text)
		}
		if !strings.Contains(text, "${") && tpl.expand(s) != text {
			t.Fatalf("a text without placeholders became %q", tpl.expand(s))
		}
		exact, absent := tpl.exact(s)
		if absent != "" && exact != "" {
			t.Fatalf("absent %q and text %q", absent, exact)
		}
	})
}

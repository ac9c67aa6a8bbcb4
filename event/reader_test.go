package event

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"riposte.dev/fault"
)

// reference is Check by another reader of JSON.
func reference(raw []byte) fault.Code {
	if len(raw) > MaxBytes {
		return fault.TooLarge
	}
	dec := jsontext.NewDecoder(bytes.NewReader(raw))
	ended := false
	for first := true; ; first = false {
		token, err := dec.ReadToken()
		switch {
		case errors.Is(err, io.EOF) && ended:
			return ""
		case err != nil, ended, first && token.Kind() != '{':
			return fault.Invalid
		case dec.StackDepth() == 0:
			ended = true
		case dec.StackDepth() > MaxDepth:
			return fault.TooLarge
		}
	}
}

func TestCheckIsStrict(t *testing.T) {
	names := func(n int, format string) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf(`"`+format+`":%d`, i, i)
		}
		return strings.Join(list, ",")
	}
	nested := func(n int) string { return `{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}" }
	tests := []struct {
		name, text string
		code       fault.Code
	}{
		{"all kinds", ` { "a" : [ 1 , -0.5e+3, 0, 1E9 ,true,false,null,{},[ ] ] , "" : "é𐐷" } ` + "\r\n\t", ""},
		{"escapes", `{"a":"\"\\\/\b\f\n\r\t\u00e9\uD801\uDC37"}`, ""},
		{"a long string", `{"a":"` + strings.Repeat("x", 100) + `é` + strings.Repeat("y", 9) + `"}`, ""},
		{"deep enough", nested(MaxDepth - 1), ""},
		{"too deep", nested(MaxDepth), fault.TooLarge},
		{"many names", `{` + names(1000, "n%d") + `}`, ""},
		{"many short names", `{` + names(95, "%c") + `}`, fault.Invalid}, // one of them is a quote
		{"the same name in another object", `{"a":{"a":{"a":1}},"b":{"a":1}}`, ""},
		{"a name twice", `{"abc":1,"b":2,"abc":3}`, fault.Invalid},
		{"a name twice, once escaped", `{"a":1,"\u0061":3}`, fault.Invalid},
		{"a name twice after an object", `{"a":{"x":1,"y":2},"a":3}`, fault.Invalid},
		{"a name twice, deep", `{"a":[{"b":{"c":1,"c":2}}]}`, fault.Invalid},
		{"a name twice among many", `{` + names(1000, "n%d") + `,"n7":1}`, fault.Invalid},
		{"a late name twice among many", `{` + names(1000, "n%d") + `,"n999":1}`, fault.Invalid},
		{"an empty name twice", `{"":1,"":2}`, fault.Invalid},
		{"half of a pair", `{"a":"\ud801"}`, fault.Invalid},
		{"the wrong half", `{"a":"\udc01\ud801"}`, fault.Invalid},
		{"half of a pair and a letter", `{"a":"\ud801\u0041"}`, fault.Invalid},
		{"a pair with text between", `{"a":"\ud801x\udc01"}`, fault.Invalid},
		{"invalid UTF-8", "{\"a\":\"\xff\"}", fault.Invalid},
		{"invalid UTF-8 in a name", "{\"\xc3\":1}", fault.Invalid},
		{"UTF-8 cut off", "{\"a\":\"\xc3\"}", fault.Invalid},
		{"a surrogate in UTF-8", "{\"a\":\"\xed\xa0\x80\"}", fault.Invalid},
		{"a control character", "{\"a\":\"0123456789\n\"}", fault.Invalid},
		{"an unknown escape", `{"a":"\x41"}`, fault.Invalid},
		{"a leading zero", `{"a":01}`, fault.Invalid},
		{"a bare point", `{"a":1.}`, fault.Invalid},
		{"a bare exponent", `{"a":1e}`, fault.Invalid},
		{"a plus", `{"a":+1}`, fault.Invalid},
		{"a minus", `{"a":-}`, fault.Invalid},
		{"a trailing comma", `{"a":1,}`, fault.Invalid},
		{"a trailing comma in a list", `{"a":[1,]}`, fault.Invalid},
		{"no colon", `{"a" 1}`, fault.Invalid},
		{"single quotes", `{'a':1}`, fault.Invalid},
		{"a comment", `{"a":1/**/}`, fault.Invalid},
		{"another space", "{\"a\":\u00a01}", fault.Invalid},
		{"a word", `{"a":nul}`, fault.Invalid},
		{"blank", " ", fault.Invalid},
		{"more behind", `{} {}`, fault.Invalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := fault.CodeOf(Check([]byte(tt.text))); got != tt.code {
				t.Errorf("code %q, want %q: %v", got, tt.code, Check([]byte(tt.text)))
			}
			if got := reference([]byte(tt.text)); got != tt.code {
				t.Errorf("the reference says %q", got)
			}
			for cut := range min(len(tt.text), 200) {
				if got, want := fault.CodeOf(Check([]byte(tt.text[:cut]))), reference([]byte(tt.text[:cut])); got != want {
					t.Errorf("cut to %q: code %q, the reference says %q", tt.text[:cut], got, want)
				}
			}
		})
	}
}

// TestShapeIsRecord: what FromCloudTrail checks is what Record decodes.
func TestShapeIsRecord(t *testing.T) {
	var same func(path string, of *shape, typ reflect.Type) int
	same = func(path string, of *shape, typ reflect.Type) (members int) {
		kind := map[reflect.Kind]byte{reflect.String: '"', reflect.Struct: '{', reflect.Slice: '[', reflect.Bool: 't'}[typ.Kind()]
		if typ.Kind() == reflect.Pointer {
			return same(path, of, typ.Elem())
		}
		if typ == reflect.TypeFor[time.Time]() {
			kind = '"'
		}
		if of == nil || of.kind != kind {
			t.Errorf("%s is %s in Record, not in recordShape", path, typ)
			return 0
		}
		switch kind {
		case '[':
			return same(path+"[]", of.item, typ.Elem())
		case '{':
			for field := range typ.Fields() {
				if field.Type == reflect.TypeFor[jsontext.Value]() || field.Type.String() == "json.RawMessage" {
					continue
				}
				name := field.Tag.Get("json")
				members += 1 + same(path+"."+name, of.member([]byte(name)), field.Type)
			}
		}
		return members
	}
	var size func(of *shape) int
	size = func(of *shape) (n int) {
		if of.item != nil {
			n += size(of.item)
		}
		for _, list := range of.members {
			for _, m := range list {
				n += 1 + size(m)
			}
		}
		return n
	}
	if got, want := size(recordShape), same("", recordShape, reflect.TypeFor[Record]()); got != want+8 { // what an envelope has
		t.Errorf("recordShape has %d members, Record %d", got, want)
	}
}

func TestFromCloudTrailRefusesOtherKinds(t *testing.T) {
	for _, change := range [][2]string{
		{`"eventName":"StopLogging"`, `"eventName":1`},
		{`"type":"AssumedRole"`, `"type":{}`},
		{`"arn":"arn:aws:iam::111122223333:role/admin"`, `"arn":[]`},
		{`"eventVersion":"1.09"`, `"eventVersion":"1.09","userAgent":false`},
		{`"eventVersion":"1.09"`, `"readOnly":"true"`},
		{`"eventVersion":"1.09"`, `"resources":{}`},
		{`"eventVersion":"1.09"`, `"resources":[{"ARN":1}]`},
		{`"2026-03-01T03:00:00Z"`, `"2026-03-01 03:00"`},
		{`"eventID":"e-1",`, ``},
		{`"eventName":"StopLogging",`, ``},
	} {
		text := strings.Replace(stopLogging, change[0], change[1], 1)
		if text == stopLogging {
			t.Fatalf("%s is not there", change[0])
		}
		if _, err := FromCloudTrail([]byte(text)); fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), "not a CloudTrail record") {
			t.Errorf("%s: %v", change[1], err)
		}
	}
	text := strings.Replace(stopLogging, `"eventVersion":"1.09"`, `"eventVersion":null,"readOnly":null,"resources":[null,{"ARN":"\u0061:b"},{"ARN":""}]`, 1)
	e, err := FromCloudTrail([]byte(strings.Replace(text, `"recipientAccountId":"111122223333"`, `"recipientAccountId":null`, 1)))
	if err != nil || e.Account != "111122223333" || len(e.Resources) != 1 || e.Resources[0] != "a:b" {
		t.Fatalf("got %+v, %v", e, err)
	}
	if first := e.Record(); first == nil || first != e.Record() {
		t.Error("the record is not there, or is decoded each time")
	}
}

func TestReadTellsEnvelopesFromRecords(t *testing.T) {
	e, err := FromCloudTrail([]byte(stopLogging))
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string]string{
		"a record":            stopLogging,
		"an envelope":         string(e.JSON()),
		"a record that lists": strings.Replace(stopLogging, `{"name":"main"}`, `{"detail-type":"x"}`, 1),
	} {
		got, err := Read([]byte(raw))
		if err != nil || got.ID != e.ID || got.Source != e.Source || !got.Time.Equal(e.Time) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for name, raw := range map[string]string{
		"no JSON":             `{`,
		"a name twice":        `{"detail-type":"x","detail-type":"y"}`,
		"half an envelope":    `{"detail-type":"x"}`,
		"neither":             `{"a":1}`,
		"an odd detail-type":  strings.Replace(stopLogging, `"eventVersion":"1.09"`, `"detail-type":1`, 1),
		"two, one in another": string(e.JSON()) + stopLogging,
	} {
		if got, err := Read([]byte(raw)); fault.CodeOf(err) != fault.Invalid || got != nil {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add([]byte(`{"a":[1,"\ud801\udc37",{"b":null}],"a":-1.5e3}`))
	f.Add([]byte(stopLogging))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if got, want := fault.CodeOf(Check(raw)), reference(raw); (got == "") != (want == "") {
			t.Fatalf("code %q, the reference says %q: %v", got, want, Check(raw))
		}
		e, err := FromCloudTrail(raw)
		var r Record
		decodes := reference(raw) == "" && jsonv2.Unmarshal(raw, &r) == nil && r.EventName != "" && r.EventSource != "" && r.EventID != ""
		if (err == nil) != decodes {
			t.Fatalf("FromCloudTrail says %v; decoded: %v", err, decodes)
		}
		if err == nil && (e.ID != r.EventID || e.Account != r.Account() || !e.Time.Equal(r.EventTime) || e.Region != r.AWSRegion ||
			e.DetailType != detailType([]byte(r.EventType)) || !reflect.DeepEqual(e.Record(), &r)) {
			t.Fatalf("envelope %+v of record %+v", e, r)
		}
	})
}

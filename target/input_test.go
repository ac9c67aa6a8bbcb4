package target

import (
	"strings"
	"testing"
	"time"

	"riposte.dev/fault"
)

const sample = `{
  "version": "0", "id": "6f87d04b-9f4e-4c8a-93d5-1b6c5a1f0a11", "detail-type": "Vault Door State Change", "source": "com.example.vault",
  "account": "111122223333", "time": "2026-03-01T03:04:05Z", "region": "eu-west-1", "resources": ["arn:one", "arn:two"],
  "detail": {"door-id": "d-77", "state": "OPEN", "said": "he \"knocked\"", "count": 3, "locked": false, "by": null,
    "user": {"name": "alice", "keys": ["k1", "k2"]}, "log": [{"n": 1, "at": "a"}, {"n": 2, "at": "b"}], "x/y": "slash", "emp\u0074y": ""}
}`

var context1 = Context{
	Event: []byte(sample), RuleName: "vault-opened", RuleARN: "arn:riposte:rule/vault-opened", Ingested: time.Date(2026, 3, 1, 3, 4, 6, 0, time.UTC),
}

// The rows follow the table of the user guide's page on input transformation, in values of our own; those that go beyond it say
// where the behaviour is from.
func TestTransform(t *testing.T) {
	paths := map[string]string{
		"door": "$.detail.door-id", "state": "$.detail.state", "said": "$.detail.said", "count": "$.detail.count", "locked": "$.detail.locked",
		"by": "$.detail.by", "user": "$.detail.user", "keys": "$.detail.user.keys", "second": "$.detail.user.keys[1]", "ats": "$.detail.log[*].at",
		"all": "$.detail.log[0].*", "none": "$.detail.nothing", "slash": "$.detail.x/y", "type": "$.detail-type", "empty": "$.detail.empty",
	}
	tests := []struct{ name, template, want string }{
		{"simple string", `"door <door> is <state>"`, `"door d-77 is OPEN"`},
		{"string with escaped quotes", `"door \"<door>\" is <state>"`, `"door \"d-77\" is OPEN"`},
		{"lines of text", "\"door <door>\"\n\"is <state>\"", "\"door d-77\"\n\"is OPEN\""},
		{"simple JSON", `{"door": <door>, "state": <state>}`, `{"door":"d-77","state":"OPEN"}`},
		{"JSON with strings and variables", `{"door": <door>, "state": "<state>", "text": "door \"<door>\" is <state>"}`,
			`{"door":"d-77","state":"OPEN","text":"door \"d-77\" is OPEN"}`},
		{"JSON with what is fixed", `{"door": <door>, "state": [9, <state>, true], "is": "fixed"}`, `{"door":"d-77","state":[9,"OPEN",true],"is":"fixed"}`},
		{"numbers, booleans, null", `{"c": <count>, "l": <locked>, "b": <by>}`, `{"c":3,"l":false,"b":null}`},
		{"objects and lists", `{"u": <user>, "k": <keys>}`, `{"u":{"name":"alice","keys":["k1","k2"]},"k":["k1","k2"]}`},
		{"index", `{"k": <second>}`, `{"k":"k2"}`},
		{"wildcards", `{"a": <ats>, "b": <all>}`, `{"a":["a","b"],"b":[1,"a"]}`},
		{"slash in a name", `{"s": <slash>}`, `{"s":"slash"}`},
		{"escaped name in the event", `{"e": <empty>}`, `{"e":""}`},
		{"a list as template", `[<door>, "<state>"]`, `["d-77","OPEN"]`},
		{"quotes are escaped outside of quotes", `{"said": <said>}`, `{"said":"he \"knocked\""}`},
		// recorded from AWS by others: a path that leads nowhere is an empty text
		{"missing in a string", `"by <none>."`, `"by ."`},
		{"missing in JSON", `{"a": <none>, "b": "<none>"}`, `{"a":"","b":""}`},
		// recorded: objects lose their quotes in text
		{"object in a string", `"user <user>"`, `"user {name:alice,keys:[k1,k2]}"`},
		{"number in a string", `"<count> of <type>"`, `"3 of Vault Door State Change"`},
		{"brackets that are text", `"{[/ <state> 3 < 4"`, `"{[/ OPEN 3 < 4"`},
		{"rule variables", `{"arn": <aws.events.rule-arn>, "name": <aws.events.rule-name>, "at": <aws.events.event.ingestion-time>}`,
			`{"arn":"arn:riposte:rule/vault-opened","name":"vault-opened","at":"2026-03-01T03:04:06Z"}`},
		{"rule variables in a string", `"<aws.events.rule-name> fired"`, `"vault-opened fired"`},
		{"event without detail", `{"e": <aws.events.event>}`, `{"e":{"version":"0","id":"6f87d04b-9f4e-4c8a-93d5-1b6c5a1f0a11",` +
			`"detailType":"Vault Door State Change","source":"com.example.vault","account":"111122223333","time":"2026-03-01T03:04:05Z",` +
			`"region":"eu-west-1","resources":["arn:one","arn:two"]}}`},
		{"a variable alone", `<user>`, `{"name":"alice","keys":["k1","k2"]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := &Config{ID: "t", ARN: kinds[1].example, InputTransformer: &InputTransformer{InputPathsMap: paths, InputTemplate: tt.template}}
			if problems, _ := Check([]Config{*c}); problems != nil {
				t.Fatal(problems)
			}
			if got := render(t, c); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func render(t *testing.T, c *Config) string {
	t.Helper()
	in, err := NewInput(c)
	if err != nil {
		t.Fatal(err)
	}
	got, err := in.Render(context1)
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}

func TestInput(t *testing.T) {
	whole := `{"version":"0","id":"6f87d04b-9f4e-4c8a-93d5-1b6c5a1f0a11","detail-type":"Vault Door State Change","source":"com.example.vault",`
	for name, tt := range map[string]struct {
		c    Config
		want string // a prefix
	}{
		"whole event":     {Config{}, whole},
		"constant":        {Config{Input: `{"a": 1}`}, `{"a": 1}`},
		"path":            {Config{InputPath: "$.detail.user"}, `{"name":"alice","keys":["k1","k2"]}`},
		"path to a text":  {Config{InputPath: "$.detail.state"}, `"OPEN"`},
		"path to the all": {Config{InputPath: "$"}, whole},
		"whole event in a template": {Config{InputTransformer: &InputTransformer{InputTemplate: `{"e": <aws.events.event.json>}`}},
			`{"e":` + whole},
	} {
		t.Run(name, func(t *testing.T) {
			if got := render(t, &tt.c); !strings.HasPrefix(got, tt.want) {
				t.Errorf("got %s", got)
			}
		})
	}
}

// What can't be made is a dead letter with EventBridge's code.
func TestInputFails(t *testing.T) {
	transform := func(template string) Config {
		return Config{InputTransformer: &InputTransformer{
			InputTemplate: template, InputPathsMap: map[string]string{"said": "$.detail.said", "user": "$.detail.user"},
		}}
	}
	for name, tt := range map[string]struct {
		c    Config
		code string
	}{
		"a quote mark within quotes": {transform(`{"said": "<said>"}`), "INVALID_JSON"},
		"an object within quotes":    {transform(`{"user": "of <user>"}`), "INVALID_JSON"},
		"a path that leads nowhere":  {Config{InputPath: "$.detail.nothing"}, "INVALID_PARAMETER"},
		"an index of an object":      {Config{InputPath: "$.detail[0]"}, "INVALID_PARAMETER"},
		"a name of a list":           {Config{InputPath: "$.resources.one"}, "INVALID_PARAMETER"},
	} {
		t.Run(name, func(t *testing.T) {
			in, err := NewInput(&tt.c)
			if err != nil {
				t.Fatal(err)
			}
			got, err := in.Render(context1)
			if fault.CodeOf(err) != fault.Invalid || errorCode(err) != tt.code {
				t.Errorf("got %s, %v with code %s", got, err, errorCode(err))
			}
		})
	}
}

func TestLookup(t *testing.T) {
	for path, want := range map[string]string{"$.detail.state": "OPEN", "$.detail.count": "3", "$.detail.locked": "false"} {
		if got, err := Lookup(path, []byte(sample)); err != nil || got != want {
			t.Errorf("%s: got %q, %v", path, got, err)
		}
	}
	for _, path := range []string{"$.detail.user", "$.detail.nothing", "detail", "$.detail['state']"} {
		if got, err := Lookup(path, []byte(sample)); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: got %q, %v", path, got, err)
		}
	}
	if got, err := Value("plain", []byte(sample)); got != "plain" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// A wildcard and a name or an index beside it find the same value.
func TestPathsShareAWalk(t *testing.T) {
	var p paths
	want := map[string]string{
		"$.detail.log[*].n": "[1,2]", "$.detail.log[1].n": "2", "$.detail.log[1]": `{"n": 2, "at": "b"}`, "$.*.state": `["OPEN"]`,
		"$.detail.user.*": `["alice",["k1", "k2"]]`, "$.detail.user.name": `"alice"`, "$.detail.*.name": `["alice"]`, "$.detail.log[7]": "",
	}
	slots := map[string]int{}
	for path := range want {
		var err error
		if slots[path], err = p.add(path); err != nil {
			t.Fatal(err)
		}
	}
	found, err := p.find([]byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	for path, value := range want {
		if got := string(found[slots[path]]); got != value {
			t.Errorf("%s: got %s, want %s", path, got, value)
		}
	}
}

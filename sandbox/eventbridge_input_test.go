package sandbox

import (
	"strings"
	"testing"
	"time"

	"riposte.dev/sandbox/eventpattern"
	"riposte.dev/sandbox/wire"
)

const shopEvent = `{"id":"e1","source":"shop","detail":{"name":"a \"b\" <c>","n":1.50,"tags":["x",{"k":"v"}],"odd key":true}}`

func TestReshape(t *testing.T) {
	decoded, err := eventpattern.Decode([]byte(shopEvent))
	if err != nil {
		t.Fatal(err)
	}
	e := &arrived{text: []byte(shopEvent), decoded: decoded, ingested: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	rule := &eventRule{name: "r", arn: "arn:r"}
	transform := func(template string) input {
		return input{"InputTransformer": wire.Object{
			"InputPathsMap": wire.Object{"name": "$.detail.name", "n": "$.detail.n", "tags": "$.detail.tags", "none": "$.detail.none"},
			"InputTemplate": template,
		}}
	}
	for name, tc := range map[string]struct {
		target input
		want   string
	}{
		"whole":         {input{}, shopEvent},
		"fixed":         {input{"Input": `{"a": 1}`}, `{"a": 1}`},
		"part":          {input{"InputPath": "$.detail.tags[1]"}, `{"k":"v"}`},
		"part by name":  {input{"InputPath": "$.detail['odd key']"}, `true`},
		"missing part":  {input{"InputPath": "$.detail.tags[7]"}, `null`},
		"values":        {transform(`{"n": <n>, "name": <name>, "tags": <tags>}`), `{"n": 1.50, "name": "a \"b\" <c>", "tags": ["x",{"k":"v"}]}`},
		"text":          {transform(`"<name> has <n> of <tags><none>."`), `"a \"b\" <c> has 1.50 of [\"x\",{\"k\":\"v\"}]."`},
		"missing value": {transform(`{"x": <none>}`), `{"x": ""}`},
		"about itself":  {transform(`{"r": <aws.events.rule-arn>, "n": "<aws.events.rule-name>", "t": <aws.events.event.ingestion-time>}`), `{"r": "arn:r", "n": "r", "t": "2026-01-02T03:04:05Z"}`},
		"event":         {transform(`{"e": <aws.events.event>}`), `{"e": {"id":"e1","source":"shop"}}`},
		"whole event":   {transform(`<aws.events.event.json>`), `{"detail":{"n":1.50,"name":"a \"b\" <c>","odd key":true,"tags":["x",{"k":"v"}]},"id":"e1","source":"shop"}`},
	} {
		t.Run(name, func(t *testing.T) {
			shape, err := parseReshape(tc.target)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(shape.apply(e, rule)); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
	for want, bad := range map[string]input{
		"not valid JSON":      {"Input": "{"},
		"Invalid JSON path":   {"InputPath": "detail"},
		"placeholder <other>": transform("<other>"),
		"reserved":            {"InputTransformer": wire.Object{"InputPathsMap": wire.Object{"aws.x": "$.x"}, "InputTemplate": "x"}},
	} {
		if _, err := parseReshape(bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %s", bad, err, want)
		}
	}
}

func FuzzReshape(f *testing.F) {
	f.Add("$.detail.tags[0]", `{"a": <x>, "b": "<x>"}`)
	f.Add("$['a'].b", `"<x> \" <x>"`)
	decoded, err := eventpattern.Decode([]byte(shopEvent))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path, template string) {
		shape, err := parseReshape(input{"InputTransformer": wire.Object{"InputPathsMap": wire.Object{"x": path}, "InputTemplate": template}})
		if err != nil || template == "" {
			return
		}
		got := shape.apply(&arrived{text: []byte(shopEvent), decoded: decoded}, &eventRule{})
		if !strings.Contains(template, "<") && string(got) != template {
			t.Errorf("a template without variables gives %q", got)
		}
	})
}

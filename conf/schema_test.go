package conf_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"riposte.dev/conf"
)

type colour string

func (colour) ConfSchema() conf.Schema { return conf.OneOf("red", "green") }

type shape struct {
	At      conf.Position `conf:"position"`
	Name    string        `yaml:"name" conf:"required" doc:"what it is called"`
	Colour  colour        `yaml:"colour"`
	Sides   *int          `yaml:"sides"`
	Age     time.Duration `yaml:"age"`
	Points  []float64     `yaml:"points"`
	Tags    map[string]bool
	Parts   []shape  `yaml:"parts"`
	Raw     conf.Raw `yaml:"raw"`
	private int
}

func TestSchemaOf(t *testing.T) {
	raw, err := conf.SchemaOf(shape{private: 1}, "A shape")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("shape.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("shape.json")
	if err != nil {
		t.Fatal(err)
	}
	for text, valid := range map[string]bool{
		`{"name":"a"}`: true,
		`{"name":"a","colour":"red","sides":3,"age":"1h30m","points":[1.5],"tags":{"x":true},"parts":[{"name":"b"}],"raw":[1]}`: true,
		`{}`:                           false,
		`{"name":1}`:                   false,
		`{"name":"a","colour":"blue"}`: false,
		`{"name":"a","age":"soon"}`:    false,
		`{"name":"a","sides":"3"}`:     false,
		`{"name":"a","private":1}`:     false,
		`{"name":"a","tags":{"x":1}}`:  false,
		`{"name":"a","parts":{}}`:      false,
	} {
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		// What the schema says is what Decode says.
		parsed, err := conf.Parse("shape.json", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var s shape
		if decodes := parsed.Decode(&s) == nil; decodes != valid && text != `{"name":"a","colour":"blue"}` {
			t.Errorf("%s: Decode takes it: %v", text, decodes)
		}
		if err := schema.Validate(v); (err == nil) != valid {
			t.Errorf("%s: %v", text, err)
		}
	}
	var got struct {
		Properties map[string]struct{ Description string }
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("what it is called", got.Properties["name"].Description); diff != "" {
		t.Error(diff)
	}
}

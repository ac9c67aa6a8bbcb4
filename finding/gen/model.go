package main

import (
	"fmt"
	"regexp"
)

// The shapes that a finding is, and that tells of a resource by its type.
const (
	root            = "AwsSecurityFinding"
	resourceDetails = "ResourceDetails"
)

// apiModel is the part of service-2.json that is read. Names are botocore's.
type apiModel struct {
	Metadata struct {
		APIVersion string `json:"apiVersion"`
	} `json:"metadata"`
	Shapes map[string]*shape `json:"shapes"`
}

type shape struct {
	Type     string               `json:"type"`
	Members  map[string]*shapeRef `json:"members"`
	Required []string             `json:"required"`
	Member   *shapeRef            `json:"member"`
	Value    *shapeRef            `json:"value"`
	Enum     []string             `json:"enum"`
	Min      *int                 `json:"min"`
	Max      *int                 `json:"max"`
	Pattern  string               `json:"pattern"`
}

type shapeRef struct {
	Shape string `json:"shape"`
}

// schema is the part of JSON Schema 2020-12 that is written.
type schema struct {
	Ref        string             `json:"$ref,omitempty"`
	Type       string             `json:"type,omitempty"`
	Properties map[string]*schema `json:"properties,omitempty"`
	Required   []string           `json:"required,omitempty"`
	Items      *schema            `json:"items,omitempty"`
	Additional *schema            `json:"additionalProperties,omitempty"`
	Enum       []string           `json:"enum,omitempty"`
	Pattern    string             `json:"pattern,omitempty"`
	MinLength  *int               `json:"minLength,omitempty"`
	MaxLength  *int               `json:"maxLength,omitempty"`
	MinItems   *int               `json:"minItems,omitempty"`
	MaxItems   *int               `json:"maxItems,omitempty"`
	Minimum    *int               `json:"minimum,omitempty"`
	Maximum    *int               `json:"maximum,omitempty"`
}

func refTo(name string) string { return "#/$defs/" + name }

// schema translates the named shape and every shape that it leads to, but for what stands apart: of that it only says that it is
// an object. Members that the model does not know stay allowed:
// AWS adds some every month, and a finding that carries one must not be lost for it.
func (m *apiModel) schema(name, apart string, added map[string][]string) (map[string]*schema, error) {
	defs := map[string]*schema{}
	open := []string{name}
	ref := func(r *shapeRef) *schema {
		if r == nil {
			return nil
		}
		open = append(open, r.Shape)
		return &schema{Ref: refTo(r.Shape)}
	}
	for len(open) > 0 {
		name := open[len(open)-1]
		open = open[:len(open)-1]
		if defs[name] != nil {
			continue
		}
		s := m.Shapes[name]
		if s == nil {
			return nil, fmt.Errorf("no shape %q", name)
		}
		d := &schema{}
		switch s.Type {
		case "structure":
			if d.Type = "object"; name == apart {
				break
			}
			d.Required = s.Required
			d.Properties = make(map[string]*schema, len(s.Members))
			for member, r := range s.Members {
				d.Properties[member] = ref(r)
			}
		case "list":
			d.Type, d.Items, d.MinItems, d.MaxItems = "array", ref(s.Member), s.Min, s.Max
		case "map":
			d.Type, d.Additional = "object", ref(s.Value)
		case "string":
			d.Type, d.MinLength, d.MaxLength, d.Pattern = "string", s.Min, s.Max, re2(s.Pattern)
			if len(s.Enum) > 0 {
				d.Enum = append(s.Enum, added[name]...)
			}
		case "integer", "long":
			d.Type, d.Minimum, d.Maximum = "integer", s.Min, s.Max
		case "double", "float":
			d.Type, d.Minimum, d.Maximum = "number", s.Min, s.Max
		case "boolean":
			d.Type = "boolean"
		default:
			return nil, fmt.Errorf("shape %s has type %q, which this generator does not know: teach it in gen/model.go", name, s.Type)
		}
		defs[name] = d
	}
	return defs, nil
}

var unicodeEscape = regexp.MustCompile(`\\u([0-9A-Fa-f]{4})`)

// re2 spells \u0009, which AWS's models use and Go's regular expressions lack, as \x{0009}.
func re2(pattern string) string { return unicodeEscape.ReplaceAllString(pattern, `\x{$1}`) }

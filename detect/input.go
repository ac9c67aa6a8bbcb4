package detect

import (
	"encoding/json"
	"fmt"
	"strings"

	"riposte.dev/conf"
	"riposte.dev/fault"
)

// inputTemplate is a playbook's input with paths in it: a text that begins with "$." is replaced by the value that it
// leads to, of whatever type; other texts are templates; everything else stays.
type inputTemplate struct {
	fields []inputField // in the file's order
}

type inputField struct {
	name  string
	value inputValue
}

// inputValue is exactly one of its fields.
type inputValue struct {
	ref    *reference
	text   *Template
	object *inputTemplate
	list   []inputValue
	fixed  json.RawMessage
}

// parseInput reads respond.input, which is an object.
func parseInput(n *conf.Node, path string, problems *conf.Problems) inputTemplate {
	var t inputTemplate
	if n == nil {
		return t
	}
	if n.Kind != conf.Object {
		*problems = append(*problems, conf.Problem{Position: n.Position, Path: path, Message: path + " must be an object", Hint: "write {name: value}"})
		return t
	}
	for _, f := range n.Fields {
		t.fields = append(t.fields, inputField{name: f.Name, value: parseInputValue(f.Value, path+"."+f.Name, problems)})
	}
	return t
}

func parseInputValue(n *conf.Node, path string, problems *conf.Problems) inputValue {
	switch n.Kind {
	case conf.Object:
		t := parseInput(n, path, problems)
		return inputValue{object: &t}
	case conf.List:
		list := make([]inputValue, len(n.Items))
		for i, item := range n.Items {
			list[i] = parseInputValue(item, fmt.Sprintf("%s[%d]", path, i), problems)
		}
		return inputValue{list: list}
	case conf.String:
		var err error
		if strings.HasPrefix(n.Text, "$.") || strings.HasPrefix(n.Text, "$[") {
			var ref reference
			if ref, err = parseReference(n.Text); err == nil {
				return inputValue{ref: &ref}
			}
		} else {
			var text Template
			if text, err = ParseTemplate(n.Text); err == nil {
				return inputValue{text: &text}
			}
		}
		*problems = append(*problems, conf.Problem{Position: n.Position, Path: path, Message: fault.Message(err), Hint: fault.Hint(err)})
		return inputValue{}
	default:
		return inputValue{fixed: n.JSON()}
	}
}

// resolve fills the input from the event. A path that leads nowhere is an error: a playbook must not guess its target.
func (t inputTemplate) resolve(s *scope) (json.RawMessage, error) {
	value, err := t.value(s)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return nil, fault.New(fault.Internal, "encoding the playbook's input: %w", err)
	}
	return raw, nil
}

func (t inputTemplate) value(s *scope) (map[string]any, error) {
	out := make(map[string]any, len(t.fields))
	for _, f := range t.fields {
		value, err := f.value.value(s, f.name)
		if err != nil {
			return nil, err
		}
		out[f.name] = value
	}
	return out, nil
}

func (v inputValue) value(s *scope, path string) (any, error) {
	switch {
	case v.ref != nil:
		value, ok := v.ref.lookup(s)
		if !ok {
			return nil, noField(path, v.ref.text)
		}
		return value, nil
	case v.text != nil:
		text, absent := v.text.exact(s)
		if absent != "" {
			return nil, noField(path, absent)
		}
		return text, nil
	case v.object != nil:
		return v.object.value(s)
	case v.list != nil:
		list := make([]any, len(v.list))
		for i, item := range v.list {
			value, err := item.value(s, fmt.Sprintf("%s[%d]", path, i))
			if err != nil {
				return nil, err
			}
			list[i] = value
		}
		return list, nil
	default:
		return v.fixed, nil
	}
}

func noField(path, field string) error {
	return fault.New(fault.Invalid, "respond.input.%s: the event has no %s", path, field).
		WithHint(`name a field that the event has, or a fallback: %s ?? "…"`, field)
}

package asl

import (
	"encoding/json"
	"fmt"
	"strings"

	"riposte.dev/conf"
)

// template is a value in which every name that ends in ".$" is replaced by what its expression gives (a payload template,
// https://states-language.net/#payload-template).
type template struct {
	literal any // where nothing in it is replaced
	list    []*template
	fields  []templateField
	query   *query // a JSONata expression
	static  bool
}

type templateField struct {
	name       string // without ".$"
	written    string
	expression expression
	value      *template
}

func (t *template) eval(c *scope) (any, error) {
	switch {
	case t.static:
		return t.literal, nil
	case t.query != nil:
		return t.query.eval(c)
	case t.list != nil:
		items := make([]any, len(t.list))
		for i, item := range t.list {
			v, err := item.eval(c)
			if err != nil {
				return nil, err
			}
			items[i] = v
		}
		return items, nil
	}
	o := newObject(len(t.fields))
	for _, f := range t.fields {
		var v any
		var err error
		if f.expression == nil {
			v, err = f.value.eval(c)
		} else if v, err = f.expression.eval(c); err != nil {
			err = &fieldError{field: f.written, err: at(f.expression, err)}
		}
		if err != nil {
			return nil, err
		}
		o.set(f.name, v)
	}
	return o, nil
}

// fieldError says in which field of a template an expression failed.
type fieldError struct {
	field string
	err   error
}

func (e *fieldError) Error() string { return e.field + ": " + e.err.Error() }
func (e *fieldError) Unwrap() error { return e.err }

// literalOf turns a node of the definition into a value.
func literalOf(n *conf.Node) any {
	switch n.Kind {
	case conf.Bool:
		return n.Text == "true"
	case conf.Number:
		return json.Number(n.Text)
	case conf.String:
		return n.Text
	case conf.List:
		items := make([]any, len(n.Items))
		for i, item := range n.Items {
			items[i] = literalOf(item)
		}
		return items
	case conf.Object:
		o := newObject(len(n.Fields))
		for _, f := range n.Fields {
			o.set(f.Name, literalOf(f.Value))
		}
		return o
	default:
		return nil
	}
}

// compileTemplate reads a payload template; its mistakes are reported to fail with the node they are in.
func compileTemplate(n *conf.Node, fail func(n *conf.Node, hint string, err error)) *template {
	switch n.Kind {
	case conf.List:
		t := &template{list: make([]*template, len(n.Items)), static: true}
		for i, item := range n.Items {
			t.list[i] = compileTemplate(item, fail)
			t.static = t.static && t.list[i].static
		}
		if t.static {
			t.literal = literalOf(n)
		}
		return t
	case conf.Object:
		t := &template{static: true}
		for _, f := range n.Fields {
			name, dynamic := strings.CutSuffix(f.Name, ".$")
			field := templateField{name: name, written: f.Name}
			if !dynamic {
				field.value = compileTemplate(f.Value, fail)
				t.static = t.static && field.value.static
				t.fields = append(t.fields, field)
				continue
			}
			t.static = false
			if f.Value.Kind != conf.String {
				fail(f.Value, fmt.Sprintf("name it %q where the value is meant as it is", name),
					fmt.Errorf("%q ends in .$, so its value must be text with a path or an intrinsic function", f.Name))
				continue
			}
			e, err := parseExpression(f.Value.Text)
			if err != nil {
				fail(f.Value, "", err)
				continue
			}
			field.expression = e
			t.fields = append(t.fields, field)
		}
		if t.static {
			t.literal = literalOf(n)
		}
		return t
	default:
		return &template{literal: literalOf(n), static: true}
	}
}

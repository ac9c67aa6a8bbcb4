package asl

import (
	"errors"
	"slices"
	"strings"

	"riposte.dev/asl/jsonata"
	"riposte.dev/conf"
	"riposte.dev/fault"
)

// stateAt is the state that is being read.
type stateAt struct {
	path  string
	query bool // its query language is JSONata
}

// queries reports whether the state's query language is JSONata.
func (p *parser) queries(n *conf.Node, path string) bool {
	own := n.Get("QueryLanguage")
	if own == nil || own.Kind != conf.String {
		return p.language == inJSONata
	}
	if language(own.Text) == inJSONPath && p.language == inJSONata {
		p.fail(path+".QueryLanguage", "say JSONata in the states that use it, not for the machine",
			"a machine whose QueryLanguage is JSONata has no states in JSONPath")
	}
	return language(own.Text) == inJSONata
}

// isExpression reports whether the value is a JSONata expression: text that is one as a whole, in {% %}.
func isExpression(n *conf.Node) bool {
	if n == nil || n.Kind != conf.String {
		return false
	}
	_, whole := expressionIn(n.Text)
	return whole
}

// expressionIn returns what is between {% and %}. A line's end may follow, as it does in blocks of YAML.
func expressionIn(text string) (string, bool) {
	inside, begins := strings.CutPrefix(text, "{%")
	inside, ends := strings.CutSuffix(strings.TrimSuffix(inside, "\n"), "%}")
	return inside, begins && ends
}

// Evaluates reports whether the value of a field of the state is an expression, whose result is known only when it runs.
func (s *State) Evaluates(n *conf.Node) bool { return s.query && isExpression(n) }

// compileQueries reads a value with expressions in it, for a state in JSONata.
func (p *parser) compileQueries(n *conf.Node, path string) *template {
	field := strings.ReplaceAll(strings.TrimPrefix(path, p.at.path+"."), ".", "/")
	return p.compileQuery(n, path, field)
}

func (p *parser) compileQuery(n *conf.Node, path, field string) *template {
	t := &template{static: true}
	switch {
	case isExpression(n):
		return &template{query: p.query(n, path, field)}
	case n.Kind == conf.List:
		t.list = make([]*template, len(n.Items))
		for i, item := range n.Items {
			t.list[i] = p.compileQuery(item, conf.IndexPath(path, i), conf.IndexPath(field, i))
			t.static = t.static && t.list[i].static
		}
	case n.Kind == conf.Object:
		for _, f := range n.Fields {
			value := p.compileQuery(f.Value, conf.FieldPath(path, f.Name), field+"/"+f.Name)
			t.static = t.static && value.static
			t.fields = append(t.fields, templateField{name: f.Name, written: f.Name, value: value})
		}
	}
	if t.static {
		t.literal = literalOf(n)
	}
	return t
}

func (p *parser) query(n *conf.Node, path, field string) *query {
	inside, _ := expressionIn(n.Text)
	text := strings.TrimSpace(inside)
	program, err := jsonata.Compile(text)
	if errors.Is(err, jsonata.ErrNoScript) {
		if !p.scripted {
			p.failAt(n.Position, path, fault.Hint(err), "%s", fault.Message(err))
		}
		p.scripted = true
		return nil
	}
	if err != nil {
		at := n.Position
		var mistake *jsonata.Error
		if errors.As(err, &mistake) && mistake.Position >= 0 {
			at = placeIn(n, 2+strings.Index(inside, text)+mistake.Position)
		}
		p.failAt(at, path, "", "the JSONata expression is wrong: %v", err)
		return nil
	}
	return &query{program: program, field: field}
}

// placeIn is the place of a byte of text: in a block of YAML its line, whose indentation isn't known, and in text in quotes its
// column.
func placeIn(n *conf.Node, offset int) conf.Position {
	at, before := n.Position, n.Text[:min(offset, len(n.Text))]
	yaml := strings.HasSuffix(at.File, ".yaml") || strings.HasSuffix(at.File, ".yml")
	switch {
	case at.Line == 0:
	case yaml && strings.Contains(n.Text, "\n"):
		at.Line, at.Col = at.Line+1+strings.Count(before, "\n"), 0
	case yaml:
		at.Col += 1 + len(before)
	default: // JSON, which escapes these
		at.Col += 1 + len(before) + strings.Count(before, `"`) + strings.Count(before, `\`) + strings.Count(before, "\n")
	}
	return at
}

// expression reads a field that takes an expression beside a fixed value; nil where it has none.
func (p *parser) expression(n *conf.Node, path string) *template {
	if n == nil {
		return nil
	}
	if !p.at.query {
		p.fail(path, "add QueryLanguage: JSONata to the state", "an expression in {%% %%} is JSONata")
		return nil
	}
	return p.compileQueries(n, path)
}

// expressed reads the expression of a number of seconds.
func (p *parser) expressed(s *seconds, path string) { s.of = p.expression(s.expression, path) }

// textOrExpression reads text, which in a state in JSONata may be an expression.
func (p *parser) textOrExpression(n *conf.Node, path string) (string, *template) {
	if n == nil {
		return "", nil
	}
	if p.at.query && isExpression(n) {
		return "", p.expression(n, path)
	}
	var text string
	p.decode(n, path, &text)
	return text, nil
}

// items reads Items of a Map state.
func (p *parser) items(n *conf.Node, path string) *template {
	if n == nil {
		return nil
	}
	if n.Kind != conf.List && !isExpression(n) {
		p.fail(path, `write a list, or an expression: "{% $states.input.items %}"`, "Items must be a list or a JSONata expression")
		return nil
	}
	return p.template(n, path)
}

// arguments is what a resource gets, by the field's name in the state's language.
func (p *parser) arguments(parameters, arguments *conf.Node) (*conf.Node, string) {
	if p.at.query {
		return arguments, ".Arguments"
	}
	return parameters, ".Parameters"
}

// condition reads a choice rule of a state in JSONata.
func (p *parser) condition(n *conf.Node, path string) *rule {
	var f struct {
		assignFields
		Comment   string     `yaml:"Comment"`
		Condition *conf.Node `yaml:"Condition"`
		Next      string     `yaml:"Next" conf:"required"`
	}
	p.decode(n, path, &f)
	r := &rule{next: f.Next, assign: p.assign(f.assignFields, path), produce: p.template(f.Output, path+".Output")}
	switch c := f.Condition; {
	case c == nil && slices.ContainsFunc(n.Fields, func(f conf.Field) bool { return only(f.Name) == inJSONPath }): // reported
	case c == nil:
		p.fail(path, `add Condition: "{% … %}"`, "the choice rule has no Condition")
	case c.Kind != conf.Bool && !isExpression(c):
		p.fail(path+".Condition", `write "{% $states.input.count > 1 %}"`, "Condition must be a JSONata expression in {%% %%}, or true or false")
	default:
		r.condition = p.template(c, path+".Condition")
	}
	return r
}

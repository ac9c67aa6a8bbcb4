package asl

import (
	"slices"
	"strings"

	"riposte.dev/conf"
)

func (p *parser) choice(n *conf.Node, path string, s *State) {
	var f choiceFields
	p.decode(n, path, &f)
	s.Comment, s.input, s.output, s.fallback, s.assign = f.Comment, f.InputPath, f.OutputPath, f.Default, p.assign(f.assignFields, path)
	s.produce = p.template(f.Output, path+".Output")
	if f.Choices == nil {
		return
	}
	if f.Choices.Kind != conf.List || len(f.Choices.Items) == 0 {
		p.fail(path+".Choices", "", "Choices must be a list with at least one rule")
		return
	}
	known := operators()
	for i, item := range f.Choices.Items {
		at := conf.IndexPath(path+".Choices", i)
		if p.at.query {
			s.rules = append(s.rules, p.condition(item, at))
		} else {
			s.rules = append(s.rules, p.rule(item, at, known, 0))
		}
	}
}

func (p *parser) rule(n *conf.Node, path string, known map[string]operator, depth int) *rule {
	r := &rule{}
	if n.Kind != conf.Object {
		p.fail(path, "", "a choice rule must be an object")
		return r
	}
	names := []string{"And", "Assign", "Comment", "Next", "Not", "Or", "Variable"}
	var found []string
	strange := false
	for _, f := range n.Fields {
		at := conf.FieldPath(path, f.Name)
		op, isOperator := known[f.Name]
		switch {
		case f.Name == "And" || f.Name == "Or" || f.Name == "Not":
			found = append(found, f.Name)
			r.combine = f.Name
			p.combination(r, f.Value, at, known, depth)
		case isOperator:
			found = append(found, f.Name)
			r.operator = op
			p.operand(r, f.Name, f.Value, at)
		case f.Name == "Variable":
			r.variable = new(Path)
			p.decode(f.Value, at, &r.variable)
		case f.Name == "Next":
			p.decode(f.Value, at, &r.next)
			if depth > 0 {
				p.failAt(f.At, at, "put it beside the outermost And, Or or Not", "Next is not allowed inside And, Or and Not")
			}
		case f.Name == "Assign" && depth == 0:
			r.assign = p.assign(assignFields{Assign: f.Value}, path)
		case f.Name == "Comment":
		case p.strange[f.At]:
			strange = true
		default:
			for name := range known {
				names = append(names, name)
			}
			slices.Sort(names)
			p.failAt(f.At, at, conf.Suggest(f.Name, names), "unknown field %q of a choice rule", f.Name)
		}
	}
	if strange {
		return r
	}
	if len(found) != 1 {
		p.fail(path, "", "a choice rule has exactly one comparison, And, Or or Not; this one has %d", len(found))
	} else if r.combine == "" && r.variable == nil {
		p.fail(path, `add Variable: "$.…"`, "%s needs a Variable", found[0])
	} else if r.combine != "" && r.variable != nil {
		p.fail(path+".Variable", "remove it", "%s has no Variable of its own", r.combine)
	}
	if depth == 0 && r.next == "" {
		p.fail(path, "add Next: <state>", "the choice rule says not what comes next")
	}
	return r
}

func (p *parser) combination(r *rule, n *conf.Node, path string, known map[string]operator, depth int) {
	if r.combine == "Not" {
		r.inner = []*rule{p.rule(n, path, known, depth+1)}
		return
	}
	if n.Kind != conf.List || len(n.Items) == 0 {
		p.fail(path, "", "%s must be a list with at least one rule", r.combine)
		return
	}
	for i, item := range n.Items {
		r.inner = append(r.inner, p.rule(item, conf.IndexPath(path, i), known, depth+1))
	}
}

func (p *parser) operand(r *rule, name string, n *conf.Node, path string) {
	if strings.HasSuffix(name, "Path") {
		r.path = new(Path)
		p.decode(n, path, &r.path)
		return
	}
	want := map[string]conf.NodeKind{"String": conf.String, "StringMatches": conf.String, "Timestamp": conf.String,
		"Numeric": conf.Number, "Boolean": conf.Bool, "Is": conf.Bool}[r.operator.family]
	if n.Kind != want {
		p.fail(path, "", "%s compares with a %s, not a %s", name, want, n.Kind)
		return
	}
	r.operand = literalOf(n)
	if r.operator.family == "Timestamp" {
		at, ok := timestamp(r.operand)
		if !ok {
			p.fail(path, "write 2006-01-02T15:04:05Z", "%q is no time", n.Text)
		}
		r.operand = at
	}
}

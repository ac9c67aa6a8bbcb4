package asl

import (
	"strings"

	"riposte.dev/conf"
)

// only returns the query language that alone has the field, "" for fields of both.
func only(field string) language {
	switch field {
	case "Arguments", "Condition", "Items", "Output":
		return inJSONata
	case "Parameters", "Result", "ResultSelector", "Variable", "And", "Or", "Not":
		return inJSONPath
	}
	if _, comparison := operators()[field]; comparison || strings.HasSuffix(field, "Path") {
		return inJSONPath
	}
	return ""
}

// instead says what the state's language has in place of a field.
func instead(field string, query bool) string {
	if query {
		switch field {
		case "InputPath":
			return "remove it; $states.input is the input"
		case "Parameters":
			return "write Arguments in a Task, Parallel or ItemReader, ItemSelector in a Map, Output in a Pass"
		case "Result", "ResultSelector", "ResultPath", "OutputPath":
			return "write Output"
		case "ItemsPath":
			return "write Items"
		}
		if name, ok := strings.CutSuffix(field, "Path"); ok && operators()[field] == (operator{}) {
			return `write ` + name + `: "{% … %}"`
		}
		return `write Condition: "{% … %}"`
	}
	own := map[string]string{"Arguments": "Parameters", "Condition": "Variable and a comparison", "Items": "ItemsPath", "Output": "ResultPath or OutputPath"}
	return "add QueryLanguage: JSONata to the state, or write " + own[field]
}

// foreign reports fields of the other query language, in the state and in the parts of it that have such fields.
func (p *parser) foreign(n *conf.Node, path string) {
	p.foreignFields(n, path)
	for _, name := range []string{"Catch", "Choices"} {
		if list := n.Get(name); list != nil {
			for i, item := range list.Items {
				p.foreignFields(item, conf.IndexPath(path+"."+name, i))
			}
		}
	}
	for _, name := range []string{"ItemReader", "ItemReader.ReaderConfig", "ItemBatcher", "ResultWriter"} {
		if part := n.Find(name); part != nil {
			p.foreignFields(part, path+"."+name)
		}
	}
}

func (p *parser) foreignFields(n *conf.Node, path string) {
	mine := inJSONPath
	if p.at.query {
		mine = inJSONata
	}
	for _, f := range n.Fields {
		if other := only(f.Name); other == "" || other == mine {
			continue
		}
		p.strange[f.At] = true
		p.failAt(f.At, conf.FieldPath(path, f.Name), instead(f.Name, p.at.query), "%s is a field of %s; this state is in %s", f.Name, only(f.Name), mine)
	}
}

// isStrange reports whether a problem is about a field that foreign has reported.
func (p *parser) isStrange(problem conf.Problem) bool {
	return p.strange[problem.Position] && strings.HasPrefix(problem.Message, "unknown field")
}
